"""Fuzz one target in this process: `python -m tests.fuzz.one TARGET FOLDER SECONDS`.

Exits with something else than 0 at the first finding: an error that is not documented, a crash, a hang, too much memory. The input that did
it is then in FOLDER.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

SLOWEST_SECONDS = 20
"""A hang: the slowest honest input takes a tenth of a second, and both cores may be busy with other things."""

MEMORY_MEGABYTES = 1_500
"""What a worker process may use as the settings come."""


def main(name: str, folder: Path, seconds: int) -> None:
    with atheris.instrument_imports(include=["pipeline"]):
        from tests.fuzz import targets
    target = targets.TARGETS[name]
    corpus, found = folder / name, folder / "found"
    for place in (corpus, found):
        place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sirekap-fuzz-") as temporary:
        targets.FOLDER = Path(temporary)
        for number, seed in enumerate(target.seeds()):
            (corpus / f"seed-{number:03d}").write_bytes(seed)
        options = {
            "max_len": target.longest,
            "max_total_time": seconds,
            "seed": 1,  # the same inputs in the same order: a change is judged by itself, not by luck
            "print_final_stats": 1,
            "report_slow_units": SLOWEST_SECONDS,
            "rss_limit_mb": MEMORY_MEGABYTES,
            "timeout": SLOWEST_SECONDS,
        }
        arguments = [f"-{option}={value}" for option, value in options.items()]
        atheris.Setup([sys.argv[0], *arguments, f"-artifact_prefix={found}/{name}-", str(corpus)], target.run)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
