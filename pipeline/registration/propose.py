"""Hypotheses of where a page lies in an upright view: one scale and one shift per axis.

In an upright view a page is its layout stretched and shifted along each axis, so the rows of its horizontal lines and the columns of
its vertical lines can be matched one axis at a time, each by correlation over all shifts at once. The best of both axes are then
paired and scored on the picture itself. These tables repeat, so many hypotheses are kept and none is believed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Page
from pipeline.registration.evidence import RidgeMaps
from pipeline.registration.profiles import INK_WEIGHT, AxisFits, axis_fits, coarse_scores, line_profile

STRETCH = (0.6, 1.7)
"""Width against height of a photo's pixels: published photos are stretched up to 1.45 times (measured on 700 of them)."""

KEPT_PAIRS = 100
WORTH_SCORING = 0.45
"""Pairs of fits with less than this share of the best pair's product are not scored on the picture: the right one had 0.6 at least."""
WIDENED = 2
"""Pixels of the view by which a line may lie beside its place and still be found."""
ROUGHLY = 5
SCORED_IN_FULL = 60
"""Placements are first scored on every fifth point of their lines; this many of the best on all points."""
CLEARLY_UPRIGHT = 0.36
"""Product of both axes' scores from which a page on its side is not looked for: 95 % of 75 real photos reach 0.39, none of them turned by a
quarter more than 0.29."""
MARGIN_MM = 34
"""Nearer to the paper's edge the photo's lines need no explanation: the edge itself, table tops and walls show there."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A page laid on a view.

    Attributes
    ----------
    page
        The page of the form that is laid.
    to_view
        (3, 3) float64 affine map from page millimetres to pixels of the view.
    score
        Share of the page's visible line length that lies on dark ridges, less what lies there by chance.
    """

    page: Page
    to_view: NDArray[np.float64]
    score: float


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point of the page whose place in the view is known, from its tag.

    Attributes
    ----------
    millimetres, pixels
        (2,) float64 where it is on the page, and in the view.
    x_axis, y_axis
        (2,) float64 pixels of the view per millimetre along the page's own axes, known within `profiles.SCALE_TOLERANCE`.
    """

    millimetres: NDArray[np.float64]
    pixels: NDArray[np.float64]
    x_axis: NDArray[np.float64]
    y_axis: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Fits of both axes of a page that go together, best first: products of their scores (M,), and placements (M, 3, 3)."""

    page: Page
    scores: NDArray[np.float64]
    matrices: NDArray[np.float64]

    @property
    def best(self) -> float:
        return float(self.scores[0]) if len(self.scores) else 0.0

    def above(self, level: float) -> _Pairs:
        return _Pairs(self.page, self.scores[self.scores > level], self.matrices[self.scores > level])


