"""How long reading takes beside the bare decode of the same file, by stage, and how it scales to two workers.

Seconds differ from machine to machine; the ratio to `cv2.imdecode` of the same bytes hardly does. Decode and read are timed one right
after the other, photo by photo and round by round, all on one core, so that a machine that slows down for a while slows both.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import Progress

from pipeline.bench.photos import PhotoGroup, real_groups, simulated_groups
from pipeline.bench.stages import OPEN, REST, STAGES, StageClock
from pipeline.engine.batch import read_all
from pipeline.engine.executors import Executor, SerialExecutor, make_executor
from pipeline.engine.work import WorkOrder, load_reader
from pipeline.imaging import Item, Limits, Photo, open_images
from pipeline.read import Reader, read_photo
from pipeline.settings import Settings

IDLE_LOAD = 0.5
"""Mean number of running processes in the last minute above which two workers would not have two cores to themselves."""

SCALING_ROUNDS = 3
SCALING_SECONDS = 10.0
"""About how long one worker reads in a round: long enough that the first and last photo, read alone, do not count."""

WORKERS = 2


@dataclass(frozen=True, slots=True)
class SpeedOptions:
    """What `sirekap bench speed` may choose: the folder of the real data, rounds, and whether to measure workers."""

    data: Path
    rounds: int = 7
    scaling: bool = True


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and greatest of some measurements."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class GroupSpeed:
    """Times of a group of photos over all rounds; milliseconds, and the ratio of each read to the decode just before it."""

    group: PhotoGroup
    megapixels: float
    refused: int
    decode_ms: Spread
    read_ms: Spread
    ratio: Spread
    stages_ms: dict[str, Spread]


@dataclass(frozen=True, slots=True)
class Scaling:
    """Photos a second with one and with two workers, and their ratio round by round."""

    photos: int
    one: Spread
    two: Spread
    gain: Spread


@dataclass(frozen=True, slots=True)
class Speed:
    """All that was measured; `scaling` is a sentence when it was not measured."""

    groups: tuple[GroupSpeed, ...]
    scaling: Scaling | str
    load: float
    models: dict[str, str]


def measure_speed(options: SpeedOptions, *, progress: Console | None = None) -> Speed:
    """Measure everything on this machine with the models of the settings.

    Raises
    ------
    ModelError
        When a model cannot be used.
    """
    load = os.getloadavg()[0]
    settings = Settings()
    reader = load_reader(settings)
    with tempfile.TemporaryDirectory() as folder, _bar(progress) as bar:
        making = bar.add_task("simulating photos", total=None)
        simulated = list(simulated_groups(Path(folder)))
        bar.remove_task(making)
        groups = [*simulated, *real_groups(options.data)]
        timing = bar.add_task("timing", total=options.rounds * sum(len(group.paths) for group in groups))
        with one_core():
            measured = time_groups(groups, reader, rounds=options.rounds, advance=lambda: bar.advance(timing))
        scaling: Scaling | str = "not asked for"
        if options.scaling:
            bar.add_task("two workers beside one", total=None)
            scaling = refusal_to_scale(load) or measure_scaling([path for group in simulated for path in group.paths], settings)
    return Speed(tuple(measured), scaling, load, dict(reader.models))


def time_groups(
    groups: Sequence[PhotoGroup], reader: Reader, *, rounds: int, advance: Callable[[], None] = lambda: None
) -> list[GroupSpeed]:
    """Decode and read every photo in turn, `rounds` times after one that does not count."""
    files = [(number, path) for number, group in enumerate(groups) for path in group.paths]
    samples: list[list[_Sample]] = [[] for _ in groups]
    for path in {path for _, path in files}:
        _sample(path, reader)
    for _ in range(rounds):
        for number, path in files:
            samples[number].append(_sample(path, reader))
            advance()
    return [_summed_up(group, some) for group, some in zip(groups, samples, strict=True)]


def refusal_to_scale(load: float) -> str | None:
    """Why two workers are not measured now, or None."""
    cores = len(os.sched_getaffinity(0))
    if cores < WORKERS:
        return f"not measured: {WORKERS} workers need {WORKERS} cores, this process may use {cores}"
    if load > IDLE_LOAD:
        return f"not measured: the machine is not idle (load {load:.2f}, at most {IDLE_LOAD}); run again when nothing else runs"
    return None


def measure_scaling(paths: Sequence[Path], settings: Settings) -> Scaling:
    """Read the same photos with one worker, which is no process of its own, and with two, in turn."""
    order = WorkOrder(settings=settings)
    with SerialExecutor() as one, make_executor(WORKERS) as two:
        few = _copies(paths, 4 * WORKERS)
        for executor in (one, two):
            _seconds(executor, few, order)  # loads the models
        count = max(len(few), round(len(few) / _seconds(one, few, order) * SCALING_SECONDS))
        items = _copies(paths, count)
        pairs = [(count / _seconds(one, items, order), count / _seconds(two, items, order)) for _ in range(SCALING_ROUNDS)]
    return Scaling(
        photos=count,
        one=Spread.of([single for single, _ in pairs]),
        two=Spread.of([both for _, both in pairs]),
        gain=Spread.of([both / single for single, both in pairs]),
    )


@contextmanager
def one_core() -> Iterator[None]:
    """Keep every thread of this process on one core."""
    threads = [int(name) for name in os.listdir("/proc/self/task")]
    before = {thread: os.sched_getaffinity(thread) for thread in threads}
    core = min(os.sched_getaffinity(0))
    try:
        for thread in threads:
            os.sched_setaffinity(thread, {core})
        yield
    finally:
        for thread, cores in before.items():
            if Path(f"/proc/self/task/{thread}").exists():
                os.sched_setaffinity(thread, cores)


@dataclass(frozen=True, slots=True)
class _Sample:
    """One decode and one read of a photo, seconds."""

    pixels: int
    refused: bool
    decode: float
    read: float
    stages: dict[str, float]


def _sample(path: Path, reader: Reader) -> _Sample:
    data = np.frombuffer(path.read_bytes(), np.uint8)
    started = time.perf_counter()
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    decoded = time.perf_counter()
    if picture is None:
        raise ValueError(f"{path} is not a picture")
    pixels = picture.shape[0] * picture.shape[1]
    del picture
    clock = StageClock()
    with clock.running():
        begun = time.perf_counter()
        photo = next(iter(open_images(path, name=path.name, limits=Limits.of(Settings()))))
        opened = time.perf_counter()
        if not isinstance(photo, Photo):
            raise ValueError(f"{path} cannot be opened: {photo.refusal.detail}")
        sheet = read_photo(photo, reader).sheet
        done = time.perf_counter()
    stages = {OPEN: opened - begun, **clock.seconds}
    stages[REST] = done - begun - sum(stages.values())
    return _Sample(pixels, sheet.refusal is not None, decoded - started, done - begun, stages)


def _summed_up(group: PhotoGroup, samples: Sequence[_Sample]) -> GroupSpeed:
    return GroupSpeed(
        group=group,
        megapixels=statistics.median(sample.pixels for sample in samples) / 1e6,
        refused=sum(sample.refused for sample in samples) * len(group.paths) // len(samples),
        decode_ms=Spread.of([1000 * sample.decode for sample in samples]),
        read_ms=Spread.of([1000 * sample.read for sample in samples]),
        ratio=Spread.of([sample.read / sample.decode for sample in samples]),
        stages_ms={stage: Spread.of([1000 * sample.stages.get(stage, 0.0) for sample in samples]) for stage in STAGES},
    )


def _seconds(executor: Executor, items: Sequence[Item], order: WorkOrder) -> float:
    started = time.perf_counter()
    for _ in read_all(items, order=order, executor=executor):
        pass
    return time.perf_counter() - started


def _copies(paths: Sequence[Path], count: int) -> list[Item]:
    """`count` items, the photos in turn, each under a name of its own."""
    return [Item(f"{number:06d}", paths[number % len(paths)]) for number in range(count)]


@contextmanager
def _bar(console: Console | None) -> Iterator[Progress]:
    with Progress(console=console, transient=True, disable=console is None or not console.is_terminal) as bar:
        yield bar
