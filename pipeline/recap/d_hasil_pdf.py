"""A D.Hasil as a PDF to print on A3: every page says what it is of, what it was made of, and that it is not official.

The document goes in, bytes come out, the same for the same document. Columns that do not fit go on to further pages, which repeat what the
rows are; men, women and their sum are never torn apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import groupby
from math import ceil

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from pipeline.recap.d_hasil import NONE, RECONSTRUCTED, STATUS, UNOFFICIAL, Cell, CheckLine, Count, Document, Row, grouped

MM = 72 / 25.4
WIDTH, HEIGHT = 420 * MM, 297 * MM
"""A3; all measures are in points."""

MARGIN = 34.0
TOP, BOTTOM = HEIGHT - 118.0, 60.0
"""Between these is the table."""

LABELS, SIGNS = 206.0, 30.0
"""At least, and always: the columns of what the rows are."""

NARROWEST, WIDEST = 62.0, 104.0
"""Columns: the greatest sums of a province fit into the narrowest; what the widest leave over goes to the labels."""

HEADER, COUNT, SECTION, ROW, CHECK = 46.0, 12.0, 12.5, 16.4, 19.0
"""Heights. The longest form and its counts fill one page."""

REGULAR, BOLD = "Helvetica", "Helvetica-Bold"
SMALLEST = 5.0

WHITE, INK, GREY, PALE, LINE = map(HexColor, ("#ffffff", "#1b2430", "#5d6875", "#eef2f6", "#c3ccd6"))
DARK, PARTLY, AMBER, GOOD, BAD = map(HexColor, ("#24405e", "#fff7e2", "#855000", "#00694d", "#a93200"))

SUM = "Jumlah"
CONFIRMED = "Angka terkonfirmasi"

LEGEND = (
    "Latar kuning: belum dari semua TPS; di bawah angkanya berapa lembar terkonfirmasi dari berapa TPS.   "
    f"Latar putih: dari semua TPS.   {NONE}: belum ada lembar terkonfirmasi.   "
    "Angka yang masih ragu tidak dicetak dan tidak dijumlahkan; hanya lembarnya yang dihitung."
)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column to draw: a part of the region by its place, or the sum of all (None)."""

    place: int | None
    heading: str
    code: str

    def count(self, count: Count) -> int:
        return count.total if self.place is None else count.counts[self.place]

    def cell(self, row: Row) -> Cell:
        return row.total if self.place is None else row.cells[self.place]


@dataclass(frozen=True, slots=True)
class _Block:
    """Rows that stay together, below a heading where they are the first of their section."""

    heading: str
    rows: tuple[Row, ...] = ()
    counts: tuple[Count, ...] = ()

    @property
    def height(self) -> float:
        return SECTION * bool(self.heading) + ROW * len(self.rows) + COUNT * len(self.counts)


def pdf_of(document: Document) -> bytes:
    """The PDF of a D.Hasil."""
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1, lang="id")
    canvas.setTitle(f"{document.model} {document.region.code} {document.region.name}")
    canvas.setSubject(f"{UNOFFICIAL}. {RECONSTRUCTED}.")
    canvas.setAuthor("sirekap")
    canvas.setCreator("sirekap")
    pages = [(one, draw) for one in (document, *document.annexes) for draw in _drawings(one)]
    for number, (one, draw) in enumerate(pages, start=1):
        _frame(canvas, one, number, len(pages))
        draw(canvas, one)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _drawings(document: Document) -> Iterator[Callable[[Canvas, Document], None]]:
    """What fills the pages of a document, or of an annex, one after the other."""
    for columns in _columns(document):
        for blocks in _pages(_blocks(document)):
            yield partial(_table, columns=columns, blocks=blocks)
    for checks in _checks(document):
        yield partial(_check_list, checks=checks)


