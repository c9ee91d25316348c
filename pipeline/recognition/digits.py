"""Read what stands in digit boxes.

Patches of boxes come in; for each, the probability of every sign, and that it cannot be read, come out.
The idea: one small network looks at the box with its frame, since the frame tells print from pen and how dark ink is in this
photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.recognition.model_file import ModelFile, load_model
from pipeline.recognition.patches import normalise
from pipeline.sheet import BOX_CLASSES

PATCH_SIZE = 48
MARGIN = 0.15
"""A patch shows a box and 15 % of its side (3 mm) around it: the whole frame even when the box is placed 2 mm wrong, and
not yet the neighbour's frame 3.5 mm away."""

LAYOUT = "boxes-1"
"""Changes whenever patches, normalisation, classes or outputs do; a model of another layout is refused."""


@dataclass(frozen=True, slots=True)
class BoxReadings:
    """What the network says of N boxes.

    Attributes
    ----------
    probabilities
        (N, 13) float64 over `BOX_CLASSES`, rows sum to 1, never 0 or 1.
    illegible
        (N,) float64, probability that the sign cannot be read from the ink: scratched out, several digits, not a sign.
    """

    probabilities: NDArray[np.float64]
    illegible: NDArray[np.float64]


class DigitReader:
    """Reads boxes with the model in one ONNX file.

    Raises
    ------
    ModelError
        When the file is missing, damaged or made for another version.
    """

    def __init__(self, model_path: Path) -> None:
        self.model: ModelFile = load_model(Path(model_path), kind="digits", layout=LAYOUT)

    def read(self, patches: NDArray[np.uint8]) -> BoxReadings:
        """Read boxes.

        Parameters
        ----------
        patches
            (N, 48, 48, 3) uint8 BGR, as `cut_patches` cuts boxes with `PATCH_SIZE` and `MARGIN`.

        Raises
        ------
        ValueError
            When the patches have another shape or type.
        """
        check_patches(patches, size=PATCH_SIZE)
        if len(patches) == 0:
            return BoxReadings(np.empty((0, len(BOX_CLASSES))), np.empty(0))
        outputs = self.model.run(normalise(patches))
        classes = len(BOX_CLASSES)
        # A third output, corrected or not, is learnt beside these; `corrections` asks more of a page than one box shows.
        return BoxReadings(outputs[:, :classes], outputs[:, classes])


def check_patches(patches: NDArray[np.uint8], *, size: int) -> None:
    """Refuse what is not a stack of uint8 colour patches of the right size (a float patch could hide NaN)."""
    if patches.dtype != np.uint8:
        raise ValueError(f"patches must be uint8, these are {patches.dtype}")
    if patches.ndim != 4 or patches.shape[1:] != (size, size, 3):
        raise ValueError(f"patches must be (N, {size}, {size}, 3), these are {patches.shape}")
