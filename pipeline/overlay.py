"""The result as a picture: the photo upright, every number outlined, what was read beside it, the doubts in words.

The picture is read by an operator who has to decide in seconds, so nothing is drawn over the ink: outlines run around the boxes, and the
readings stand in a column at the right, level with their row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.crosscheck.findings import percent
from pipeline.forms import Page
from pipeline.lettering import GREY, INK, PAPER, Colour, Mark, Panel, text_width, wrapped
from pipeline.registration.model import Registration
from pipeline.sheet import Field, FieldState, Finding, Severity, Sheet, SourceKind, Verdict

MIN_WIDTH = 900
"""Pixels; smaller photos are drawn larger, so that thumbnails can be read."""

MAX_SIDE = 1500
"""Pixels of the photo's longer side in the picture; with the column of readings the picture stays under 2,000."""

_COLUMN_WIDTH = 320
"""Width of the column of readings, in 1/900 of the width of a small photo."""

_Picture = NDArray[np.uint8]
_Points = NDArray[np.float64]


_VERDICTS: Mapping[Verdict, tuple[Mark, str]] = {
    Verdict.ACCEPTED: (Mark.SURE, "DITERIMA"),
    Verdict.REVIEW: (Mark.DOUBT, "PERLU DIPERIKSA"),
    Verdict.REFUSED: (Mark.ERROR, "DITOLAK"),
}

_SEVERITIES: Mapping[Severity, Mark] = {Severity.ERROR: Mark.ERROR, Severity.WARNING: Mark.DOUBT, Severity.INFO: Mark.NOTE}

_SOURCES: Mapping[SourceKind, str] = {
    SourceKind.BOXES: "kotak",
    SourceKind.BUBBLES: "bulatan",
    SourceKind.TALLY: "turus",
    SourceKind.ROW_SUMS: "jumlah baris",
    SourceKind.WORDS: "huruf",
}

_STATES: Mapping[FieldState, str] = {FieldState.BLANK: "kosong", FieldState.ILLEGIBLE: "tak terbaca"}


def draw_overlay(
    image: NDArray[np.uint8], sheet: Sheet, *, registration: Registration | None = None, page: Page | None = None
) -> NDArray[np.uint8]:
    """Draw what was read from a photo.

    Parameters
    ----------
    image
        (H, W, 3) uint8 BGR, the photo with its EXIF orientation applied.
    sheet
        What was read from it.
    registration, page
        Where the page lies and its layout; with both, every single box is outlined and the labels of the form are used.

    Returns
    -------
    (H', W', 3) uint8 BGR; the photo turned so that the page stands upright, MIN_WIDTH to about 2,000 pixels wide.
    """
    photo, to_picture = _upright(image, sheet)
    unit = min(max(photo.shape[1] / MIN_WIDTH, 1.0), 1.5)
    marks = {name: _mark(name, number, sheet.findings) for name, number in sheet.fields.items()}
    quads = {name: _project(to_picture, np.array(number.quad)) for name, number in sheet.fields.items()}
    if registration is not None and page is not None:
        for name, layout in page.fields.items():
            for box in layout.boxes:
                corners = _project(to_picture, registration.to_photo(box.corners()))
                _outline(photo, corners, marks[name].colour if name in marks else GREY, width=round(unit))
    for name, quad in quads.items():
        _outline(photo, _grown(quad, 3 * unit), marks[name].colour, width=round(3 * unit))
    column = _column(sheet, marks, quads, page, photo, unit)
    return _assembled(photo, _banner(sheet, unit), column, _sentences(sheet, photo.shape[1] + column.width, unit))