def _columns(document: Document) -> Iterator[list[_Column]]:
    """The columns of each page, about as many on one as on another; the sum is the last."""
    all_columns = [_Column(place, one.name, one.code) for place, one in enumerate(document.columns)]
    all_columns.append(_Column(None, SUM, document.region.code))
    room = int((WIDTH - 2 * MARGIN - LABELS - SIGNS) // NARROWEST)
    each = ceil(len(all_columns) / ceil(len(all_columns) / room))
    return (all_columns[start : start + each] for start in range(0, len(all_columns), each))


def _blocks(document: Document) -> Iterator[_Block]:
    yield _Block("Yang dihitung", counts=document.counts)
    for page, rows in groupby(document.rows, key=lambda row: row.page):
        heading = f"{CONFIRMED}, halaman {page}"
        for _, some in groupby(rows, key=lambda row: (row.group, bool(row.sign))):
            yield _Block(heading, tuple(some))
            heading = ""


def _pages(blocks: Iterator[_Block]) -> list[list[_Block]]:
    """The blocks of each page."""
    pages: list[list[_Block]] = [[]]
    room = TOP - BOTTOM - HEADER
    for block in blocks:
        if pages[-1] and sum(one.height for one in pages[-1]) + block.height > room:
            pages.append([])
        pages[-1].append(block)
    return pages


def _checks(document: Document) -> Iterator[Sequence[CheckLine]]:
    each = int((TOP - BOTTOM - HEADER) // CHECK)
    return (document.checks[start : start + each] for start in range(0, len(document.checks), each))


def _frame(canvas: Canvas, document: Document, number: int, of: int) -> None:
    """What stands above and below on every page."""
    top, right = HEIGHT - MARGIN, WIDTH - MARGIN
    _text(canvas, document.model, MARGIN, top - 15, 760, BOLD, 18, DARK)
    _text(canvas, document.title, MARGIN, top - 30, 760, REGULAR, 9.5, GREY)
    canvas.setStrokeColor(BAD)
    canvas.setLineWidth(1.2)
    canvas.roundRect(right - 262, top - 34, 262, 34, 4)
    _text(canvas, UNOFFICIAL, right - 131, top - 15, 246, BOLD, 12.5, BAD, at=0.5)
    _text(canvas, RECONSTRUCTED, right - 131, top - 27, 246, REGULAR, 7.5, BAD, at=0.5)
    x = MARGIN
    for place in document.path:
        _text(canvas, place.level.upper(), x, top - 50, 200, REGULAR, 6.5, GREY)
        name, size = f"{place.code}  {place.name}", 11
        _text(canvas, name, x, top - 63, 240, BOLD, size, INK)
        x += min(240, canvas.stringWidth(name, BOLD, size)) + 34
    _line(canvas, MARGIN, top - 72, right, top - 72, DARK, 1.4)
    _line(canvas, MARGIN, 46, right, 46, DARK)
    made_of = (
        f"Formulir {document.form}, versi {document.form_version}   ·   {STATUS}   ·   dibuat {document.made}   ·   "
        f"buku besar: baris {document.ledger.position}, {document.ledger.hash}"
    )
    _text(canvas, made_of, MARGIN, 35, right - MARGIN - 90, REGULAR, 7, GREY)
    _text(canvas, f"Halaman {number} dari {of}", right, 35, 80, BOLD, 7.5, INK, at=1)


def _table(canvas: Canvas, document: Document, columns: Sequence[_Column], blocks: Sequence[_Block]) -> None:
    right = WIDTH - MARGIN
    width = min((right - MARGIN - LABELS - SIGNS) / len(columns), WIDEST)
    left, y = right - width * len(columns), TOP
    _fill(canvas, MARGIN, y - HEADER, right - MARGIN, HEADER, DARK)
    _text(canvas, "Uraian", MARGIN + 6, y - 20, LABELS, BOLD, 9, WHITE)
    _text(canvas, f"Kolom: {document.columns_are}", MARGIN + 6, y - 33, LABELS, REGULAR, 7, PALE)
    for place, column in enumerate(columns):
        _heading(canvas, column, left + place * width, y, width)
    y -= HEADER
    for block in blocks:
        if block.heading:
            y -= SECTION
            _fill(canvas, MARGIN, y, right - MARGIN, SECTION, PALE)
            _text(canvas, block.heading, MARGIN + 6, y + 3.6, LABELS + SIGNS, BOLD, 7.5, DARK)
        for count in block.counts:
            y -= COUNT
            _text(canvas, count.label, MARGIN + 6, y + 3.4, LABELS + SIGNS - 12, REGULAR, 7.5, INK)
            for place, column in enumerate(columns):
                end, font = left + (place + 1) * width - 5, BOLD if column.place is None else REGULAR
                _text(canvas, grouped(column.count(count)), end, y + 3.4, width - 8, font, 7.5, INK, at=1)
            _line(canvas, MARGIN, y, right, y)
        if block.rows:
            y = _rows(canvas, block.rows, columns, left, width, y)
    for x in (MARGIN, *(left + place * width for place in range(len(columns) + 1))):
        _line(canvas, x, TOP - HEADER, x, y)
    if columns[-1].place is None:
        _line(canvas, right - width, TOP - HEADER, right - width, y, DARK, 1.0)
    _text(canvas, LEGEND, MARGIN, 51, WIDTH - 2 * MARGIN, REGULAR, 7, GREY)


def _heading(canvas: Canvas, column: _Column, x: float, y: float, width: float) -> None:
    lines = simpleSplit(column.heading, BOLD, 7.5, width - 8)
    shown = lines if len(lines) <= 3 else [*lines[:2], f"{lines[2]} …"]
    for number, line in enumerate(shown):
        _text(canvas, line, x + width / 2, y - 11 - 8.5 * number, width - 6, BOLD, 7.5, WHITE, at=0.5)
    _text(canvas, column.code, x + width / 2, y - HEADER + 4.5, width - 6, REGULAR, 6.5, PALE, at=0.5)


def _rows(canvas: Canvas, rows: Sequence[Row], columns: Sequence[_Column], left: float, width: float, y: float) -> float:
    """Draw the rows of a block below `y`; returns where they end."""
    right, bottom = left + width * len(columns), y - ROW * len(rows)
    label = left - SIGNS - MARGIN - 10
    lines = simpleSplit(rows[0].group, REGULAR, 8, label)[:3]
    signed = bool(rows[0].sign)
    first = (y + bottom) / 2 + 4.8 * (len(lines) - 1) - 2.8
    for number, line in enumerate(lines):
        _text(canvas, line, MARGIN + 6, first - 9.6 * number, label if signed else label + SIGNS, REGULAR, 8, INK)
    for row in rows:
        y -= ROW
        weight = BOLD if row.sign == "JML" or not signed else REGULAR
        _text(canvas, row.sign, left - SIGNS / 2, y + 5.4, SIGNS - 4, weight, 7, GREY, at=0.5)
        for place, column in enumerate(columns):
            _cell(canvas, column.cell(row), left + place * width, y, width, BOLD if column.place is None else weight)
        _line(canvas, left - SIGNS if signed else MARGIN, y, right, y)
    _line(canvas, MARGIN, bottom, right, bottom)
    return bottom


def _cell(canvas: Canvas, cell: Cell, x: float, y: float, width: float, weight: str) -> None:
    end = x + width - 5
    if cell.sheets == 0:
        _text(canvas, NONE, end, y + 5.4, width, REGULAR, 8.5, GREY, at=1)
    elif cell.is_whole:
        _text(canvas, grouped(cell.value), end, y + 5.2, width - 8, weight, 8.5, INK, at=1)
    else:
        _fill(canvas, x, y, width, ROW, PARTLY)
        _text(canvas, grouped(cell.value), end, y + 8.3, width - 8, weight, 8.5, INK, at=1)
        _text(canvas, f"{grouped(cell.sheets)} dari {grouped(cell.stations)}", end, y + 2.3, width - 6, REGULAR, 5.8, AMBER, at=1)


def _check_list(canvas: Canvas, document: Document, checks: Sequence[CheckLine]) -> None:
    """The checks of the region; a tick or a cross stands beside the words of those that could be made."""
    right, y = WIDTH - MARGIN, TOP - HEADER
    _fill(canvas, MARGIN, y, right - MARGIN, HEADER, DARK)
    _text(canvas, "Pemeriksaan jumlah pada tingkat wilayah", MARGIN + 6, y + 25, 500, BOLD, 11, WHITE)
    explained = "Yang sama di setiap TPS sama juga jumlahnya, asal semua angka dari lembar yang sama."
    _text(canvas, explained, MARGIN + 6, y + 11, 900, REGULAR, 8, PALE)
    for one in checks:
        y -= CHECK
        colour: Color = GREY if one.holds is None else GOOD if one.holds else BAD
        _text(canvas, one.id, MARGIN + 6, y + 6, 50, BOLD, 8.5, INK)
        _text(canvas, one.text, MARGIN + 62, y + 6, 620, REGULAR, 9, INK)
        if one.holds is not None:
            _text(canvas, "✔" if one.holds else "✘", MARGIN + 700, y + 6, 20, "ZapfDingbats", 9, colour)
        _text(canvas, one.result, MARGIN + 718, y + 6, right - MARGIN - 724, BOLD if one.holds is False else REGULAR, 9, colour)
        _line(canvas, MARGIN, y, right, y)


def _text(
    canvas: Canvas, text: str, x: float, y: float, width: float, font: str, size: float, colour: Color, *, at: float = 0
) -> None:  # fmt: skip
    """Write one line in a width, smaller where it is too long and cut where that is not enough; `at` is the part of it left of `x`."""
    size = max(SMALLEST, min(size, size * width / max(canvas.stringWidth(text, font, size), 1)))
    if canvas.stringWidth(text, font, size) > width + 0.01:
        while text and canvas.stringWidth(text + "…", font, size) > width:
            text = text[:-1]
        text += "…"
    canvas.setFillColor(colour)
    canvas.setFont(font, size)
    canvas.drawString(x - at * canvas.stringWidth(text, font, size), y, text)


def _fill(canvas: Canvas, x: float, y: float, width: float, height: float, colour: Color) -> None:
    canvas.setFillColor(colour)
    canvas.rect(x, y, width, height, stroke=0, fill=1)


def _line(canvas: Canvas, x0: float, y0: float, x1: float, y1: float, colour: Color = LINE, width: float = 0.4) -> None:
    canvas.setStrokeColor(colour)
    canvas.setLineWidth(width)
    canvas.line(x0, y0, x1, y1)
