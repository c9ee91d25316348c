"""What the room does to a picture: backgrounds, uneven light, the shadow of the photographer, coloured lamps, bad exposure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]


class Background(StrEnum):
    """What the paper lies on or hangs on."""

    WALL = "wall"
    WOOD = "wood"
    TILES = "tiles"
    CLOTH = "cloth"


@dataclass(frozen=True, slots=True)
class Light:
    """The light of a photo.

    Attributes
    ----------
    gradient
        Difference of brightness from one end of the photo to the other, as a share.
    relief
        How strongly slopes of the paper are shaded.
    vignette
        Darkening of the corners, as a share.
    shadow
        Darkness of the shadow thrown on the paper, 0 (none) to 1 (black).
    shadow_at
        Where the head in the shadow is, as shares of width and height; anywhere in the lower half when None.
    cast
        Factors for blue, green, red.
    exposure
        Factor of the brightness; with `fog`, the share of grey veil over everything.
    washed_out
        Share of the brightness range burnt to white.
    """

    gradient: float = 0.0
    relief: float = 0.8
    vignette: float = 0.0
    shadow: float = 0.0
    shadow_at: tuple[float, float] | None = None
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    exposure: float = 0.92
    fog: float = 0.0
    washed_out: float = 0.0


def background(kind: Background, size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """A (H, W, 3) float32 picture, 0 to 255, of a wall or table; `size` is width and height in pixels."""
    width, height = size
    if kind is Background.WALL:
        colour = _tinted(rng.uniform(140, 215), rng)
        picture = colour * (1 + 0.05 * _noise(size, width / 3, rng) + 0.012 * _noise(size, 3, rng))[..., None]
    elif kind is Background.WOOD:
        streaks = cv2.resize(rng.normal(0, 1, (max(2, height // 6), 4)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
        picture = rng.uniform(0.5, 1.1) * np.array((62, 95, 132)) * (1 + 0.16 * streaks + 0.06 * _noise(size, 9, rng))[..., None]
    elif kind is Background.TILES:
        tile = max(40, width // int(rng.integers(3, 6)))
        y, x = np.mgrid[0:height, 0:width]
        joint = ((x + 0.1 * y + rng.integers(tile)) % tile < tile * 0.025) | ((y - 0.1 * x + rng.integers(tile)) % tile < tile * 0.025)
        picture = _tinted(rng.uniform(130, 205), rng) * (1 - 0.35 * joint + 0.04 * _noise(size, 40, rng))[..., None]
    else:
        weave = np.sin(np.arange(width) * 1.1)[None, :] * np.sin(np.arange(height) * 1.1)[:, None]
        picture = _tinted(rng.uniform(30, 120), rng, spread=0.3) * (1 + 0.1 * weave + 0.12 * _noise(size, 60, rng))[..., None]
    return np.clip(picture, 0, 255).astype(np.float32)


def illuminate(picture: Picture, light: Light, rng: np.random.Generator) -> Picture:
    """The (H, W, 3) float32 picture in this light; values stay within 0 and 255."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across, down = 2 * x / max(width - 1, 1) - 1, 2 * y / max(height - 1, 1) - 1
    angle = rng.uniform(0, 2 * np.pi)
    brightness = 1 + light.gradient / 2 * (np.cos(angle) * across + np.sin(angle) * down)
    brightness -= light.vignette * (across**2 + down**2) / 2
    if light.shadow > 0:
        brightness *= 1 - light.shadow * _shadow((width, height), light.shadow_at, rng)
    lit = picture * (brightness * light.exposure)[..., None] * np.array(light.cast, dtype=np.float32)
    lit = lit * (1 - light.fog) + 150 * light.fog
    if light.washed_out > 0:
        top = 255 * (1 - light.washed_out)
        lit = 255 * (lit - 0.25 * top * light.washed_out) / top
    return np.asarray(np.clip(lit, 0, 255), dtype=np.float32)


def shading(heights: NDArray[np.float32], *, spacing: float, strength: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Brightness factor of each point of a height field (`spacing` millimetres between points) under light from a random side."""
    down, across = np.gradient(heights, spacing)
    angle = rng.uniform(0, 2 * np.pi)
    slope = across * np.cos(angle) + down * np.sin(angle)
    return np.asarray(np.clip(1 - strength * slope, 0.45, 1.12), dtype=np.float32)


def _tinted(level: float, rng: np.random.Generator, *, spread: float = 0.035) -> NDArray[np.float64]:
    """A (3,) colour of that brightness, not quite grey."""
    return np.asarray(level * np.exp(rng.normal(0, spread, 3)))


def _shadow(size: tuple[int, int], at: tuple[float, float] | None, rng: np.random.Generator) -> NDArray[np.float32]:
    """(H, W) float32 0 to 1: head, shoulders and phone of whoever stands before the lamp, coming in from one side."""
    width, height = size
    mask = np.zeros((height, width), np.float32)
    scale = min(size)
    share = np.array(at) if at is not None else rng.uniform((0.3, 0.5), (0.8, 0.9))
    middle = share * (width, height)
    head, shoulders, near, far = (
        (middle + scale * np.array(offset)).astype(int).tolist()
        for offset in ((0.0, 0.0), (rng.uniform(-0.1, 0.1), 0.45), (0.08, -0.1), (0.34, -0.34))
    )
    cv2.ellipse(mask, head, (int(scale * 0.16), int(scale * 0.21)), float(rng.uniform(-20, 20)), 0, 360, 1.0, -1)
    cv2.ellipse(mask, shoulders, (int(scale * 0.42), int(scale * 0.3)), 0, 0, 360, 1.0, -1)
    cv2.rectangle(mask, near, far, 1.0, -1)
    return cv2.GaussianBlur(mask, (0, 0), scale * 0.02).astype(np.float32)


def _noise(size: tuple[int, int], grain: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(H, W) float32 smooth noise of unit size whose dents are about `grain` pixels wide."""
    width, height = size
    coarse = rng.normal(0, 1, (max(2, int(height / grain) + 1), max(2, int(width / grain) + 1))).astype(np.float32)
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), dtype=np.float32)
