"""Bad input through the whole recipe: a refusal with its code, or a doubt with its code, and never a silent wrong number.

Another form than the one asked for, two sheets in one photo, a sheet that is cut, a photocopy of a photocopy, a scan at 75 dpi. What the
models read there is theirs; the tests ask only whether a wrong number goes by without a word. Files that are no photo of a sheet at all
are in `test_read_command.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.forms import draw_page, load_catalogue
from pipeline.imaging import Limits, Photo, open_images
from pipeline.read import Reader, read_photo, read_sheet
from pipeline.settings import Settings
from pipeline.sheet import FindingCode, RefusalCode, Severity, Sheet, Verdict
from pipeline.simulate.pack import load_pack
from pipeline.simulate.sheets import SimulatedSheet, simulate_sheet
from pipeline.simulate.shots import ShotKind, random_shot

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CATALOGUE = load_catalogue()
POSTER = CATALOGUE["c-hasil-ppwp-2024"]
SIZE = (700, 1050)
"""Width and height in pixels of a simulated photo: a digit box is 20 pixels wide."""
SHOTS = {"1": (ShotKind.PHONE, 11), "2": (ShotKind.SCAN, 11), "3": (ShotKind.PHONE, 12)}
"""Kind of photo and seed of each page of the poster."""
STATED = 0.99
"""A probability from which on a number counts as stated."""
SCAN_SIDE = 877
"""Long side in pixels of an A4 sheet at 75 dpi."""

needs_photos = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real photos are not at hand: ../shared/data is missing"),
]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(Settings())


@cache
def poster(page: str) -> SimulatedSheet:
    kind, seed = SHOTS[page]
    rng = np.random.default_rng(seed)
    return simulate_sheet(POSTER, page, random_shot(kind, POSTER.paper_mm, rng), rng, load_pack(), name="poster.jpg")


def image_of(page: str) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(poster(page).photo.image, SIZE, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def photo_of(image: NDArray[np.uint8]) -> Photo:
    return Photo(image=np.ascontiguousarray(image), name="photo.jpg", sha256="0" * 64)


def codes(sheet: Sheet) -> set[FindingCode]:
    return {finding.code for finding in sheet.findings}


def assert_nothing_wrong_is_silent(sheet: Sheet, truth: Mapping[str, int | None]) -> None:
    """Every number that differs from the truth is named by a warning or error or is not stated, and its sheet is not accepted."""
    doubted = {name for finding in sheet.findings if finding.severity is not Severity.INFO for name in finding.fields}
    wrong = {name: number for name, number in sheet.fields.items() if name in truth and number.value != truth[name]}
    silent = {name: number for name, number in wrong.items() if name not in doubted and number.probability >= STATED}
    assert not silent, {name: (number.value, truth[name]) for name, number in silent.items()}
    assert not (wrong and sheet.verdict is Verdict.ACCEPTED)


def test_a_poster_of_2024_is_refused_where_the_certificate_of_2019_is_asked_for(reader: Reader) -> None:
    sheet = read_photo(photo_of(image_of("2")), reader, form="c1-ppwp-2019").sheet
    assert sheet.refusal is not None
    assert sheet.refusal.code is RefusalCode.WRONG_FORM
    assert not sheet.fields


def test_a_certificate_of_2019_is_refused_where_the_poster_of_2024_is_asked_for(reader: Reader) -> None:
    drawn = draw_page(CATALOGUE["c1-ppwp-2019"].pages["2"], pixels_per_mm=5.0)
    sheet = read_photo(photo_of(cv2.cvtColor(drawn, cv2.COLOR_GRAY2BGR)), reader, form=POSTER.id).sheet
    assert sheet.refusal is not None
    assert sheet.refusal.code is RefusalCode.WRONG_FORM
    assert not sheet.fields


@pytest.mark.parametrize("axis", [pytest.param(1, id="side by side"), pytest.param(0, id="one above the other")])
@pytest.mark.parametrize("pages", [("2", "2"), ("1", "3")], ids="+".join)
def test_a_photo_of_two_sheets_says_so(reader: Reader, pages: tuple[str, str], axis: int) -> None:
    sheet = read_sheet(photo_of(np.concatenate([image_of(page) for page in pages], axis=axis)), reader)
    if sheet.refusal is None:
        assert FindingCode.ANOTHER_SHEET in codes(sheet)
        assert sheet.verdict is Verdict.REVIEW
    else:
        assert sheet.refusal.code is RefusalCode.PAGE_NOT_FOUND
        assert "two sheets" in sheet.refusal.detail


def test_a_second_sheet_that_cannot_be_read_is_known_by_its_tag(reader: Reader) -> None:
    other = image_of("3")
    below_tag = SIZE[1] // 4
    other[below_tag:] = other[below_tag:, ::-1].copy()
    sheet = read_sheet(photo_of(np.concatenate([image_of("2"), other], axis=1)), reader)
    assert sheet.page == "2"
    assert FindingCode.ANOTHER_SHEET in codes(sheet)


@pytest.mark.parametrize(
    "add_strip",
    [
        pytest.param(lambda sheet, other: np.concatenate([other[:, -140:], sheet], axis=1), id="its right edge with the tag"),
        pytest.param(lambda sheet, other: np.concatenate([sheet, other[:, :140]], axis=1), id="its left edge"),
        pytest.param(lambda sheet, other: np.concatenate([sheet, other[:140]], axis=0), id="its top"),
    ],
)
def test_the_edge_of_a_second_sheet_is_no_second_sheet(
    reader: Reader, add_strip: Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.uint8]]
) -> None:
    sheet = read_sheet(photo_of(add_strip(image_of("2"), image_of("3"))), reader)
    assert sheet.page == "2"
    assert FindingCode.ANOTHER_SHEET not in codes(sheet)


@pytest.mark.parametrize("page", SHOTS)
def test_a_single_sheet_is_no_two(reader: Reader, page: str) -> None:
    sheet = read_sheet(photo_of(image_of(page)), reader)
    assert sheet.page == page
    assert FindingCode.ANOTHER_SHEET not in codes(sheet)
    assert_nothing_wrong_is_silent(sheet, poster(page).truth.fields)


def place_of(field: str) -> tuple[int, int]:
    """Column and row in pixels of the middle of the first box of a number on page 2."""
    centre = POSTER.pages["2"].fields[field].boxes[0].centre
    photo = poster("2").photo
    x, y = photo.mapping.to_photo(np.array([centre]))[0] * SIZE / photo.image.shape[1::-1]
    return int(x), int(y)


def test_a_sheet_cut_through_its_number_column_is_refused(reader: Reader) -> None:
    column, _ = place_of("paslon_1")
    sheet = read_sheet(photo_of(image_of("2")[:, :column]), reader)
    assert sheet.refusal is not None
    assert sheet.refusal.code in (RefusalCode.CUT_OFF, RefusalCode.PAGE_NOT_FOUND)


@pytest.mark.parametrize("shown", [("paslon_1", "paslon_2"), ("paslon_1",)], ids=["two rows", "one row"])
def test_of_a_sheet_cut_below_a_row_the_missing_numbers_are_named_and_the_others_read(reader: Reader, shown: tuple[str, ...]) -> None:
    missing = tuple(name for name in POSTER.pages["2"].fields if name not in shown)
    _, row = place_of(missing[0])
    sheet = read_sheet(photo_of(image_of("2")[:row]), reader)
    assert tuple(sheet.fields) == shown
    assert [finding.fields for finding in sheet.findings if finding.code is FindingCode.OUTSIDE_PICTURE] == [missing]
    assert sheet.verdict is Verdict.REVIEW
    assert_nothing_wrong_is_silent(sheet, poster("2").truth.fields)


def photocopy(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """What a worn copier makes of a picture: nearly black and white, slightly blurred and askew, with specks and pinholes."""
    height, width = image.shape[:2]
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    paper = cv2.GaussianBlur(cv2.dilate(grey, np.ones((9, 9))), (0, 0), height / 40)
    toner = 255 / (1 + np.exp(18 * (0.75 - grey / paper)))
    specks = rng.random((height, width))
    toner[specks < 0.0008], toner[specks > 0.9995] = 0, 255
    askew = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-1, 1)), 1.0)
    askew[0, 1] += rng.uniform(-0.005, 0.005)
    copied = cv2.warpAffine(cv2.GaussianBlur(toner, (0, 0), 0.6), askew, (width, height), borderValue=255)
    return np.asarray(cv2.cvtColor(np.clip(copied, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def copied_twice(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rng = np.random.default_rng(1)
    return photocopy(photocopy(image, rng), rng)


def at_75_dpi(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture as a scan of an A4 sheet; a poster was made that small before."""
    factor = SCAN_SIDE / max(image.shape)
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), dtype=np.uint8)


