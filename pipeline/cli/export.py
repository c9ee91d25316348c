"""`sirekap export`: every number of the store with its evidence, as tables, and the head of the ledger they were made of."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, USAGE, LanguageOption, error_console, fail, load_settings, output_console, print_line
from pipeline.cli.messages import said
from pipeline.cli.opening import opened_store
from pipeline.cli.running import cleaning_up_on_sigterm
from pipeline.recap.export import export as write_tables
from pipeline.recap.export import strangers
from pipeline.recap.moment import one_moment
from pipeline.store import head
from pipeline.writing import OutputError

app = typer.Typer(pretty_exceptions_enable=False)


@app.command(help="Tulis semua angka sebagai tabel Parquet dan CSV. / Write all numbers as tables: Parquet and CSV.")
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False)],
    csv: Annotated[bool, typer.Option(help="Juga satu CSV per tabel. / A CSV file of each table, too.")] = True,
    everything: Annotated[bool, typer.Option("--all", help="Juga bacaan yang sudah diganti. / Readings that were replaced, too.")] = False,
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    try:
        foreign = strangers(folder)
    except OSError as error:
        fail(f"{folder}: {error.strerror or error}", code=FAILURE)
    if foreign:
        fail(said(messages.NOT_AN_EXPORT, shown, folder=folder, name=foreign[0]), code=USAGE)
    console = error_console()
    with ExitStack() as stack:
        store = stack.enter_context(opened_store(settings, must_exist=True))
        stack.enter_context(cleaning_up_on_sigterm())
        connection = stack.enter_context(one_moment(store))
        bar = stack.enter_context(Progress(console=console, transient=True, disable=not console.is_terminal))
        task = bar.add_task(said(messages.EXPORTING, shown), total=head(connection).position)
        try:
            last, counts = write_tables(
                connection, folder, everything=everything, as_csv=csv, told=lambda position: bar.update(task, completed=position)
            )
        except OutputError as error:
            fail(said(messages.CANNOT_WRITE, shown, error=error), code=FAILURE)
    sentence = said(
        messages.EXPORTED, shown, folder=folder, numbers=counts.numbers, sheets=counts.sheets, waiting=counts.waiting,
        position=last.position, hash=last.hash,
    )  # fmt: skip
    print_line(output_console(), sentence)
