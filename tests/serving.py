"""`sirekap serve` as a process of its own, which can be killed."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 90


@contextmanager
def serving(home: Path, *arguments: str, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and the address it says; ended hard when a test failed."""
    environment = {**os.environ, "SIREKAP_HOME": str(home), "SIREKAP_LANGUAGE": "en", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", "from pipeline.cli import app; app()", "serve", "--port", str(port), *arguments]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        address = ""
        for line in process.stdout:
            if found := re.search(r"Sirekap Web: (\S+)", line):
                address = found[1]
                break
        yield process, address
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def health(address: str, *, trusting: ssl.SSLContext | None = None) -> dict[str, object]:
    """What the server says of itself, as soon as it answers."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5, context=trusting) as answer:
                found: dict[str, object] = json.load(answer)
                return found
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
