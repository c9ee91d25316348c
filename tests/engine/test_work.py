"""The work on one file: opened, read, drawn; a bug costs one photo, a full disk ends the run."""

from __future__ import annotations

import errno
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.engine import work
from pipeline.engine.batch import read_all
from pipeline.engine.executors import SerialExecutor
from pipeline.engine.work import WorkOrder, read_item, refuse_item, safe_name
from pipeline.imaging import Item, discover
from pipeline.settings import Settings
from pipeline.sheet import RefusalCode, Sheet, Verdict
from pipeline.writing import OutputError
from tests.imaging.pictures import encoded, pdf_of
from tests.sheets import ColourReader

ORDER = WorkOrder(settings=Settings())


pytestmark = pytest.mark.usefixtures("colour_reader")


def plain(blue: int, green: int = 100) -> NDArray[np.uint8]:
    return np.full((200, 300, 3), (blue, green, 50), np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos of many fates."""
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "accepted.png").write_bytes(encoded(plain(125), "PNG"))
    (photos / "bug.png").write_bytes(encoded(plain(0, 0), "PNG"))
    (photos / "cut.jpg").write_bytes(encoded(plain(9), "JPEG")[:-20])
    (photos / "pages.pdf").write_bytes(pdf_of([plain(7), plain(0, 0), plain(8)]))
    (photos / "wall.png").write_bytes(encoded(plain(255, 255), "PNG"))
    return photos


def read(folder: Path, order: WorkOrder = ORDER) -> dict[str, Sheet]:
    found = discover([str(folder)])
    steps = read_all(found.items, order=order, executor=SerialExecutor())
    return {sheet.source.removeprefix(f"{folder}/"): sheet for step in steps for sheet in step}


def test_every_file_gives_its_sheets_and_a_bug_costs_one_photo(folder: Path) -> None:
    sheets = read(folder)
    assert list(sheets) == ["accepted.png", "bug.png", "cut.jpg", "pages.pdf#page=1", "pages.pdf#page=2", "pages.pdf#page=3", "wall.png"]
    codes = {name: sheet.refusal.code for name, sheet in sheets.items() if sheet.refusal}
    assert codes == {
        "bug.png": RefusalCode.CRASHED_READER,
        "cut.jpg": RefusalCode.DAMAGED_FILE,
        "pages.pdf#page=2": RefusalCode.CRASHED_READER,
        "wall.png": RefusalCode.PAGE_NOT_FOUND,
    }
    assert sheets["accepted.png"].fields["paslon_1"].value == 125
    assert sheets["pages.pdf#page=3"].verdict is Verdict.ACCEPTED


def test_crash_names_the_exception_on_one_line(folder: Path) -> None:
    refusal = read(folder)["bug.png"].refusal
    assert refusal is not None
    assert refusal.detail == "ZeroDivisionError: a bug in the reader"


def test_refused_sheets_say_what_refused_them(folder: Path) -> None:
    sheet = read(folder)["cut.jpg"]
    assert (sheet.software, sheet.models) == (work.SOFTWARE, ColourReader.models)
    assert len(sheet.sha256) == 64
    assert sheet.seconds > 0


def test_overlay_is_drawn_for_every_photo_that_was_read(folder: Path, tmp_path: Path) -> None:
    overlays = tmp_path / "out" / "overlays"
    sheets = read(folder, WorkOrder(settings=Settings(), overlays=overlays))
    drawn = {path.name for path in overlays.iterdir()}
    expected = [sheet.source for sheet in sheets.values() if not sheet.refusal or sheet.refusal.code is RefusalCode.PAGE_NOT_FOUND]
    assert drawn == {f"{safe_name(source)}.jpg" for source in expected}
    picture = cv2.imread(str(overlays / f"{safe_name(expected[0])}.jpg"))
    assert picture is not None
    assert abs(int(picture[100, 100, 0]) - 130) < 3


def test_debug_keeps_the_stages_and_the_traceback(folder: Path, tmp_path: Path) -> None:
    debug = tmp_path / "debug"
    sheets = read(folder, WorkOrder(settings=Settings(), debug=debug))
    assert (debug / safe_name(sheets["accepted.png"].source) / "01-photo.jpg").is_file()
    assert "ZeroDivisionError" in (debug / safe_name(sheets["bug.png"].source) / "crash.txt").read_text()


def test_picture_that_cannot_be_written_ends_the_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        read(folder, WorkOrder(settings=Settings(), overlays=tmp_path / "overlays"))
    assert list((tmp_path / "overlays").iterdir()) == []


def test_bug_while_opening_is_a_refusal_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("format")

    monkeypatch.setattr(work, "open_images", broken)
    (sheet,) = read_item(Item("a.jpg", folder / "accepted.png"), order=ORDER)
    assert sheet.refusal is not None
    assert sheet.refusal.code is RefusalCode.CRASHED_READER


def test_full_disk_is_no_fault_of_a_photo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/header.png")

    monkeypatch.setattr(work, "open_images", full)
    with pytest.raises(OutputError, match="No space left"):
        read_item(Item("a.jpg", folder / "accepted.png"), order=ORDER)


def test_file_that_ended_its_process_is_refused_with_its_hash(folder: Path) -> None:
    path = folder / "accepted.png"
    (sheet,) = refuse_item(Item("a.png", path), "the worker process died", order=ORDER)
    (read_well,) = read_item(Item("a.png", path), order=ORDER)
    assert sheet.refusal is not None
    assert sheet.refusal.code is RefusalCode.CRASHED_READER
    assert sheet.sha256 == read_well.sha256
    (absent,) = refuse_item(Item("b.png", folder / "absent.png"), "died", order=ORDER)
    assert absent.sha256 == ""


def test_reader_is_loaded_once_a_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Settings] = []

    class CountingReader(ColourReader):
        @classmethod
        def load(cls, settings: Settings) -> ColourReader:
            loaded.append(settings)
            return cls()

    monkeypatch.setattr(work, "Reader", CountingReader)
    read(folder, WorkOrder(settings=Settings()))
    read(folder, WorkOrder(settings=Settings()))
    assert len(loaded) == 1
    assert cv2.getNumThreads() == 1


def test_same_bytes_under_another_name_give_the_same_sheet(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "x9" / "q.jpeg"
    copy.parent.mkdir()
    copy.write_bytes((folder / "accepted.png").read_bytes())
    first, second = (partial(read_item, order=ORDER)(Item(str(path), path))[0].to_dict() for path in (folder / "accepted.png", copy))
    for sheet in (first, second):
        del sheet["source"], sheet["seconds"]
    assert first == second


@pytest.mark.parametrize("name", ["photos/a.jpg", "../../etc/passwd", "/abs/a.jpg", "a.pdf#page=3", "é" * 300, "...", "a\nb"])
def test_safe_names_are_file_names(name: str) -> None:
    safe = safe_name(name)
    assert "/" not in safe
    assert safe.isascii()
    assert safe.isprintable()
    assert not safe.startswith(".")
    assert len(safe) < 100


def test_safe_names_differ_where_names_do() -> None:
    assert safe_name("a/b.jpg") != safe_name("a_b.jpg")