def _upright(image: _Picture, sheet: Sheet) -> tuple[_Picture, NDArray[np.float64]]:
    """The photo turned by quarters and scaled, and the (3, 3) matrix from pixels of the photo to pixels of the picture."""
    turns = round(sheet.registration.rotation / 90) % 4 if sheet.registration else 0
    height, width = image.shape[:2]
    turned = np.rot90(image, turns)
    turn = np.array({
        0: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        1: [[0, 1, 0], [-1, 0, width - 1], [0, 0, 1]],
        2: [[-1, 0, width - 1], [0, -1, height - 1], [0, 0, 1]],
        3: [[0, -1, height - 1], [1, 0, 0], [0, 0, 1]],
    }[turns], dtype=np.float64)
    scale = max(MIN_WIDTH / turned.shape[1], 1.0)
    scale = min(scale, MAX_SIDE / max(turned.shape[:2]))
    size = max(round(turned.shape[1] * scale), 1), max(round(turned.shape[0] * scale), 1)
    scaled = cv2.resize(np.ascontiguousarray(turned), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    shift = (scale - 1) / 2
    zoom = np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1]])
    return scaled.astype(np.uint8), zoom @ turn


def _mark(name: str, number: Field, findings: Sequence[Finding]) -> Mark:
    """Red for a number that is missing or has an error of its own, amber for one that any doubt touches."""
    about = [finding for finding in findings if name in finding.fields and finding.severity is not Severity.INFO]
    if number.value is None or any(finding.severity is Severity.ERROR and len(finding.fields) == 1 for finding in about):
        return Mark.ERROR
    return Mark.DOUBT if about else Mark.SURE


def _outline(photo: _Picture, corners: _Points, colour: Colour, *, width: int) -> None:
    points = np.round(corners * 16).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(photo, [points], True, colour[::-1], width, cv2.LINE_AA, 4)


def _grown(corners: _Points, by: float) -> _Points:
    """A quadrilateral with each side moved outwards by about `by` pixels, to keep its outline off the ink."""
    across = (corners[1] + corners[2] - corners[0] - corners[3]) / 2
    down = (corners[2] + corners[3] - corners[0] - corners[1]) / 2
    steps = np.stack([side * by / max(float(np.hypot(*side)), 1.0) for side in (across, down)])
    return np.asarray(corners + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) @ steps)


def _project(matrix: NDArray[np.float64], points: _Points) -> _Points:
    return np.asarray(points @ matrix[:2, :2].T + matrix[:2, 2])


def _banner(sheet: Sheet, unit: float) -> Panel:
    panel = Panel()
    mark, word = _VERDICTS[sheet.verdict]
    panel.sign(14 * unit, 12 * unit, 44 * unit, mark)
    end = panel.write(72 * unit, 8 * unit, word, 28 * unit, mark.colour, bold=True)
    if sheet.refusal is not None:
        panel.write(end + 16 * unit, 17 * unit, sheet.refusal.code.value, 18 * unit, GREY)
    elif sheet.fields:
        panel.write(end + 16 * unit, 17 * unit, f"semua angka terbaca benar: {percent(sheet.probability)}", 18 * unit, GREY)
    place = " ".join(part for part in (sheet.form, f"halaman {sheet.page}" if sheet.page else None) if part)
    panel.write(72 * unit, 46 * unit, " - ".join(part for part in (sheet.source.rsplit("/", 1)[-1], place) if part), 15 * unit, GREY)
    panel.height += 8 * unit
    return panel


def _column(
    sheet: Sheet, marks: Mapping[str, Mark], quads: Mapping[str, _Points], page: Page | None, photo: _Picture, unit: float
) -> Panel:
    """The readings, level with their rows where there is room; the numbers of one row side by side."""
    panel = Panel(width=_COLUMN_WIDTH * unit if quads else 0.0)
    floor = 0.0
    for row in _rows(quads):
        middle = float(np.mean([quads[name][:, 1].mean() for name in row]))
        block = _block(sheet, marks, row, page, unit)
        top = max(min(middle - 15 * unit, photo.shape[0] - block.height), floor)
        start = max(float(quads[name][:, 0].max()) for name in row) + 6 * unit - photo.shape[1]
        panel.lines.append((min(start, 0.0), middle, 12 * unit, top + 15 * unit))
        panel.include(block, 16 * unit, top)
        floor = top + block.height + 10 * unit
    return panel


