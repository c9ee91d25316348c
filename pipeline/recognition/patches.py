"""Small square pictures of single boxes and bubbles, cut where the registration says they lie.

A photo and a mapping from page millimetres to photo pixels come in; patches of one size come out, then the same patches with the
light taken out of them. The idea: everything a photographer does to a box (cast, shadow, exposure) is undone against the paper and
the printed frame inside the patch itself, once, with the same code for training and for reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Rect

ToPhoto = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Maps (N, 2) page millimetres to (N, 2) photo pixels."""

MESH_STEPS = 4
"""Cells a side of the mesh on which `to_photo` is evaluated. Over one box (26 mm) a curled page bends by far less than the
quarter of a millimetre that a 4 x 4 mesh leaves."""

LEVELS_PER_OCTAVE = 2
"""A photo that is finer than its patches is averaged down once for all those of about one size, at most a fifth coarser or finer."""

PAPER_PERCENTILE = 75.0
"""Percentile of a patch, per channel, taken as the colour of bare paper. Ink and frame cover less than half of any box patch
seen (a cross over a frame: 40 %); the highest percentiles are glare and JPEG ringing."""

INK_PERCENTILE = 97.0
"""Percentile of darkness taken as full ink. The printed frame alone covers 15 % of a box patch, so it sets the scale and faint
handwriting stays visibly fainter than print."""

MINIMUM_INK = 0.10
"""Least darkness (of the paper's brightness) that is stretched to full ink: below it a patch is noise."""


def cut_patches(
    image: NDArray[np.uint8], to_photo: ToPhoto, rects: Sequence[Rect], *, size: int, margin: float
) -> NDArray[np.uint8]:
    """Cut one square patch a rectangle.

    Parameters
    ----------
    image
        (H, W, 3) uint8 photo, BGR.
    to_photo
        Mapping from page millimetres to pixel positions in `image`.
    rects
        Rectangles on the page, millimetres.
    size
        Side of a patch, pixels.
    margin
        Each rectangle is first grown by this share of its side on every side.

    Returns
    -------
    (N, size, size, 3) uint8, BGR. What lies outside the photo repeats its edge.

    Raises
    ------
    ValueError
        When the image is not a (H, W, 3) uint8 array or is empty, or a rectangle maps to a position that is not finite.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"a photo is a (H, W, 3) uint8 array, this one is {image.shape} {image.dtype}")
    patches = np.empty((len(rects), size, size, 3), np.uint8)
    if not rects:
        return patches
    share = np.linspace(-margin, 1 + margin, MESH_STEPS + 1)
    corners = np.array([(rect.x, rect.y) for rect in rects])[:, None, None]
    sides = np.array([(rect.width, rect.height) for rect in rects])[:, None, None]
    nodes = corners + np.stack(np.meshgrid(share, share), axis=-1) * sides
    mapped = np.asarray(to_photo(nodes.reshape(-1, 2)), np.float64)
    if not np.isfinite(mapped).all():
        raise ValueError("the registration maps a box to a position that is not finite")
    meshes = mapped.reshape(nodes.shape)
    levels = np.maximum(np.round(LEVELS_PER_OCTAVE * np.log2(_fineness(meshes, size))), 0)
    for level in np.unique(levels):
        patches[levels == level] = _sampled(image, meshes[levels == level], size, float(2 ** (level / LEVELS_PER_OCTAVE)))
    return patches


def darkness(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Take paper colour and shading out of patches.

    Each patch is divided by its own paper: in each channel a plane of light through its bright pixels.

    Parameters
    ----------
    patches
        (N, S, S, 3) uint8, BGR.

    Returns
    -------
    (N, 3, S, S) float32: 0 is bare paper, 1 no light at all; a glare is negative.
    """
    count = len(patches)
    colour = patches.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    paper = np.maximum(_percentile(colour.reshape(count, 3, -1), PAPER_PERCENTILE), 1.0)
    relative = np.asarray(colour / paper[:, :, None, None], np.float32)
    return np.asarray(1.0 - relative / _light_plane(relative)[:, None], np.float32)


