"""What is printed on a page: rectangles, lines, circles, texts and the tag.

Every position is in millimetres on the paper, origin at the top left corner of the page, x to the right and y down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Ink(StrEnum):
    """How dark something is printed: BLACK, GREY (the tally grids), LIGHT (page border, cut line)."""

    BLACK = "black"
    GREY = "grey"
    LIGHT = "light"


class Identity(StrEnum):
    """What a printed text says of the sheet it stands on: the model of the form, the number of the page, or, as a heading, both."""

    FORM = "form"
    PAGE = "page"
    FORM_AND_PAGE = "form_and_page"


class CodeKind(StrEnum):
    """The kinds of printed code that can be read."""

    QR = "qr"


class TextStyle(StrEnum):
    """The typeface of a printed text."""

    REGULAR = "regular"
    BOLD = "bold"
    ITALIC = "italic"
    BOLD_ITALIC = "bold_italic"


@dataclass(frozen=True, slots=True)
class Rect:
    """An upright rectangle: top left corner and size, mm."""

    x: float
    y: float
    width: float
    height: float

    @property
    def x1(self) -> float:
        return self.x + self.width

    @property
    def y1(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def corners(self) -> NDArray[np.float64]:
        """(4, 2) float64, clockwise from the top left."""
        return np.array([[self.x, self.y], [self.x1, self.y], [self.x1, self.y1], [self.x, self.y1]], dtype=np.float64)

    def contains(self, other: Rect) -> bool:
        return self.x <= other.x and self.y <= other.y and other.x1 <= self.x1 and other.y1 <= self.y1

    def overlaps(self, other: Rect) -> bool:
        return self.x < other.x1 and other.x < self.x1 and self.y < other.y1 and other.y < self.y1


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line, horizontal or vertical, along its middle: x0 <= x1, y0 <= y1, mm."""

    x0: float
    y0: float
    x1: float
    y1: float
    width_mm: float
    ink: Ink

    @property
    def horizontal(self) -> bool:
        return self.y0 == self.y1

    @property
    def length(self) -> float:
        return (self.x1 - self.x0) + (self.y1 - self.y0)


@dataclass(frozen=True, slots=True)
class Circle:
    """A printed circle: centre, diameter of the middle of its outline, width of the outline (mm), and the sign inside."""

    x: float
    y: float
    diameter: float
    width_mm: float
    sign: str = ""
    filled: bool = False

    @property
    def bounds(self) -> Rect:
        return Rect(self.x - self.diameter / 2, self.y - self.diameter / 2, self.diameter, self.diameter)


@dataclass(frozen=True, slots=True)
class PrintedText:
    """A printed text and the rectangle its ink fills.

    Attributes
    ----------
    turn
        Counterclockwise, in degrees (0, 90, 180, 270).
    identity
        What it says of the sheet, where it tells this form or page from others; None for all other texts.
    """

    text: str
    box: Rect
    style: TextStyle
    ink: Ink
    turn: int
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """The AprilTag of a page.

    Attributes
    ----------
    side_mm
        Side of the black square.
    rotation
        Degrees the tag is turned on the paper, clockwise, against the upright tag of OpenCV's dictionaries (0, 90, 180, 270).
    """

    family: str
    id: int
    centre_mm: tuple[float, float]
    side_mm: float
    rotation: int

    @property
    def bounds(self) -> Rect:
        half = self.side_mm / 2
        return Rect(self.centre_mm[0] - half, self.centre_mm[1] - half, self.side_mm, self.side_mm)

    def corners(self) -> NDArray[np.float64]:
        """(4, 2) float64 in the order in which `cv2.aruco` reports them: the tag's own top left first, then clockwise."""
        return np.roll(self.bounds.corners(), -(self.rotation // 90), axis=0)


@dataclass(frozen=True, slots=True)
class PrintedCode:
    """A printed code that names the page it stands on: the square its modules fill, and what it says there.

    Attributes
    ----------
    pattern
        Regular expression of the whole content, such as `010200-02`. The code of no other page has it.
    """

    kind: CodeKind
    box: Rect
    pattern: str

    def says(self, content: str) -> bool:
        """Whether a code with this content is this one."""
        return re.fullmatch(self.pattern, content) is not None
