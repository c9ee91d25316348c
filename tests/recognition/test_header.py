"""The printed header confirms, contradicts, or says nothing; and whatever goes wrong with it, it says nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.cli import read as read_command
from pipeline.forms import Identity, Page, draw_page, load_catalogue
from pipeline.imaging import Limits, Photo, open_images
from pipeline.read import Reader, read_sheet
from pipeline.recognition import header
from pipeline.recognition.header import HeaderReader, header_picture, recognise, tesseract_installed
from pipeline.recognition.header_match import (
    UNREADABLE,
    HeaderEvidence,
    HeaderLine,
    HeaderPolicy,
    contradiction,
    edit_distance,
    judge_header,
)
from pipeline.registration import Registration, RegistrationPolicy, register
from pipeline.settings import Settings
from pipeline.sheet import RefusalCode, Verdict
from pipeline.simulate.camera import Sensor, Shot, photograph
from pipeline.simulate.pack import load_pack
from pipeline.simulate.pen import Paper
from pipeline.simulate.sheets import simulate_sheet
from pipeline.simulate.shots import ShotKind, random_shot

CATALOGUE = load_catalogue()
FORM = CATALOGUE["c-hasil-ppwp-2024"]
SCALE = 3.0
WHOLE_PHOTOS = Path(__file__).parents[2].parent / "shared" / "data" / "sheets" / "chasil-2024-whole"

HEADING_1 = "DATA PEMILIH DAN PENGGUNA HAK PILIH"
HEADING_2 = "DATA RINCIAN PEROLEHAN SUARA PASANGAN CALON PRESIDEN DAN WAKIL PRESIDEN"
HEADING_3 = "DATA SUARA SAH DAN SUARA TIDAK SAH"
GOVERNOR = "DATA RINCIAN PEROLEHAN SUARA PASANGAN CALON GUBERNUR DAN WAKIL GUBERNUR"

needs_tesseract = pytest.mark.skipif(not tesseract_installed(), reason="tesseract is not installed")


def judge(*lines: tuple[str, float], page: str = "2") -> HeaderEvidence:
    return judge_header([HeaderLine(*line) for line in lines], CATALOGUE, FORM.id, page, policy=HeaderPolicy())


def refusal(*lines: tuple[str, float], page: str = "2") -> RefusalCode | None:
    found = contradiction(judge(*lines, page=page), FORM.id, page)
    return found and found.code


# What lines say


def test_own_header_confirms_page_and_form() -> None:
    evidence = judge(("C.HASIL-PPWP", 80), ("Halaman 2 dari 3", 95), (HEADING_2, 91))
    assert evidence == HeaderEvidence(f"C.HASIL-PPWP; {HEADING_2}; Halaman 2 dari 3", "2", True)
    assert contradiction(evidence, FORM.id, "2") is None


def test_misread_heading_still_confirms() -> None:
    assert judge(("DATA RINQIAN PERGLEHAN SUARA PASANGAN CALON PRESIDEN DAN WAK IL PRESIDEN", 40)).page_read == "2"


@pytest.mark.parametrize(("heading", "page", "other"), [(HEADING_3, "2", "3"), (HEADING_2, "3", "2"), (HEADING_1, "2", "1")])
def test_heading_of_another_page_is_a_wrong_page(heading: str, page: str, other: str) -> None:
    evidence = judge((heading.replace("O", "0"), 60), page=page)
    assert evidence.page_read == other
    found = contradiction(evidence, FORM.id, page)
    assert found is not None
    assert found.code is RefusalCode.WRONG_PAGE
    assert f"page {page}" in found.detail
    assert f"page {other}" in found.detail


@pytest.mark.parametrize(("confidence", "expected"), [(95, RefusalCode.WRONG_PAGE), (89, None)])
def test_page_number_alone_counts_only_when_read_without_a_doubt(confidence: float, expected: RefusalCode | None) -> None:
    assert refusal(("Halaman 3 dari 3", confidence)) is expected


def test_page_number_with_a_misread_sign_says_nothing() -> None:
    assert refusal(("Halarnan 3 dari 3", 96)) is None


def test_line_that_leans_to_the_expected_page_keeps_the_sheet() -> None:
    assert refusal(("Halaman 3 dari 3", 96), ("DATA RINCIAN PEROLEHAN SUARA PASANGAN CAL", 10)) is None
    assert refusal((HEADING_3, 96), ("Halaman 2 dar", 10)) is None


def test_heading_nearly_that_of_another_form_is_not_held_against_the_page_it_stands_on() -> None:
    heading = "IV. DATA PEROLEHAN SUARA PASANGAN CALON PRESIDEN DAN WAKIL PRESIDEN"
    evidence = judge_header([HeaderLine(heading, 95.0)], CATALOGUE, "c1-ppwp-2019", "2", policy=HeaderPolicy())
    assert contradiction(evidence, "c1-ppwp-2019", "2") is None
    assert evidence.page_read == "2"


def test_two_other_pages_at_once_say_nothing() -> None:
    assert refusal((HEADING_3, 96), ("Halaman 1 dari 3", 95)) is None


@pytest.mark.parametrize("model", ["C.HASIL-DPR", "C HASIL- DPD", "C.HASIL-KWK-GUBERNUR", "C.HASIL SALINAN-PPWP"])
def test_another_model_is_an_unknown_form_whatever_its_heading(model: str) -> None:
    found = contradiction(judge((model, 70), ("Halaman 2 dari 3", 95), (HEADING_2, 95)), FORM.id, "2")
    assert found is not None
    assert found.code is RefusalCode.UNKNOWN_FORM
    assert model in found.detail


@pytest.mark.parametrize("model", ["C.HASIL-PPWF", "C HAS PPP", "CHASIL", "C.HASIL-DPP", "C.HASIL-OPR", "C.HASIL-PPRD"])
def test_misread_model_is_no_other_model(model: str) -> None:
    assert refusal((model, 96)) is None


def test_heading_of_another_election_is_an_unknown_form_unless_the_model_is_the_expected_one() -> None:
    assert refusal((GOVERNOR, 90), ("Halaman 2 dari 3", 95)) is RefusalCode.UNKNOWN_FORM
    assert refusal((GOVERNOR, 90), ("C.HAS-PPWP", 20)) is None


def test_nothing_read_says_nothing() -> None:
    assert judge() == judge(("", 0), ("| —", 0), ("x", 99), ("Ketua KPPS", 95)) == UNREADABLE
    assert contradiction(UNREADABLE, FORM.id, "2") is None


SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-"


@given(page=st.sampled_from("123"), data=st.data())
def test_misread_signs_never_refuse_a_right_sheet(page: str, data: st.DataObject) -> None:
    lines = []
    for text in (text.text for text in FORM.pages[page].texts if text.identity):
        signs = list(text)
        places = data.draw(st.sets(st.integers(0, len(text) - 1), max_size=len(text) // 3))
        for place in places:
            signs[place] = data.draw(st.sampled_from(SIGNS))
        lines.append(("".join(signs), data.draw(st.floats(0, 89))))
    assert refusal(*lines, page=page) is None


WORDS = st.text(alphabet="ABC", max_size=7)


@given(one=WORDS, other=WORDS, third=WORDS)
def test_edit_distance_is_a_distance(one: str, other: str, third: str) -> None:
    assert (edit_distance(one, other) == 0) == (one == other)
    assert edit_distance(one, other) == edit_distance(other, one)
    assert edit_distance(one, third) <= edit_distance(one, other) + edit_distance(other, third)
    assert abs(len(one) - len(other)) <= edit_distance(one, other) <= max(len(one), len(other))


def test_edit_distance_of_known_pairs() -> None:
    assert edit_distance("PPWP", "DPR") == 3
    assert edit_distance("HALAMAN2DARI3", "HALAMAN3DARI3") == 1


def test_every_page_prints_what_names_it() -> None:
    for page in FORM.pages.values():
        tells = {text.identity for text in page.texts}
        assert Identity.FORM in tells
        assert Identity.PAGE in tells


# From the photo to the lines


def to_drawing(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    return points_mm * SCALE - 0.5


def drawn(page: Page) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(draw_page(page, pixels_per_mm=SCALE), cv2.COLOR_GRAY2BGR), np.uint8)


def headed(page: str, *, as_page: str, model: str = "C.HASIL-PPWP") -> Page:
    """A page without tag, with the header of another page, or of another model."""
    texts = [text for text in FORM.pages[page].texts if not text.identity]
    texts += [text for text in FORM.pages[as_page].texts if text.identity]
    texts = [replace(text, text=model) if text.identity is Identity.FORM else text for text in texts]
    return replace(FORM.pages[page], texts=tuple(texts), tag=None)


@needs_tesseract
@pytest.mark.parametrize("page", ["1", "2", "3"])
def test_drawn_page_is_confirmed_again_and_again(page: str) -> None:
    image = drawn(FORM.pages[page])
    evidence = HeaderReader(CATALOGUE).read(image, to_drawing, FORM.id, page)
    assert (evidence.page_read, evidence.form_agrees) == (page, True)
    assert HeaderReader(CATALOGUE).read(image, to_drawing, FORM.id, page) == evidence


@needs_tesseract
@pytest.mark.parametrize(
    ("page", "as_page", "model", "expected"),
    [
        ("2", "3", "C.HASIL-PPWP", RefusalCode.WRONG_PAGE),
        ("2", "1", "C.HASIL-PPWP", RefusalCode.WRONG_PAGE),
        ("3", "2", "C.HASIL-PPWP", RefusalCode.WRONG_PAGE),
        ("2", "2", "C.HASIL-DPR", RefusalCode.UNKNOWN_FORM),
    ],
)
def test_drawn_page_with_another_header_is_refused(page: str, as_page: str, model: str, expected: RefusalCode) -> None:
    image = drawn(headed(page, as_page=as_page, model=model))
    found = contradiction(HeaderReader(CATALOGUE).read(image, to_drawing, FORM.id, page), FORM.id, page)
    assert found is not None
    assert found.code is expected


def test_header_outside_the_photo_or_too_small_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "recognise", lambda picture: pytest.fail("Tesseract was started"))
    reader = HeaderReader(CATALOGUE, available=True)
    whole = drawn(FORM.pages["2"])
    top = round(155 * SCALE)
    assert reader.read(whole[top:], lambda points: to_drawing(points) - (0, top), FORM.id, "2") == UNREADABLE
    small = cv2.resize(whole, None, fx=1 / SCALE, fy=1 / SCALE, interpolation=cv2.INTER_AREA).astype(np.uint8)
    assert reader.read(small, lambda points: points - 0.5, FORM.id, "2") == UNREADABLE


def test_without_tesseract_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(header, "header_picture", lambda *_: pytest.fail("the header was cut"))
    reader = HeaderReader(CATALOGUE)
    assert not reader.available
    assert reader.read(drawn(FORM.pages["2"]), to_drawing, FORM.id, "2") == UNREADABLE


def test_header_picture_is_black_on_white_whatever_the_light() -> None:
    image = drawn(FORM.pages["2"]).astype(np.float64)
    shade = np.linspace(0.9, 0.3, image.shape[1])[None, :, None] * (0.5, 0.7, 1.0)
    bright, dim = (header_picture(np.asarray(photo, np.uint8), to_drawing, FORM, FORM.pages["2"]) for photo in (image, image * shade))
    assert bright is not None
    assert dim is not None
    assert bright.shape == dim.shape
    assert np.abs(bright.astype(int) - dim).mean() < 8


@pytest.fixture
def fake_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Puts a shell script in the place of Tesseract."""

    def install(script: str) -> None:
        program = tmp_path / "tesseract"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    header._language.cache_clear()
    yield install
    header._language.cache_clear()


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "kill -SEGV $$",
        "exec sleep 30",
        '[ "$1" = --list-langs ] && exec echo ind; kill -SEGV $$',
        '[ "$1" = --list-langs ] && exec echo ind; exec sleep 30',
        '[ "$1" = --list-langs ] && exec echo ind; printf "\\377\\377" >&2; exit 1',
        '[ "$1" = --list-langs ] && exec echo ind; exit 0',
    ],
)
def test_tesseract_that_fails_reads_nothing(script: str, fake_tesseract: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    fake_tesseract(script)
    monkeypatch.setattr(header, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.delenv("OMP_THREAD_LIMIT", raising=False)
    assert recognise(np.full((40, 200), 255, np.uint8)) == []
    assert "OMP_THREAD_LIMIT" not in os.environ


# In the recipe and on the command line


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(Settings())


def photographed(page: Page, name: str = "a.jpg") -> Photo:
    paper = Paper.from_drawing(draw_page(page, pixels_per_mm=4.0), pixels_per_mm=4.0)
    shot = Shot(size=(1400, 2100), tilt=(4.0, -3.0), roll=1.0, sensor=Sensor(blur=0.5, noise=1.0, jpeg_quality=85))
    return Photo(image=photograph(paper, shot, np.random.default_rng(5)).image, name=name, sha256="0" * 64)


@needs_tesseract
def test_photo_without_tag_is_refused_when_its_header_names_another_page(reader: Reader) -> None:
    sheet = read_sheet(photographed(headed("2", as_page="3")), reader)
    assert sheet.verdict is Verdict.REFUSED
    assert sheet.refusal is not None
    assert sheet.refusal.code is RefusalCode.WRONG_PAGE
    assert sheet.registration is None


def test_photo_without_tag_is_read_when_its_header_does_not_contradict(reader: Reader) -> None:
    photo = photographed(headed("2", as_page="2"))
    sheet = read_sheet(photo, reader)
    assert (sheet.form, sheet.page) == (FORM.id, "2")
    assert sheet.registration is not None
    assert sheet.registration.method == "lines"


@pytest.mark.parametrize("as_page", ["2", "3"])
def test_header_is_asked_where_only_the_window_names_the_page(reader: Reader, monkeypatch: pytest.MonkeyPatch, as_page: str) -> None:
    random = np.random.default_rng(1003)
    photo = simulate_sheet(FORM, "2", random_shot(ShotKind.APP, FORM.paper_mm, random), random, load_pack(), name="a.jpg").photo
    seen = judge((f"HALAMAN {as_page} DARI 3", 0.95), (HEADING_3 if as_page == "3" else HEADING_2, 0.95))
    monkeypatch.setattr(HeaderReader, "read", lambda *_, **__: seen)
    sheet = read_sheet(Photo(image=photo.image, name="a.jpg", sha256="0" * 64), reader)
    if as_page == "2":
        assert sheet.registration is not None
        assert sheet.registration.method == "window"
    else:
        assert sheet.refusal is not None
        assert sheet.refusal.code is RefusalCode.WRONG_PAGE


def test_header_is_not_read_where_a_tag_names_the_page(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HeaderReader, "read", lambda *_, **__: pytest.fail("the header was read"))
    assert read_sheet(photographed(FORM.pages["2"]), reader).page == "2"


@pytest.mark.usefixtures("colour_reader")
@pytest.mark.parametrize(("language", "sentence"), [("id", "Tesseract tidak terpasang: judul cetak tidak dibaca"), ("en", "not installed")])
def test_command_says_once_that_headers_are_not_read(language: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.full((200, 300, 3), (125, 100, 50), np.uint8))
    for installed, times in ((False, 1), (True, 0)):
        monkeypatch.setattr(read_command, "tesseract_installed", lambda installed=installed: installed)
        result = CliRunner().invoke(app, ["read", str(tmp_path), "--language", language])
        assert result.exit_code == 0
        assert result.stdout.count(sentence) == times


@pytest.mark.real
@needs_tesseract
@pytest.mark.skipif(not WHOLE_PHOTOS.is_dir(), reason=f"the real photos are not at {WHOLE_PHOTOS}")
@pytest.mark.parametrize("name", ["TPS_0188.jpg", "TPS_0631.jpg", "TPS_1011.jpg", "TPS_1186.jpg"])
def test_real_header_never_contradicts_its_own_page(name: str) -> None:
    (photo,) = open_images(WHOLE_PHOTOS / name, name=name, limits=Limits.of(Settings()))
    found = register(photo.image, CATALOGUE, policy=RegistrationPolicy())
    assert isinstance(found, Registration)
    evidence = HeaderReader(CATALOGUE).read(photo.image, found.to_photo, found.form, found.page)
    assert contradiction(evidence, found.form, found.page) is None
    if name == "TPS_0631.jpg":
        assert (evidence.page_read, evidence.form_agrees) == ("2", True)
