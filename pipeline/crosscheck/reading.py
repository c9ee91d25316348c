"""What the recognisers hand over for one number: the distributions of its boxes and bubbles, before anyone has decided anything.

The arrays are checked and normalised once, here, so that everything after it may trust that rows sum to one. Scores enter raw:
no threshold has been applied yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.sheet import BOX_CLASSES, Point, quad_of

BUBBLE_NONE = 10
"""Column of `FieldReading.bubbles` that says no bubble of the column is filled."""

BUBBLE_SEVERAL = 11
"""Column of `FieldReading.bubbles` that says more than one bubble of the column is filled."""

MAX_BOXES = 5
"""The longest row of boxes on any form; 13^5 sign combinations are still summed exactly in a few milliseconds."""

_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class FieldReading:
    """The raw distributions of one number.

    Attributes
    ----------
    boxes
        (n, 13) float64, one distribution over `BOX_CLASSES` a box, left to right, given that the box can be read.
    illegible
        (n,) float64, probability that no sign can be read in the box.
    corrected
        (n,) float64, probability that the box was overwritten, struck out or whitened.
    bubbles
        (columns, 12) float64, one distribution a column over bubble 0..9, none, several; None where the form has no bubbles.
    bubbles_corrected
        (columns,) float64, probability that a bubble of the column was erased or struck out; None where the form has no bubbles.
    tally
        (cells, 6) float64, one distribution a cell of the tally grid over 0 to 5 marks, row by row; None where the form has none.
    row_sums
        (rows, 2, 12) float64, one distribution a box beside the tally rows over the digits, filler, closed; None where the form has none.
    quad
        Corners of the row of boxes in pixels of the photo: top left, then clockwise as printed.
    frames
        Share of the boxes whose printed frame was seen in its place, 0 to 1.
    """

    boxes: NDArray[np.float64]
    illegible: NDArray[np.float64]
    corrected: NDArray[np.float64]
    bubbles: NDArray[np.float64] | None
    bubbles_corrected: NDArray[np.float64] | None
    quad: tuple[Point, Point, Point, Point]
    frames: float = 1.0
    tally: NDArray[np.float64] | None = None
    row_sums: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        boxes = distributions(self.boxes, len(BOX_CLASSES))
        if not 1 <= len(boxes) <= MAX_BOXES:
            raise ValueError(f"a number has 1 to {MAX_BOXES} boxes, not {len(boxes)}")
        object.__setattr__(self, "boxes", boxes)
        object.__setattr__(self, "illegible", probabilities(self.illegible, len(boxes)))
        object.__setattr__(self, "corrected", probabilities(self.corrected, len(boxes)))
        if (self.bubbles is None) != (self.bubbles_corrected is None):
            raise ValueError("bubbles and bubbles_corrected come together")
        if self.bubbles is not None and self.bubbles_corrected is not None:
            bubbles = distributions(self.bubbles, BUBBLE_SEVERAL + 1)
            object.__setattr__(self, "bubbles", bubbles)
            object.__setattr__(self, "bubbles_corrected", probabilities(self.bubbles_corrected, len(bubbles)))

    def to_dict(self) -> dict[str, Any]:
        """JSON values, from which `from_dict` makes an equal reading."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FieldReading:
        return cls(
            boxes=np.array(data["boxes"]),
            illegible=np.array(data["illegible"]),
            corrected=np.array(data["corrected"]),
            bubbles=None if data["bubbles"] is None else np.array(data["bubbles"]),
            bubbles_corrected=None if data["bubbles_corrected"] is None else np.array(data["bubbles_corrected"]),
            quad=quad_of(data["quad"]),
            frames=data["frames"],
            tally=None if data["tally"] is None else np.array(data["tally"]),
            row_sums=None if data["row_sums"] is None else np.array(data["row_sums"]),
        )


def distributions(rows: NDArray[np.floating], classes: int) -> NDArray[np.float64]:
    """Rows of `classes` probabilities as float64 that sum to exactly one; `ValueError` when they are no distributions."""
    array = np.array(rows, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != classes:
        raise ValueError(f"expected rows of {classes} probabilities, got shape {array.shape}")
    sums = array.sum(axis=1, keepdims=True)
    if not np.isfinite(array).all() or (array < 0).any() or (np.abs(sums - 1) > _SUM_TOLERANCE).any():
        raise ValueError("rows must be non-negative and sum to one")
    normalised: NDArray[np.float64] = array / sums
    return normalised


def probabilities(values: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    """A vector of `count` probabilities as float64; `ValueError` when it is none."""
    array = np.array(values, dtype=np.float64)
    if array.shape != (count,):
        raise ValueError(f"expected {count} probabilities, got shape {array.shape}")
    if not ((array >= 0) & (array <= 1 + _SUM_TOLERANCE)).all():
        raise ValueError("probabilities lie between 0 and 1")
    return np.minimum(array, 1.0)
