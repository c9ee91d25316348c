"""A web server on loopback, in processes of its own, as those of `sirekap serve` are that do not read photos."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil

from pipeline.settings import PREFIX, Settings, variable_name

START_SECONDS, STOP_SECONDS = 90, 30
LOOKED_EVERY = 0.05


class WebError(Exception):
    """The server does not start, or does not answer as it should; the message says what it said."""


@dataclass(frozen=True, slots=True)
class OwnWeb:
    """A server that answers at a port of 127.0.0.1."""

    process: psutil.Process
    port: int

    def cpu(self) -> float:
        """Processor seconds of all its processes."""
        taken = [one.cpu_times() for one in (self.process, *self.process.children(recursive=True))]
        return float(sum(times.user + times.system for times in taken))


@contextmanager
def own_web(settings: Settings, log: Path, *, workers: int = 1) -> Iterator[OwnWeb]:
    """A server on the store of the settings, which writes what it says into `log`; ended on leaving.

    Raises
    ------
    WebError
        It does not start.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    chosen = {variable_name("home"): str(settings.home), variable_name("database"): settings.database_url}
    environment = {**others, **chosen, "XDG_CONFIG_HOME": str(settings.home)}  # without the settings of who measures
    command = [
        sys.executable, "-m", "uvicorn", "pipeline.web.app:from_environment", "--factory", "--host", "127.0.0.1", "--port", "0",
        "--workers", str(workers), "--no-access-log", "--no-server-header",
    ]  # fmt: skip
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield OwnWeb(psutil.Process(process.pid), _port(process, log))
        process.terminate()
        process.wait(STOP_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Where a server listens, as it says itself, as soon as it answers."""
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", log.read_text("utf-8")):
            with suppress(OSError), urlopen(f"http://127.0.0.1:{found[1]}/healthz", timeout=START_SECONDS):
                return int(found[1])
        time.sleep(LOOKED_EVERY)
    raise WebError(f"the server does not start: {log.read_text('utf-8').strip() or 'it says nothing'}")
