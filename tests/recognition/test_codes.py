"""A printed code confirms, contradicts, or says nothing; and whatever is in its place, nothing is raised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray

from pipeline import read
from pipeline.forms import Catalogue, CodeKind, LintCode, Page, PrintedCode, Rect, draw_page, lint_form, load_catalogue
from pipeline.imaging import Limits, Photo, open_images
from pipeline.read import Reader, read_sheet
from pipeline.recognition.codes import code_contradiction, read_codes, station_in
from pipeline.registration import Registration, RegistrationPolicy, register
from pipeline.settings import Settings
from pipeline.sheet import RefusalCode, Verdict
from pipeline.simulate.camera import Sensor, Shot, photograph
from pipeline.simulate.pen import Paper

CATALOGUE = load_catalogue()
FORM = CATALOGUE["c-digital-pwp3"]
PAGE = FORM.pages["1"]
OWN, OTHER = "010200-02", "010200-01"
SCALE = 3.0
PHOTOS = Path(__file__).parents[2].parent / "shared" / "data" / "sheets" / "c-digital"


def to_drawing(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    return points_mm * SCALE - 0.5


def qr(content: str | bytes) -> NDArray[np.uint8]:
    """(N, N) uint8, a pixel a module."""
    code = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.QRCode)
    return np.asarray(zxingcpp.write_barcode_to_image(code, scale=1, add_quiet_zones=False), np.uint8)


def drawn(content: str | bytes, *, scale: float = SCALE, off_mm: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.uint8]:
    """The drawing of the page (H, W) uint8 with this code in its place, or as far off, and bare paper around it."""
    drawing = draw_page(PAGE, pixels_per_mm=scale)
    box = PAGE.codes[0].box
    side, quiet = round(box.width * scale), round(4 * scale)
    x, y = round((box.x + off_mm[0]) * scale), round((box.y + off_mm[1]) * scale)
    drawing[y - quiet : y + side + quiet, x - quiet : x + side + quiet] = 255
    drawing[y : y + side, x : x + side] = cv2.resize(qr(content), (side, side), interpolation=cv2.INTER_NEAREST)
    return drawing


def coloured(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def refusal(*contents: str, catalogue: Catalogue = CATALOGUE, form: str = FORM.id, page: str = "1") -> RefusalCode | None:
    found = code_contradiction(contents, catalogue, form, page)
    return found and found.code


# What contents say


def test_own_code_confirms() -> None:
    assert refusal(OWN) is None


def test_code_of_another_form_is_an_unknown_form_and_quoted() -> None:
    found = code_contradiction((OTHER,), CATALOGUE, FORM.id, "1")
    assert found is not None
    assert found.code is RefusalCode.UNKNOWN_FORM
    assert all(word in found.detail for word in (FORM.id, "c-digital-data", OTHER))


def test_code_of_another_page_of_the_form_is_a_wrong_page() -> None:
    pages = {
        number: replace(PAGE, number=number, codes=(PrintedCode(CodeKind.QR, PAGE.codes[0].box, f"0-{number}"),)) for number in ("1", "2")
    }
    catalogue = Catalogue({FORM.id: replace(FORM, pages=pages)})
    assert refusal("0-2", catalogue=catalogue) is RefusalCode.WRONG_PAGE
    assert refusal("0-2", catalogue=catalogue, page="2") is None


@pytest.mark.parametrize("content", ["", "https://example.org/010200-01", "010200-01 ", "123456-78", "\x00\ud800"])
def test_code_that_names_no_page_says_nothing(content: str) -> None:
    assert refusal(content) is None


def test_own_code_beside_another_keeps_the_sheet() -> None:
    assert refusal() is None
    assert refusal(OTHER, OWN) is None


def test_code_outside_the_paper_or_on_a_number_is_a_mistake_of_the_form() -> None:
    for box, mistake in ((Rect(440, 10, 20, 20), LintCode.OUTSIDE_PAPER), (PAGE.fields["paslon_1"].box_row, LintCode.OVERLAP)):
        page = replace(PAGE, codes=(replace(PAGE.codes[0], box=box),))
        assert mistake in {finding.code for finding in lint_form(replace(FORM, pages={"1": page}))}


# From the photo to the contents


@pytest.mark.parametrize("off_mm", [(0.0, 0.0), (-7.0, 6.0), (6.0, -7.0)])
def test_code_is_read_where_it_is_printed_or_a_little_off(off_mm: tuple[float, float]) -> None:
    assert read_codes(coloured(drawn(OWN, off_mm=off_mm)), to_drawing, PAGE) == (OWN,)


def test_code_elsewhere_on_the_photo_is_not_that_of_the_page() -> None:
    assert read_codes(coloured(drawn(OTHER, off_mm=(-200.0, 100.0))), to_drawing, PAGE) == ()


def test_page_without_a_code_reads_none() -> None:
    assert read_codes(coloured(drawn(OWN)), to_drawing, replace(PAGE, codes=())) == ()


def test_covered_code_says_nothing() -> None:
    image = coloured(drawn(OWN))
    box = PAGE.codes[0].box
    x, y = to_drawing(np.array([box.centre]))[0].astype(int)
    image[y - 20 : y + 20, x - 20 : x + 20] = 128
    assert read_codes(image, to_drawing, PAGE) == ()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.full((2100, 1350, 3), 255, np.uint8),
        np.random.default_rng(1).integers(0, 256, (2100, 1350, 3), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
    ],
    ids=["one pixel", "white", "noise", "nothing"],
)
def test_garbage_says_nothing(image: NDArray[np.uint8]) -> None:
    assert read_codes(image, to_drawing, PAGE) == ()


@pytest.mark.parametrize("place", [np.nan, np.inf, 1e12, -1e6])
def test_place_that_is_not_in_the_photo_says_nothing(place: float) -> None:
    assert read_codes(coloured(drawn(OWN)), lambda points: np.full_like(points, place), PAGE) == ()


@pytest.mark.parametrize("content", [bytes(range(128, 200)), b"\xff\xfe\x00\xd8"])
def test_code_of_bytes_says_nothing(content: bytes) -> None:
    assert refusal(*read_codes(coloured(drawn(content)), to_drawing, PAGE)) is None


# In the recipe


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(Settings())


def photographed(drawing: NDArray[np.uint8], *, pixels_per_mm: float = 4.0) -> Photo:
    paper = Paper.from_drawing(drawing, pixels_per_mm=pixels_per_mm)
    shot = Shot(size=(1400, 2100), tilt=(4.0, -3.0), roll=1.0, sensor=Sensor(blur=0.5, noise=1.0, jpeg_quality=85))
    return Photo(image=photograph(paper, shot, np.random.default_rng(5)).image, name="a.jpg", sha256="0" * 64)


def test_photo_is_refused_when_its_code_names_another_form(reader: Reader) -> None:
    sheet = read_sheet(photographed(drawn(OTHER, scale=4.0)), reader)
    assert sheet.verdict is Verdict.REFUSED
    assert sheet.refusal is not None
    assert sheet.refusal.code is RefusalCode.UNKNOWN_FORM
    assert OTHER in sheet.refusal.detail


@pytest.mark.parametrize("content", [OWN, "https://example.org"])
def test_photo_is_read_when_its_code_does_not_contradict(content: str, reader: Reader) -> None:
    sheet = read_sheet(photographed(drawn(content, scale=4.0)), reader)
    assert (sheet.form, sheet.page) == (FORM.id, "1"), sheet.refusal


def test_code_contradicts_no_tag(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "read_codes", lambda *_, **__: (OTHER,))
    page: Page = CATALOGUE["c-hasil-ppwp-2024"].pages["2"]
    assert read_sheet(photographed(draw_page(page, pixels_per_mm=4.0)), reader).page == "2"


def test_code_with_a_station_names_that_of_the_sheet(reader: Reader) -> None:
    sheet = read_sheet(photographed(drawn("https://example.org/1805082001010?x", scale=4.0)), reader)
    assert sheet.tps is not None
    assert (sheet.tps.code, sheet.tps.source) == ("1805082001010", "qr")


@pytest.mark.parametrize(
    "contents", [(), ("no code",), ("18050820010101",), ("1805082001000",), ("1805082001010", "1805082001011"), ("x1805082001010",)]
)
def test_codes_that_name_no_station_or_several_name_none(contents: tuple[str, ...]) -> None:
    assert station_in(contents) is None


@pytest.mark.real
@pytest.mark.skipif(not PHOTOS.is_dir(), reason=f"the real photos are not at {PHOTOS}")
@pytest.mark.parametrize(("name", "content"), [("cd_data02.jpg", OTHER), ("cd_dpr01.jpg", "299999-02"), ("cd_pwp02.jpg", OWN)])
def test_real_code_is_read_and_confirms_its_page(name: str, content: str) -> None:
    (photo,) = open_images(PHOTOS / name, name=name, limits=Limits.of(Settings()))
    assert isinstance(photo, Photo)
    found = register(photo.image, CATALOGUE, policy=RegistrationPolicy())
    assert isinstance(found, Registration)
    assert read_codes(photo.image, found.to_photo, CATALOGUE[found.form].pages[found.page]) == (content,)
    assert [(form.id, page.number) for form, page in CATALOGUE.with_code(content)] == [(found.form, found.page)]
    assert refusal(content, form=found.form, page=found.page) is None
