"""Sheets in their final order, and equal photos."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.batch import in_final_order
from pipeline.imaging import Item
from pipeline.sheet import FindingCode, Severity, Sheet, Verdict
from tests.sheets import make_refused, make_sheet


def final(*results: tuple[str, list[Sheet]]) -> list[Sheet]:
    ordered = in_final_order((Item(name, Path(name)), sheets) for name, sheets in results)
    return [sheet for step in ordered for sheet in step]


def duplicates(sheets: list[Sheet]) -> list[str]:
    return [sheet.source for sheet in sheets if any(finding.code is FindingCode.DUPLICATE for finding in sheet.findings)]


def test_later_of_equal_photos_is_a_duplicate_and_not_accepted() -> None:
    sheets = final(
        *((name, [make_sheet(name, sha256="ab" * 32, verdict=Verdict.ACCEPTED, findings=())]) for name in ("a.jpg", "b.jpg", "c.jpg"))
    )
    assert duplicates(sheets) == ["b.jpg", "c.jpg"]
    assert [sheet.verdict for sheet in sheets] == [Verdict.ACCEPTED, Verdict.REVIEW, Verdict.REVIEW]
    assert sheets[1].findings[-1].severity is Severity.WARNING
    assert "a.jpg" in sheets[1].findings[-1].message.id


def test_refused_duplicate_stays_refused() -> None:
    sheets = final(("a.jpg", [make_refused("a.jpg")]), ("b.jpg", [make_refused("b.jpg")]))
    assert duplicates(sheets) == ["b.jpg"]
    assert sheets[1].verdict is Verdict.REFUSED


def test_files_that_could_not_be_read_are_no_duplicates() -> None:
    assert duplicates(final(("a.jpg", [make_refused("a.jpg", "")]), ("b.jpg", [make_refused("b.jpg", "")]))) == []


def test_pages_of_one_pdf_are_no_duplicates_but_those_of_its_copy_are() -> None:
    one, copy = ([make_sheet(f"{name}#page={page}") for page in (1, 2)] for name in ("a.pdf", "b.pdf"))
    assert duplicates(final(("a.pdf", one), ("b.pdf", copy))) == ["b.pdf#page=1", "b.pdf#page=2"]


def test_ten_pages_and_names_between_them_are_sorted() -> None:
    pages = [make_sheet(f"a.pdf#page={page}", sha256="") for page in range(1, 12)]
    sheets = final(("a.pdf", pages), ("a.pdf!.jpg", [make_sheet("a.pdf!.jpg", sha256="")]), ("b.jpg", [make_sheet("b.jpg", sha256="")]))
    sources = [sheet.source for sheet in sheets]
    assert sources == sorted(sources)
    assert sources[0] == "a.pdf"[:5] + "!.jpg"
    assert len(sources) == 13


def test_sheets_are_passed_on_as_soon_as_their_place_is_sure() -> None:
    steps = in_final_order((Item(name, Path(name)), [make_sheet(name, sha256="")]) for name in ("a.jpg", "b.jpg", "c.jpg"))
    assert [len(step) for step in steps] == [0, 1, 1, 1]


@given(st.dictionaries(st.text("ab#!.=1", min_size=1, max_size=5), st.integers(0, 12), max_size=8))
def test_every_sheet_comes_out_once_and_sorted(pages: dict[str, int]) -> None:
    results = []
    for name in sorted(pages):
        sources = [f"{name}#page={page}" for page in range(1, pages[name] + 1)] or [name]
        results.append((name, [make_sheet(source, sha256="") for source in sources]))
    sources = [sheet.source for sheet in final(*results)]
    assert sources == sorted(sheet.source for _, sheets in results for sheet in sheets)
