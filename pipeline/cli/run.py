"""`sirekap run`: read everything in the store that has no reading, and go on where an earlier run stopped."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer
from sqlalchemy import Engine

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, LanguageOption, error_console, fail, load_settings, output_console, print_line
from pipeline.cli.messages import VERDICTS, said
from pipeline.cli.opening import opened_store
from pipeline.cli.running import check_start, cleaning_up_on_sigterm, progress_bar
from pipeline.engine.executors import make_executor
from pipeline.engine.stored import read_pending
from pipeline.engine.work import WorkOrder
from pipeline.settings import Language
from pipeline.sheet import Verdict
from pipeline.store import StoreError
from pipeline.store.database import READING
from pipeline.store.readings import Progress, progress

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

app = typer.Typer(pretty_exceptions_enable=False)


@app.command(help="Baca semua foto yang belum dibaca. / Read every photo that has not been read.")
def run(
    workers: Annotated[int | None, typer.Option(help="Jumlah proses. / Number of processes.", min=1, metavar="N")] = None,
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    order = WorkOrder(settings=settings)
    check_start(order)
    stopped = False
    with opened_store(settings) as store:
        waiting = _progress(store).pending
        try:
            with ExitStack() as stack:
                stack.enter_context(cleaning_up_on_sigterm())
                executor = stack.enter_context(make_executor(max(1, min(workers or settings.workers, waiting))))
                bar = stack.enter_context(progress_bar(error_console(), shown, visible=True))
                task = bar.add_task(said(messages.READING, shown), total=waiting)
                for _ in read_pending(store, order=order, executor=executor):
                    bar.advance(task)
        except StoreError as error:
            fail(str(error), code=FAILURE)
        except KeyboardInterrupt:
            stopped = True
        print_line(output_console(), _summary(_progress(store), shown))
    if stopped:
        print_line(error_console(), said(messages.STOPPED, shown))
        raise typer.Exit(INTERRUPTED)


def _progress(store: Engine) -> Progress:
    with store.connect().execution_options(**{READING: True}) as connection:
        return progress(connection)


def _summary(done: Progress, language: Language) -> str:
    verdicts = ", ".join(f"{count} {said(VERDICTS[Verdict(name)], language)}" for name, count in done.verdicts.items())
    return said(messages.READ_SO_FAR, language, photos=done.photos, pending=done.pending, verdicts=verdicts or "0")
