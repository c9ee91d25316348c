"""What hands and phones do to a box, done again at random.

A training crop with a wide rim comes in, a patch as the reader would cut it comes out: placed a little wrong, photographed
coarsely, in bad light, compressed. The idea: damage is applied in the order in which it happens (ink, then placement, then
camera, then file), at the resolution at which it happens, so that a 240-pixel thumbnail is trained as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Damage:
    """How strongly crops are damaged; every share is the probability that the damage happens.

    Attributes
    ----------
    shift, turn, stretch
        Standard deviation of misplacement (share of the patch side), rotation (radians) and scale.
    coarse, coarsest
        Share of patches photographed at a lower resolution, and the lowest, in pixels a patch side.
    """

    shift: float = 0.030
    turn: float = 0.035
    stretch: float = 0.05
    coarse: float = 0.45
    coarsest: int = 14
    blur: float = 0.35
    compress: float = 0.5
    shadow: float = 0.2
    overexpose: float = 0.12
    grey: float = 0.12
    recolour: float = 0.15
    stray: float = 0.10
    noise: float = 0.6


def damaged(crop: Image, *, size: int, inner: float, damage: Damage, random: np.random.Generator) -> Image:
    """One random patch of (size, size, 3) uint8 out of a crop.

    Parameters
    ----------
    crop
        (S, S, 3) uint8 with a rim.
    inner
        Share of the crop's side that the patch shows.
    """
    image = crop
    if random.random() < damage.stray:
        image = _stray_stroke(image, random)
    coarse = random.random() < damage.coarse
    native = int(np.exp(random.uniform(np.log(damage.coarsest), np.log(size)))) if coarse else size
    image = _placed(image, native, inner, damage, random)
    if random.random() < damage.blur:
        image = _blurred(image, native / size, random)
    image = _lit(image, damage, random)
    if random.random() < damage.compress:
        image = compressed(image, int(random.uniform(25, 90)))
    if native != size:
        image = np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
    return image


def compressed(image: Image, quality: int) -> Image:
    """The image as a JPEG of some quality gives it back."""
    _, content = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)


def _placed(image: Image, native: int, inner: float, damage: Damage, random: np.random.Generator) -> Image:
    """Cut the patch with a random small error of place, angle, scale and perspective."""
    side = image.shape[0]
    half = side * inner / 2
    scale = np.exp(random.normal(0, damage.stretch, 2))
    turn = random.normal(0, damage.turn)
    corners = np.array([(-half, -half), (half, -half), (half, half), (-half, half)]) * scale
    cosine, sine = np.cos(turn), np.sin(turn)
    corners = corners @ np.array([[cosine, sine], [-sine, cosine]]) + side / 2
    corners += random.normal(0, damage.shift * side * inner, 2) + random.normal(0, 0.012 * side * inner, (4, 2))
    finer = 2 * half / native
    if finer > 1.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.45 * finer), np.uint8)
    target = np.array([(0, 0), (native, 0), (native, native), (0, native)], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32) - 0.5, target)
    return np.asarray(
        cv2.warpPerspective(image, matrix, (native, native), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _blurred(image: Image, scale: float, random: np.random.Generator) -> Image:
    """Out of focus, or a hand that moved."""
    if random.random() < 0.7:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.3, random.uniform(0.4, 1.8) * scale)), np.uint8)
    length = max(2, round(random.uniform(2, 6) * scale))
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
    angle = random.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    start, end = (tuple(int(v) for v in np.round(length + sign * reach)) for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def _lit(image: Image, damage: Damage, random: np.random.Generator) -> Image:
    """Light, colour and sensor."""
    light = image.astype(np.float32)
    if random.random() < damage.grey:
        light = np.repeat(light.mean(axis=2, keepdims=True), 3, axis=2)
    elif random.random() < damage.recolour:
        light = light[:, :, random.permutation(3)]
    light *= np.exp(random.normal(0, 0.25)) * np.exp(random.normal(0, 0.06, 3)).astype(np.float32)
    size = image.shape[0]
    if random.random() < damage.shadow:
        angle = random.uniform(0, 2 * np.pi)
        axis = np.linspace(-1, 1, size, dtype=np.float32)
        across = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None] + random.uniform(-0.8, 0.8)
        edge = 1 / (1 + np.exp(-across * random.uniform(1, 12)))
        light *= (1 - random.uniform(0.1, 0.5) * edge)[:, :, None].astype(np.float32)
    if random.random() < damage.overexpose:
        lift = random.uniform(0.0, 0.55)
        top = max(float(np.percentile(light, 90)), 1.0)
        light = light / top * (1 - lift) + lift
        light *= 255 * random.uniform(0.95, 1.15)
    if random.random() < damage.noise:
        light += random.normal(0, random.uniform(0.5, 8), light.shape).astype(np.float32)
    return np.clip(light, 0, 255).astype(np.uint8)


def _stray_stroke(image: Image, random: np.random.Generator) -> Image:
    """A pen stroke of a neighbour that reaches over the frame a little."""
    side = image.shape[0]
    reach = random.uniform(0.10, 0.30) * side
    angle = random.uniform(0, 2 * np.pi)
    outside = np.array([np.cos(angle), np.sin(angle)]) * side * 0.7 + side / 2
    towards = np.array([np.cos(angle), np.sin(angle)]) * (side / 2 - reach) + side / 2 + random.normal(0, 0.08 * side, 2)
    paper = np.percentile(image.reshape(-1, 3), 75, axis=0)
    ink = paper * random.uniform(0.1, 0.7, 3)
    drawn = image.copy()
    start, end = (tuple(int(v) for v in np.round(p)) for p in (outside, towards))
    cv2.line(drawn, start, end, [float(c) for c in ink], int(random.integers(1, 4)), cv2.LINE_AA)
    return drawn