def normalise(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Take the light out of patches and stretch each so that its darkest print becomes 1.

    Parameters
    ----------
    patches
        (N, S, S, 3) uint8, BGR.

    Returns
    -------
    (N, 3, S, S) float32: 0 is bare paper, 1 the darkest ink, clipped to [-0.5, 1.5].
    """
    dark = darkness(patches)
    grey = dark.mean(axis=1).reshape(dark.shape[0], -1)
    full_ink = np.maximum(_percentile(grey, INK_PERCENTILE), MINIMUM_INK)[:, None, None, None]
    return np.clip(dark / full_ink, -0.5, 1.5)


def _fineness(meshes: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """(N,) photo pixels per patch pixel along the longer side of (N, M, M, 2) meshes."""
    sides = np.linalg.norm(np.stack([meshes[:, 0, -1], meshes[:, -1, 0]]) - meshes[:, 0, 0], axis=-1)
    return np.asarray(np.maximum(sides.max(axis=0), 1.0) / size)


def _sampled(image: NDArray[np.uint8], meshes: NDArray[np.float64], size: int, finer: float) -> NDArray[np.uint8]:
    """(N, size, size, 3) patches on (N, M, M, 2) meshes of photo positions; a photo `finer` than they are is averaged down first."""
    if finer > 1:
        height, width = image.shape[:2]
        nodes = meshes.reshape(-1, 2)
        x0, y0 = np.clip(np.floor(nodes.min(axis=0)).astype(int) - 2, 0, [width - 1, height - 1])
        x1, y1 = np.clip(np.ceil(nodes.max(axis=0)).astype(int) + 3, [x0 + 1, y0 + 1], [width, height])
        region = image[y0:y1, x0:x1]
        reduced = (max(1, round((x1 - x0) / finer)), max(1, round((y1 - y0) / finer)))
        image = np.asarray(cv2.resize(region, reduced, interpolation=cv2.INTER_AREA), np.uint8)
        meshes = (meshes - (x0, y0) + 0.5) * (reduced[0] / (x1 - x0), reduced[1] / (y1 - y0)) - 0.5
    positions = _dense(meshes, size).reshape(-1, size, 2)
    sampled = cv2.remap(image, positions[..., 0], positions[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.uint8).reshape(-1, size, size, 3)


def _dense(meshes: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """(N, size, size, 2) positions of every patch pixel between the nodes of (N, M, M, 2) meshes."""
    steps = meshes.shape[1] - 1
    at = (np.arange(size) + 0.5) * (steps / size)
    weights = np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(steps + 1)))
    count = len(meshes)
    rows = (weights @ meshes.reshape(count, steps + 1, -1)).reshape(count, size, steps + 1, 2)
    return np.asarray(weights @ rows, dtype=np.float32)


def _percentile(values: NDArray[np.float32], percent: float) -> NDArray[np.float32]:
    """The given percentile along the last axis as one order statistic (no interpolation: the same on every machine)."""
    rank = min(values.shape[-1] - 1, int(values.shape[-1] * percent / 100))
    return np.partition(values, rank, axis=-1)[..., rank]


def _light_plane(relative: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, S, S) brightness of the paper as a plane fitted to the bright half of (N, 3, S, S) patches, 1 at its mean."""
    size = relative.shape[-1]
    grey = relative.mean(axis=1).reshape(len(relative), -1)
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    across = np.tile(axis, size)[None]
    down = np.repeat(axis, size)[None]
    bright = (grey > _percentile(grey, 40.0)[:, None]).astype(np.float32)
    total = np.maximum(bright.sum(axis=1, keepdims=True), 1.0)
    mean_x = (bright * across).sum(axis=1, keepdims=True) / total
    mean_y = (bright * down).sum(axis=1, keepdims=True) / total
    mean_g = (bright * grey).sum(axis=1, keepdims=True) / total
    dx, dy, dg = across - mean_x, down - mean_y, grey - mean_g
    xx = (bright * dx * dx).sum(axis=1) / total[:, 0] + 1e-3
    yy = (bright * dy * dy).sum(axis=1) / total[:, 0] + 1e-3
    xy = (bright * dx * dy).sum(axis=1) / total[:, 0]
    xg = (bright * dx * dg).sum(axis=1) / total[:, 0]
    yg = (bright * dy * dg).sum(axis=1) / total[:, 0]
    determinant = np.maximum(xx * yy - xy * xy, 1e-6)
    slope_x = np.clip((xg * yy - yg * xy) / determinant, -0.3, 0.3)[:, None, None]
    slope_y = np.clip((yg * xx - xg * xy) / determinant, -0.3, 0.3)[:, None, None]
    return np.asarray(1.0 + slope_x * axis[None, None, :] + slope_y * axis[None, :, None], np.float32)
