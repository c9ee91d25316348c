"""Kill a run at any moment and see whether the next one makes it whole: nothing lost, nothing told twice, nothing told otherwise.

A round is a fresh store, `sirekap run` on two workers, one SIGKILL, and `sirekap run` once more. What the ledger then tells must be, event
by event, what it tells after a run that nobody disturbed. Killed are in turn the client (which has the scheduler of a local cluster in
it), a worker of a local cluster, and the scheduler of a cluster by address.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2

from pipeline.bench.own_cluster import own_cluster
from pipeline.settings import DATABASE_FILE, variable_name

SIREKAP = (sys.executable, "-c", "from pipeline.cli import app; app()")

WORKERS = 2

BEST_QUALITY = 95
"""JPEG quality of the first variants of the samples; every further turn of them is one lower, so that no two photos have the same bytes."""

POLLED_EVERY = 0.002
"""Seconds between two looks for a write: a transaction takes 5 to 20 ms on a disk that keeps its promises."""

EARLIER = 0.7
"""What becomes of a moment that came when the run was over."""

ENDED_SECONDS = 60
"""How long the workers of a client that was killed may take to notice it."""


class Victim(StrEnum):
    """What is killed."""

    CLIENT = "client"
    WORKER = "worker"
    SCHEDULER = "scheduler"


_EXIT_CODES = {Victim.CLIENT: -signal.SIGKILL, Victim.WORKER: 0, Victim.SCHEDULER: 1}
"""How the run must end: dead, whole, because a worker can be done without, and with one message that the scheduler was lost."""


class FaultsError(Exception):
    """The rounds cannot be run at all."""


@dataclass(frozen=True, slots=True)
class FaultOptions:
    """What is tried; `samples` is a folder of JPEG files, whose variants are read."""

    rounds: int
    photos: int
    seed: int
    samples: Path


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill as it was done.

    Attributes
    ----------
    moment
        Seconds from the start of the run.
    inside_write
        Whether the client was killed between BEGIN and the end of COMMIT, after its first photo; see `_Store.is_being_written`.
    recorded
        Photos that had a reading.
    orphans
        Workers of the client at that moment.
    """

    moment: float
    inside_write: bool
    recorded: int
    orphans: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """What became of a round: photos with a reading in the end, and what was wrong."""

    number: int
    victim: Victim
    kill: Kill
    recorded: int
    faults: tuple[str, ...]


def kill_in_rounds(options: FaultOptions) -> Iterator[Round]:
    """Every round, as it is done.

    Raises
    ------
    FaultsError
        The photos cannot be taken in, or the run that nobody disturbs does not end well.
    """
    drawn = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="sirekap-faults-") as folder:
        bench = _Bench(Path(folder), options)
        for number in range(1, options.rounds + 1):
            victim = list(Victim)[(number - 1) % len(Victim)]
            # Of the kills of the client every second one, from the first on, waits for a write: by chance one in fifty falls inside one.
            aimed = victim is Victim.CLIENT and (number - 1) // len(Victim) % 2 == 0
            yield bench.round(number, victim, aimed=aimed, drawn=drawn)


