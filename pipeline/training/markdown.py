"""The few pieces of Markdown that model cards are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; the first column is text, the others are set to the right."""
    lines = [_line(header), _line(["---", *["---:"] * (len(header) - 1)])]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def confusion(truth: NDArray[np.int64], answers: NDArray[np.int64], names: Sequence[str]) -> str:
    """Counts of answers (columns) for each truth (rows); empty where none."""
    rows = []
    for place, name in enumerate(names):
        counts = np.bincount(answers[truth == place], minlength=len(names))
        rows.append([f"**{name}**", *(str(count) if count else "" for count in counts)])
    return table(["written \\ read", *names], rows)


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"
