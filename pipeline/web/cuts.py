"""What is cut out of a photo for a page: the whole of it upright, its page laid flat, or the place of one writing of one number.

A decoded photo and what was read on it come in, a picture comes out. The digit boxes of a number were found one by one, so they are cut by
their own corners; its other writings are placed by the layout and the corners of the page, moved by what its boxes are off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Catalogue, FieldLayout, Form, Rect
from pipeline.overlay import draw_overlay
from pipeline.sheet import Sheet, SourceKind

LONG_SIDE = 1600
"""Pixels of the longer side of a whole page."""

ROW_MARGIN = 0.6
"""Of the height of a row of boxes, shown around it."""

BOX_MARGIN = 0.15
"""Of the height of one box, shown around it."""

OTHER_MARGIN = 0.3
"""Of the height of a row of boxes, shown around another writing: it is placed less exactly."""

LOWEST, WIDEST = 120, 2000
"""Pixels: the least height of a cut, to which small photos are enlarged, and the greatest width."""

_Picture: TypeAlias = NDArray[np.uint8]
_Points: TypeAlias = NDArray[np.float64]
_UNIT = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class WholePhoto:
    """The whole photo, turned by quarters so that the page stands upright."""

    name: str = "photo"


@dataclass(frozen=True, slots=True)
class FlatPage:
    """The page as it was printed, from edge to edge; the whole photo when no page was found in it."""

    name: str = "page"


@dataclass(frozen=True, slots=True)
class Overlay:
    """The photo with what was read drawn into it."""

    name: str = "overlay"


@dataclass(frozen=True, slots=True)
class Writing:
    """One writing of one number."""

    field: str
    source: SourceKind

    @property
    def name(self) -> str:
        return f"{self.field}-{self.source}"


@dataclass(frozen=True, slots=True)
class OneBox:
    """One digit box of a number, from 0."""

    field: str
    place: int

    @property
    def name(self) -> str:
        return f"{self.field}-{self.place}"


Cut: TypeAlias = WholePhoto | FlatPage | Overlay | Writing | OneBox


def exists(cut: Cut, sheet: Sheet, catalogue: Catalogue) -> bool:
    """Whether there is such a place on a sheet; a whole photo is there always."""
    match cut:
        case Writing(field, source):
            layout = _layout(sheet, field, catalogue)
            return layout is not None and source in layout.sources
        case OneBox(field, place):
            layout = _layout(sheet, field, catalogue)
            return layout is not None and 0 <= place < len(layout.boxes)
        case _:
            return True


def cut_out(image: _Picture, sheet: Sheet, cut: Cut, catalogue: Catalogue) -> _Picture:
    """The picture of a cut that `exists`.

    Parameters
    ----------
    image
        (H, W, 3) uint8 BGR, the photo with its EXIF orientation applied.
    """
    match cut:
        case WholePhoto():
            return _shrunk(_upright(image, sheet))
        case Overlay():
            form = _form(sheet, catalogue)
            return draw_overlay(image, sheet, page=form.pages.get(sheet.page or "") if form else None)
        case FlatPage():
            return _shrunk(_upright(image, sheet)) if sheet.registration is None else _flat(image, sheet, catalogue)
        case Writing(field, source):
            layout = _existing(sheet, field, catalogue)
            where = _grown(_place(layout, source), layout.box_row.height * (ROW_MARGIN if source is SourceKind.BOXES else OTHER_MARGIN))
            corners = _in_row(sheet, layout, where) if source is SourceKind.BOXES else _on_page(sheet, layout, where, catalogue)
            return _straightened(image, corners)
        case OneBox(field, place):
            layout = _existing(sheet, field, catalogue)
            box = layout.boxes[place]
            return _straightened(image, _in_row(sheet, layout, _grown(box, box.height * BOX_MARGIN)))


def _layout(sheet: Sheet, field: str, catalogue: Catalogue) -> FieldLayout | None:
    form = _form(sheet, catalogue)
    page = form.pages.get(sheet.page or "") if form else None
    return page.fields.get(field) if page and field in sheet.fields and sheet.registration is not None else None


def _form(sheet: Sheet, catalogue: Catalogue) -> Form | None:
    """The form of a sheet, None when it is no longer known."""
    return catalogue.forms.get(sheet.form or "")


def _existing(sheet: Sheet, field: str, catalogue: Catalogue) -> FieldLayout:
    layout = _layout(sheet, field, catalogue)
    if layout is None:
        raise LookupError(f"{field} is not on page {sheet.page} of {sheet.form}")
    return layout


def _place(layout: FieldLayout, source: SourceKind) -> Rect:
    """Where a writing stands on the paper, in mm."""
    match source:
        case SourceKind.BUBBLES if layout.bubbles:
            circles = [circle for column in layout.bubbles.columns for circle in column]
            half = max(circle.diameter for circle in circles) / 2
            left, top = min(circle.x for circle in circles) - half, min(circle.y for circle in circles) - half
            right, bottom = max(circle.x for circle in circles) + half, max(circle.y for circle in circles) + half
            return Rect(left, top, right - left, bottom - top)
        case SourceKind.TALLY if layout.tally:
            return layout.tally.box
        case SourceKind.ROW_SUMS if layout.row_sums:
            return layout.row_sums.box
        case SourceKind.WORDS if layout.words:
            return layout.words
        case _:
            return layout.box_row


def _grown(rect: Rect, by: float) -> Rect:
    return Rect(rect.x - by, rect.y - by, rect.width + 2 * by, rect.height + 2 * by)


def _in_row(sheet: Sheet, layout: FieldLayout, where: Rect) -> _Points:
    """Corners in the photo of a place in mm in or around a row of boxes, by the corners that were found of it."""
    return _projected(_homography(layout.box_row.corners(), np.array(sheet.fields[layout.id].quad)), where.corners())


def _on_page(sheet: Sheet, layout: FieldLayout, where: Rect, catalogue: Catalogue) -> _Points:
    """Corners in the photo of any place in mm, by the corners of the page and what the row of boxes is off."""
    to_photo = _page_to_photo(sheet, catalogue)
    off = np.array(sheet.fields[layout.id].quad).mean(axis=0) - _projected(to_photo, layout.box_row.corners()).mean(axis=0)
    return np.asarray(_projected(to_photo, where.corners()) + off)


def _page_to_photo(sheet: Sheet, catalogue: Catalogue) -> _Points:
    """(3, 3) homography from mm of the page to pixels of the photo."""
    form = _form(sheet, catalogue)
    if sheet.registration is None or form is None:
        raise LookupError("no page was found in the photo")
    width, height = form.paper_mm
    return _homography(_UNIT * (width, height), np.array(sheet.registration.corners))


def _flat(image: _Picture, sheet: Sheet, catalogue: Catalogue) -> _Picture:
    """The page as it was printed; its proportions are those of the paper where the form is known."""
    corners = np.array(sheet.registration.corners) if sheet.registration else _UNIT
    form = _form(sheet, catalogue)
    aspect = form.paper_mm[0] / form.paper_mm[1] if form else _aspect(corners)
    height, width = (LONG_SIDE, LONG_SIDE * aspect) if aspect < 1 else (LONG_SIDE / aspect, LONG_SIDE)
    return _warped(image, corners, round(width), round(height))


def _aspect(corners: _Points) -> float:
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    return float((sides[0] + sides[2]) / max(sides[1] + sides[3], 1e-6))


def _straightened(image: _Picture, corners: _Points) -> _Picture:
    """A quadrilateral of the photo as an upright rectangle, as large as it is there."""
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    width, height = max(float(sides[0] + sides[2]) / 2, 1.0), max(float(sides[1] + sides[3]) / 2, 1.0)
    scale = min(max(1.0, LOWEST / height), WIDEST / width, WIDEST / height)
    return _warped(image, corners, max(1, round(width * scale)), max(1, round(height * scale)))


def _warped(image: _Picture, corners: _Points, width: int, height: int) -> _Picture:
    """A quadrilateral of the photo as a rectangle of a size; what is outside of the photo is white."""
    # A transform alone would leave pixels out where it shrinks, so the photo is first shrunk by areas.
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    scale = min(1.0, max(width / max(sides[0], sides[2], 1.0), height / max(sides[1], sides[3], 1.0)))
    source = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 0.8 else image
    factor = scale if scale < 0.8 else 1.0
    to_picture = _homography(corners * factor, _UNIT * (width, height))
    flags = cv2.INTER_CUBIC if scale == 1.0 else cv2.INTER_LINEAR
    return cv2.warpPerspective(source, to_picture, (width, height), flags=flags, borderValue=(255, 255, 255)).astype(np.uint8)


def _upright(image: _Picture, sheet: Sheet) -> _Picture:
    turns = round(sheet.registration.rotation / 90) % 4 if sheet.registration else 0
    return np.ascontiguousarray(np.rot90(image, turns))


def _shrunk(image: _Picture) -> _Picture:
    scale = LONG_SIDE / max(image.shape[:2])
    return image if scale >= 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _homography(here: _Points, there: _Points) -> _Points:
    return cv2.getPerspectiveTransform(here.astype(np.float32), there.astype(np.float32)).astype(np.float64)


def _projected(homography: _Points, points: _Points) -> _Points:
    mapped = points @ homography[:, :2].T + homography[:, 2]
    return np.asarray(mapped[:, :2] / mapped[:, 2:])
