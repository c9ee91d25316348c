"""`sirekap run`: read everything in the store that has no reading, and go on where an earlier run stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress as Bar
from rich.progress import TaskID, TextColumn
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from pipeline.cli import messages
from pipeline.cli.console import (
    FAILURE,
    SOME_REFUSED,
    USAGE,
    LanguageOption,
    error_console,
    fail,
    load_settings,
    output_console,
    print_line,
)
from pipeline.cli.messages import VERDICTS, said
from pipeline.cli.opening import one_line, opened_store
from pipeline.cli.running import check_start, cleaning_up_on_sigterm, progress_bar
from pipeline.engine.executors import Allowance, ClusterError, Executor, SerialExecutor
from pipeline.engine.patience import Patience
from pipeline.engine.stored import Lost, read_pending
from pipeline.engine.work import WorkOrder
from pipeline.forms import FormError
from pipeline.recognition.model_file import ModelError
from pipeline.settings import Language, Settings
from pipeline.sheet import Sheet
from pipeline.store import StoreError
from pipeline.store.database import READING
from pipeline.store.readings import Progress, progress
from pipeline.writing import OutputError

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
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Alamat klaster Dask yang sudah berjalan. / Address of a Dask cluster that runs already.", metavar="tcp://HOST:PORT"
        ),
    ] = None,
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    if scheduler is not None and workers is not None:
        fail(said(messages.SCHEDULER_OR_WORKERS, shown), code=USAGE)
    order = WorkOrder(settings=settings if scheduler is None else _seen_from_elsewhere(settings))
    check_start(order)
    stopped, lost = False, 0
    with opened_store(settings) as store:
        before = _progress(store)
        try:
            with ExitStack() as stack:
                stack.enter_context(cleaning_up_on_sigterm())
                executor = stack.enter_context(_executor(settings, workers, scheduler, waiting=before.pending))
                bar = stack.enter_context(progress_bar(error_console(), shown, TextColumn("{task.fields[verdicts]}"), visible=True))
                done = _Done(bar, before, shown)
                patience = Patience(settings.database_patience, lambda error: _say_waiting(bar, error, settings))
                for sheets in read_pending(store, order=order, executor=executor, patience=patience):
                    done.add(sheets)
                    if isinstance(sheets, Lost):
                        lost += 1
                        print_line(bar.console, said(messages.PHOTO_LOST, shown, name=sheets.name, detail=sheets.detail), style="red")
        except (StoreError, OutputError) as error:
            fail(str(error), code=FAILURE)
        except ClusterError as error:
            fail(said(messages.CLUSTER_LOST, shown, reason=error), code=FAILURE)
        except (FormError, ModelError) as error:  # of a worker, whose models are not those that were checked at the start
            fail(said(messages.CANNOT_START, shown, reason=error), code=FAILURE)
        except KeyboardInterrupt:
            stopped = True
        print_line(output_console(), _summary(_progress(store), shown))
    if stopped:
        print_line(error_console(), said(messages.STOPPED, shown))
        raise typer.Exit(INTERRUPTED)
    if lost:
        raise typer.Exit(SOME_REFUSED)


class _Done:
    """What was done so far, on the bar: photos of this run, and sheets of the store by verdict."""

    def __init__(self, bar: Bar, before: Progress, language: Language) -> None:
        self._bar = bar
        self._language = language
        self._verdicts = Counter(before.verdicts)
        self._task: TaskID = bar.add_task(said(messages.READING, language), total=before.pending, verdicts=self._text())

    def add(self, sheets: tuple[Sheet, ...] | Lost) -> None:
        if not isinstance(sheets, Lost):
            self._verdicts.update(sheet.verdict.value for sheet in sheets)
        self._bar.update(self._task, advance=1, verdicts=self._text())

    def _text(self) -> str:
        return _verdicts(self._verdicts, self._language)


def _executor(settings: Settings, workers: int | None, scheduler: str | None, *, waiting: int) -> Executor:
    """Processes of their own, also a single one: a photo that ends its process must not end the run."""
    count = settings.workers if workers is None else workers
    if waiting == 0 or (scheduler is None and count == 0):
        return SerialExecutor()
    from pipeline.engine.dask_executor import at_address, on_this_machine  # takes a second to import

    allowance = Allowance.of(settings)
    return on_this_machine(min(count, waiting), allowance) if scheduler is None else at_address(scheduler, allowance)


def _seen_from_elsewhere(settings: Settings) -> Settings:
    """Settings with absolute paths: the workers of a cluster were started in other folders."""
    photos = settings.photos_url
    absolute = photos if "://" in photos else str(Path(photos).absolute())
    return settings.model_copy(update={"models": settings.models.absolute(), "photos": absolute})


def _say_waiting(bar: Bar, error: DBAPIError, settings: Settings) -> None:
    seconds = settings.database_patience
    print_line(bar.console, said(messages.WAITING_FOR_DATABASE, settings.language, reason=one_line(error), seconds=seconds), style="yellow")


def _progress(store: Engine) -> Progress:
    with store.connect().execution_options(**{READING: True}) as connection:
        return progress(connection)


def _summary(done: Progress, language: Language) -> str:
    return said(
        messages.READ_SO_FAR, language, photos=done.photos, pending=done.pending, verdicts=_verdicts(done.verdicts, language) or "0"
    )


def _verdicts(counts: Mapping[str, int], language: Language) -> str:
    return ", ".join(f"{counts[verdict]} {said(text, language)}" for verdict, text in VERDICTS.items() if verdict in counts)