class Search:
    """The search for pages in one view; what depends on the view alone is worked out once.

    Parameters
    ----------
    ridges
        Ridge maps of the view, (H, W) each.
    seen
        (H, W) uint8, 1 where the view shows the photo and 0 outside it.
    """

    def __init__(self, ridges: RidgeMaps, seen: NDArray[np.uint8]) -> None:
        self.ridges, self.seen = ridges, seen
        across = np.ones((2 * WIDENED + 1, 1), np.uint8)
        self._wide = {True: cv2.dilate(ridges.horizontal, across), False: cv2.dilate(ridges.vertical, across.T)}
        self._points = {"rows": _line_points(ridges.long_horizontal), "columns": _line_points(ridges.long_vertical)}

    @cached_property
    def _profiles(self) -> dict[str, NDArray[np.float64]]:
        return {
            "rows": line_profile(self.ridges.long_horizontal, self.seen, axis=1),
            "columns": line_profile(self.ridges.long_vertical, self.seen, axis=0),
        }

    def likeliest(self, pages: Sequence[Page], *, keep: int) -> list[Page]:
        """The pages whose profiles fit best at a coarse look, in the order given; all of them where there are no more than `keep`."""
        if len(pages) <= keep:
            return list(pages)
        scores = np.array([self._coarsely(page, turned=False) for page in pages])
        if scores.max() < CLEARLY_UPRIGHT:
            scores = np.maximum(scores, [self._coarsely(page, turned=True) for page in pages])
        return [pages[i] for i in sorted(np.argsort(-scores, kind="stable")[:keep])]

    def _coarsely(self, page: Page, *, turned: bool) -> float:
        """How well the profiles of both axes fit at a coarse look, in the better of two opposite turns."""
        x_profile, y_profile = self._along(turned=turned)
        x, y = coarse_scores(x_profile, page, "x"), coarse_scores(y_profile, page, "y")
        # Both axes flipped are a half turn; on its side one of them is flipped.
        return float((x * (y[::-1] if turned else y)).max())

    def propose(self, page: Page, *, anchor: Anchor | None = None, keep: int = 6) -> list[Proposal]:
        """The best ways to lay `page` on the view, all four quarter turns tried (or the one of the anchor), best first."""
        return self.propose_among([page], anchor=anchor, keep=keep)

    def propose_among(self, pages: Sequence[Page], *, anchor: Anchor | None = None, keep: int = 6) -> list[Proposal]:
        """The best ways to lay one of `pages` on the view; pages whose profiles fit far worse than another's are left out."""
        paired = [self._pairs(page, anchor, turned=False) for page in pages]
        best = max(pairs.best for pairs in paired)
        if best < CLEARLY_UPRIGHT:
            paired += [self._pairs(page, anchor, turned=True) for page in pages]
            best = max(pairs.best for pairs in paired)
        paired = [pairs.above(WORTH_SCORING * best) for pairs in paired if pairs.best > WORTH_SCORING * best]
        roughly = [self.scores(pairs.matrices, pairs.page, every=ROUGHLY) for pairs in paired]
        level = np.sort(np.concatenate([np.empty(0), *roughly]))[-SCORED_IN_FULL:]
        found: list[Proposal] = []
        for pairs, rough in zip(paired, roughly, strict=True):
            matrices = pairs.matrices[rough >= level[0]]
            if len(matrices):
                scores = self.scores(matrices, pairs.page)
                found += [Proposal(pairs.page, matrices[i], float(scores[i])) for i in np.argsort(-scores, kind="stable")]
        found.sort(key=lambda proposal: -proposal.score)
        return _distinct(found, keep)

    def _pairs(self, page: Page, anchor: Anchor | None, *, turned: bool) -> _Pairs:
        """Fits of both axes that go together."""
        if anchor is not None and turned == (abs(anchor.x_axis[0]) > abs(anchor.x_axis[1])):
            return _Pairs(page, np.empty(0), np.empty((0, 3, 3)))
        x_profile, y_profile = self._along(turned=turned)
        x = axis_fits(x_profile, page, "x", None if anchor is None else _limits(anchor, 0, turned=turned))
        y = axis_fits(y_profile, page, "y", None if anchor is None else _limits(anchor, 1, turned=turned))
        stretch = x.scale[:, None] / y.scale
        together = (np.abs(stretch) > STRETCH[0]) & (np.abs(stretch) < STRETCH[1]) & ((stretch > 0) != turned)
        i, j = np.nonzero(together)
        scores = x.score[i] * y.score[j]
        order = np.argsort(-scores, kind="stable")[:KEPT_PAIRS]
        return _Pairs(page, scores[order], _matrices(x, y, i[order], j[order], turned=turned))

    def _along(self, *, turned: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The profiles of the view along the page's own axes."""
        return (self._profiles["rows"], self._profiles["columns"]) if turned else (self._profiles["columns"], self._profiles["rows"])

    def scores(self, matrices: NDArray[np.float64], page: Page, *, every: int = 1) -> NDArray[np.float64]:
        """(M,) scores of (M, 3, 3) placements that share a quarter turn: lines found where printed, times lines explained.

        `every` takes one point of so many along the page's lines.
        """
        return self._found(matrices, page, every) * _explained(matrices, self._points, page)

    def _found(self, matrices: NDArray[np.float64], page: Page, every: int) -> NDArray[np.float64]:
        """Mean ridge response along the visible lines of each placement, less the response beside them."""
        points, horizontal, weights = line_samples(page)
        points, horizontal, weights = points[::every], horizontal[::every], weights[::every]
        turned = _is_turned(matrices)
        height, width = self.seen.shape
        x, y = _mapped(matrices, points)
        inside = (x >= 6) & (x < width - 6) & (y >= 6) & (y < height - 6)
        column, row = np.clip(x, 6, width - 7).astype(np.intp), np.clip(y, 6, height - 7).astype(np.intp)
        inside &= self.seen[row, column] > 0
        contrast = np.empty(column.shape, np.float32)
        for by_row, ridge in ((True, self.ridges.horizontal), (False, self.ridges.vertical)):
            chosen = (horizontal ^ turned) == by_row
            r, c = row[:, chosen], column[:, chosen]
            down, right = (6, 0) if by_row else (0, 6)
            beside = 0.5 * (ridge[r + down, c + right] + ridge[r - down, c - right])
            contrast[:, chosen] = np.minimum(self._wide[by_row][r, c] * 2, 1) - np.minimum(beside * 2, 1)
        weight = weights * inside
        total = weight.sum(axis=1)
        # Lines out of the picture prove nothing: a placement that shows a tenth of the page must not beat one that shows half of it.
        return np.asarray((weight * contrast).sum(axis=1) / np.maximum(total, 1e-9) * np.minimum(1.0, total / weights.sum() / 0.4) ** 0.5)


def _is_turned(matrices: NDArray[np.float64]) -> bool:
    """Whether the page's rows run along the columns of the view."""
    return bool(abs(matrices[0, 0, 0]) < abs(matrices[0, 0, 1]))


def _limits(anchor: Anchor, axis: int, *, turned: bool) -> tuple[float, float, float]:
    """Scale of one page axis, and the (mm, pixel) its profile must pass through."""
    along_view = axis if not turned else 1 - axis
    scale = (anchor.x_axis, anchor.y_axis)[axis][along_view]
    return float(scale), float(anchor.millimetres[axis]), float(anchor.pixels[along_view])


def _matrices(x: AxisFits, y: AxisFits, i: NDArray[np.intp], j: NDArray[np.intp], *, turned: bool) -> NDArray[np.float64]:
    """(M, 3, 3) placements of the fits `i` of one axis and `j` of the other."""
    matrices = np.zeros((len(i), 3, 3))
    across, down = (1, 0) if turned else (0, 1)
    matrices[:, across, 0], matrices[:, across, 2] = x.scale[i], x.shift[i]
    matrices[:, down, 1], matrices[:, down, 2] = y.scale[j], y.shift[j]
    matrices[:, 2, 2] = 1.0
    return matrices


@lru_cache(maxsize=64)
def line_samples(page: Page, step_mm: float = 16.0) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Points along every printed line: (N, 2) mm, (N,) True for horizontal lines, (N,) weight by ink."""
    points, horizontal, weights = [], [], []
    for line in page.lines:
        if line.ink not in INK_WEIGHT:
            continue
        length = max(line.x1 - line.x0, line.y1 - line.y0)
        count = max(2, round(length / step_mm))
        t = (np.arange(count) + 0.5) / count
        points.append(np.column_stack([line.x0 + t * (line.x1 - line.x0), line.y0 + t * (line.y1 - line.y0)]))
        horizontal.append(np.full(count, line.y0 == line.y1))
        weights.append(np.full(count, INK_WEIGHT[line.ink]))
    return np.concatenate(points), np.concatenate(horizontal), np.concatenate(weights)


def _line_points(ridge: NDArray[np.float32], most: int = 400) -> NDArray[np.float64]:
    """At most `most` (x, y) pixels on long lines, evenly thinned."""
    lines = (ridge > 0.3).view(np.uint8)
    points = cv2.findNonZero(lines).reshape(-1, 2) if lines.any() else np.empty((0, 2))
    return np.asarray(points[:: max(1, len(points) // most)], np.float64)


@lru_cache(maxsize=64)
def _printed(page: Page, margin_mm: float = 2.5) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rasters at 1 pixel a mm: within `margin_mm` of a printed horizontal line, and of a vertical one."""
    width, height = (int(np.ceil(side)) for side in page.paper_mm)
    rasters = np.zeros((2, height, width), bool)
    for line in page.lines:
        if line.ink not in INK_WEIGHT:
            continue
        raster = rasters[0] if line.y0 == line.y1 else rasters[1]
        x0, y0, x1, y1 = (round(v) for v in (line.x0 - margin_mm, line.y0 - margin_mm, line.x1 + margin_mm, line.y1 + margin_mm))
        raster[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] = True
    return rasters[0], rasters[1]


def _explained(matrices: NDArray[np.float64], along: Mapping[str, NDArray[np.float64]], page: Page) -> NDArray[np.float64]:
    """Share of the photo's long lines within the page that each of (M, 3, 3) placements explains."""
    turned = _is_turned(matrices)
    inverse = np.asarray(np.linalg.inv(matrices), dtype=np.float64)
    horizontal, vertical = _printed(page)
    hit, total = np.zeros(len(matrices)), np.full(len(matrices), 1e-9)
    for points, raster in ((along["rows"], vertical if turned else horizontal), (along["columns"], horizontal if turned else vertical)):
        column, row = (axis.astype(np.intp) for axis in _mapped(inverse, points))
        inside = (column >= MARGIN_MM) & (column < raster.shape[1] - MARGIN_MM) & (row >= MARGIN_MM) & (row < raster.shape[0] - MARGIN_MM)
        hit += (raster[np.clip(row, 0, raster.shape[0] - 1), np.clip(column, 0, raster.shape[1] - 1)] & inside).sum(axis=1)
        total += inside.sum(axis=1)
    return np.asarray(hit / total)


def _mapped(matrices: NDArray[np.float64], points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(M, N) x and y of (N, 2) points through each of (M, 3, 3) homographies."""
    homogeneous = np.column_stack([points, np.ones(len(points))]).T
    mapped = matrices @ homogeneous
    return mapped[:, 0] / mapped[:, 2], mapped[:, 1] / mapped[:, 2]


def _distinct(found: list[Proposal], keep: int) -> list[Proposal]:
    """The best of `found`, dropping those that lay a page within 3 mm of a better one."""
    kept: list[Proposal] = []
    laid: list[tuple[Page, NDArray[np.float64]]] = []
    for proposal in found:
        width, height = proposal.page.paper_mm
        corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1.0]])
        here = corners @ proposal.to_view[:2].T
        scale = np.sqrt(abs(np.linalg.det(proposal.to_view[:2, :2])))
        if all(page is not proposal.page or np.abs(here - other).max() > 3.0 * scale for page, other in laid):
            kept.append(proposal)
            laid.append((proposal.page, here))
        if len(kept) == keep:
            break
    return kept