class _Store:
    """A store in a folder of its own, its photos elsewhere, used as a person uses it."""

    def __init__(self, home: Path, photos: Path) -> None:
        self.home = home
        self._photos = photos
        self._database = home / DATABASE_FILE

    def copied_to(self, home: Path) -> _Store:
        shutil.copytree(self.home, home)
        return _Store(home, self._photos)

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """A command, in a session of its own: Ctrl-C is for the bench."""
        chosen = {"home": self.home, "database": f"sqlite:///{self._database}", "photos": self._photos, "language": "en"}
        environment = {**os.environ, **{variable_name(name): str(value) for name, value in chosen.items()}}
        return subprocess.Popen(
            [*SIREKAP, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def fault_of(self, *arguments: str) -> str | None:
        """Run a command to its end; what was wrong, None when nothing was."""
        with _ended_on_leaving(self.started(*arguments)) as process:
            said = process.communicate()[1]
        return None if process.returncode == 0 else f"`sirekap {arguments[0]}` ended with {process.returncode}: {_last_line(said)}"

    def told(self) -> list[tuple[str, str]]:
        """Kind and body of every event of the ledger."""
        with closing(self._connect()) as connection:
            return list(connection.execute("SELECT kind, body FROM ledger ORDER BY position"))

    def recorded(self) -> int:
        """Photos with a reading."""
        with closing(self._connect()) as connection:
            return int(connection.execute("SELECT count(DISTINCT photo) FROM readings").fetchone()[0])

    def is_being_written(self) -> bool:
        """Whether somebody is between the BEGIN IMMEDIATE and the end of the COMMIT of a transaction.

        Nobody else can begin one then, which is what is tried. Of a process that stands still (SIGSTOP) the answer stays true until it is
        killed. One that was stopped while it took SQLite's own locks lets nobody ask (SQLITE_PROTOCOL): it had not begun to write.
        """
        with closing(self._connect()) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                    return True
                if error.sqlite_errorcode == sqlite3.SQLITE_PROTOCOL:
                    return False
                raise
            connection.execute("ROLLBACK")
            return False

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._database, timeout=0, isolation_level=None)


class _Bench:
    """A store that is filled and not read, what a run that nobody disturbed makes of it, and how many seconds that takes."""

    def __init__(self, folder: Path, options: FaultOptions) -> None:
        self._folder = folder
        self._photos = options.photos
        self._filled = _Store(folder / "filled", folder / "photos")
        _write_variants(options.samples, folder / "sent", options.photos)
        undisturbed = None
        fault = self._filled.fault_of("ingest", str(folder / "sent"))
        if fault is None:
            undisturbed = self._filled.copied_to(folder / "undisturbed")
            started = time.monotonic()
            fault = undisturbed.fault_of("run", "--workers", str(WORKERS))
            self._duration = time.monotonic() - started
        if undisturbed is None or fault is not None:
            raise FaultsError(fault)
        self._expected = undisturbed.told()

    def round(self, number: int, victim: Victim, *, aimed: bool, drawn: random.Random) -> Round:
        """One round, begun again with an earlier moment when the run was over before its moment came."""
        moment = drawn.uniform(0, self._duration)
        while True:
            store = self._filled.copied_to(self._folder / "round")
            try:
                kill, faults = self._killed_run(store, victim, aimed=aimed, moment=moment, drawn=drawn)
                if kill is not None:
                    faults += self._completed(store, kill)
                    return Round(number, victim, kill, store.recorded(), tuple(faults))
            finally:
                shutil.rmtree(store.home)
            moment *= EARLIER

    def _killed_run(
        self, store: _Store, victim: Victim, *, aimed: bool, moment: float, drawn: random.Random
    ) -> tuple[Kill | None, list[str]]:
        with ExitStack() as stack:
            cluster = stack.enter_context(own_cluster(store.home, workers=WORKERS)) if victim is Victim.SCHEDULER else None
            where = ("--scheduler", cluster.address) if cluster else ("--workers", str(WORKERS))
            client = stack.enter_context(_ended_on_leaving(store.started("run", *where)))
            started = time.monotonic()
            with suppress(subprocess.TimeoutExpired):
                client.wait(timeout=moment)
            workers = _workers_of(client, at_least=1 if victim is Victim.WORKER else 0)
            inside_write = victim is Victim.CLIENT and _stopped(client, store, until_written=aimed)
            if client.poll() is not None:
                return None, []
            kill = Kill(time.monotonic() - started, inside_write, store.recorded(), tuple(workers))
            killed = drawn.choice(workers) if victim is Victim.WORKER else cluster.scheduler.pid if cluster else client.pid
            with suppress(ProcessLookupError):
                os.kill(killed, signal.SIGKILL)
            said = client.communicate()[1]
        if victim is Victim.SCHEDULER and client.returncode == 0:
            return None, []  # it had every result already: the moment came too late
        faults = []
        if client.returncode != _EXIT_CODES[victim]:
            faults.append(f"the run ended with {client.returncode} and not {_EXIT_CODES[victim]}: {_last_line(said)}")
        if "Traceback" in said:
            faults.append(f"the run ended with a traceback: {_last_line(said)}")
        return kill, faults

    def _completed(self, store: _Store, kill: Kill) -> list[str]:
        """What is wrong after one more run."""
        faults = [store.fault_of("run", "--workers", str(WORKERS)), store.fault_of("ledger", "verify")]
        if store.recorded() != self._photos:
            faults.append(f"{store.recorded()} of {self._photos} photos have a reading")
        if store.told() != self._expected:
            faults.append("the ledger tells something else than after a run that nobody disturbed")
        until = time.monotonic() + ENDED_SECONDS
        while any(map(_lives, kill.orphans)) and time.monotonic() < until:
            time.sleep(0.1)
        faults += [f"worker {process} outlived its run" for process in kill.orphans if _lives(process)]
        return [fault for fault in faults if fault is not None]


def _stopped(client: subprocess.Popen[str], store: _Store, *, until_written: bool) -> bool:
    """Make the client stand still, at once or inside a write; whether it now is inside one.

    Its first photo must be recorded: the transaction before, which looks after the schema, writes nothing.
    """
    while True:
        client.send_signal(signal.SIGSTOP)
        if client.returncode is not None:  # it had ended before, which sending a signal finds out
            return False
        state = os.waitid(os.P_PID, client.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if state is None or state.si_code != os.CLD_STOPPED:
            return False
        os.waitid(os.P_PID, client.pid, os.WSTOPPED | os.WNOHANG)  # this stop is told of; the next one is waited for
        inside = store.is_being_written() and store.recorded() > 0
        if inside or not until_written:
            return inside
        client.send_signal(signal.SIGCONT)
        time.sleep(POLLED_EVERY)


def _workers_of(client: subprocess.Popen[str], *, at_least: int) -> list[int]:
    """The worker processes of a client, once there are so many, or none when it ended."""
    while client.poll() is None:
        workers = [process for process in _children(client.pid) if b"spawn_main" in _command(process)]
        if len(workers) >= at_least:
            return workers
        time.sleep(0.05)
    return []


def _children(parent: int) -> list[int]:
    found = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [process for process in found if (state := _state(process)) and int(state[1]) == parent]


def _lives(process: int) -> bool:
    state = _state(process)
    return state is not None and state[0] not in "ZX"


def _state(process: int) -> list[str] | None:
    """State, parent and what else the system knows of a process, None when there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


@contextmanager
def _ended_on_leaving(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """End a process that still lives when the bench is stopped; a SIGTERM lets it end its workers."""
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()


def _write_variants(samples: Path, folder: Path, count: int) -> None:
    """So many photos of different bytes, made of the samples by another quality of their JPEG."""
    folder.mkdir()
    paths = sorted(samples.glob("*.jpg"))
    if not paths or count > BEST_QUALITY * len(paths):
        raise FaultsError(f"{samples}: {count} different photos cannot be made of {len(paths)} samples")
    for number in range(count):
        turn, place = divmod(number, len(paths))
        picture = cv2.imread(str(paths[place]))
        if picture is None:
            raise FaultsError(f"{paths[place]}: not a picture")
        cv2.imwrite(str(folder / f"{number:04d}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, BEST_QUALITY - turn])


def _last_line(said: str) -> str:
    return (said.strip().splitlines() or ["nothing was said"])[-1]
