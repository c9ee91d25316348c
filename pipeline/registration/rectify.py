"""From straight segments to an upright view: where the two families of parallel lines of a table meet.

A table photographed from anywhere has two vanishing points. Sending them to infinity turns its lines horizontal and vertical, so
that only a scale and a shift per axis are left to find, and these can be searched one axis at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_FAMILY_SPREAD = np.deg2rad(24.0)
"""Lines of one family lie within this angle of its main direction, at the perspectives a person takes a readable photo from."""

WIDEST_SPREAD = np.deg2rad(36.0)
"""The same of a sheet that lies on a table before the photographer, whose sides run together."""

LONGEST_SEGMENTS = 24
"""Segments of a family of which each pair proposes where the sides run together."""

MAX_CLOSENESS = 0.9
"""Nearest meeting point that is possible, as 1 over its distance in half sides of the picture: sides that meet inside are no sheet's."""

STRONGER = 1.25
"""Sides that run together are believed when so many times more line length meets in their point than in that of the narrow family."""


@dataclass(frozen=True, slots=True)
class UprightView:
    """A view of the working picture in which table lines are horizontal and vertical.

    Attributes
    ----------
    to_working
        (3, 3) float64 homography from pixels of the view to pixels of the working picture.
    size
        (width, height) of the view in pixels.
    """

    to_working: NDArray[np.float64]
    size: tuple[int, int]

    def warp(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """The (H, W) working picture seen in this view; outside it is paper (0)."""
        warped = cv2.warpPerspective(
            picture,
            self.to_working,
            self.size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        return np.asarray(warped, dtype=np.float32)

    def shown(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """(H, W) uint8, 1 where this view shows a picture of `size` (width, height), 0 outside it."""
        width, height = size
        corners = np.array([[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]])
        mapped = np.column_stack([corners, np.ones(4)]) @ np.linalg.inv(self.to_working).T
        mask = np.zeros((self.size[1], self.size[0]), np.uint8)
        outline = np.clip(mapped[:, :2] / mapped[:, 2:], -30_000, 30_000)
        cv2.fillConvexPoly(mask, np.round(outline).astype(np.int32), 1)
        return mask


def upright_view(segments: NDArray[np.float64], size: tuple[int, int]) -> UprightView | None:
    """The view that makes the two main families of `segments` (N, 4) of a picture of `size` (width, height) axis-parallel.

    Returns None when there is no main direction to be seen.
    """
    if len(segments) < 6:
        return None
    centre = np.array(size, dtype=np.float64) / 2
    unit = max(size) / 2
    ends = (segments.reshape(-1, 2, 2) - centre) / unit
    delta = ends[:, 1] - ends[:, 0]
    length = np.hypot(delta[:, 0], delta[:, 1])
    angle = np.arctan2(delta[:, 1], delta[:, 0])
    main = _main_direction(angle, length)
    across = _wrap(angle - main)  # within a quarter turn of the main direction
    off_axis = (np.abs(across), np.abs(np.abs(across) - np.pi / 2))
    along, down = (
        _meeting_point(ends, length, off, np.array([np.cos(direction), np.sin(direction), 0.0]))
        for off, direction in zip(off_axis, (main, main + np.pi / 2), strict=True)
    )
    # Local steps of one working pixel at the picture's centre keep the view at about the picture's own scale.
    along = along / np.hypot(along[0], along[1])
    down = down / np.hypot(down[0], down[1])
    to_normal = np.column_stack([along, down, [0.0, 0.0, 1.0]])
    normal_to_working = np.array([[unit, 0, centre[0]], [0, unit, centre[1]], [0, 0, 1.0]])
    view_to_working = normal_to_working @ to_normal @ np.diag([1 / unit, 1 / unit, 1.0])
    return _framed(view_to_working, size)


def _framed(view_to_working: NDArray[np.float64], size: tuple[int, int]) -> UprightView | None:
    width, height = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], dtype=np.float64)
    seen = corners @ np.linalg.inv(view_to_working).T
    if np.any(seen[:, 2] * np.sign(seen[0, 2]) <= 1e-6):
        return None
    seen = seen[:, :2] / seen[:, 2:]
    low, high = seen.min(axis=0), seen.max(axis=0)
    limit = 1.6 * max(size)  # a strong perspective blows up the far corner; what is further out is not worth the pixels
    low, high = np.maximum(low, -limit / 2), np.minimum(high, limit / 2)
    shift = np.array([[1, 0, low[0]], [0, 1, low[1]], [0, 0, 1.0]])
    extent = np.ceil(high - low).astype(int)
    if extent.min() < 32:
        return None
    return UprightView(to_working=view_to_working @ shift, size=(int(extent[0]), int(extent[1])))


def _main_direction(angle: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """The direction, within an eighth turn of horizontal, that most segments follow or cross at right angles."""
    bins = 180
    folded = np.mod(angle, np.pi / 2) / (np.pi / 2) * bins
    histogram = np.bincount(folded.astype(int) % bins, weights=weight, minlength=bins)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.5) ** 2)
    smooth = np.convolve(np.concatenate([histogram[-6:], histogram, histogram[:6]]), kernel, mode="valid")
    best = (float(np.argmax(smooth)) + 0.5) / bins * np.pi / 2
    return best if best < np.pi / 4 else best - np.pi / 2


