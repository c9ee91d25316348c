"""Which files are read, under which names, in which order; and the ones that cannot be opened."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from pipeline.imaging.files import Item, discover, printable, read_bytes, walk
from pipeline.sheet import Refusal, RefusalCode

LIMIT = 1000


def names(*paths: str, leave_out: tuple[Path, ...] = ()) -> list[str]:
    return [item.name for item in discover(paths, leave_out=leave_out).items]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `photos` with files of many kinds; the current folder is its parent."""
    monkeypatch.chdir(tmp_path)
    for name in ("b.JPG", "a.jpeg", "sub/c.png", "sub/deep/d.pdf", "notes.txt", ".hidden.jpg", ".git/e.jpg", "scan.TIFF"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "photos"


def test_folder_is_walked_sorted_and_without_hidden_files(folder: Path) -> None:
    assert names("photos") == ["photos/a.jpeg", "photos/b.JPG", "photos/scan.TIFF", "photos/sub/c.png", "photos/sub/deep/d.pdf"]


@pytest.mark.parametrize("given", ["photos", "photos/", "./photos", "photos//", "../{parent}/photos"])
def test_names_begin_with_the_path_as_given(folder: Path, given: str) -> None:
    given = given.format(parent=folder.parent.name)
    assert names(given)[0] == given.rstrip("/") + "/a.jpeg"


def test_absolute_paths_stay_absolute(folder: Path) -> None:
    assert names(str(folder))[0] == f"{folder}/a.jpeg"


def test_path_given_itself_is_taken_whatever_its_name(folder: Path) -> None:
    assert names("photos/notes.txt", "photos/.hidden.jpg", "nothing.jpg") == ["nothing.jpg", "photos/.hidden.jpg", "photos/notes.txt"]


def test_file_given_twice_is_read_once(folder: Path) -> None:
    assert names("photos/a.jpeg", "photos/a.jpeg", "photos").count("photos/a.jpeg") == 1


def test_loops_of_links_end_and_linked_folders_are_read(folder: Path, tmp_path: Path) -> None:
    (folder / "sub" / "loop").symlink_to(folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "f.jpg").write_bytes(b"x")
    (folder / "again").symlink_to(elsewhere)
    (folder / "more").symlink_to(elsewhere)
    found = names("photos")
    assert "photos/again/f.jpg" in found
    assert len(found) == 6


def test_dangling_link_is_an_item(folder: Path) -> None:
    (folder / "gone.jpg").symlink_to("nowhere.jpg")
    assert "photos/gone.jpg" in names("photos")


def test_empty_folder_is_named(folder: Path) -> None:
    (folder / "empty").mkdir()
    found = discover(["photos/empty", "photos"])
    assert found.empty == ("photos/empty",)
    assert len(found.items) == 5


def test_results_beside_the_photos_are_left_out(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "overlay.jpg").write_bytes(b"x")
    assert "photos/out/overlay.jpg" in names("photos")
    assert "photos/out/overlay.jpg" not in names("photos", leave_out=(folder / "out", folder / "not there"))


def test_folder_that_cannot_be_listed_is_an_item(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("sub"):
            raise PermissionError(errno.EACCES, "denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert "photos/sub" in names("photos")


def test_name_that_is_no_utf8_is_still_text(folder: Path) -> None:
    try:
        (folder / os.fsdecode(b"z\xff.jpg")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert names("photos")[-1] == "photos/z\\xff.jpg"
    assert printable("biasa/é.jpg") == "biasa/é.jpg"


def test_order_is_that_of_names() -> None:
    assert Item("a", Path("z")) < Item("b", Path("a"))


def code_of(path: Path) -> RefusalCode:
    refusal = read_bytes(path, max_bytes=LIMIT)
    assert isinstance(refusal, Refusal)
    assert refusal.detail
    return refusal.code


def test_content_up_to_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x" * LIMIT)
    assert read_bytes(path, max_bytes=LIMIT) == b"x" * LIMIT
    path.write_bytes(b"x" * (LIMIT + 1))
    assert code_of(path) is RefusalCode.TOO_LARGE


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (tmp_path / "dangling.jpg").symlink_to("nowhere")
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe.jpg")
    assert code_of(tmp_path / "absent.jpg") is RefusalCode.NOT_FOUND
    assert code_of(tmp_path / "dangling.jpg") is RefusalCode.NOT_FOUND
    assert code_of(tmp_path / "circle.jpg") is RefusalCode.NOT_FOUND
    assert code_of(tmp_path / "file" / "below.jpg") is RefusalCode.NOT_FOUND
    assert code_of(tmp_path / ("n" * 300)) is RefusalCode.NOT_FOUND
    assert code_of(tmp_path / "empty.jpg") is RefusalCode.DAMAGED_FILE
    assert code_of(tmp_path / "pipe.jpg") is RefusalCode.UNSUPPORTED_FORMAT
    assert code_of(tmp_path) is RefusalCode.UNSUPPORTED_FORMAT
    assert code_of(Path("/dev/zero")) is RefusalCode.UNSUPPORTED_FORMAT


def test_socket_is_not_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.jpg")
        assert code_of(tmp_path / "s.jpg") is RefusalCode.UNSUPPORTED_FORMAT


def test_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.jpg"
    path.write_bytes(b"x")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:  # root may read everything
        os.seteuid(65534)
    try:
        assert code_of(path) is RefusalCode.NO_PERMISSION
    finally:
        os.seteuid(user)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, RefusalCode.NO_PERMISSION),
        (errno.EPERM, RefusalCode.NO_PERMISSION),
        (errno.EIO, RefusalCode.DAMAGED_FILE),
        (errno.ENXIO, RefusalCode.UNSUPPORTED_FORMAT),
    ],
)
def test_errors_of_the_system_have_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: RefusalCode) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", fail)
    assert code_of(tmp_path / "x.jpg") is code


def test_folder_is_walked_as_it_goes_and_sorted_within_each_folder(folder: Path) -> None:
    (folder / "sub2").mkdir()
    (folder / "sub2" / "g.jpg").write_bytes(b"x")
    found = [item.name for item in walk("photos/")]
    assert found == [f"photos/{name}" for name in ("a.jpeg", "b.JPG", "scan.TIFF", "sub/c.png", "sub/deep/d.pdf", "sub2/g.jpg")]
