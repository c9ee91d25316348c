"""Read which bubble of a column is filled.

The bubbles of one field come in, cut as patches; for each column a distribution over the ten digits, none and several comes
out. The idea: a bubble is judged beside the typical bubble of its field, so that what all of them share (print, light, blur) is
not taken for ink; and a column is not the darkest of ten but ten separate questions, so that none and several are answers too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.recognition.digits import check_patches
from pipeline.recognition.model_file import ModelFile, load_model
from pipeline.recognition.patches import darkness

PATCH_SIZE = 20
MARGIN = 0.5
"""A patch shows a bubble of 8 mm and half of that around it: enough to find the ring when it lies 2 mm off; the next bubble's rim shows."""

DIGITS = 10
NONE = 10
SEVERAL = 11
"""Places of `none` and `several` in a column's distribution."""

LAYOUT = "bubbles-1"
"""Changes whenever patches, inputs or outputs do; a model of another layout is refused."""

FLOOR = 1e-4
"""Share of the uniform distribution mixed into a column's: no column is ever certain."""


@dataclass(frozen=True, slots=True)
class ColumnReadings:
    """What the network says of C columns.

    Attributes
    ----------
    probabilities
        (C, 12) float64 over the digits 0 to 9, none, several; rows sum to 1.
    corrected
        (C,) float64, probability that a bubble of the column was erased, struck out or whitened.
    """

    probabilities: NDArray[np.float64]
    corrected: NDArray[np.float64]


class BubbleReader:
    """Reads the bubbles of a field with the model in one ONNX file.

    Raises
    ------
    ModelError
        When the file is missing, damaged or made for another version.
    """

    def __init__(self, model_path: Path) -> None:
        self.model: ModelFile = load_model(Path(model_path), kind="bubbles", layout=LAYOUT)

    def read(self, patches: NDArray[np.uint8]) -> ColumnReadings:
        """Read the columns of one field.

        Parameters
        ----------
        patches
            (C, 10, 20, 20, 3) uint8 BGR, as `cut_patches` cuts bubbles with `PATCH_SIZE` and `MARGIN`.

        Raises
        ------
        ValueError
            When the patches have another shape or type.
        """
        if patches.ndim != 5 or patches.shape[1] != DIGITS:
            raise ValueError(f"bubbles of a field must be (C, {DIGITS}, {PATCH_SIZE}, {PATCH_SIZE}, 3), these are {patches.shape}")
        columns = patches.shape[0]
        flat = patches.reshape(columns * DIGITS, *patches.shape[2:])
        check_patches(flat, size=PATCH_SIZE)
        if columns == 0:
            return ColumnReadings(np.empty((0, DIGITS + 2)), np.empty(0))
        states = self.model.run(beside_typical(flat)).reshape(columns, DIGITS, 3)
        return ColumnReadings(column_distribution(states[:, :, 1]), 1 - np.prod(1 - states[:, :, 2], axis=1))


def beside_typical(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Darkness of each bubble of a field beside the median bubble of that field.

    Parameters
    ----------
    patches
        (N, S, S, 3) uint8, all bubbles of one field.

    Returns
    -------
    (N, 6, S, S) float32.
    """
    dark = np.clip(darkness(patches), -0.5, 1.0)
    typical = np.broadcast_to(np.median(dark, axis=0), dark.shape)
    return np.ascontiguousarray(np.concatenate([dark, typical], axis=1), np.float32)


def column_distribution(filled: NDArray[np.float64]) -> NDArray[np.float64]:
    """From each bubble's probability to be filled to the distribution of the column.

    Bubbles are taken as independent given the photo: exactly one is P(d) = p_d prod(1 - p_j), none is prod(1 - p_j), the rest is several.

    Parameters
    ----------
    filled
        (C, 10) float64 in [0, 1].

    Returns
    -------
    (C, 12) float64, rows sum to 1.
    """
    bounded = np.clip(filled, 1e-9, 1 - 1e-9)
    none = np.prod(1 - bounded, axis=1, keepdims=True)
    single = none * bounded / (1 - bounded)
    several = np.clip(1 - none - single.sum(axis=1, keepdims=True), 0.0, 1.0)
    exact = np.concatenate([single, none, several], axis=1)
    exact /= exact.sum(axis=1, keepdims=True)
    return np.asarray(exact * (1 - FLOOR) + FLOOR / exact.shape[1], np.float64)
