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
    nodes = np.concatenate(
        [
            np.stack(np.meshgrid(rect.x + share * rect.width, rect.y + share * rect.height), axis=-1).reshape(-1, 2)
            for rect in rects
        ]
    )
    mapped = np.asarray(to_photo(nodes), np.float64)
    if not np.isfinite(mapped).all():
        raise ValueError("the registration maps a box to a position that is not finite")
    meshes = mapped.reshape(len(rects), MESH_STEPS + 1, MESH_STEPS + 1, 2)
    finer = np.array([_fineness(mesh, size) for mesh in meshes])
    for number in np.flatnonzero(finer > 1.0):
        patches[number] = _sample_reduced(image, meshes[number], size, float(finer[number]))
    plain = finer <= 1.0
    if plain.any():
        dense = _dense(meshes[plain], size)
        sampled = _remap(image, dense.reshape(-1, size, 2))
        patches[plain] = sampled.reshape(-1, size, size, 3)
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


def _fineness(mesh: NDArray[np.float64], size: int) -> float:
    """Photo pixels per patch pixel along the longer side of a (M, M, 2) mesh."""
    across, down = (float(np.linalg.norm(corner - mesh[0, 0])) for corner in (mesh[0, -1], mesh[-1, 0]))
    return max(across, down, 1.0) / size


def _sample_reduced(image: NDArray[np.uint8], mesh: NDArray[np.float64], size: int, finer: float) -> NDArray[np.uint8]:
    """Sample one patch on a (M, M, 2) mesh of photo positions from a photo that is finer than the patch: averaged down first."""
    height, width = image.shape[:2]
    x0, y0 = np.floor(mesh.reshape(-1, 2).min(axis=0)).astype(int) - 2
    x1, y1 = np.ceil(mesh.reshape(-1, 2).max(axis=0)).astype(int) + 3
    x0, x1 = (int(np.clip(v, 0, width)) for v in (x0, x1))
    y0, y1 = (int(np.clip(v, 0, height)) for v in (y0, y1))
    if x1 - x0 < 1 or y1 - y0 < 1:
        x0, y0 = min(max(x0, 0), width - 1), min(max(y0, 0), height - 1)
        x1, y1 = x0 + 1, y0 + 1
    region = image[y0:y1, x0:x1]
    reduced = (max(1, round(region.shape[1] / finer)), max(1, round(region.shape[0] / finer)))
    scale = np.array([reduced[0] / region.shape[1], reduced[1] / region.shape[0]])
    region = np.asarray(cv2.resize(region, reduced, interpolation=cv2.INTER_AREA), np.uint8)
    return _remap(region, _dense(((mesh - (x0, y0) + 0.5) * scale - 0.5)[None], size)[0])


def _dense(meshes: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """(N, size, size, 2) positions of every patch pixel between the nodes of (N, M, M, 2) meshes."""
    steps = meshes.shape[1] - 1
    at = (np.arange(size) + 0.5) * (steps / size)
    weights = np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(steps + 1)))
    rows = np.einsum("ri,nijk->nrjk", weights, meshes)
    return np.asarray(np.einsum("cj,nrjk->nrck", weights, rows), dtype=np.float32)


def _remap(image: NDArray[np.uint8], positions: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W, 3) colours at (H, W, 2) positions; what lies outside the image repeats its edge."""
    sampled = cv2.remap(image, positions[..., 0], positions[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.uint8)


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
