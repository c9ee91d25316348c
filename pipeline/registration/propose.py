"""Hypotheses of where a page lies in an upright view: one scale and one shift per axis.

In an upright view a page is its layout stretched and shifted along each axis, so the rows of its horizontal lines and the columns of
its vertical lines can be matched one axis at a time, each by correlation over all shifts at once. The best of both axes are then
paired and scored on the picture itself. These tables repeat, so many hypotheses are kept and none is believed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pipeline.forms import Ink, Page
from pipeline.registration.evidence import RidgeMaps

SCALES = np.exp(np.arange(np.log(0.42), np.log(2.9), 0.018))
"""Pixels of the view per millimetre that are tried: from a whole page in a corner of the photo to a third of a page filling it."""

BIN = 2
"""Pixels of the view per bin of a profile: lines are two pixels wide, and half the bins are a quarter of the work."""
TRANSFORM_LENGTH = 2048
LONGEST = 1300
"""Bins of the longest layout profile; with a view of at most 1,600 pixels no shift wraps around."""
STRETCH = (0.6, 1.7)
"""Width against height of a photo's pixels: published photos are stretched up to 1.45 times (measured on 700 of them)."""

KEPT_PER_AXIS = 14
KEPT_PAIRS = 100
WORTH_SCORING = 0.45
"""Pairs of fits with less than this share of the best pair's product are not scored on the picture: the right one had 0.6 at least."""
MARGIN_MM = 34
"""Nearer to the paper's edge the photo's lines need no explanation: the edge itself, table tops and walls show there."""
INK_WEIGHT = {Ink.BLACK: 1.0, Ink.GREY: 0.35}


@dataclass(frozen=True, slots=True)
class AxisFit:
    """`pixel = scale * millimetre + shift` along one axis, and how well the profiles correlate (0 to 1). A negative scale is a flip."""

    scale: float
    shift: float
    score: float


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
        (2,) float64 pixels of the view per millimetre along the page's own axes, known within `SCALE_TOLERANCE`.
    """

    millimetres: NDArray[np.float64]
    pixels: NDArray[np.float64]
    x_axis: NDArray[np.float64]
    y_axis: NDArray[np.float64]


SCALE_TOLERANCE = 0.12
ANCHOR_TOLERANCE = 12.0
"""A tag's size fixes the scale, and its centre a point of the page, about as well as this (share, pixels)."""


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
        self._ridges, self._seen = ridges, seen
        self._wide = {True: _widened(ridges.horizontal, 0), False: _widened(ridges.vertical, 1)}
        self._profiles = {
            "rows": _profile(ridges.long_horizontal, seen, axis=1),
            "columns": _profile(ridges.long_vertical, seen, axis=0),
        }
        self._points = {"rows": _line_points(ridges.long_horizontal), "columns": _line_points(ridges.long_vertical)}

    def propose(self, page: Page, *, anchor: Anchor | None = None, keep: int = 6) -> list[Proposal]:
        """The best ways to lay `page` on the view, all four quarter turns tried (or the one of the anchor), best first."""
        return self.propose_among([page], anchor=anchor, keep=keep)

    def propose_among(self, pages: Sequence[Page], *, anchor: Anchor | None = None, keep: int = 6) -> list[Proposal]:
        """The best ways to lay one of `pages` on the view; pages whose profiles fit far worse than another's are left out."""
        paired = [(page, turned, self._pairs(page, anchor, turned=turned)) for page in pages for turned in (False, True)]
        best = max((pairs[0][0] for _, _, pairs in paired if pairs), default=0.0)
        found: list[Proposal] = []
        for page, turned, pairs in paired:
            matrices = [_matrix(x, y, turned=turned) for score, x, y in pairs if score > WORTH_SCORING * best]
            if matrices:
                scores = self.scores(np.array(matrices), page)
                found += [Proposal(page, matrices[i], float(scores[i])) for i in np.argsort(-scores)[: 2 * keep]]
        found.sort(key=lambda proposal: -proposal.score)
        return _distinct(found, keep)

    def _pairs(self, page: Page, anchor: Anchor | None, *, turned: bool) -> list[tuple[float, AxisFit, AxisFit]]:
        """Fits of both axes that go together, with the product of their scores, best first."""
        if anchor is not None and turned == (abs(anchor.x_axis[0]) > abs(anchor.x_axis[1])):
            return []
        x_profile, y_profile = (self._profiles[along] for along in (("rows", "columns") if turned else ("columns", "rows")))
        x_fits = _axis_fits(x_profile, page, "x", None if anchor is None else _limits(anchor, 0, turned=turned))
        y_fits = _axis_fits(y_profile, page, "y", None if anchor is None else _limits(anchor, 1, turned=turned))
        pairs = [
            (x.score * y.score, x, y)
            for x in x_fits
            for y in y_fits
            if STRETCH[0] < abs(x.scale / y.scale) < STRETCH[1] and (x.scale * y.scale > 0) != turned
        ]
        return sorted(pairs, key=lambda pair: -pair[0])[:KEPT_PAIRS]

    def scores(self, matrices: NDArray[np.float64], page: Page) -> NDArray[np.float64]:
        """(M,) scores of (M, 3, 3) placements that share a quarter turn: lines found where printed, times lines explained."""
        return self._found(matrices, page) * _explained(matrices, self._points, page)

    def _found(self, matrices: NDArray[np.float64], page: Page) -> NDArray[np.float64]:
        """Mean ridge response along the visible lines of each placement, less the response beside them."""
        points, horizontal, weights = line_samples(page)
        turned = _is_turned(matrices)
        height, width = self._seen.shape
        x, y = _mapped(matrices, points)
        inside = (x >= 6) & (x < width - 6) & (y >= 6) & (y < height - 6)
        column, row = np.clip(x, 6, width - 7).astype(np.intp), np.clip(y, 6, height - 7).astype(np.intp)
        inside &= self._seen[row, column] > 0
        contrast = np.empty(column.shape, np.float32)
        for by_row, ridge in ((True, self._ridges.horizontal), (False, self._ridges.vertical)):
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


