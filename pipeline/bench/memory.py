"""Whether memory stays flat while thousands of pages are read: that of each worker, and that of the process that gives them work."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pipeline.bench.photos import real_groups, simulated_groups
from pipeline.engine.batch import read_all
from pipeline.engine.executors import make_executor
from pipeline.engine.work import WorkOrder
from pipeline.imaging import Item
from pipeline.settings import Settings

MOST_MEGABYTES = 700
"""What a worker may need at most."""

GROWTH = 1.05
"""How many times the median of its second quarter the last quarter of a run may need, for the client and the greatest worker."""

EVERY_SECONDS = 1.0

CLIENT, WORKER = "client", "worker"


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory over a run.

    Attributes
    ----------
    samples
        One row a moment: `pages` read so far, `client` and the greatest `worker`, both resident MB of 10^6 bytes.
    """

    samples: pd.DataFrame
    pages: int
    seconds: float

    @property
    def problems(self) -> list[str]:
        """What is not as claimed."""
        found = []
        if (most := self.samples[WORKER].max()) > MOST_MEGABYTES:
            found.append(f"a worker needed {most:.0f} MB, more than {MOST_MEGABYTES}")
        for name in (CLIENT, WORKER):
            early, late = self._median(name, 0.25, 0.5), self._median(name, 0.75, 1.0)
            if late > GROWTH * early:
                found.append(f"the {name} grew from {early:.0f} to {late:.0f} MB")
        return found

    def _median(self, name: str, first: float, last: float) -> float:
        """Median over the part of the run in which these shares of its pages were read."""
        pages = self.samples["pages"]
        return float(self.samples.loc[(pages >= first * self.pages) & (pages <= last * self.pages), name].median())


def measure_memory(data: Path, *, pages: int, workers: int, progress: Console) -> Memory:
    """Read `pages` photos on `workers` processes and look at their memory every second."""
    order = WorkOrder(settings=Settings())
    with tempfile.TemporaryDirectory() as folder:
        groups = [*simulated_groups(Path(folder)), *real_groups(data)]
        paths = [path for group in groups for path in group.paths]
        items = [Item(f"{number:06d}", paths[number % len(paths)]) for number in range(pages)]
        watch = _Watch()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with make_executor(workers) as executor, Progress(*columns, console=progress, disable=not progress.is_terminal) as bar:
            task = bar.add_task("reading", total=pages)
            started = time.monotonic()
            with watch.running():
                for _ in read_all(items, order=order, executor=executor):
                    watch.pages += 1
                    bar.advance(task)
            seconds = time.monotonic() - started
    return Memory(pd.DataFrame(watch.samples, columns=["pages", CLIENT, WORKER]), pages, seconds)


def memory_table(memory: Memory) -> Table:
    """Ten moments of a run."""
    title = f"Resident MB while {memory.pages} pages are read ({memory.pages / memory.seconds:.2f} a second)"
    table = Table(title=title, title_justify="left")
    for name in ("pages", CLIENT, "greatest worker"):
        table.add_column(name, justify="right")
    tenth = (memory.samples["pages"] * 10 // max(1, memory.pages)).clip(upper=9)
    for _, some in memory.samples.groupby(tenth):
        table.add_row(f"{some['pages'].min()} to {some['pages'].max()}", f"{some[CLIENT].max():.0f}", f"{some[WORKER].max():.0f}")
    return table


class _Watch:
    """Samples memory in a thread of its own."""

    def __init__(self) -> None:
        self.pages = 0
        self.samples: list[tuple[int, float, float]] = []
        self._done = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look until the block ends."""
        thread = threading.Thread(target=self._look)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()

    def _look(self) -> None:
        client = psutil.Process()
        while True:
            greatest = max(map(_megabytes, client.children(recursive=True)), default=0.0)
            self.samples.append((self.pages, _megabytes(client), greatest))
            if self._done.wait(EVERY_SECONDS):
                return


def _megabytes(process: psutil.Process) -> float:
    """Resident memory, 0 of a process that has ended."""
    try:
        return float(process.memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0
