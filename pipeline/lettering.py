"""Text, signs and colours for the pictures the pipeline draws: what is written is collected in a panel first, then drawn in one go.

Colour never speaks alone: each mark has its sign, and the colours are those of Okabe and Ito, darkened to be read on white, which
colour-blind people can tell apart. The font is the one inside Pillow, so that a picture looks the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

PAPER: Colour = (255, 255, 255)
INK: Colour = (30, 30, 30)
GREY: Colour = (110, 110, 110)


class Mark(Enum):
    """How sure a number is, or how grave a remark: its colour and its sign."""

    SURE = ((0, 135, 98), "tick")
    DOUBT = ((222, 143, 5), "?")
    ERROR = ((204, 61, 0), "!")
    NOTE = ((110, 110, 110), "i")

    @property
    def colour(self) -> Colour:
        return self.value[0]

    @property
    def sign(self) -> str:
        return self.value[1]


@dataclass(slots=True)
class Panel:
    """A part of the picture that is written, not photographed: what stands where in it, in pixels, and how large it has become."""

    width: float = 0.0
    height: float = 0.0
    texts: list[tuple[float, float, str, float, Colour, bool]] = field(default_factory=list)
    signs: list[tuple[float, float, float, Mark]] = field(default_factory=list)
    lines: list[tuple[float, float, float, float]] = field(default_factory=list)

    def write(self, x: float, y: float, text: str, size: float, colour: Colour = INK, *, bold: bool = False) -> float:
        """Write a line of text with its top left at (x, y); returns where it ends. Bold is the text twice, a pixel apart."""
        self.texts.append((x, y, text, size, colour, bold))
        end = x + text_width(text, size)
        self._include(end, y + 1.25 * size)
        return end

    def sign(self, x: float, y: float, size: float, mark: Mark) -> None:
        """Place a sign of `size` pixels with its top left at (x, y)."""
        self.signs.append((x, y, size, mark))
        self._include(x + size, y + size)

    def include(self, other: Panel, x: float, y: float) -> None:
        """Place another panel with its top left at (x, y)."""
        self.texts += [(x + tx, y + ty, text, size, colour, bold) for tx, ty, text, size, colour, bold in other.texts]
        self.signs += [(x + sx, y + sy, size, mark) for sx, sy, size, mark in other.signs]
        self._include(x + other.width, y + other.height)

    def draw(self, canvas: Image.Image, left: float, top: float) -> None:
        pen = ImageDraw.Draw(canvas)
        for x0, y0, x1, y1 in self.lines:
            pen.line((left + x0, top + y0, left + x1, top + y1), fill=GREY, width=2)
        for x, y, text, size, colour, bold in self.texts:
            for shift in (0, 1) if bold else (0,):
                pen.text((left + x + shift, top + y), text, fill=colour, font=_font(round(size)))
        for x, y, size, mark in self.signs:
            _draw_sign(pen, left + x, top + y, size, mark)

    def _include(self, right: float, bottom: float) -> None:
        self.width, self.height = max(self.width, right), max(self.height, bottom)


def text_width(text: str, size: float) -> float:
    """Width in pixels of a line of text."""
    return _font(round(size)).getlength(text)


def wrapped(text: str, size: float, width: float) -> list[str]:
    """The text in lines of at most `width` pixels, broken between words."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _draw_sign(pen: ImageDraw.ImageDraw, x: float, y: float, size: float, mark: Mark) -> None:
    """A disc in the colour of the mark with its sign in white; the tick is drawn, for the font has none."""
    pen.ellipse((x, y, x + size, y + size), fill=mark.colour)
    if mark is Mark.SURE:
        tick = [(x + size * a, y + size * b) for a, b in ((0.26, 0.53), (0.44, 0.71), (0.75, 0.32))]
        pen.line(tick, fill=PAPER, width=max(round(size / 8), 2), joint="curve")
    else:
        pen.text((x + size / 2, y + size / 2), mark.sign, fill=PAPER, font=_font(round(size * 0.8)), anchor="mm")


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType")
    return font
