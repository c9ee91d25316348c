"""Draw a page as it is printed, from its layout alone: the blank that is simulated, matched against photos, and shown.

Straight things are painted with exact coverage (a line that covers a third of a pixel darkens it by a third), so a drawing is right to a
fraction of a pixel at any scale. Texts are set in the typeface that comes with Pillow and stretched into the rectangle their ink fills on
the real form: letters differ from the official print, places and sizes do not. The emblem of the commission is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.forms.geometry import Circle, Ink, Line, PrintedText, Rect, Tag, TextStyle
from pipeline.forms.model import FieldLayout, Guide, Page

PAPER = 255
INK_LEVELS: Mapping[Ink, int] = MappingProxyType({Ink.BLACK: 28, Ink.GREY: 201, Ink.LIGHT: 221})
"""Grey level of each ink, as in the vector PDF of the 2024 blank."""

FILLED_CIRCLE = 58
"""The example of a filled bubble is printed a little paler than black."""

_TAG_DICTIONARIES: Mapping[str, int] = MappingProxyType(
    {
        "36h10": cv2.aruco.DICT_APRILTAG_36h10,
        "36h11": cv2.aruco.DICT_APRILTAG_36h11,
        "25h9": cv2.aruco.DICT_APRILTAG_25h9,
        "16h5": cv2.aruco.DICT_APRILTAG_16h5,
    }
)
_FONT_PIXELS = 96
_BOLD_STROKE = 3
_ITALIC_SLANT = 0.2
_SIGN_HEIGHT = 0.43
"""Height of the digit in a bubble against the bubble's diameter, as on the 2024 blank."""

_GUIDE_DOT_MM = 0.7
_GUIDE_PITCH_MM = (2.07, 1.66)
_GUIDE_DOTS = (5, 9)


def draw_page(page: Page, *, pixels_per_mm: float, texts: bool = True) -> NDArray[np.uint8]:
    """Draw everything printed on a page.

    Parameters
    ----------
    pixels_per_mm
        Scale; the millimetre (x, y) falls on the pixel position (x, y) * pixels_per_mm, measured from the outer corner of the first pixel.
    texts
        Leave the texts out to see the lines alone.

    Returns
    -------
    (H, W) uint8, white 255.
    """
    width, height = (math.ceil(side * pixels_per_mm) for side in page.paper_mm)
    canvas = np.full((height, width), PAPER, dtype=np.uint8)
    pen = _Pen(canvas, pixels_per_mm)
    for ink in reversed(Ink):
        for line in page.lines:
            if line.ink is ink:
                pen.line(line)
    for field in page.fields.values():
        if field.guide is Guide.SEVEN_SEGMENT:
            for dot in guide_dots(field):
                pen.rect(dot, INK_LEVELS[Ink.GREY])
    for square in page.fiducials:
        pen.rect(square, INK_LEVELS[Ink.BLACK])
    for circle in page.circles:
        pen.circle(circle)
    if page.tag is not None:
        pen.tag(page.tag)
    for text in page.texts if texts else ():
        pen.text(text)
    return canvas


def guide_dots(field: FieldLayout) -> Iterator[Rect]:
    """The printed dots of the seven-segment guides: three columns of nine, and the rows of the three bars filled up to five."""
    columns, rows = _GUIDE_DOTS
    pitch_x, pitch_y = _GUIDE_PITCH_MM
    for box in field.boxes:
        x0 = box.centre[0] - (columns - 1) / 2 * pitch_x - _GUIDE_DOT_MM / 2
        y0 = box.centre[1] - (rows - 1) / 2 * pitch_y - _GUIDE_DOT_MM / 2
        for row in range(rows):
            for column in range(columns):
                if column % 2 == 0 or row % 4 == 0:
                    yield Rect(x0 + column * pitch_x, y0 + row * pitch_y, _GUIDE_DOT_MM, _GUIDE_DOT_MM)


