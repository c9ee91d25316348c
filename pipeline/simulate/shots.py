"""Kinds of photos as they come in: a scan, a phone photo, a careless one, and the app's own crop of 2024.

The ranges were set by looking at real photos: whole pages of the 2024 poster on walls, floors and tables, and the app's crops, which show
the right part of page 2, 1.05 to 1.45 times too wide, every ninth of them smaller than 450 pixels.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from pipeline.forms import Page, Rect
from pipeline.simulate.camera import Sensor, Shot
from pipeline.simulate.hands import pick
from pipeline.simulate.light import Background, Light
from pipeline.simulate.relief import Relief

APP_WINDOW = (0.3, 0.172, 0.9, 0.7)
"""Left, top, right, bottom of what the app's photos show, as shares of the page: 180 to 540 mm and 155 to 630 mm of the poster, at the
right ten more than the published ones show on average (`window` of its page 2), so that a window is also met where it is off."""


class ShotKind(StrEnum):
    """How a simulated photo was taken."""

    SCAN = "scan"
    PHONE = "phone"
    HARSH = "harsh"
    APP = "app"


def random_shot(kind: ShotKind, paper_mm: tuple[float, float], rng: np.random.Generator) -> Shot:
    """A shot of that kind for a page of `paper_mm` (width, height)."""
    makers = {ShotKind.SCAN: scan_shot, ShotKind.PHONE: phone_shot, ShotKind.HARSH: harsh_shot, ShotKind.APP: app_shot}
    return makers[kind](paper_mm, rng)


def app_shows(page: Page) -> bool:
    """Whether all digit boxes of a page lie in the part that the app kept."""
    left, top, right, bottom = np.array(APP_WINDOW) * np.tile(page.paper_mm, 2)
    window = Rect(left, top, right - left, bottom - top)
    return all(window.contains(box) for layout in page.fields.values() for box in layout.boxes)


def scan_shot(paper_mm: tuple[float, float], rng: np.random.Generator) -> Shot:
    """Flat, straight and evenly lit."""
    return Shot(
        size=_size(1050, paper_mm), roll=float(rng.normal(0, 0.3)), distance=6.0, margin=0.01,
        light=Light(exposure=0.96, gradient=0.03), sensor=Sensor(blur=0.4, noise=1.0, sharpen=0.2, jpeg_quality=82),
    )  # fmt: skip


def phone_shot(paper_mm: tuple[float, float], rng: np.random.Generator) -> Shot:
    """A careful photo of a whole page: some tilt, some curl, uneven light."""
    return Shot(
        size=_size(int(rng.integers(1000, 1300)), paper_mm),
        tilt=(float(rng.normal(0, 7)), float(rng.normal(0, 6))), roll=float(rng.normal(0, 2)),
        distance=float(rng.uniform(1.2, 2.0)), margin=float(rng.uniform(0.015, 0.05)),
        relief=Relief(
            curl=float(rng.normal(0, 8)), waves=float(rng.uniform(0, 3)), wave_length=float(rng.uniform(0.3, 0.9) * paper_mm[0]),
            wave_direction=float(rng.uniform(0, 180)), creases=float(rng.uniform(0, 4)), crumple=float(rng.uniform(0, 1.2)),
        ),
        light=Light(
            gradient=float(rng.uniform(0, 0.3)), vignette=float(rng.uniform(0, 0.15)),
            shadow=float(rng.choice([0.0, 0.25], p=[0.75, 0.25])),
            cast=_cast(rng, 0.05), exposure=float(rng.uniform(0.72, 0.98)),
        ),
        sensor=Sensor(blur=float(rng.uniform(0.4, 0.9)), noise=float(rng.uniform(0.8, 2.2)), jpeg_quality=int(rng.integers(70, 84))),
        background=pick(rng, Background, [0.35, 0.3, 0.25, 0.1]),
    )  # fmt: skip


def harsh_shot(paper_mm: tuple[float, float], rng: np.random.Generator) -> Shot:
    """A careless photo: any rotation, strong tilt, loose paper, bad light, blur."""
    turned = int(rng.integers(0, 4))
    width, height = _size(int(rng.integers(900, 1250)), paper_mm)
    return Shot(
        size=(height, width) if turned % 2 else (width, height),
        tilt=(float(rng.uniform(-24, 24)), float(rng.uniform(-22, 22))), roll=float(90 * turned + rng.normal(0, 5)),
        distance=float(rng.uniform(1.0, 1.6)), margin=float(rng.uniform(0.0, 0.06)),
        relief=Relief(
            curl=float(rng.normal(0, 18)), waves=float(rng.uniform(0, 6)), wave_length=float(rng.uniform(0.25, 0.8) * paper_mm[0]),
            wave_direction=float(rng.uniform(0, 180)), creases=float(rng.uniform(0, 7)), crumple=float(rng.uniform(0, 2.5)),
        ),
        light=Light(
            gradient=float(rng.uniform(0.1, 0.6)), vignette=float(rng.uniform(0, 0.3)), shadow=float(rng.choice([0.0, 0.5], p=[0.5, 0.5])),
            cast=_cast(rng, 0.14), exposure=float(rng.uniform(0.4, 0.95)), fog=float(rng.uniform(0, 0.2)),
        ),
        sensor=Sensor(
            blur=float(rng.uniform(0.5, 1.5)), motion=float(rng.choice([0.0, 4.0], p=[0.6, 0.4])), noise=float(rng.uniform(1, 3.5)),
            jpeg_quality=int(rng.integers(55, 80)),
        ),
        background=pick(rng, Background, [0.3, 0.25, 0.25, 0.2]),
    )  # fmt: skip


def app_shot(paper_mm: tuple[float, float], rng: np.random.Generator) -> Shot:
    """What the official app of 2024 kept of page 2: no tag, no corner marks, stretched in width."""
    shares = np.array(APP_WINDOW) + rng.normal(0, 0.006, 4)
    left, right = shares[[0, 2]] * paper_mm[0]
    top, bottom = shares[[1, 3]] * paper_mm[1]
    height = int(rng.integers(240, 450)) if rng.random() < 1 / 9 else int(rng.integers(900, 1010))
    stretch = rng.triangular(1.05, 1.2, 1.45)
    light = rng.choice(["fair", "dark", "tinted", "washed_out"], p=[0.7, 0.08, 0.15, 0.07])
    return Shot(
        size=(round(height * (right - left) / (bottom - top) * stretch), height), window_mm=(left, top, right, bottom),
        stretched=True, margin=0.0, tilt=(float(rng.normal(0, 4)), float(rng.normal(0, 4))),
        roll=float(rng.normal(0, 1.0) + (180 if rng.random() < 0.02 else 0)), distance=float(rng.uniform(1.3, 2.2)),
        relief=Relief(
            curl=float(rng.normal(0, 6)), waves=float(rng.uniform(0, 2)),
            creases=float(rng.uniform(0, 4)), crumple=float(rng.uniform(0, 1.2)),
        ),
        light=Light(
            gradient=float(rng.uniform(0, 0.3)), shadow=float(rng.choice([0.0, 0.3], p=[0.85, 0.15])),
            cast=_cast(rng, 0.2 if light == "tinted" else 0.04),
            exposure=float(rng.uniform(0.25, 0.4) if light == "dark" else rng.uniform(0.65, 0.95)),
            washed_out=float(rng.uniform(0.2, 0.4)) if light == "washed_out" else 0.0,
        ),
        sensor=Sensor(
            blur=float(rng.uniform(0.6, 1.6)), noise=float(rng.uniform(0.8, 2)), sharpen=0.5, jpeg_quality=int(rng.integers(70, 90))
        ),
    )  # fmt: skip


def _size(width: int, paper_mm: tuple[float, float]) -> tuple[int, int]:
    """Width and height in pixels of a photo in the proportions of the paper."""
    return width, round(width * paper_mm[1] / paper_mm[0])


def _cast(rng: np.random.Generator, spread: float) -> tuple[float, float, float]:
    """Factors of blue, green, red, the largest 1: lamps differ between bluish and yellowish, and less between green and pink."""
    warmth, pink = rng.normal(0, spread), rng.normal(0, 0.4 * spread)
    factors = np.exp([-warmth, -pink, warmth])
    factors /= factors.max()
    return float(factors[0]), float(factors[1]), float(factors[2])
