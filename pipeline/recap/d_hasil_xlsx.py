"""A D.Hasil as a workbook, a sheet for the region and one for each annex: numbers to go on with, and beside each how many sheets it is of.

The document goes in, bytes come out, the same for the same document. A text is a text, also where it begins like a formula: names come
from tables that anybody may have made.
"""

from __future__ import annotations

from datetime import UTC
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.writer.excel import ExcelWriter

from pipeline.recap.d_hasil import NONE, RECONSTRUCTED, STATUS, UNOFFICIAL, Cell, Document, grouped

FIRST_ZIP_DAY = (1980, 1, 1, 0, 0, 0)
NUMBER = "#,##0"

DARK, PALE, PARTLY = (PatternFill("solid", fgColor=colour) for colour in ("24405E", "EEF2F6", "FFF4D6"))
WHITE, STRONG, WARNING, QUIET = Font(bold=True, color="FFFFFF"), Font(bold=True), Font(bold=True, color="A93200"), Font(color="5D6875")
BELOW = Border(bottom=Side("thin", color="C3CCD6"))
MIDDLE = Alignment(horizontal="center", vertical="center", wrap_text=True)
RIGHT = Alignment(horizontal="right")


def xlsx_of(document: Document) -> bytes:
    """The workbook of a D.Hasil."""
    workbook = Workbook()
    workbook.properties.creator = "sirekap"
    workbook.properties.title = f"{document.model} {document.region.code}"
    workbook.properties.description = f"{UNOFFICIAL}. {RECONSTRUCTED}."
    workbook.properties.created = workbook.properties.modified = document.at.astimezone(UTC).replace(tzinfo=None)
    for place, one in enumerate((document, *document.annexes)):
        sheet = workbook.active if place == 0 else workbook.create_sheet()
        sheet.title = f"D.Hasil {one.region.code}"
        _fill(sheet, one)
    written = BytesIO()
    ExcelWriter(workbook, ZipFile(written, "w")).save()
    return _timeless(written)


def _fill(sheet: Any, document: Document) -> None:
    line = _head(sheet, document)
    sheet.freeze_panes = sheet.cell(line + 2, 3)
    sheet.print_title_rows, sheet.print_title_cols = f"{line}:{line + 1}", "A:B"
    line = _headings(sheet, document, line)
    for count in document.counts:
        _put(sheet, line, 1, count.label)
        for place, number in enumerate((*count.counts, count.total)):
            _put(sheet, line, 3 + 2 * place, number)
        line += 1
    for row in document.rows:
        _put(sheet, line, 1, row.group)
        _put(sheet, line, 2, row.sign)
        for place, cell in enumerate((*row.cells, row.total)):
            _put_number(sheet, line, 3 + 2 * place, cell)
        line += 1
    _put(sheet, line + 1, 1, "Pemeriksaan jumlah pada tingkat wilayah", STRONG)
    for number, check in enumerate(document.checks, start=line + 2):
        _put(sheet, number, 1, check.text)
        _put(sheet, number, 2, check.id)
        _put(sheet, number, 3, check.result, WARNING if check.holds is False else None)
    _paper(sheet, document)


def _head(sheet: Any, document: Document) -> int:
    """Write what stands above the table; returns the line at which that begins."""
    _put(sheet, 1, 1, document.model, Font(bold=True, size=16, color="24405E"))
    _put(sheet, 2, 1, document.title, QUIET)
    _put(sheet, 3, 1, f"{UNOFFICIAL}. {RECONSTRUCTED}.", WARNING)
    said = [
        *((place.level, f"{place.code} {place.name}") for place in document.path),
        ("Formulir", f"{document.form}, versi {document.form_version}"),
        ("Status", STATUS),
        ("Dibuat", document.made),
        ("Buku besar", f"baris {document.ledger.position}, {document.ledger.hash}"),
        ("Keterangan", f"Di sebelah angka: dari berapa TPS. {NONE}: belum ada lembar terkonfirmasi. Angka yang masih ragu tidak ditulis."),
    ]
    for line, (name, text) in enumerate(said, start=4):
        _put(sheet, line, 1, name, QUIET)
        _put(sheet, line, 3, text)
    return 5 + len(said)


def _headings(sheet: Any, document: Document, line: int) -> int:
    """Write the heads of the columns on two lines; returns the next one."""
    columns = [*((one.name, one.code) for one in document.columns), ("Jumlah", document.region.code)]
    for row in (line, line + 1):
        for column in range(1, 3 + 2 * len(columns)):
            sheet.cell(row, column).fill = DARK
    _put(sheet, line, 1, "Uraian", WHITE)
    for place, (name, code) in enumerate(columns):
        column = 3 + 2 * place
        _put(sheet, line, column, name, WHITE).alignment = MIDDLE
        _put(sheet, line + 1, column, code, WHITE).alignment = MIDDLE
        for row in (line, line + 1):
            sheet.merge_cells(start_row=row, end_row=row, start_column=column, end_column=column + 1)
    return line + 2


def _put_number(sheet: Any, line: int, column: int, cell: Cell) -> None:
    if cell.sheets == 0:
        _put(sheet, line, column, NONE).alignment = RIGHT
        return
    of = f"semua {grouped(cell.stations)}" if cell.is_whole else f"{grouped(cell.sheets)} dari {grouped(cell.stations)}"
    _put(sheet, line, column + 1, of, QUIET)
    _put(sheet, line, column, cell.value)
    if not cell.is_whole:
        for one in (column, column + 1):
            sheet.cell(line, one).fill = PARTLY


def _put(sheet: Any, line: int, column: int, value: str | int, font: Font | None = None) -> Any:
    cell = sheet.cell(line, column)
    if isinstance(value, int):
        cell.value, cell.number_format = value, NUMBER
    else:
        cell.value = value
        # Or it would be a formula where it begins like one, here and when somebody edits it.
        cell.data_type, cell.quotePrefix = "s", value.startswith(("=", "+", "-", "@"))
    if font is not None:
        cell.font = font
    cell.border = BELOW
    return cell


def _paper(sheet: Any, document: Document) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 48, 6
    for place in range(len(document.columns) + 1):
        for column, width in ((3 + 2 * place, 13), (4 + 2 * place, 14)):
            sheet.column_dimensions[sheet.cell(sheet.max_row, column).column_letter].width = width
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A3
    sheet.page_setup.fitToHeight = 0
    sheet.oddFooter.left.text = f"{UNOFFICIAL}. {RECONSTRUCTED}."
    sheet.oddFooter.right.text = "&P / &N"


def _timeless(written: BytesIO) -> bytes:
    """The same archive with no times in it."""
    again = BytesIO()
    with ZipFile(written) as source, ZipFile(again, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(ZipInfo(name, FIRST_ZIP_DAY), source.read(name), ZIP_DEFLATED)
    return again.getvalue()