def _matrix(x: AxisFit, y: AxisFit, *, turned: bool) -> NDArray[np.float64]:
    if turned:
        return np.array([[0, y.scale, y.shift], [x.scale, 0, x.shift], [0, 0, 1.0]])
    return np.array([[x.scale, 0, x.shift], [0, y.scale, y.shift], [0, 0, 1.0]])


def _profile(ridge: NDArray[np.float32], seen: NDArray[np.uint8], *, axis: int) -> NDArray[np.float64]:
    """How much of each row (axis 1) or column (axis 0) is covered by lines, contrast-compressed, zero mean."""
    covered = np.minimum(ridge * 2.0, 1.0).sum(axis=axis, dtype=np.float64)
    visible = np.maximum(seen.sum(axis=axis, dtype=np.float64), 0.15 * ridge.shape[axis])
    share = np.sqrt(covered / visible)
    share = np.pad(share, (0, -len(share) % BIN)).reshape(-1, BIN).mean(axis=1)
    share = np.convolve(share, [0.25, 0.5, 0.25], mode="same")
    base = np.convolve(np.pad(share, 10, mode="edge"), np.full(21, 1 / 21), mode="valid")
    return np.asarray(np.maximum(share - base, 0.0), dtype=np.float64)


@lru_cache(maxsize=64)
def _layout_spectra(page: Page, direction: str) -> tuple[NDArray[np.complex64], NDArray[np.float32], NDArray[np.intp]]:
    """The page's line profile at every scale S, for both flips.

    Returns its conjugate spectra (2, S, F), the running sums of its squares (2, S, LONGEST + 1), and its lengths in bins (S,).
    """
    size = page.paper_mm[0] if direction == "x" else page.paper_mm[1]
    positions, weights = _line_positions(page, direction)
    lengths = np.minimum(np.ceil(size * SCALES / BIN).astype(np.intp) + 1, LONGEST)
    profiles = np.zeros((2, len(SCALES), LONGEST))
    for i, (scale, length) in enumerate(zip(SCALES, lengths, strict=True)):
        bins = np.arange(length) + 0.5
        spread = np.exp(-0.5 * ((bins[:, None] - positions[None] * scale / BIN) / 1.1) ** 2) @ weights
        profile = np.sqrt(np.minimum(spread, 1.0))
        profiles[0, i, :length] = profile
        profiles[1, i, :length] = profile[::-1]
    running = np.concatenate([np.zeros((2, len(SCALES), 1)), np.cumsum(profiles**2, axis=-1)], axis=-1)
    return np.fft.rfft(profiles, n=TRANSFORM_LENGTH, axis=-1).conj().astype(np.complex64), running.astype(np.float32), lengths


