"""Is the page really there? Printed lines must be in the photo, and the photo's lines must be printed.

A table laid one row off still finds almost all of its lines, so looking for the layout's lines alone proves little (0.97 of them are
found one candidate off, measured). The photo's own long lines betray it: those of the last row then lie where the layout is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Page
from pipeline.registration.evidence import RidgeMaps
from pipeline.registration.profiles import INK_WEIGHT
from pipeline.registration.refine import Placement, measure, pieces_of

TOLERANCE_MM = 1.2
BESIDE_MM = (-6.3, -4.1, 4.1, 6.3)
"""Where chance is measured: beside a line, but not on its neighbours (tally rows are 16 mm apart, bubbles 10.5 mm)."""
STRENGTH = 0.08
LONG_STRENGTH = 0.3
INSET_MM = 34.0
"""Lines nearer to the paper's edge are not asked for an explanation: the edge itself, tables and walls show there."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How well a placement stands up.

    Attributes
    ----------
    found
        Share of the visible black lines found in their place, chance removed (0 to 1).
    explained
        Share of the photo's long lines within the page that the layout has (0 to 1).
    visible
        Share of the page's black lines that lie in the picture.
    residual_mm
        Median distance of the found lines from their place.
    """

    found: float
    explained: float
    visible: float
    residual_mm: float

    @property
    def score(self) -> float:
        return self.found * self.explained * min(1.0, self.visible / 0.4)


def verify(ridges: RidgeMaps, seen: NDArray[np.uint8], placement: Placement) -> Evidence:
    """Weigh a refined placement both ways."""
    pieces = pieces_of(placement.page)
    there = measure(ridges, seen, placement, pieces, TOLERANCE_MM)
    black = pieces.black & there.visible
    total = float(pieces.weight[black].sum())
    if total <= 0:
        return Evidence(0.0, 0.0, 0.0, float("inf"))
    hit = float((pieces.weight * (there.strength > STRENGTH))[black].sum()) / total
    chance = []
    for beside in BESIDE_MM:
        other = measure(ridges, seen, placement, pieces, TOLERANCE_MM, beside_mm=beside)
        chance.append(float((pieces.weight * (other.strength > STRENGTH))[black].sum()) / total)
    luck = float(np.mean(chance))
    found = max(0.0, (hit - luck) / max(1e-6, 1.0 - luck))
    good = black & (there.strength > STRENGTH)
    residual = float(np.median(np.abs(there.shift[good]))) if good.any() else float("inf")
    return Evidence(
        found=found,
        explained=_explained(ridges, seen, placement),
        visible=total / float(pieces.weight[pieces.black].sum()),
        residual_mm=residual,
    )


@lru_cache(maxsize=64)
def _polylines(page: Page, steps: int = 9) -> NDArray[np.float64]:
    """(L, steps, 2) points in mm along each printed line that is asked for."""
    ends = np.array([[(line.x0, line.y0), (line.x1, line.y1)] for line in page.lines if line.ink in INK_WEIGHT])
    t = np.linspace(0, 1, steps)[None, :, None]
    return np.asarray(ends[:, :1] * (1 - t) + ends[:, 1:] * t)


def _explained(ridges: RidgeMaps, seen: NDArray[np.uint8], placement: Placement) -> float:
    page = placement.page
    scale = float(np.sqrt(abs(np.linalg.det(placement.to_view[:2, :2]))))
    height, width = seen.shape
    region = np.zeros((height, width), np.uint8)
    paper_width, paper_height = page.paper_mm
    border = [
        [INSET_MM, INSET_MM],
        [paper_width - INSET_MM, INSET_MM],
        [paper_width - INSET_MM, paper_height - INSET_MM],
        [INSET_MM, paper_height - INSET_MM],
    ]
    outline = placement.place(np.array(border, dtype=np.float64))
    cv2.fillPoly(region, [np.round(outline).astype(np.int32)], 1)
    region[seen == 0] = 0
    printed = {True: np.zeros((height, width), np.uint8), False: np.zeros((height, width), np.uint8)}
    thickness = max(3, round(2 * TOLERANCE_MM * scale) + 1)
    points = _polylines(page)
    placed = placement.place(points.reshape(-1, 2)).reshape(points.shape)
    placed = np.clip(np.round(placed), -10_000, 10_000).astype(np.int32)
    delta = np.abs(placed[:, -1] - placed[:, 0])
    along = delta[:, 0] >= delta[:, 1]
    for flag in (True, False):
        cv2.polylines(printed[flag], list(placed[along == flag]), False, 1, thickness)
    total = explained = 0
    for along_rows, ridge in ((True, ridges.long_horizontal), (False, ridges.long_vertical)):
        lines = (ridge > LONG_STRENGTH) & (region > 0)
        total += int(lines.sum())
        explained += int((lines & (printed[along_rows] > 0)).sum())
    return explained / total if total > 0 else 0.0
