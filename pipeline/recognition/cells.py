"""Read the small cells of a page with one network: what tally cells and the boxes of row sums have in common.

Patches come in, for each a distribution over the classes of its kind comes out; `tally.py` and `row_sums.py` say what the classes are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline.recognition.digits import check_patches
from pipeline.recognition.model_file import ModelFile, load_model
from pipeline.recognition.patches import normalise


@dataclass(frozen=True, slots=True)
class CellReadings:
    """What the network says of N cells.

    Attributes
    ----------
    probabilities
        (N, classes) float64; rows sum to 1, never 0 or 1.
    """

    probabilities: NDArray[np.float64]


class CellReader:
    """Reads cells of one kind with the model in one ONNX file; a kind says what its model is called and how its patches are cut.

    Raises
    ------
    ModelError
        When the file is missing, damaged or made for another version.
    """

    kind: ClassVar[str]
    layout: ClassVar[str]
    classes: ClassVar[int]
    patch_size: ClassVar[int]

    def __init__(self, model_path: Path) -> None:
        self.model: ModelFile = load_model(Path(model_path), kind=self.kind, layout=self.layout)

    def read(self, patches: NDArray[np.uint8]) -> CellReadings:
        """Read cells.

        Parameters
        ----------
        patches
            (N, S, S, 3) uint8 BGR, as `cut_patches` cuts them with the `PATCH_SIZE` and `MARGIN` of their kind.

        Raises
        ------
        ValueError
            When the patches have another shape or type.
        """
        check_patches(patches, size=self.patch_size)
        if len(patches) == 0:
            return CellReadings(np.empty((0, self.classes)))
        return CellReadings(self.model.run(normalise(patches)))