def _line_positions(page: Page, direction: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions in mm of the lines across `direction`, and the share of the page they cover."""
    across = page.paper_mm[1] if direction == "x" else page.paper_mm[0]
    gathered: dict[float, float] = {}
    for line in page.lines:
        if line.ink not in INK_WEIGHT:
            continue
        if direction == "x" and line.x0 == line.x1:
            position, length = line.x0, line.y1 - line.y0
        elif direction == "y" and line.y0 == line.y1:
            position, length = line.y0, line.x1 - line.x0
        else:
            continue
        key = round(position, 1)
        gathered[key] = gathered.get(key, 0.0) + INK_WEIGHT[line.ink] * length / across
    return np.array(list(gathered)), np.array(list(gathered.values()))


def _axis_fits(profile: NDArray[np.float64], page: Page, direction: str, limits: tuple[float, float, float] | None = None) -> list[AxisFit]:
    """The best scales and shifts of the page's profile on the photo's `profile`; `limits` as `_limits` gives them."""
    spectra, running, lengths = _layout_spectra(page, direction)
    bins = len(profile)
    shifts = np.arange(-LONGEST + 20, bins - 20)
    together = scipy.fft.irfft(scipy.fft.rfft(profile.astype(np.float32), n=TRANSFORM_LENGTH) * spectra, n=TRANSFORM_LENGTH, axis=-1)
    together = np.concatenate([together[..., shifts[0] :], together[..., : shifts[-1] + 1]], axis=-1)
    # A page of which under a third of the line weight is in the picture may sit anywhere: the floor keeps such shifts from winning.
    visible = running[..., np.clip(bins - shifts, 0, LONGEST)] - running[..., np.clip(-shifts, 0, LONGEST)]
    energy = np.maximum(visible, 0.35 * running[:, :, -1:]) * np.float32(max(float((profile**2).sum()), 1e-9))
    score = together / np.sqrt(energy)
    fits: list[AxisFit] = []
    for flip in (0, 1):
        grid = score[flip]
        if limits is not None:
            scale, millimetre, pixel = limits
            if (scale < 0) != (flip == 1):
                continue
            place = SCALES * millimetre if flip == 0 else BIN * lengths - SCALES * millimetre
            near = np.abs(shifts[None] * BIN + place[:, None] - pixel) < ANCHOR_TOLERANCE
            grid = np.where(near & (np.abs(np.log(SCALES / abs(scale))) < SCALE_TOLERANCE)[:, None], grid, np.float32(-1.0))
        # Only the best within 5 scales and 7 shifts: around every good fit lie many that are nearly as good.
        peaks = np.argwhere((grid >= cv2.dilate(grid, np.ones((5, 7), np.uint8))) & (grid > 0))
        order = np.argsort(-grid[peaks[:, 0], peaks[:, 1]], kind="stable")[:KEPT_PER_AXIS]
        for i, j in peaks[order]:
            start, size = float(shifts[j] * BIN), float(BIN * lengths[i])
            scale_and_shift = (float(SCALES[i]), start) if flip == 0 else (-float(SCALES[i]), start + size)
            fits.append(AxisFit(*scale_and_shift, score=float(grid[i, j])))
    return fits


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
    rows, columns = np.nonzero(ridge > 0.3)
    step = max(1, len(rows) // most)
    return np.column_stack([columns[::step], rows[::step]]).astype(np.float64)


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


def _widened(ridge: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    wide = ridge
    for shift in (1, -1, 2, -2):
        wide = np.maximum(wide, np.roll(ridge, shift, axis=axis))
    return wide


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
