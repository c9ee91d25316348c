"""Notice boxes that were corrected: overwritten, struck out, retraced, whitened, initialled.

Patches of all boxes of a page come in; for each, the probability that it was corrected comes out. The idea: a correction shows beside
the other boxes of its page, which one hand filled in with one pen. Each is taken relative to its own paper, and all to the printed
frames of the page, so that uneven light is no difference; then ink that is darker or broader than there, paper whiter inside the frame
than beside it, a signature where there is none, stand out, which no single box whose pen is not known can show.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.recognition.digits import check_patches
from pipeline.recognition.model_file import ModelFile, load_model
from pipeline.recognition.patches import INK_PERCENTILE, MINIMUM_INK, darkness

PATCH_SIZE = 56
MARGIN = 0.28
"""A patch shows a box and 28 % of its side (5 mm on the poster) around it, where fluid runs over and initials stand, at the
pixels a millimetre at which digits are read."""

CHANNELS = 10
LAYOUT = "corrections-2"
"""Changes whenever patches, what is set beside them, or outputs do; a model of another layout is refused."""

INK_SHARE = 0.04
"""Share of the pixels inside a frame taken as its darkest ink: a 1 covers some 6 %."""

INSET = 0.12
"""What lies nearer to the frame than this share of a side is the frame's own print."""

INKED = 0.5
"""A pixel is taken as written on from this share of the usual ink, which is never taken as fainter than `FAINTEST`."""
FAINTEST = 0.05

COVERED_SCALE = 4.0
"""Of the share of a box that is written on, some 15 %, so that it varies like the other inputs."""


class CorrectionReader:
    """Looks for corrections with the model in one ONNX file.

    Raises
    ------
    ModelError
        When the file is missing, damaged or made for another version.
    """

    def __init__(self, model_path: Path) -> None:
        self.model: ModelFile = load_model(Path(model_path), kind="corrections", layout=LAYOUT)

    def read(self, patches: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(N,) probability that each box of a page was corrected, never 0 or 1.

        Parameters
        ----------
        patches
            (N, 56, 56, 3) uint8 BGR: all boxes of one page, as `cut_patches` cuts them with `PATCH_SIZE` and `MARGIN`.

        Raises
        ------
        ValueError
            When the patches have another shape or type.
        """
        check_patches(patches, size=PATCH_SIZE)
        if len(patches) == 0:
            return np.empty(0)
        return self.model.run(beside_page(patches))[:, 0]


def beside_page(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Each box of a page, and what is usual on that page.

    One scale for the whole page, not one a box as `normalise` has it: by that a box whose ink is darker than its frame would look usual,
    with a frame that is fainter.

    Parameters
    ----------
    patches
        (N, S, S, 3) uint8, all boxes of one page.

    Returns
    -------
    (N, 10, S, S) float32: the box (3), the median box (3), the usual colour of ink (3) and how much of a box it usually covers (1), the
    last two the same everywhere. Bare paper is 0, the darkest print of the median box 1, clipped to [-0.5, 2].
    """
    dark = darkness(patches)
    prints = np.percentile(dark.mean(axis=1).reshape(len(dark), -1), INK_PERCENTILE, axis=1, method="lower")
    shown = np.clip(dark / max(float(np.median(prints)), MINIMUM_INK), -0.5, 2.0).astype(np.float32, copy=False)
    size = patches.shape[1]
    usual = np.broadcast_to(_usual_writing(shown)[None, :, None, None], (len(shown), 4, size, size))
    typical = np.broadcast_to(np.median(shown, axis=0), shown.shape)
    return np.ascontiguousarray(np.concatenate([shown, typical, usual], axis=1), np.float32)


def _usual_writing(shown: NDArray[np.float32]) -> NDArray[np.float64]:
    """(4,) the median colour of the darkest ink in (N, 3, S, S) boxes, and the median share of a box that is written on, scaled."""
    size = shown.shape[-1]
    near = round((MARGIN + INSET) * size / (1 + 2 * MARGIN))
    inside = shown[:, :, near : size - near, near : size - near].reshape(len(shown), 3, -1)
    grey = inside.mean(axis=1)
    count = max(1, round(INK_SHARE * grey.shape[1]))
    darkest = np.argsort(-grey, axis=1, kind="stable")[:, :count]
    colours = np.take_along_axis(inside, darkest[:, None, :], axis=2).mean(axis=2)
    colour = np.median(colours, axis=0)
    covered = np.median((grey > INKED * max(float(colour.mean()), FAINTEST)).mean(axis=1))
    return np.append(colour, COVERED_SCALE * covered).astype(np.float64)