class _Pen:
    """Paints on one canvas; positions in millimetres."""

    def __init__(self, canvas: NDArray[np.uint8], pixels_per_mm: float) -> None:
        self.canvas = canvas
        self.scale = pixels_per_mm

    def rect(self, rect: Rect, level: int) -> None:
        x0, columns = _coverages(np.array([rect.x, rect.x1]) * self.scale, self.canvas.shape[1])
        y0, rows = _coverages(np.array([rect.y, rect.y1]) * self.scale, self.canvas.shape[0])
        self.blend(x0, y0, rows.T @ columns, level)

    def line(self, line: Line) -> None:
        half = line.width_mm / 2
        self.rect(Rect(line.x0 - half, line.y0 - half, line.x1 - line.x0 + 2 * half, line.y1 - line.y0 + 2 * half), INK_LEVELS[line.ink])

    def circle(self, circle: Circle) -> None:
        radius, half = circle.diameter / 2 * self.scale, circle.width_mm / 2 * self.scale
        x, y = circle.x * self.scale, circle.y * self.scale
        reach = radius + half + 1
        x0, y0 = math.floor(x - reach), math.floor(y - reach)
        size = math.ceil(2 * reach) + 1
        rows, columns = np.mgrid[0:size, 0:size]
        inside = radius - np.hypot(columns + x0 + 0.5 - x, rows + y0 + 0.5 - y)
        if circle.filled:
            self.blend(x0, y0, _ramp(inside), FILLED_CIRCLE)
        self.blend(x0, y0, _ramp(inside + half) - _ramp(inside - half), INK_LEVELS[Ink.BLACK])
        if circle.sign:
            mask = _text_mask(circle.sign, TextStyle.REGULAR)
            height = _SIGN_HEIGHT * circle.diameter
            width = height * mask.shape[1] / mask.shape[0]
            box = Rect(circle.x - width / 2, circle.y - height / 2, width, height)
            self.text(PrintedText(circle.sign, box, TextStyle.REGULAR, Ink.BLACK, 0))

    def tag(self, tag: Tag) -> None:
        modules = tag_modules(tag).astype(np.float64)
        edges = np.linspace(0, tag.side_mm, len(modules) + 1) * self.scale
        x0, columns = _coverages(tag.bounds.x * self.scale + edges, self.canvas.shape[1])
        y0, rows = _coverages(tag.bounds.y * self.scale + edges, self.canvas.shape[0])
        self.rect(tag.bounds, INK_LEVELS[Ink.BLACK])
        self.blend(x0, y0, rows.T @ modules @ columns, PAPER)

    def text(self, text: PrintedText) -> None:
        ink = np.rot90(_text_mask(text.text, text.style), text.turn // 90)
        x0, y0 = text.box.x * self.scale, text.box.y * self.scale
        width, height = text.box.width * self.scale, text.box.height * self.scale
        left, top = math.floor(x0), math.floor(y0)
        columns, rows = math.ceil(x0 + width) - left, math.ceil(y0 + height) - top
        sub_pixels = _sub_pixels(rows, columns)
        stretched = np.zeros((rows * sub_pixels, columns * sub_pixels), dtype=np.uint8)
        inner = (max(1, round(width * sub_pixels)), max(1, round(height * sub_pixels)))
        x, y = round((x0 - left) * sub_pixels), round((y0 - top) * sub_pixels)
        resized = cv2.resize(np.ascontiguousarray(ink), inner, interpolation=cv2.INTER_AREA)
        target = stretched[y : y + inner[1], x : x + inner[0]]
        target[...] = resized[: target.shape[0], : target.shape[1]]
        mask = cv2.resize(stretched, (columns, rows), interpolation=cv2.INTER_AREA)
        self.blend(left, top, mask.astype(np.float64) / 255, INK_LEVELS[text.ink])

    def blend(self, x0: int, y0: int, cover: NDArray[np.float64], level: int) -> None:
        """Put ink of this level where `cover` (0 to 1) says; what lies outside the canvas is dropped."""
        height, width = self.canvas.shape
        top, left = max(0, -y0), max(0, -x0)
        bottom, right = min(cover.shape[0], height - y0), min(cover.shape[1], width - x0)
        if top >= bottom or left >= right:
            return
        part = cover[top:bottom, left:right]
        window = self.canvas[y0 + top : y0 + bottom, x0 + left : x0 + right]
        window[...] = np.rint(window * (1 - part) + level * part).astype(np.uint8)


def tag_modules(tag: Tag) -> NDArray[np.bool_]:
    """(N, N) bool, True = white: the squares of the tag as printed, black border included."""
    dictionary = cv2.aruco.getPredefinedDictionary(_TAG_DICTIONARIES[tag.family])
    side = dictionary.markerSize + 2
    upright = cv2.aruco.generateImageMarker(dictionary, tag.id, side)
    return np.asarray(np.rot90(upright, -(tag.rotation // 90)) > 0)


def _coverages(edges: NDArray[np.float64], size: int) -> tuple[int, NDArray[np.float64]]:
    """(len(edges) - 1, pixels): how much of each pixel lies between each pair of neighbouring edges, and the first pixel."""
    first = max(0, math.floor(edges[0]))
    pixels = np.arange(first, min(size, math.ceil(edges[-1])))
    cover = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return first, np.clip(cover, 0, 1)


def _ramp(depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coverage of a pixel whose centre lies `depth` pixels inside an edge."""
    clipped: NDArray[np.float64] = np.clip(depth + 0.5, 0, 1)
    return clipped


def _sub_pixels(rows: int, columns: int) -> int:
    """Finer steps for small texts, so that their place does not jump by whole pixels."""
    return 4 if rows * columns < 40_000 else 1


@lru_cache(maxsize=512)
def _text_mask(text: str, style: TextStyle) -> NDArray[np.uint8]:
    """(h, w) uint8, 255 = ink, cut to the ink."""
    font = ImageFont.load_default(_FONT_PIXELS)
    stroke = _BOLD_STROKE if style in (TextStyle.BOLD, TextStyle.BOLD_ITALIC) else 0
    extent = ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), text, font, stroke_width=stroke)
    left, top, right, bottom = (int(side) for side in extent)
    image = Image.new("L", (right - left + 2 * _FONT_PIXELS, bottom - top + 2), 0)
    ImageDraw.Draw(image).text((_FONT_PIXELS // 2 - left, 1 - top), text, 255, font, stroke_width=stroke)
    if style in (TextStyle.ITALIC, TextStyle.BOLD_ITALIC):
        slant = (1, _ITALIC_SLANT, -_ITALIC_SLANT * image.height / 2, 0, 1, 0)
        image = image.transform(image.size, Image.Transform.AFFINE, slant, Image.Resampling.BILINEAR)
    ink = image.getbbox()
    if ink is None:
        return np.zeros((1, 1), dtype=np.uint8)
    return np.asarray(image.crop(ink), dtype=np.uint8)
