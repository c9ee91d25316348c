"""What workers do in the tests: importable by their processes."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from pipeline.engine.executors import Result
from pipeline.store.readings import StoredPhoto
from pipeline.writing import OutputError


def square(number: int) -> int:
    return number * number


def read_gone(number: int) -> bytes:
    return Path(f"/gone/{number}").read_bytes()


def square_slowly(number: int) -> int:
    """Early items take longer, so that they are not done in order."""
    time.sleep(0.1 if number % 7 == 0 else 0.001)
    return number * number


def square_or_die(number: int) -> int:
    match number:
        case 5:
            os._exit(9)
        case 6:
            ctypes.string_at(0)  # reads the address 0, as a broken decoder may
        case 17:
            os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return number * number


def misbehave(kind: str) -> str:
    """Hangs in native code that keeps the interpreter to itself, or takes memory without end; `good` does neither."""
    match kind:
        case "hang":
            ctypes.PyDLL(None).pause()
        case "fill":
            taken = [b"1" * 10_000_000 for _ in range(150)]
            signal.pause()
            del taken
    return kind


def die_once(marker: Path) -> str:
    """Dies when it is tried for the first time."""
    if not marker.exists():
        marker.touch()
        os._exit(9)
    return marker.name


def fail(number: int) -> int:
    raise OutputError("out/sheets.jsonl", "No space left on device")


def threads(_: int) -> tuple[int, str | None, int]:
    return cv2.getNumThreads(), os.environ.get("OMP_NUM_THREADS"), os.getpid()


def leave_trace(place: Path) -> tuple[str, int]:
    """A file for every time an item is done, and by whom."""
    place.with_name(f"{place.name}-{os.getpid()}").touch()
    return place.name, os.getpid()


def name_slowly(name: str) -> str:
    time.sleep(0.2)
    return name


def misbehave_on(function: Callable[[StoredPhoto], Result], photo: StoredPhoto) -> Result:
    """The function of a photo, but for three whose names say that they end the process."""
    match photo.name[0]:
        case "1":
            signal.setitimer(signal.ITIMER_REAL, 0.1)  # the limit, come sooner
            misbehave("hang")
        case "3":
            ctypes.string_at(0)
        case "6":
            misbehave("fill")
    return function(photo)
