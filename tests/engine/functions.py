"""What workers do in the tests: importable by their processes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import cv2

from pipeline.writing import OutputError

KILLERS = (5, 6, 17)


def square(number: int) -> int:
    return number * number


def square_slowly(number: int) -> int:
    """Early items take longer, so that they are not done in order."""
    time.sleep(0.1 if number % 7 == 0 else 0.001)
    return number * number


def square_or_die(number: int) -> int:
    if number in KILLERS:
        os._exit(9)
    time.sleep(0.01)
    return number * number


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
