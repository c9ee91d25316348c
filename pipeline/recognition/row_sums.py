"""Read the small boxes beside a tally grid that hold the sum of each row.

Patches of boxes come in; for each, the probability of every digit, of a filler, and of a box that is closed or was never written
in comes out. The idea: these are not digit boxes made small. They are narrower than high, stand wall to wall, and most of them are
crossed by the one big stroke that closes the rows after the last; so they have a network of their own, which has seen that stroke.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.recognition.digits import check_patches
from pipeline.recognition.model_file import ModelFile, load_model
from pipeline.recognition.patches import normalise

PATCH_SIZE = 32
MARGIN = 0.2
"""A patch shows a box and a fifth of its sides around it: 2.4 mm beside a box 12 mm wide, where digits lean over the line."""

FILLER = 10
CLOSED = 11
"""Places of a box with an X or a dash of its own, and of one that is empty or has part of a longer stroke in it."""

CLASSES = 12

LAYOUT = "row-sums-1"
"""Changes whenever patches, normalisation, classes or outputs do; a model of another layout is refused."""


@dataclass(frozen=True, slots=True)
class RowSumReadings:
    """What the network says of N boxes.

    Attributes
    ----------
    probabilities
        (N, 12) float64 over the digits 0 to 9, `FILLER`, `CLOSED`; rows sum to 1, never 0 or 1.
    """

    probabilities: NDArray[np.float64]


class RowSumReader:
    """Reads the boxes of row sums with the model in one ONNX file.

    Raises
    ------
    ModelError
        When the file is missing, damaged or made for another version.
    """

    def __init__(self, model_path: Path) -> None:
        self.model: ModelFile = load_model(Path(model_path), kind="row-sums", layout=LAYOUT)

    def read(self, patches: NDArray[np.uint8]) -> RowSumReadings:
        """Read boxes.

        Parameters
        ----------
        patches
            (N, 32, 32, 3) uint8 BGR, as `cut_patches` cuts boxes with `PATCH_SIZE` and `MARGIN`.

        Raises
        ------
        ValueError
            When the patches have another shape or type.
        """
        check_patches(patches, size=PATCH_SIZE)
        if len(patches) == 0:
            return RowSumReadings(np.empty((0, CLASSES)))
        return RowSumReadings(self.model.run(normalise(patches)))
