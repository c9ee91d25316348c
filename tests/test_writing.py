"""Files are whole or not there, also when the disk is full."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from pipeline.writing import OutputError, StagedFiles, write_whole


def test_files_appear_together_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with StagedFiles(out) as staged:
        staged.create("a").write(b"1")
        staged.create("b").write(b"2")
        assert not (out / "a").exists()
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {"a": b"1", "b": b"2"}


def stage(folder: Path, contents: Iterable[bytes]) -> None:
    """Stage a file for each content, named by its place."""
    with StagedFiles(folder) as staged:
        for place, content in enumerate(contents):
            staged.create(str(place)).write(content)


def test_nothing_appears_when_the_work_fails(tmp_path: Path) -> None:
    def failing() -> Iterator[bytes]:
        yield b"half"
        raise KeyError

    (tmp_path / "0").write_bytes(b"of an earlier run")
    with pytest.raises(KeyError):
        stage(tmp_path, failing())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"0": b"of an earlier run"}


def test_mode_is_that_of_any_new_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"1")
    (tmp_path / "b").write_bytes(b"2")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_full_disk_leaves_nothing_half_written(small_disk: Path) -> None:
    write_whole(small_disk / "a", b"of an earlier run")
    with pytest.raises(OutputError) as failure:
        write_whole(small_disk / "a", bytes(1_000_000))
    assert "No space left" in failure.value.reason
    assert {path.name: path.read_bytes() for path in small_disk.iterdir()} == {"a": b"of an earlier run"}


def test_file_that_does_not_fit_takes_the_others_with_it(small_disk: Path) -> None:
    with pytest.raises(OutputError):
        stage(small_disk, [bytes(4000)] * 100)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("step", ["replace", "open", "mkdir"])
def test_every_step_that_fails_is_reported_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, step, full)
        with pytest.raises(OutputError, match=r"out/a: No space left"):
            write_whole(tmp_path / "out" / "a", b"1")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_folder_that_is_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError):
        write_whole(tmp_path / "out" / "a", b"1")
