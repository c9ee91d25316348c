"""Photos are kept by their content: once, whole, and never believed without their hash."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.store import StoreError
from pipeline.store.photos import PhotoLostError, PhotoStore


def kept_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@given(st.binary(max_size=300))
def test_photo_comes_back_as_it_was(data: bytes) -> None:
    photos = PhotoStore(f"memory://{uuid.uuid4()}")
    sha256 = photos.put(data)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert sha256 in photos
    assert photos.get(sha256) == data


def test_same_photo_is_kept_once(tmp_path: Path) -> None:
    photos = PhotoStore(str(tmp_path / "photos"))
    assert photos.put(b"a photo") == photos.put(b"a photo")
    assert len(kept_files(tmp_path)) == 1


def test_changed_photo_is_not_believed(tmp_path: Path) -> None:
    photos = PhotoStore(str(tmp_path))
    sha256 = photos.put(b"a photo")
    kept_files(tmp_path)[0].write_bytes(b"another")
    with pytest.raises(StoreError, match="not the bytes that were put in"):
        photos.get(sha256)


def test_photo_that_an_accident_cut_short_is_written_again(tmp_path: Path) -> None:
    photos = PhotoStore(str(tmp_path))
    sha256 = photos.put(b"a photo")
    kept_files(tmp_path)[0].write_bytes(b"a ph")
    photos.put(b"a photo")
    assert photos.get(sha256) == b"a photo"


def test_missing_photo_and_missing_place_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(PhotoLostError, match="not there"):
        PhotoStore(str(tmp_path)).get("0" * 64)
    with pytest.raises(StoreError, match="cannot be reached") as error:
        PhotoStore(str(tmp_path / "elsewhere")).get("0" * 64)
    assert not isinstance(error.value, PhotoLostError)


def test_photo_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    photos = PhotoStore(str(tmp_path / "photos"))
    monkeypatch.setattr("pipeline.writing.os.fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        photos.put(b"a photo")
    assert kept_files(tmp_path) == []


def test_place_that_is_none_says_so() -> None:
    with pytest.raises(StoreError, match="not a place for files"):
        PhotoStore("nonsense://x")
