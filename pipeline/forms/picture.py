"""A picture of a page with every number shown: its boxes and other writings outlined, one colour a kind of source, and labelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms.drawing import draw_page
from pipeline.forms.geometry import Rect
from pipeline.forms.model import FieldLayout, Page
from pipeline.sheet import SourceKind

Colour = tuple[int, int, int]

SOURCE_COLOURS: Mapping[SourceKind, Colour] = MappingProxyType(
    {
        SourceKind.BOXES: (40, 40, 210),
        SourceKind.BUBBLES: (200, 90, 0),
        SourceKind.TALLY: (60, 140, 0),
        SourceKind.ROW_SUMS: (0, 130, 230),
        SourceKind.WORDS: (170, 40, 150),
    }
)
"""Blue, green, red (BGR) of each kind of source."""

_PRINT_STRENGTH = 0.45
_TAG_COLOUR = (200, 0, 200)
_LABEL_MM = 3.2
_LEGEND_MM = 5.0
_PLAIN_CAPITAL_PIXELS = 22
"""Height of a capital of OpenCV's simplex font at scale 1."""


def draw_layout(page: Page, *, pixels_per_mm: float) -> NDArray[np.uint8]:
    """Draw a page, paler than it is printed, with its numbers outlined and labelled.

    Returns
    -------
    (H, W, 3) uint8 BGR.
    """
    paler = 255 - (255 - draw_page(page, pixels_per_mm=pixels_per_mm).astype(np.float64)) * _PRINT_STRENGTH
    picture = cv2.cvtColor(np.rint(paler).astype(np.uint8), cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    if page.tag is not None:
        _outline(picture, page.tag.bounds, _TAG_COLOUR, pixels_per_mm)
        _label(picture, f"tag {page.tag.id}", page.tag.bounds.x, page.tag.bounds.y1 + 1.5 * _LABEL_MM, _TAG_COLOUR, pixels_per_mm)
    for square in page.fiducials:
        _outline(picture, square, _TAG_COLOUR, pixels_per_mm)
    for field in page.fields.values():
        for kind, rect in source_rects(field):
            _outline(picture, rect, SOURCE_COLOURS[kind], pixels_per_mm)
    for field in page.fields.values():
        row = field.box_row
        _label(picture, field.id, row.x + _LABEL_MM / 2, row.centre[1] + _LABEL_MM / 2, SOURCE_COLOURS[SourceKind.BOXES], pixels_per_mm)
    _legend(picture, page, pixels_per_mm)
    return picture


def source_rects(field: FieldLayout) -> Iterator[tuple[SourceKind, Rect]]:
    """Every box, bubble and cell of a number, and the area of its words."""
    for box in field.boxes:
        yield SourceKind.BOXES, box
    for column in field.bubbles.columns if field.bubbles else ():
        for circle in column:
            yield SourceKind.BUBBLES, circle.bounds
    for kind, grid in ((SourceKind.TALLY, field.tally), (SourceKind.ROW_SUMS, field.row_sums)):
        for row in grid.cells() if grid else ():
            for cell in row:
                yield kind, cell
    if field.words:
        yield SourceKind.WORDS, field.words


def _legend(picture: NDArray[np.uint8], page: Page, scale: float) -> None:
    """The kinds of source of this page in their colours, in the top left corner."""
    kinds = [kind for kind in SourceKind if any(kind in field.sources for field in page.fields.values())]
    for index, kind in enumerate(kinds):
        _label(picture, kind.value, _LEGEND_MM, (index + 1.5) * 1.6 * _LEGEND_MM, SOURCE_COLOURS[kind], scale, height_mm=_LEGEND_MM)


def _outline(picture: NDArray[np.uint8], rect: Rect, colour: Colour, scale: float) -> None:
    corners = np.rint(rect.corners() * scale).astype(np.int32)
    cv2.polylines(picture, [corners], True, colour, max(1, round(0.5 * scale)), cv2.LINE_AA)


def _label(
    picture: NDArray[np.uint8], text: str, x: float, y: float, colour: Colour, scale: float, *, height_mm: float = _LABEL_MM
) -> None:
    size = height_mm * scale / _PLAIN_CAPITAL_PIXELS
    position = (round(x * scale), round(y * scale))
    thickness = max(1, round(0.3 * scale))
    for pen, width in (((255, 255, 255), 5 * thickness), (colour, thickness)):
        cv2.putText(picture, text, position, cv2.FONT_HERSHEY_SIMPLEX, size, pen, width, cv2.LINE_AA)
