"""Read which bubble of a column is filled.

The bubbles of one field come in, cut as patches; for each column a distribution over the ten digits, none and several comes
out. The idea: a bubble is judged beside the typical bubble of its field, so that what all of them share (print, light, blur) is not taken
for ink, and beside the darkest one, which shows how this pen fills a bubble, so that what is left of an erased one is not taken for that;
and a column is not the darkest of ten but ten separate questions, so that none and several are answers too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
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

CHANNELS = 9

LAYOUT = "bubbles-2"
"""Changes whenever patches, inputs or outputs do; a model of another layout is refused."""

FLOOR = 1e-4
"""Share of the uniform distribution mixed into a column's: no column is ever certain."""

TWO_FILLED = 0.02
"""How many times likelier two filled bubbles in a column are on sheets than in training, where a second mark is erased as often as not: on
the development sheets a second mark was an erased one in 28 of 2,808 columns and a filled one in none (upper 95 % bound 0.13 %); in
training some 7 % have two. From 0.01 to 0.03 the same columns are read right."""


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
        """Read the columns of one field: (C, 10, 20, 20, 3) uint8 BGR, as `read_page`."""
        return self.read_page([patches])[0]

    def read_page(self, fields: Sequence[NDArray[np.uint8]]) -> list[ColumnReadings]:
        """Read the columns of every field of a page, each beside the bubbles of its own field.

        Parameters
        ----------
        fields
            For each field (C, 10, 20, 20, 3) uint8 BGR, as `cut_patches` cuts bubbles with `PATCH_SIZE` and `MARGIN`.

        Raises
        ------
        ValueError
            When the patches have another shape or type.
        """
        inputs = [np.empty((0, CHANNELS, PATCH_SIZE, PATCH_SIZE), np.float32)]
        for patches in fields:
            if patches.ndim != 5 or patches.shape[1] != DIGITS:
                raise ValueError(f"bubbles of a field must be (C, {DIGITS}, {PATCH_SIZE}, {PATCH_SIZE}, 3), these are {patches.shape}")
            flat = patches.reshape(-1, *patches.shape[2:])
            check_patches(flat, size=PATCH_SIZE)
            if len(flat):
                inputs.append(beside_field(flat))
        together = np.concatenate(inputs)
        states = self.model.run(together) if len(together) else np.empty((0, 3))
        columns = states.reshape(-1, DIGITS, 3)
        ends = np.cumsum([0, *map(len, fields)])
        return [read_columns(columns[first:last]) for first, last in pairwise(ends)]


def beside_field(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Darkness of each bubble of a field beside the median bubble of that field and the darkest one.

    Parameters
    ----------
    patches
        (N, S, S, 3) uint8, all bubbles of one field.

    Returns
    -------
    (N, 9, S, S) float32.
    """
    dark = np.clip(darkness(patches), -0.5, 1.0)
    typical = np.broadcast_to(np.median(dark, axis=0), dark.shape)
    darkest = np.broadcast_to(dark[int((dark * _DISC).sum(axis=(1, 2, 3)).argmax())], dark.shape)
    return np.ascontiguousarray(np.concatenate([dark, typical, darkest], axis=1), np.float32)


def _disc() -> NDArray[np.float32]:
    """(S, S), 1 inside a bubble that lies where it should."""
    from_middle = np.arange(PATCH_SIZE) - (PATCH_SIZE - 1) / 2
    return np.asarray(np.hypot(from_middle[:, None], from_middle) < PATCH_SIZE / (1 + 2 * MARGIN) / 2, np.float32)


_DISC = _disc()


def read_columns(states: NDArray[np.float64]) -> ColumnReadings:
    """From what each bubble may be to what the column says.

    Bubbles are taken as independent given the photo, but for one thing: that two are filled is `TWO_FILLED` times as likely as the network
    takes it to be. Exactly one is P(d) = f_d prod(1 - f_j), none is prod(1 - f_j), the rest is several.

    Parameters
    ----------
    states
        (C, 10, 3) float64, distributions over empty, filled, erased.
    """
    bounded = np.clip(states, 1e-9, 1 - 1e-9)
    empty, filled, erased = bounded[..., 0], bounded[..., 1], bounded[..., 2]
    none = np.prod(1 - filled, axis=1, keepdims=True)
    single = none * filled / (1 - filled)
    several = np.clip(1 - none - single.sum(axis=1, keepdims=True), 0.0, 1.0)
    shares = np.concatenate([single, none, TWO_FILLED * several], axis=1)
    total = shares.sum(axis=1)
    # The same sums over what a column may be when none of its bubbles was erased.
    none_kept = np.prod(empty, axis=1)
    single_kept = none_kept * (filled / empty).sum(axis=1)
    several_kept = np.maximum(np.prod(1 - erased, axis=1) - none_kept - single_kept, 0.0)
    kept = (none_kept + single_kept + TWO_FILLED * several_kept) / total
    probabilities = shares / total[:, None] * (1 - FLOOR) + FLOOR / shares.shape[1]
    return ColumnReadings(np.asarray(probabilities, np.float64), np.asarray(np.clip(1 - kept, 0.0, 1.0), np.float64))
