"""`sirekap run`: read everything in the store that has no reading, and go on where an earlier run stopped."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer
from sqlalchemy import Engine

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, SOME_REFUSED, LanguageOption, error_console, fail, load_settings, output_console, print_line
from pipeline.cli.messages import VERDICTS, said
from pipeline.cli.opening import opened_store
from pipeline.cli.running import check_start, cleaning_up_on_sigterm, progress_bar
from pipeline.engine.executors import Executor, SerialExecutor
from pipeline.engine.stored import Lost, read_pending
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
    workers: Annotated[
        int | None,
        typer.Option(
            help="Jumlah proses; 0 membaca dalam proses ini. / Number of processes; 0 reads in this one.", min=0, metavar="N"
        ),
    ] = None,
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    order = WorkOrder(settings=settings)
    check_start(order)
    stopped, lost = False, 0
    with opened_store(settings) as store:
        waiting = _progress(store).pending
        try:
            with ExitStack() as stack:
                stack.enter_context(cleaning_up_on_sigterm())
                executor = stack.enter_context(_executor(settings.workers if workers is None else workers, waiting))
                bar = stack.enter_context(progress_bar(error_console(), shown, visible=True))
                task = bar.add_task(said(messages.READING, shown), total=waiting)
                for sheets in read_pending(store, order=order, executor=executor):
                    bar.advance(task)
                    if isinstance(sheets, Lost):
                        lost += 1
                        print_line(bar.console, said(messages.PHOTO_LOST, shown, name=sheets.name, detail=sheets.detail), style="red")
        except StoreError as error:
            fail(str(error), code=FAILURE)
        except KeyboardInterrupt:
            stopped = True
        print_line(output_console(), _summary(_progress(store), shown))
    if stopped:
        print_line(error_console(), said(messages.STOPPED, shown))
        raise typer.Exit(INTERRUPTED)
    if lost:
        raise typer.Exit(SOME_REFUSED)


def _executor(workers: int, waiting: int) -> Executor:
    """Processes of their own, also a single one: a photo that ends its process must not end the run."""
    if workers == 0 or waiting == 0:
        return SerialExecutor()
    from pipeline.engine.local_cluster import DaskExecutor  # takes a second to import

    return DaskExecutor(min(workers, waiting))


def _progress(store: Engine) -> Progress:
    with store.connect().execution_options(**{READING: True}) as connection:
        return progress(connection)


def _summary(done: Progress, language: Language) -> str:
    verdicts = ", ".join(f"{count} {said(VERDICTS[Verdict(name)], language)}" for name, count in done.verdicts.items())
    return said(messages.READ_SO_FAR, language, photos=done.photos, pending=done.pending, verdicts=verdicts or "0")
