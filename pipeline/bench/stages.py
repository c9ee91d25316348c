"""A clock for the stages of the recipe, which runs as it is.

Each stage is a function that the recipe calls; while the clock runs, these functions are replaced by themselves with a stopwatch. So
what is timed is the recipe itself, which knows nothing of it, and a stage that is renamed there makes the clock fail, not fall silent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from importlib import import_module
from typing import Any

from pipeline import read
from pipeline.recognition.bubbles import BubbleReader
from pipeline.recognition.corrections import CorrectionReader
from pipeline.recognition.digits import DigitReader
from pipeline.recognition.row_sums import RowSumReader
from pipeline.recognition.tally import TallyReader

# The package exports a function of the same name, so the module has to be asked for by its name.
register = import_module("pipeline.registration.register")

OPEN, REST = "open and decode", "rest"

PROBES: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("working picture", register, ("grey_picture", "working_picture")),
    ("tags", register, ("find_tags",)),
    ("upright view", register, ("straight_segments", "upright_view")),
    ("hypotheses", register, ("ridge_maps", "_in_window", "_hypotheses")),
    ("laid flat", register, ("lay_flat",)),
    ("judged", register, ("_judge",)),
    ("printed code", read, ("read_codes",)),
    ("printed header", read, ("_unless_header_contradicts",)),
    ("patches cut", read, ("cut_patches",)),
    ("boxes read", DigitReader, ("read",)),
    ("corrections read", CorrectionReader, ("read",)),
    ("bubbles read", BubbleReader, ("read_page",)),
    ("tally read", TallyReader, ("read",)),
    ("row sums read", RowSumReader, ("read",)),
    ("cross-check", read, ("crosscheck",)),
)
"""Stage, and the functions that do it where the recipe looks them up. Of nested ones the outermost counts."""

STAGES = (OPEN, *(stage for stage, _, _ in PROBES), REST)


@dataclass(slots=True)
class StageClock:
    """Seconds spent in each stage while `running`."""

    seconds: dict[str, float] = field(default_factory=dict)
    _inside: bool = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count until the block ends."""
        originals = [(place, name, getattr(place, name)) for _, place, names in PROBES for name in names]
        try:
            for stage, place, names in PROBES:
                for name in names:
                    setattr(place, name, self._timed(stage, getattr(place, name)))
            yield
        finally:
            for place, name, function in originals:
                setattr(place, name, function)

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*arguments: Any, **options: Any) -> Any:
            if self._inside:
                return function(*arguments, **options)
            self._inside = True
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started
                self._inside = False

        return timed
