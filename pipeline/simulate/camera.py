"""Photograph a sheet in simulation.

A page picture and a description of the shot go in; a JPEG and the true place of every point of the page come out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.light import Background, Light, background, illuminate, shading
from pipeline.simulate.pen import Paper
from pipeline.simulate.relief import GRID_MM, Relief, TrueMapping, height_field, look_at, sample_grid


@dataclass(frozen=True, slots=True)
class Sensor:
    """What lens, chip and file do to the picture.

    Attributes
    ----------
    blur
        Standard deviation of the defocus in pixels.
    motion
        Length of the shake in pixels.
    noise
        Standard deviation of the noise, of 255.
    sharpen
        Strength of the phone's sharpening.
    jpeg_quality
        1 to 100.
    """

    blur: float = 0.6
    motion: float = 0.0
    noise: float = 1.5
    sharpen: float = 0.3
    jpeg_quality: int = 78


@dataclass(frozen=True, slots=True)
class Shot:
    """One photo to be taken.

    Attributes
    ----------
    size
        Width and height in pixels.
    window_mm
        Left, top, right, bottom of the part of the page that is framed; None for the whole page.
    tilt, roll, distance, margin, stretched
        See `look_at`.
    """

    size: tuple[int, int] = (1000, 1500)
    window_mm: tuple[float, float, float, float] | None = None
    tilt: tuple[float, float] = (0.0, 0.0)
    roll: float = 0.0
    distance: float = 1.6
    margin: float = 0.03
    stretched: bool = False
    relief: Relief = field(default_factory=Relief)
    light: Light = field(default_factory=Light)
    sensor: Sensor = field(default_factory=Sensor)
    background: Background = Background.WALL


@dataclass(frozen=True, slots=True)
class Photograph:
    """A simulated photo.

    Attributes
    ----------
    jpeg
        The file.
    image
        (H, W, 3) uint8 BGR, the file decoded.
    mapping
        Where each point of the page is in `image`.
    """

    jpeg: bytes
    image: NDArray[np.uint8]
    mapping: TrueMapping


def photograph(paper: Paper, shot: Shot, rng: np.random.Generator) -> Photograph:
    """Take the photo `shot` of a sheet; the same generator state gives the same bytes."""
    rows, columns = paper.image.shape[:2]
    paper_mm = (columns / paper.pixels_per_mm, rows / paper.pixels_per_mm)
    left, top, right, bottom = shot.window_mm or (0.0, 0.0, *paper_mm)
    projection = look_at(
        np.array([(left, top), (right, top), (right, bottom), (left, bottom)]),
        size=shot.size, tilt=shot.tilt, roll=shot.roll, distance=shot.distance, margin=shot.margin, stretched=shot.stretched,
    )  # fmt: skip
    mapping = TrueMapping(projection=projection, heights=height_field(shot.relief, paper_mm, rng))
    scene = _scene(paper, paper_mm, shot, mapping, rng)
    return develop(illuminate(scene, shot.light, rng), shot.sensor, mapping, rng)


def develop(scene: NDArray[np.float32], sensor: Sensor, mapping: TrueMapping, rng: np.random.Generator) -> Photograph:
    """From the light that falls in, (H, W, 3) float32 0 to 255, to the file."""
    seen = cv2.GaussianBlur(scene, (0, 0), sensor.blur) if sensor.blur > 0 else scene
    if sensor.motion >= 1:
        seen = cv2.filter2D(seen, -1, _shake(sensor.motion, float(rng.uniform(0, np.pi))))
    if sensor.sharpen > 0:
        seen = seen + sensor.sharpen * (seen - cv2.GaussianBlur(seen, (0, 0), 1.5))
    grain = rng.normal(0, sensor.noise, scene.shape).astype(np.float32)
    picture = np.clip(seen + cv2.GaussianBlur(grain, (0, 0), 0.7) * 1.8 + 0.5, 0, 255).astype(np.uint8)
    encoded, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, sensor.jpeg_quality])
    if not encoded:
        raise RuntimeError("OpenCV could not encode the simulated photo")
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if image is None:
        raise RuntimeError("OpenCV could not decode the simulated photo it encoded")
    return Photograph(jpeg=data.tobytes(), image=np.asarray(image, dtype=np.uint8), mapping=mapping)


def _scene(
    paper: Paper, paper_mm: tuple[float, float], shot: Shot, mapping: TrueMapping, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Paper before background, shaded by its own relief but not yet lit: (H, W, 3) float32."""
    width, height = shot.size
    y, x = np.mgrid[0:height, 0:width]
    page = mapping.to_page(np.column_stack([x.ravel(), y.ravel()]).astype(np.float64))
    inside = np.minimum.reduce([page[:, 0], page[:, 1], paper_mm[0] - page[:, 0], paper_mm[1] - page[:, 1]])
    pixels_per_mm = _density(mapping, paper_mm)
    cover = np.clip(inside * pixels_per_mm + 0.5, 0, 1).reshape(height, width).astype(np.float32)
    picture, density = _prefiltered(paper, 1.25 * pixels_per_mm)
    column, row = (page * density - 0.5).astype(np.float32).T.reshape(2, height, width)
    print_ = cv2.remap(picture, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    shade = shading(mapping.heights, spacing=GRID_MM, strength=shot.light.relief, rng=rng)
    print_ = print_ * sample_grid(shade, page).reshape(height, width, 1).astype(np.float32)
    behind = background(shot.background, shot.size, rng)
    behind *= 1 - 0.45 * cv2.GaussianBlur(np.roll(cover, (4, 5), (0, 1)), (0, 0), 5)[..., None]
    return np.asarray(behind * (1 - cover[..., None]) + print_ * cover[..., None], dtype=np.float32)


def _density(mapping: TrueMapping, paper_mm: tuple[float, float]) -> float:
    """Photo pixels a millimetre in the middle of the page."""
    middle = np.array([paper_mm[0] / 2, paper_mm[1] / 2])
    centre, right, below = mapping.to_photo(middle + np.array([(0, 0), (10, 0), (0, 10)]))
    return float(np.sqrt(np.linalg.norm(right - centre) * np.linalg.norm(below - centre))) / 10


def _prefiltered(paper: Paper, pixels_per_mm: float) -> tuple[NDArray[np.uint8], float]:
    """The page picture, no finer than the photo needs: sampling a finer one would alias thin lines away."""
    if pixels_per_mm >= paper.pixels_per_mm:
        return paper.image, paper.pixels_per_mm
    factor = pixels_per_mm / paper.pixels_per_mm
    small = cv2.resize(paper.image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8), small.shape[1] * paper.pixels_per_mm / paper.image.shape[1]


def _shake(length: float, angle: float) -> NDArray[np.float32]:
    """The kernel of a straight shake of `length` pixels in direction `angle` (radians)."""
    size = 2 * int(np.ceil(length / 2)) + 3
    kernel = np.zeros((size, size), np.uint8)
    centre, reach = (size - 1) / 2, length / 2
    ends = [(round((centre + sign * reach * np.cos(angle)) * 16), round((centre + sign * reach * np.sin(angle)) * 16)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 255, 1, cv2.LINE_AA, 4)
    return np.asarray(kernel / float(kernel.sum()), dtype=np.float32)
