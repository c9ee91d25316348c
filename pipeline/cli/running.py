"""What commands that read photos share: the check before the first one, the progress bar, and a clean end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text as Styled

from pipeline.cli import messages
from pipeline.cli.console import USAGE, fail
from pipeline.cli.messages import said
from pipeline.engine.work import WorkOrder, load_reader
from pipeline.forms import FormError
from pipeline.recognition.model_file import ModelError
from pipeline.settings import Language


def check_start(order: WorkOrder) -> None:
    """End the command when no photo could be read whatever is on it."""
    language = order.settings.language
    try:
        catalogue = load_reader(order.settings).catalogue
    except (FormError, ModelError) as error:
        fail(said(messages.CANNOT_START, language, reason=error), code=USAGE)
    if order.form is not None and order.form not in catalogue:
        fail(said(messages.UNKNOWN_FORM, language, form=order.form, known=", ".join(catalogue.forms)), code=USAGE)


def progress_bar(console: Console, language: Language, *more: ProgressColumn, visible: bool) -> Progress:
    """A bar with count, rate, time left and more columns, on a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(language),
        TimeRemainingColumn(),
        *more,
        console=console,
        transient=True,
        disable=not (visible and console.is_terminal),
    )


class _Rate(ProgressColumn):
    """Files a second."""

    def __init__(self, language: Language) -> None:
        super().__init__()
        self._language = language

    def render(self, task: Task) -> Styled:
        return Styled("" if task.speed is None else said(messages.RATE, self._language, rate=task.speed))


@contextmanager
def cleaning_up_on_sigterm() -> Iterator[None]:
    """End as on an error: a plain SIGTERM would leave the workers and the half-written files behind."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
