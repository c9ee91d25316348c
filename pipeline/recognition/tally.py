"""Count the marks in the cells of a tally grid.

Patches of cells come in; for each, the probability of no mark to a full bundle of five comes out. The idea: a cell is read by
itself, with a little of its neighbours around it, because a stroke that runs on into the next cell closes the grid and counts nothing;
that cells are filled one after the other is left to whoever adds them up.
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
"""A patch shows a cell and a fifth of its sides around it: of a cell of 20 x 16 mm all its marks when it is placed 3 mm wrong, and of
the next cell too little to take its marks for this one's."""

MARKS = 5
"""Marks of a full bundle: four strokes and one across."""

LAYOUT = "tally-1"
"""Changes whenever patches, normalisation or outputs do; a model of another layout is refused."""


@dataclass(frozen=True, slots=True)
class TallyReadings:
    """What the network says of N cells.

    Attributes
    ----------
    probabilities
        (N, 6) float64, probability of 0 to 5 marks; rows sum to 1, never 0 or 1.
    """

    probabilities: NDArray[np.float64]


class TallyReader:
    """Reads cells of tally grids with the model in one ONNX file.

    Raises
    ------
    ModelError
        When the file is missing, damaged or made for another version.
    """

    def __init__(self, model_path: Path) -> None:
        self.model: ModelFile = load_model(Path(model_path), kind="tally", layout=LAYOUT)

    def read(self, patches: NDArray[np.uint8]) -> TallyReadings:
        """Read cells.

        Parameters
        ----------
        patches
            (N, 32, 32, 3) uint8 BGR, as `cut_patches` cuts cells with `PATCH_SIZE` and `MARGIN`.

        Raises
        ------
        ValueError
            When the patches have another shape or type.
        """
        check_patches(patches, size=PATCH_SIZE)
        if len(patches) == 0:
            return TallyReadings(np.empty((0, MARKS + 1)))
        return TallyReadings(self.model.run(normalise(patches)))