def _block(sheet: Sheet, marks: Mapping[str, Mark], row: Sequence[str], page: Page | None, unit: float) -> Panel:
    """The readings of one row; a number that stands alone has room for its label and its sources."""
    block = Panel()
    cell = (_COLUMN_WIDTH - 16) * unit / len(row)
    for place, name in enumerate(row):
        number, mark, x = sheet.fields[name], marks[name], place * cell
        block.sign(x, 3 * unit, 24 * unit, mark)
        shown = str(number.value) if number.value is not None else _STATES[number.state]
        if number.state is FieldState.CROSSED:
            shown = f"0 ({number.raw.upper()})"
        size = _fitting(shown, (24 if len(row) == 1 else 20) * unit, cell - 40 * unit)
        end = block.write(x + 31 * unit, 0, shown, size, mark.colour, bold=True)
        below = (x + 31 * unit, 25 * unit) if len(row) > 1 else (end + 10 * unit, 9 * unit)
        block.write(*below, percent(number.probability), 14 * unit, GREY)
    if len(row) == 1:
        label = page.fields[row[0]].label.id if page is not None and row[0] in page.fields else row[0]
        y = 33 * unit
        for text, colour in ((label, INK), (_said(sheet.fields[row[0]]), GREY)):
            for line in wrapped(text, 14 * unit, cell):
                block.write(0, y, line, 14 * unit, colour)
                y += 18 * unit
    return block


def _fitting(text: str, size: float, width: float) -> float:
    """The font size, at most `size`, at which the text is no wider than `width` pixels."""
    return size * min(1.0, width / text_width(text, size))


def _said(number: Field) -> str:
    """What each writing says by itself."""
    return ", ".join(
        f"{_SOURCES[kind]} {'tanpa angka' if said.value is None else said.value} ({percent(said.probability)})"
        for kind, said in number.sources.items()
    )


def _sentences(sheet: Sheet, width: float, unit: float) -> Panel:
    """The advice of a refusal and every finding, one under the other."""
    panel = Panel()
    said = [(_SEVERITIES[finding.severity], finding.message.id) for finding in sheet.findings]
    if sheet.refusal is not None:
        said.insert(0, (Mark.ERROR, sheet.refusal.advice.id))
    y = 12 * unit
    for mark, sentence in said:
        panel.sign(16 * unit, y, 20 * unit, mark)
        for line in wrapped(sentence, 16 * unit, width - 64 * unit):
            panel.write(46 * unit, y, line, 16 * unit)
            y += 22 * unit
        y += 6 * unit
    panel.height = y + 4 * unit if said else 0.0
    return panel


def _assembled(photo: _Picture, banner: Panel, column: Panel, sentences: Panel) -> _Picture:
    """Banner on top, the column of readings beside the photo, sentences below."""
    height, width = photo.shape[:2]
    body = max(height, round(column.height))
    size = max(width + round(column.width), round(banner.width)), round(banner.height) + body + round(sentences.height)
    canvas = Image.new("RGB", size, PAPER)
    canvas.paste(Image.fromarray(cv2.cvtColor(photo, cv2.COLOR_BGR2RGB)), (0, round(banner.height)))
    banner.draw(canvas, 0, 0)
    column.draw(canvas, width, round(banner.height))
    sentences.draw(canvas, 0, round(banner.height) + body)
    return np.ascontiguousarray(np.asarray(canvas)[:, :, ::-1])


def _rows(quads: Mapping[str, _Points]) -> list[list[str]]:
    """The numbers in reading order: top to bottom, and those that stand level from left to right."""
    rows: list[list[str]] = []
    for name in sorted(quads, key=lambda name: float(quads[name][:, 1].mean())):
        height = float(np.ptp(quads[name][:, 1]))
        if rows and float(quads[name][:, 1].mean() - quads[rows[-1][-1]][:, 1].mean()) < height / 2:
            rows[-1].append(name)
        else:
            rows.append([name])
    return [sorted(row, key=lambda name: float(quads[name][:, 0].mean())) for row in rows]
