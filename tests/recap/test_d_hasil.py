"""D.Hasil: what it says, and that paper and workbook say the same, say it the same way each time, and run nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise

import openpyxl
import pypdfium2
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import Connection

from pipeline.forms import load_catalogue
from pipeline.recap.d_hasil import NONE, RECONSTRUCTED, STATUS, UNOFFICIAL, Cell, CheckLine, Document, Kind, Place, Row, d_hasil, kind_of
from pipeline.recap.d_hasil_pdf import pdf_of
from pipeline.recap.d_hasil_xlsx import xlsx_of
from pipeline.regions import Region
from pipeline.store import open_store
from pipeline.store.ledger import head
from pipeline.store.regions import import_regions
from tests.recap.test_rollup import BANJAR, DISTRICT, DWI, FORM, count

AT = datetime(2024, 2, 15, 3, 4, 5, tzinfo=UTC)
HOSTILE = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """A store in memory with the sheets of the tests of the roll-up."""
    engine = open_store("sqlite://")
    with engine.connect() as connection:
        count(connection)
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def document(connection: Connection) -> Document:
    return made(connection, DISTRICT)


@pytest.fixture(scope="module")
def wide(document: Document) -> Document:
    """One of forty villages, whose names are what people may write into a table."""
    names = [HOSTILE, "@SUM(1+9)", "NAMA DESA YANG PANJANG SEKALI DAN TIDAK ADA HABISNYA " * 5, "ĐƯỜNG 東京 <b>&amp;", *["DESA"] * 36]
    columns = tuple(Place("Desa/Kelurahan", f"{DISTRICT}{2001 + place}", name) for place, name in enumerate(names))
    rows = tuple(replace(row, cells=tuple(Cell(1000 * place, place, 40) for place in range(40))) for row in document.rows)
    counts = tuple(replace(one, counts=tuple(range(40))) for one in document.counts)
    return replace(document, columns=columns, rows=rows, counts=counts, annexes=())


def test_rows_are_all_numbers_in_the_order_of_the_paper(document: Document) -> None:
    form = load_catalogue()[FORM]
    assert len(document.rows) == len(form.fields)
    assert [(row.group, row.sign) for row in document.rows[:4]] == [
        ("Pemilih dalam DPT", "LK"), ("Pemilih dalam DPT", "PR"), ("Pemilih dalam DPT", "JML"), ("Pengguna hak pilih dalam DPT", "LK"),
    ]  # fmt: skip
    assert document.rows[-1] == Row("Jumlah seluruh suara sah dan tidak sah", "", "3", (Cell(165, 1, 3), Cell(62, 1, 1)), Cell(227, 2, 4))


@pytest.mark.parametrize("form", load_catalogue(), ids=lambda form: form.id)
def test_men_women_and_sum_stay_together_on_every_form(connection: Connection, form: object) -> None:
    rows = made(connection, "18", form=form).rows
    signs = "".join({"LK": "l", "PR": "p", "JML": "j"}.get(row.sign, ".") for row in rows)
    assert not signs.replace("lpj", "").strip(".")
    assert all(first.group == second.group for first, second in pairwise(rows) if second.sign in ("PR", "JML"))


def test_cells_say_of_how_many_stations_they_are(document: Document) -> None:
    votes = row(document, "Suara sah pasangan calon nomor 1")
    assert (votes.cells, votes.total) == ((Cell(100, 1, 3), Cell(30, 1, 1)), Cell(130, 2, 4))
    assert [cell.is_whole for cell in (*votes.cells, votes.total)] == [False, True, False]
    assert not document.rows[0].total.is_whole
    assert document.rows[0].total.sheets == 0


def test_columns_have_their_denominators(document: Document) -> None:
    assert [(place.level, place.code, place.name) for place in document.columns] == [
        ("Desa/Kelurahan", BANJAR, "BANJAR"), ("Desa/Kelurahan", DWI, "DWI WARGA"),
    ]  # fmt: skip
    counts = {one.label: (one.counts, one.total) for one in document.counts}
    assert counts["TPS menurut daftar"] == ((3, 1), 4)
    assert counts["TPS yang fotonya diterima"] == ((2, 1), 3)
    assert counts["Lembar halaman 2 terkonfirmasi"] == ((1, 1), 2)
    assert counts["Lembar halaman 2 masih ragu"] == ((1, 0), 1)


def test_district_has_an_annex_for_each_village_with_its_stations(document: Document) -> None:
    assert [annex.region.code for annex in document.annexes] == [column.code for column in document.columns]
    for place, annex in enumerate(document.annexes):
        assert {station.level for station in annex.columns} == {"TPS"}
        for mine, above in zip(annex.rows, document.rows, strict=True):
            assert mine.total == above.cells[place]
            assert sum(cell.value for cell in mine.cells) == mine.total.value
            assert sum(cell.sheets for cell in mine.cells) == mine.total.sheets
    assert "TPS 1" in " ".join(texts(pdf_of(document)))
    names = openpyxl.load_workbook(BytesIO(xlsx_of(document))).sheetnames
    assert names == [f"D.Hasil {one.region.code}" for one in (document, *document.annexes)]


def test_checks_of_the_region_are_told(document: Document) -> None:
    checks = {one.id: one for one in document.checks}
    assert (checks["E12"].holds, checks["E12"].result) == (True, "cocok, dari 2 lembar")
    assert checks["E11"].result.startswith("belum dapat dibandingkan")


def test_it_says_what_it_was_made_of(connection: Connection, document: Document) -> None:
    assert (document.model, document.form, document.form_version) == ("MODEL D.HASIL KECAMATAN-PPWP", FORM, "1")
    assert document.ledger == head(connection)
    assert document.made == "2024-02-15 10.04 WIB"
    assert [(place.level, place.name) for place in document.path] == [
        ("Provinsi", "LAMPUNG"), ("Kabupaten/Kota", "TULANG BAWANG"), ("Kecamatan", "BANJAR AGUNG"),
    ]  # fmt: skip
    assert document.file_name("pdf") == f"D.Hasil-{DISTRICT}-{FORM}.pdf"


@pytest.mark.parametrize(
    ("code", "model", "columns"),
    [("1805", "MODEL D.HASIL KABKO-PPWP", ["BANJAR AGUNG"]), ("18", "MODEL D.HASIL PROV-PPWP", ["TULANG BAWANG"])],
)
def test_every_level_has_its_model(connection: Connection, code: str, model: str, columns: list[str]) -> None:
    found = made(connection, code)
    assert (found.model, [place.name for place in found.columns]) == (model, columns)


@pytest.mark.parametrize("code", ["", "id", "17", BANJAR, f"{BANJAR}001", "180509"])
def test_other_regions_have_none(connection: Connection, code: str) -> None:
    with pytest.raises(LookupError):
        made(connection, code)


def test_kinds_are_of_lengths_of_codes() -> None:
    assert [kind_of(code) for code in ("18", "1805", DISTRICT)] == [Kind.PROVINCE, Kind.KABKO, Kind.KECAMATAN]
    assert [kind_of(code) for code in ("", "id", BANJAR, "1")] == [None] * 4


def test_name_of_several_lines_stands_on_one(connection: Connection) -> None:
    with connection.begin_nested() as undone:
        import_regions(connection, [Region(BANJAR, "BANJAR\nBARU\x07", 3)])
        assert made(connection, DISTRICT).columns[0].name == "BANJAR BARU"
        undone.rollback()


def test_paper_has_the_figures_and_the_words(document: Document) -> None:
    first, *_ = pages = texts(pdf_of(document))
    for text in pages:
        for words in (UNOFFICIAL, RECONSTRUCTED, STATUS, document.model, "180508 BANJAR AGUNG", FORM, document.ledger.hash, "10.04 WIB"):
            assert words in text
    for words in ("BANJAR", "DWI WARGA", DWI, "130", "2 dari 4", "1 dari 3", NONE, "JML", "Halaman 1 dari 6"):
        assert words in first
    assert "cocok, dari 2 lembar" in pages[1]


def test_numbers_in_doubt_are_nowhere(document: Document) -> None:
    assert "7.071" not in "".join(texts(pdf_of(document)))
    assert not {7071, 7171, 7201} & {cell.value for row in workbook(document).iter_rows() for cell in row}


def test_wide_table_goes_on_to_pages_that_repeat_its_rows(wide: Document) -> None:
    *tables, checks = texts(pdf_of(wide))
    assert len(tables) == 3
    assert all("Suara sah pasangan calon nomor 3" in text and "LAMPUNG" in text for text in tables)
    assert [place.code for place in wide.columns if sum(place.code in text for text in tables) != 1] == []
    assert ["130" in text for text in tables] == [False, False, True]
    assert f"Halaman {len(tables) + 1} dari {len(tables) + 1}" in checks


def test_long_form_goes_on_to_further_pages(document: Document) -> None:
    pages = texts(pdf_of(replace(document, rows=document.rows * 3, checks=document.checks * 5, annexes=())))
    assert [("Uraian" in text, "Pemeriksaan jumlah" in text) for text in pages] == [(True, False)] * 3 + [(False, True)] * 3


def test_same_document_is_the_same_bytes(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pdf_of(document), xlsx_of(document)
    monkeypatch.setattr("time.time", lambda: AT.timestamp() + 1e6)
    monkeypatch.setattr("time.localtime", lambda *_: (AT + timedelta(days=9)).timetuple())
    assert (pdf_of(document), xlsx_of(document)) == first


def test_workbook_has_numbers_to_go_on_with(document: Document) -> None:
    sheet = workbook(document)
    found = {(line[0].value, line[1].value): [cell.value for cell in line[2:8]] for line in sheet.iter_rows()}
    assert found["Suara sah pasangan calon nomor 1", None] == [100, "1 dari 3", 30, "semua 1", 130, "2 dari 4"]
    assert found["Pemilih dalam DPT", "PR"] == [NONE, None, NONE, None, NONE, None]
    assert found["TPS menurut daftar", None] == [3, None, 1, None, 4, None]
    assert found["Jumlah suara tidak sah", None][4] == 6
    said = " ".join(str(cell.value) for line in sheet.iter_rows(max_row=14) for cell in line if cell.value)
    for words in (UNOFFICIAL, RECONSTRUCTED, STATUS, document.model, "180508 BANJAR AGUNG", document.ledger.hash, "10.04 WIB"):
        assert words in said


def test_name_that_looks_like_a_formula_stays_a_text(wide: Document) -> None:
    broken = CheckLine("E1", "=1+1", False, "+1")
    sheet = workbook(replace(wide, path=(*wide.path[:-1], Place("Kecamatan", DISTRICT, HOSTILE)), checks=(broken,)))
    cells = [cell for line in sheet.iter_rows() for cell in line if isinstance(cell.value, str)]
    assert {cell.value for cell in cells} >= {HOSTILE, "@SUM(1+9)", "=1+1", "+1"}
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells if cell.value[0] in "=+-@")


def made(connection: Connection, code: str, *, form: object = None) -> Document:
    """The document of a region at a moment that is always the same."""
    return d_hasil(connection, code, form or load_catalogue()[FORM], at=AT)


def row(document: Document, group: str) -> Row:
    """The row of what is counted."""
    return next(one for one in document.rows if one.group == group)


def texts(pdf: bytes) -> list[str]:
    """What stands on each page."""
    with pypdfium2.PdfDocument(pdf) as opened:
        found = []
        for page in opened:
            text = page.get_textpage()
            found.append(text.get_text_bounded())
            text.close()
            page.close()
        return found


def workbook(document: Document) -> Worksheet:
    """The sheet of the workbook, read back."""
    return openpyxl.load_workbook(BytesIO(xlsx_of(document))).active