SPOILERS = [pytest.param(copied_twice, id="copy of a copy"), pytest.param(at_75_dpi, id="75 dpi")]


@pytest.mark.parametrize("page", SHOTS)
@pytest.mark.parametrize("spoil", SPOILERS)
def test_a_spoilt_poster_hides_no_wrong_number(reader: Reader, spoil: Callable[[NDArray[np.uint8]], NDArray[np.uint8]], page: str) -> None:
    sheet = read_sheet(photo_of(spoil(image_of(page))), reader)
    assert sheet.refusal is not None or sheet.page == page
    assert_nothing_wrong_is_silent(sheet, poster(page).truth.fields)


def some_truths(each: int) -> list[dict[str, Any]]:
    """The truth of as many sheets, spread over the set, of each of three sets of A4 scans."""
    if not DATA.is_dir():
        return []
    sheets = json.loads((DATA / "truth.json").read_text("utf-8"))["sheets"]
    by_set = [[sheet for sheet in sheets if sheet["set"] == name] for name in ("c1-2019-page1", "c1-2019-page2", "scan-2014")]
    return [sheet for of_one in by_set for sheet in of_one[:: len(of_one) // each][:each]]


def scan_of(truth: Mapping[str, Any]) -> NDArray[np.uint8]:
    (photo,) = open_images(DATA / "sheets" / truth["image"], name=truth["image"], limits=Limits.of(Settings()))
    assert isinstance(photo, Photo)
    return photo.image


@pytest.mark.parametrize("truth", [pytest.param(t, marks=needs_photos, id=t["image"]) for t in some_truths(3)])
@pytest.mark.parametrize("spoil", SPOILERS)
def test_a_spoilt_scan_hides_no_wrong_number(
    reader: Reader, spoil: Callable[[NDArray[np.uint8]], NDArray[np.uint8]], truth: dict[str, Any]
) -> None:
    sheet = read_sheet(photo_of(spoil(scan_of(truth))), reader)
    assert sheet.refusal is not None or (sheet.form, sheet.page) == (truth["form"], str(truth["page"]))
    assert_nothing_wrong_is_silent(sheet, truth["fields"])


@pytest.mark.parametrize("truth", [pytest.param(t, marks=needs_photos, id=t["image"]) for t in some_truths(1)[:1]])
def test_a_scan_of_2019_is_refused_where_the_poster_of_2024_is_asked_for(reader: Reader, truth: dict[str, Any]) -> None:
    sheet = read_photo(photo_of(scan_of(truth)), reader, form=POSTER.id).sheet
    assert sheet.refusal is not None
    assert sheet.refusal.code is RefusalCode.WRONG_FORM
