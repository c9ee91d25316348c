"""One officer's hand: which pen, what kind of digits, how unused boxes are filled; and the signs it writes into a rectangle.

Three kinds of digits occur on the 2024 posters: traced on the dotted calculator guide, written freely, and printed neatly. They are drawn
here from strokes of our own, from MNIST, and from handwriting fonts; all are redrawn with the same pen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.forms import Rect
from pipeline.simulate.pack import HandwritingPack
from pipeline.simulate.pen import Paper, Pen, Points, cropped, draw_glyph, draw_strokes


class DigitKind(StrEnum):
    """How the digits in the boxes come about."""

    SEGMENTS = "segments"
    MNIST = "mnist"
    FONT = "font"


class Filler(StrEnum):
    """The sign for a box left of the number; the values are the signs of truth.json."""

    CROSS = "x"
    ZERO = "0"
    DASH = "-"
    BLANK = "_"


class Closing(StrEnum):
    """How the unused part of a tally grid is closed."""

    ZED = "zed"
    CROSS = "cross"
    CELLS = "cells"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Hand:
    """One person's way of filling a form.

    Attributes
    ----------
    digit_height
        Height of a digit as a share of the height of its box.
    cross_reach
        Size of an X as a share of its box.
    bubble_fill
        Diameter of a filled bubble as a share of the printed circle.
    slant
        Horizontal shift over the height of a digit, as a share of the height.
    """

    pen: Pen
    digits: DigitKind
    font: str
    filler: Filler
    closing: Closing
    digit_height: float = 0.68
    cross_reach: float = 0.75
    bubble_fill: float = 1.0
    slant: float = 0.0


Member = TypeVar("Member", bound=StrEnum)

PEN_COLOURS = {"blue": (150, 62, 36), "black": (52, 46, 44), "red": (52, 44, 176)}

_SEGMENT_POINTS = {
    "a": (0.0, 0.0), "b": (1.0, 0.0), "c": (0.0, 0.5), "d": (1.0, 0.5), "e": (0.0, 1.0), "f": (1.0, 1.0), "g": (0.5, 0.0), "h": (0.5, 1.0),
}  # fmt: skip
_SEGMENT_PATHS = {
    "0": ("abfea",), "1": ("gh",), "2": ("abdcef",), "3": ("abfe", "cd"), "4": ("acd", "bf"),
    "5": ("bacdfe",), "6": ("baefdc",), "7": ("abf",), "8": ("abfea", "cd"), "9": ("dcabfe",),
}  # fmt: skip
_GUIDE_WIDTH_TO_HEIGHT = 0.62


def random_hand(rng: np.random.Generator, pack: HandwritingPack, *, guided: bool) -> Hand:
    """A hand as met on the posters of 2024.

    Mostly a blue pen, mostly X or 0 as filler, and where there is a guide to trace (`guided`) mostly traced digits.
    """
    colour = PEN_COLOURS[str(rng.choice(["blue", "black", "red"], p=[0.66, 0.31, 0.03]))]
    tint = np.clip(np.array(colour) + rng.normal(0, 10, 3), 8, 210)
    return Hand(
        pen=Pen(
            colour=(int(tint[0]), int(tint[1]), int(tint[2])),
            width_mm=float(rng.uniform(0.6, 1.7)),
            strength=float(rng.uniform(0.72, 0.98)),
        ),
        digits=pick(rng, DigitKind, [0.6, 0.25, 0.15] if guided else [0.25, 0.45, 0.3]),
        font=str(rng.choice(sorted(pack.fonts))),
        filler=pick(rng, Filler, [0.45, 0.4, 0.05, 0.1]),
        closing=pick(rng, Closing, [0.6, 0.1, 0.08, 0.22]),
        digit_height=float(rng.uniform(0.56, 0.8)),
        cross_reach=float(rng.uniform(0.5, 0.98)),
        bubble_fill=float(rng.uniform(0.85, 1.2)),
        slant=float(rng.normal(0, 0.06)),
    )


def pick(rng: np.random.Generator, kind: type[Member], weights: Sequence[float]) -> Member:
    """One member of an enum, with the given probabilities in the order of the enum."""
    return list(kind)[int(rng.choice(len(weights), p=weights))]


def write_sign(paper: Paper, rect: Rect, sign: str, hand: Hand, pack: HandwritingPack, rng: np.random.Generator) -> None:
    """Write one sign into one box: a digit, `x`, `-`, or `_` for nothing.

    Raises
    ------
    ValueError
        For any other sign.
    """
    if sign == Filler.BLANK:
        return
    if sign == Filler.CROSS:
        write_cross(paper, rect, hand, rng)
    elif sign == Filler.DASH:
        x0, x1 = rect.x + rect.width * 0.25, rect.x + rect.width * 0.75
        y = rect.y + rect.height * rng.uniform(0.42, 0.58)
        draw_strokes(paper, [np.array([(x0, y + rng.normal(0, 0.4)), (x1, y + rng.normal(0, 0.4))])], hand.pen, rng)
    elif len(sign) == 1 and sign.isdigit():
        _write_digit(paper, rect, sign, hand, pack, rng)
    else:
        raise ValueError(f"no hand writes the sign {sign!r} into a box")


def write_cross(paper: Paper, rect: Rect, hand: Hand, rng: np.random.Generator) -> None:
    """Cross a box out from corner to corner, as far as this hand reaches."""
    half_width, half_height = rect.width * hand.cross_reach / 2, rect.height * hand.cross_reach / 2
    x, y = rect.x + rect.width / 2, rect.y + rect.height / 2
    jitter = rng.normal(0, 0.05 * rect.width, (4, 2))
    ends = np.array([(-1, -1), (1, 1), (1, -1), (-1, 1)]) * (half_width, half_height) + (x, y) + jitter
    draw_strokes(paper, [ends[:2], ends[2:]], hand.pen, rng)


def write_text(
    paper: Paper,
    text: str,
    hand: Hand,
    pack: HandwritingPack,
    rng: np.random.Generator,
    *,
    left: float,
    baseline: float,
    height: float,
    room: float,
) -> None:
    """Write a line of text letter by letter.

    Parameters
    ----------
    left, baseline
        Page millimetres where the first capital stands.
    height
        Height of a capital in millimetres; made smaller when the line would be longer than `room` millimetres.
    """
    glyphs = [glyph_of(pack, hand.font, letter) for letter in text]
    capital = glyph_of(pack, hand.font, "H")
    if capital is None:
        raise ValueError(f"the font {hand.font} has no capitals")
    unit = height / capital.shape[0]
    gaps = [0.55 * height if glyph is None else 0.16 * height + glyph.shape[1] * unit for glyph in glyphs]
    squeeze = min(1.0, room / max(sum(gaps), 1e-6))
    unit, x = unit * squeeze, left
    for glyph, gap in zip(glyphs, gaps, strict=True):
        if glyph is not None:
            tall, wide = glyph.shape[0] * unit * rng.uniform(0.92, 1.06), glyph.shape[1] * unit
            foot = baseline + rng.normal(0, 0.03 * height)
            lean = hand.slant * tall
            corners = np.array([(x + lean, foot - tall), (x + lean + wide, foot - tall + rng.normal(0, 0.02 * height)), (x, foot)])
            draw_glyph(paper, glyph, corners, hand.pen, rng)
        x += gap * squeeze


def glyph_of(pack: HandwritingPack, font: str, letter: str) -> NDArray[np.uint8] | None:
    """The (h, w) uint8 picture of a letter, 255 = ink, cropped to the ink; None for a space."""
    face = pack.font(font, size=120)
    picture = Image.new("L", (260, 260), 0)
    ImageDraw.Draw(picture).text((60, 40), letter, font=face, fill=255)
    return cropped(np.asarray(picture))


def _write_digit(paper: Paper, rect: Rect, sign: str, hand: Hand, pack: HandwritingPack, rng: np.random.Generator) -> None:
    height = rect.height * hand.digit_height * rng.uniform(0.93, 1.07)
    x, y = rect.x + rect.width / 2 + rng.normal(0, 0.03 * rect.width), rect.y + rect.height / 2 + rng.normal(0, 0.03 * rect.height)
    if hand.digits is DigitKind.SEGMENTS:
        draw_strokes(paper, _segment_strokes(sign, x, y, height, hand.slant, rng), hand.pen, rng, tremble_mm=0.2 * height / 13)
        return
    glyph = _digit_glyph(sign, hand, pack, rng)
    width = min(height * glyph.shape[1] / glyph.shape[0], rect.width * 0.8)
    lean, turn = hand.slant * height, rng.normal(0, 0.04) * height
    x0, y0 = x - width / 2, y - height / 2
    corners = np.array([(x0 + lean / 2, y0), (x0 + lean / 2 + width, y0 + turn), (x0 - lean / 2, y0 + height)])
    draw_glyph(paper, glyph, corners, hand.pen, rng)


def _digit_glyph(sign: str, hand: Hand, pack: HandwritingPack, rng: np.random.Generator) -> NDArray[np.uint8]:
    if hand.digits is DigitKind.FONT:
        glyph = glyph_of(pack, hand.font, sign)
    else:
        image = pack.digits[rng.choice(np.flatnonzero(pack.labels == int(sign)))]
        glyph = cropped(image)
    if glyph is None:
        raise ValueError(f"the handwriting pack has no picture of {sign}")
    return glyph


def _segment_strokes(sign: str, x: float, y: float, height: float, slant: float, rng: np.random.Generator) -> list[Points]:
    """The calculator digit as strokes in millimetres; a 1 stands in the middle of the guide or at its right."""
    width = height * _GUIDE_WIDTH_TO_HEIGHT
    paths = ("bf",) if sign == "1" and rng.random() < 0.25 else _SEGMENT_PATHS[sign]
    strokes: list[Points] = []
    for path in paths:
        unit = np.array([_SEGMENT_POINTS[corner] for corner in path]) + rng.normal(0, 0.03, (len(path), 2))
        across, down = (unit[:, 0] - 0.5) * width, (unit[:, 1] - 0.5) * height
        strokes.append(np.stack([x + across - slant * down, y + down], axis=1))
    return strokes
