"""A report is one page that stands alone, says what the store holds, and shows nothing of a photo but the boxes of its numbers."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
import sqlalchemy as sa

from pipeline.imaging import Limits
from pipeline.imaging.files import Item
from pipeline.recap.crops import HEIGHT, flattened
from pipeline.recap.moment import one_moment
from pipeline.recap.report import report
from pipeline.recap.summary import EXAMPLES, Summary, Times
from pipeline.recap.wording import DOUBTS, VERDICTS, WORDS, counted, exact, measured, percent
from pipeline.settings import Language, Settings
from pipeline.sheet import STATES, FieldState, Finding, FindingCode, Severity, Sheet, Text, Verdict
from pipeline.store.intake import Arrival, take_in
from pipeline.store.photos import PhotoStore
from pipeline.store.readings import ReadSheet, StoredPhoto, record
from pipeline.store.regions import import_regions
from pipeline.store.schema import photos
from pipeline.store.sheets import StoredSheet
from tests.recap.conftest import HOSTILE, REGIONS
from tests.sheets import make_field, make_sheet

SAMPLES = Path(__file__).parents[2] / "sample_forms"
LIMITS = Limits.of(Settings())
AT = datetime(2024, 2, 15, 3, 0, tzinfo=UTC)


def page_of(store: sa.Engine, folder: Path, *, language: Language = Language.ENGLISH) -> str:
    with one_moment(store) as connection:
        page, _ = report(connection, PhotoStore(str(folder)), limits=LIMITS, language=language, at=AT)
    return page


@pytest.fixture
def samples(store: sa.Engine, tmp_path: Path) -> Path:
    """The sample forms in a store, with the readings that are kept beside them; gives the folder of the photos."""
    folder = tmp_path / "photos"
    files = sorted(SAMPLES.glob("*.jpg"))
    list(take_in(store, PhotoStore(str(folder)), [Arrival(Item(file.name, file)) for file in files], max_bytes=10**7))
    sheets = {sheet.sha256: sheet for sheet in map(Sheet.from_dict, map(json.loads, (SAMPLES / "expected.jsonl").read_text().splitlines()))}
    with store.begin() as connection:
        for row in connection.execute(sa.select(photos.c.position, photos.c.sha256, photos.c.name)).all():
            photo = StoredPhoto(*row)
            record(connection, photo, [ReadSheet(sheets[photo.sha256], None)])
    return folder


class _Checker(HTMLParser):
    """Collects tags and whether each that was opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags_of(page: str) -> list[tuple[str, dict[str, str | None]]]:
    checker = _Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker.tags


def test_page_stands_alone_and_is_whole(store: sa.Engine, samples: Path) -> None:
    page = page_of(store, samples)
    tags = tags_of(page)
    names = {tag for tag, _ in tags}
    assert not names & {"script", "link", "iframe", "object", "form"}
    addresses = [value for _, attributes in tags for name, value in attributes.items() if name in {"src", "href", "data"}]
    assert addresses
    assert all(address is not None and address.startswith("data:image/jpeg;base64,") for address in addresses)
    assert "url(" not in page
    assert len(page) < 3_000_000


def test_page_says_what_the_store_holds(store: sa.Engine, samples: Path) -> None:
    page = page_of(store, samples)
    expected = [json.loads(line) for line in (SAMPLES / "expected.jsonl").read_text().splitlines()]
    for verdict in Verdict:
        count = sum(sheet["verdict"] == verdict for sheet in expected)
        assert re.search(rf">{VERDICTS[verdict].en}<b>{count}</b>", page)
    assert "<code>page_not_found</code>" in page
    assert "Take the photo again with the whole page in view" in page
    assert DOUBTS[FindingCode.SOURCES_DISAGREE].en in page
    assert expected[0]["models"]["digits"] in page
    with store.connect() as connection:
        (last,) = connection.execute(sa.text("SELECT hash FROM ledger ORDER BY position DESC LIMIT 1")).one()
    assert last in page


def test_not_official_stands_there_in_both_languages(filled: sa.Engine, tmp_path: Path) -> None:
    for language in Language:
        page = page_of(filled, tmp_path, language=language)
        assert f'<html lang="{language}">' in page
        assert "Bukan hasil resmi" in page
        assert "Not an official result" in page


def test_page_speaks_one_language(filled: sa.Engine, tmp_path: Path) -> None:
    page = page_of(filled, tmp_path, language=Language.INDONESIAN)
    assert "Kemajuan per wilayah" in page
    assert "Progress by region" not in page


def test_regions_have_their_counts(filled: sa.Engine, tmp_path: Path) -> None:
    page = page_of(filled, tmp_path)
    row = re.search(r"<th>18 LAMPUNG</th>(.*?)</tr>", page, re.DOTALL)
    assert row is not None
    # 11 stations make 22 sheets; of the two photos that came and were read the later one stands, for review.
    assert re.findall(r">([^<]+)</td>", row[1]) == ["11", "22", "2", "2", "0", "1", "0"]
    assert "Presiden 2024 (2024-02-14)" in page
    assert "Station not known" in page


def test_expected_sheets_that_are_not_known_are_said_to_be(store: sa.Engine, tmp_path: Path) -> None:
    assert "There is no table of regions yet" in page_of(store, tmp_path)
    with store.begin() as connection:
        import_regions(connection, REGIONS)
    assert "how many sheets should come is not known" in page_of(store, tmp_path)


def test_lone_province_is_shown_by_its_parts_and_names_are_escaped(store: sa.Engine, tmp_path: Path) -> None:
    with store.begin() as connection:
        import_regions(connection, REGIONS[:4])
    page = page_of(store, tmp_path)
    assert "within LAMPUNG, TULANG BAWANG, BANJAR AGUNG" in page
    assert "BANJAR &lt;b&gt;AGUNG&lt;/b&gt;" in page
    tags_of(page)


