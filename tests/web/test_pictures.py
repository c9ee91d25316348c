"""Pictures show the place that they are of, say nothing of who took the photo, and a photo that does harm costs one picture."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import Engine

from pipeline.forms import load_catalogue
from pipeline.imaging.files import Item
from pipeline.regions import TpsCode
from pipeline.settings import Settings
from pipeline.sheet import Sheet, SourceKind, Verdict
from pipeline.store.accounts import Role
from pipeline.store.intake import Arrival, take_in
from pipeline.store.photos import PhotoStore
from pipeline.store.readings import ReadSheet, pending, record
from pipeline.store.schema import readings
from pipeline.store.sheets import StoredSheet, sheet_at
from pipeline.web import pictures
from pipeline.web.cuts import Cut, FlatPage, OneBox, Overlay, WholePhoto, Writing, cut_out, exists
from pipeline.web.pictures import Pictures, trim
from tests.web.conftest import ELSEWHERE, STATION, ClientAs
from tests.web.photos import BLUE, FORM, GPS, GREEN, RED, jpeg_of_page, sheet_of_page

CATALOGUE = load_catalogue()


def decoded(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def middle(picture: NDArray[np.uint8]) -> tuple[int, ...]:
    return tuple(int(level) for level in picture[picture.shape[0] // 2, picture.shape[1] // 2])


def close(colour: tuple[int, ...], to: tuple[int, ...]) -> bool:
    return max(abs(one - other) for one, other in zip(colour, to, strict=True)) < 40


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_cuts_show_their_place_upright_however_the_photo_was_held(turns: int) -> None:
    sheet = sheet_of_page(turns=turns)
    image = np.ascontiguousarray(decoded(jpeg_of_page(turns=turns))[:, :, ::-1])

    def cut(what: Cut) -> NDArray[np.uint8]:
        assert exists(what, sheet, CATALOGUE)
        return cut_out(image, sheet, what, CATALOGUE)[:, :, ::-1]

    boxes, words, one = cut(Writing("paslon_1", SourceKind.BOXES)), cut(Writing("paslon_1", SourceKind.WORDS)), cut(OneBox("paslon_1", 1))
    assert close(middle(boxes), GREEN)
    assert close(tuple(int(level) for level in boxes[3, boxes.shape[1] // 2]), RED), "there is a margin around the boxes"
    assert boxes.shape[1] > boxes.shape[0]
    assert close(middle(words), BLUE)
    assert close(middle(one), GREEN)
    flat, whole = cut(FlatPage()), cut(WholePhoto())
    assert flat.shape[0] == 1600
    assert abs(flat.shape[1] / flat.shape[0] - FORM.paper_mm[0] / FORM.paper_mm[1]) < 0.01
    for picture in (flat, whole):
        assert picture.shape[0] > picture.shape[1], "upright"
        assert max(picture.shape) <= 1600


def test_whole_photo_is_shown_where_no_page_was_found() -> None:
    sheet = sheet_of_page(registration=None, fields={})
    image = np.ascontiguousarray(decoded(jpeg_of_page())[:, :, ::-1])
    assert not exists(Writing("paslon_1", SourceKind.BOXES), sheet, CATALOGUE)
    for whole in (FlatPage(), WholePhoto()):
        assert cut_out(image, sheet, whole, CATALOGUE).shape == image.shape


@pytest.mark.parametrize("what", [Writing("paslon_9", SourceKind.BOXES), OneBox("paslon_1", 3), OneBox("paslon_1", -1)])
def test_place_that_is_not_on_the_form_is_none(what: Cut) -> None:
    assert not exists(what, sheet_of_page(), CATALOGUE)
    assert not exists(what, replace(sheet_of_page(), form="unknown"), CATALOGUE)


@pytest.fixture
def sent(site_store: Engine, settings: Settings, tmp_path: Path) -> StoredSheet:
    """A photo of this station, with the place where it was taken in its file, and what was read on it."""
    return stored(site_store, settings, tmp_path, STATION, sheet_of_page(verdict=Verdict.ACCEPTED, findings=()))


def stored(store: Engine, settings: Settings, folder: Path, tps: str, sheet: Sheet, data: bytes | None = None) -> StoredSheet:
    path = folder / f"{tps}.jpg"
    path.write_bytes(data or jpeg_of_page(gps=True) + tps.encode())
    kept = PhotoStore(settings.photos_url)
    assert list(take_in(store, kept, [Arrival(Item(path.name, path), tps=TpsCode.parse(tps))], max_bytes=10**8))
    with store.begin() as connection:
        (photo,) = pending(connection, limit=10)
        record(connection, photo, [ReadSheet(replace(sheet, sha256=photo.sha256), "5a" * 128)])
        position = connection.execute(readings.select().where(readings.c.photo == photo.position)).one().position
        return sheet_at(connection, position)


@pytest.fixture
def drawing(settings: Settings) -> Iterator[Pictures]:
    drawing = Pictures(settings)
    yield drawing
    drawing.close()


PATHS = [
    "/sheets/{reading}/page.jpg", "/sheets/{reading}/photo.jpg", "/sheets/{reading}/overlay.jpg",
    "/sheets/{reading}/crop/paslon_1/boxes.jpg", "/sheets/{reading}/box/paslon_1/0.jpg",
]  # fmt: skip


def test_no_picture_says_where_it_was_taken(sent: StoredSheet, client_as: ClientAs) -> None:
    client = client_as(Role.PPS, STATION[:10])
    for path in PATHS:
        answer = client.get(path.format(reading=sent.position))
        assert answer.status_code == 200, path
        assert answer.headers["content-type"] == "image/jpeg"
        assert b"Exif" not in answer.content
        assert not Image.open(io.BytesIO(answer.content)).getexif()
    assert client.get(f"/photos/{sent.photo}/original").status_code == 403


def test_original_is_given_whole_to_auditors_alone(sent: StoredSheet, client_as: ClientAs) -> None:
    answer = client_as(Role.AUDITOR, STATION[:4]).get(f"/photos/{sent.photo}/original")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{sent.sha256}.jpeg"'
    assert answer.headers["content-type"] == "application/octet-stream"
    assert GPS in Image.open(io.BytesIO(answer.content)).getexif()
    assert client_as(Role.AUDITOR, ELSEWHERE[:4]).get(f"/photos/{sent.photo}/original").status_code == 404


def test_overlay_of_a_sheet_to_be_typed_is_kept_from_who_may_type_it(
    site_store: Engine, settings: Settings, tmp_path: Path, client_as: ClientAs
) -> None:
    doubtful = stored(site_store, settings, tmp_path, STATION, sheet_of_page())
    typist, officer = client_as(Role.PPS, STATION[:10]), client_as(Role.KPPS, STATION)
    assert typist.get(f"/sheets/{doubtful.position}/overlay.jpg").status_code == 404
    assert typist.get(f"/sheets/{doubtful.position}/page.jpg").status_code == 200
    page = typist.get(f"/sheets/{doubtful.position}").text
    assert "Lembar ini menunggu diketik" in page
    assert "overlay.jpg" not in page
    assert "99,7" not in page
    assert officer.get(f"/sheets/{doubtful.position}/overlay.jpg").status_code == 200
    assert "99,7" in officer.get(f"/sheets/{doubtful.position}").text


def test_places_that_do_not_exist_have_no_picture(sent: StoredSheet, client_as: ClientAs) -> None:
    client = client_as(Role.PPS, STATION[:10])
    for path in ("crop/paslon_9/boxes.jpg", "crop/paslon_1/nothing.jpg", "crop/..%2F..%2Fx/boxes.jpg", "box/paslon_1/7.jpg", "x.jpg"):
        assert client.get(f"/sheets/{sent.position}/{path}").status_code == 404


class _Deadly:
    """A cut that ends the process that gets it."""

    name = "deadly"

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (1,)


def test_photo_that_ends_the_process_costs_one_picture(sent: StoredSheet, drawing: Pictures) -> None:
    assert asyncio.run(drawing.draw(sent, _Deadly())) is None  # type: ignore[arg-type]
    assert asyncio.run(drawing.draw(sent, FlatPage())) is not None


def test_photo_that_takes_too_long_costs_one_picture(sent: StoredSheet, drawing: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "SECONDS", 0.001)
    assert asyncio.run(drawing.draw(sent, FlatPage())) is None
    monkeypatch.setattr(pictures, "SECONDS", 30.0)
    assert asyncio.run(drawing.draw(sent, Overlay())) is not None
    assert asyncio.run(drawing.draw(sent, FlatPage())) is None, "it is not tried again"


def test_photo_that_is_no_picture_has_none(site_store: Engine, settings: Settings, tmp_path: Path, drawing: Pictures) -> None:
    broken = stored(site_store, settings, tmp_path, STATION, sheet_of_page(), data=jpeg_of_page()[:2000])
    assert asyncio.run(drawing.draw(broken, FlatPage())) is None


def test_photo_that_is_lost_has_no_picture(sent: StoredSheet, drawing: Pictures) -> None:
    assert asyncio.run(drawing.draw(replace(sent, sha256="0" * 64), FlatPage())) is None


def test_pictures_are_drawn_once(sent: StoredSheet, drawing: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    first = asyncio.run(drawing.draw(sent, Writing("paslon_1", SourceKind.BOXES)))
    monkeypatch.setattr(pictures, "SECONDS", 0.001)
    assert asyncio.run(drawing.draw(sent, Writing("paslon_1", SourceKind.BOXES))) == first
    assert first is not None
    assert close(middle(decoded(first)), GREEN)


def test_pictures_give_way_to_newer_ones(tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(b"x" * 100)
        os.utime(path, (number, number))
    trim(tmp_path, 1000)
    assert len(list(tmp_path.iterdir())) == 10
    trim(tmp_path, 900)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{number}.jpg" for number in range(3, 10)]
