"""Fuzz every target for some time, two at once: `python -m tests.fuzz --seconds 60 --out fuzz-out`.

In the folder are the corpora, which later runs go on from, a log a target, and in `found/` the inputs of findings.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

NAMES = ("images", "forms", "checks", "tables")

TRIED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")

STARTING_SECONDS = 300
"""For imports and seeds on a busy machine; then a target that does not stop by itself is stopped."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--out", type=Path, default=Path("fuzz-out"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        sound = list(pool.map(partial(fuzz, folder=options.out, seconds=options.seconds), NAMES))
    return 0 if all(sound) else 1


def fuzz(name: str, *, folder: Path, seconds: int) -> bool:
    """Whether nothing was found."""
    log = folder / f"{name}.log"
    command = [sys.executable, "-m", "tests.fuzz.one", name, str(folder), str(seconds)]
    with log.open("wb") as output:
        code = subprocess.run(command, stdout=output, stderr=output, check=False, timeout=seconds + STARTING_SECONDS).returncode
    text = log.read_text("utf-8", "replace")
    tried = TRIED.search(text)
    if code:
        print("\n".join(text.splitlines()[-40:]), flush=True)
    print(f"{name}: {tried.group(1) if tried else '?'} inputs, {'nothing found' if code == 0 else f'a FINDING, see {log}'}", flush=True)
    return code == 0


if __name__ == "__main__":
    sys.exit(main())