def test_hostile_file_name_is_only_text(filled: sa.Engine, tmp_path: Path) -> None:
    page = page_of(filled, tmp_path)
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert "script" not in {tag for tag, _ in tags_of(page)}


def test_lost_photo_leaves_a_place(filled: sa.Engine, tmp_path: Path) -> None:
    page = page_of(filled, tmp_path)
    assert "photo lost" in page
    assert "<img" not in page


def test_pictures_show_the_boxes_and_nothing_else(store: sa.Engine, samples: Path) -> None:
    page = page_of(store, samples)
    pictures = [base64.b64decode(data) for data in re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)]
    assert pictures
    for jpeg in pictures:
        crop = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert crop is not None
        assert crop.shape[0] == HEIGHT
        assert crop.shape[1] <= 6 * HEIGHT


def test_cut_ends_at_the_corners_however_the_page_lies() -> None:
    picture = np.zeros((400, 400, 3), np.uint8)
    picture[100:140, 50:170] = 200
    upright = flattened(picture, ((50, 100), (170, 100), (170, 140), (50, 140)))
    assert upright.shape == (HEIGHT, 3 * HEIGHT, 3)
    turned = np.ascontiguousarray(np.rot90(picture))  # a point (x, y) goes to (y, 399 - x)
    sideways = flattened(turned, ((100, 350), (100, 230), (140, 230), (140, 350)))
    assert sideways.shape == upright.shape
    for crop in (upright, sideways):
        assert crop[3:-3, 3:-3].min() > 190


@pytest.mark.parametrize("quad", [((5, 5),) * 4, ((0, 0), (1e6, 0), (1e6, 1), (0, 1)), ((-9e5, -9e5), (0, 0), (9e5, 9e5), (0, 1e6))])
def test_corners_that_make_no_sense_give_a_small_picture(quad: tuple[tuple[float, float], ...]) -> None:
    a, b, c, d = quad
    crop = flattened(np.full((50, 50, 3), 7, np.uint8), (a, b, c, d))
    assert crop.shape[0] == HEIGHT
    assert 1 <= crop.shape[1] <= 6 * HEIGHT


def stored(number: int, sheet: Sheet) -> StoredSheet:
    return StoredSheet(number, number, f"{number:064d}", f"{number}.jpg", 1, None, None, False, (), sheet)


def test_examples_are_few_drawn_the_same_each_time_and_the_least_sure_of_a_doubt() -> None:
    doubt = Finding(FindingCode.CHECK_FAILED, Severity.ERROR, ("paslon_1", "paslon_2"), Text("", ""))
    sheet = make_sheet(fields={"paslon_1": make_field(7), "paslon_2": make_field(8, probability=0.6)}, findings=(doubt, doubt))
    forwards, backwards = Summary(), Summary()
    for number in range(50):
        forwards.add(stored(number, sheet))
        backwards.add(stored(49 - number, sheet))
    drawn = forwards.examples(FindingCode.CHECK_FAILED)
    assert [one.key for one in drawn] == [one.key for one in backwards.examples(FindingCode.CHECK_FAILED)]
    assert len({one.key for one in drawn}) == EXAMPLES
    assert {one.field for one in drawn} == {"paslon_2"}
    assert forwards.doubts == {FindingCode.CHECK_FAILED: 50}


def test_nothing_is_shown_of_a_sheet_whose_place_is_in_doubt() -> None:
    place = Finding(FindingCode.REGISTRATION_DOUBTFUL, Severity.WARNING, (), Text("", ""))
    sheet = make_sheet()
    summary = Summary()
    summary.add(stored(1, replace(sheet, findings=(*sheet.findings, place))))
    assert summary.doubts[FindingCode.UNSURE] == 1
    assert summary.examples(FindingCode.UNSURE) == []


def test_information_is_no_doubt() -> None:
    said = Finding(FindingCode.PAGE_MISSING, Severity.INFO, (), Text("", ""))
    summary = Summary()
    summary.add(stored(1, make_sheet(findings=(said,), verdict=Verdict.ACCEPTED)))
    assert not summary.doubts


def test_reading_times_are_told_within_five_per_cent() -> None:
    times = Times()
    for tenth in range(1, 101):
        times.add(tenth / 10)
    assert times.rate == pytest.approx(100 / 505)
    assert times.quantile(0.5) == pytest.approx(5, rel=0.06)
    assert times.quantile(0.95) == pytest.approx(9.5, rel=0.06)
    assert times.doublings()[-1] == (3, 21)
    assert sum(count for _, count in times.doublings()) == 100


def test_every_code_has_a_name_and_every_word_is_used() -> None:
    assert set(DOUBTS) == set(FindingCode)
    assert set(STATES) == set(FieldState)
    assert set(VERDICTS) == set(Verdict)
    folder = Path(__file__).parents[2] / "pipeline" / "recap"
    used = (folder / "templates" / "report.html").read_text("utf-8") + (folder / "report.py").read_text("utf-8")
    assert [name for name in WORDS if f"words.{name}" not in used and f'"{name}"' not in used] == []


def test_numbers_are_written_as_each_language_does() -> None:
    assert [counted(1234567, language) for language in Language] == ["1.234.567", "1,234,567"]
    assert [measured(0.756, language) for language in Language] == ["0,76", "0.76"]
    assert [measured(number, Language.ENGLISH) for number in (1234.5, 1.0)] == ["1,234", "1.0"]
    assert exact(0.125, Language.INDONESIAN) == "0,125"
    assert [percent(share, Language.INDONESIAN) for share in (0.5, 0.9712, 0.99971, 0.999999)] == ["50 %", "97,1 %", "99,97 %", "99,99 %"]
