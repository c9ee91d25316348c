"""`sirekap report`: one page about how far the reading has come and what is in doubt."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, LanguageOption, error_console, fail, load_settings, output_console, print_line
from pipeline.cli.messages import said
from pipeline.cli.opening import opened_store
from pipeline.imaging import Limits
from pipeline.recap.moment import one_moment
from pipeline.recap.report import report as page_of
from pipeline.store import StoreError, head
from pipeline.store.photos import PhotoStore
from pipeline.writing import OutputError, write_whole

app = typer.Typer(pretty_exceptions_enable=False)


@app.command(help="Tulis laporan sebagai satu halaman HTML. / Write a report as one HTML page.")
def report(
    file: Annotated[Path, typer.Argument(metavar="FILE.html", dir_okay=False)],
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    console = error_console()
    try:
        with ExitStack() as stack:
            store = stack.enter_context(opened_store(settings, must_exist=True))
            connection = stack.enter_context(one_moment(store))
            bar = stack.enter_context(Progress(console=console, transient=True, disable=not console.is_terminal))
            task = bar.add_task(said(messages.REPORTING, shown), total=head(connection).position)
            page, sheets = page_of(
                connection,
                PhotoStore(settings.photos_url),
                limits=Limits.of(settings),
                language=shown,
                at=datetime.now(UTC),
                told=lambda position: bar.update(task, completed=position),
            )
        write_whole(file, page.encode())
    except StoreError as error:
        fail(str(error), code=FAILURE)
    except OutputError as error:
        fail(said(messages.CANNOT_WRITE, shown, error=error), code=FAILURE)
    print_line(output_console(), said(messages.REPORTED, shown, sheets=sheets, path=file))