def _wrap(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.mod(angle + np.pi / 2, np.pi) - np.pi / 2


def _meeting_point(
    ends: NDArray[np.float64], length: NDArray[np.float64], off_axis: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where the (N, 2, 2) segments of one family meet, homogeneous; `off_axis` is how far each turns from the direction `start`."""
    family, wide = off_axis < MAX_FAMILY_SPREAD, off_axis < WIDEST_SPREAD
    if family.sum() < 4:
        return start
    vanishing = _vanishing_point(ends[family], length[family], start)
    longest = np.flatnonzero(wide)[np.argsort(-length[wide], kind="stable")[:LONGEST_SEGMENTS]]
    first, last = (np.column_stack([ends[longest, end], np.ones(len(longest))]) for end in (0, 1))
    lines = np.asarray(np.cross(first, last), np.float64)
    one, other = np.triu_indices(len(lines), 1)
    points = np.asarray(np.cross(lines[one], lines[other]), np.float64)
    aside = np.hypot(points[:, 0], points[:, 1])
    points = points[np.abs(points[:, 2]) < MAX_CLOSENESS * aside]
    points *= np.where(points[:, :2] @ start[:2] > 0, 1.0, -1.0)[:, None] / np.linalg.norm(points, axis=1, keepdims=True)
    support = _meeting(ends[wide], length[wide], np.concatenate([vanishing[None], points]))
    best = int(support.argmax())
    if support[best] <= STRONGER * support[0]:
        return vanishing
    return _vanishing_point(ends[wide], length[wide], points[best - 1], from_tolerance=0.03)


def _meeting(ends: NDArray[np.float64], length: NDArray[np.float64], vanishing: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M,) length of the (N, 2, 2) segments that point at each of (M, 3) vanishing points."""
    middle, direction = ends.mean(axis=1), ends[:, 1] - ends[:, 0]
    x, y = (vanishing[:, axis, None] - vanishing[:, 2, None] * middle[:, axis] for axis in (0, 1))
    sine = (direction[:, 0] * y - direction[:, 1] * x) / np.maximum(length * np.hypot(x, y), 1e-12)
    return np.asarray((length / (1.0 + (sine / 0.02) ** 2) ** 2).sum(axis=1))


def _vanishing_point(
    ends: NDArray[np.float64], length: NDArray[np.float64], start: NDArray[np.float64], *, from_tolerance: float = 0.2
) -> NDArray[np.float64]:
    """Robust least-squares meeting point of (N, 2, 2) segments, homogeneous, oriented as `start`."""
    middle = ends.mean(axis=1)
    direction = (ends[:, 1] - ends[:, 0]) / length[:, None]
    normal = np.column_stack([-direction[:, 1], direction[:, 0]])
    lines = np.column_stack([normal, -(normal * middle).sum(axis=1)])
    vanishing = start
    for tolerance in (0.2, 0.1, 0.05, 0.03, 0.02, 0.02):
        if tolerance > from_tolerance:
            continue
        towards = vanishing[:2] - vanishing[2] * middle
        towards /= np.hypot(towards[:, 0], towards[:, 1])[:, None]
        off = (normal * towards).sum(axis=1)  # sine of the angle between the segment and the way to the vanishing point
        weight = length / (1.0 + (off / tolerance) ** 2) ** 2
        # The prior keeps the point at infinity unless the lines really converge: a few short segments must not tilt the page.
        prior = 0.002 * weight.sum() * np.diag([0.0, 0.0, 1.0])
        moment = (lines * weight[:, None]).T @ lines + prior
        vanishing = np.linalg.eigh(moment).eigenvectors[:, 0]
        if vanishing[:2] @ start[:2] < 0:
            vanishing = -vanishing
    return vanishing
