"""Pieces of photos: kept when they are whole, asked for when they are not, and believed only together."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.regions import TpsCode
from pipeline.store import uploads as uploads_module
from pipeline.store.database import StoreError
from pipeline.store.uploads import KEPT, UNFINISHED_AT_MOST, WHOLE, AlteredError, Announced, TooManyError, UnfinishedError, Uploads

TPS = TpsCode.parse("1805082001003")


def announced(data: bytes, tps: TpsCode = TPS) -> Announced:
    return Announced(tps, hashlib.sha256(data).hexdigest(), len(data))


def pieces(data: bytes) -> list[bytes]:
    return [data[start : start + uploads_module.CHUNK] for start in range(0, len(data), uploads_module.CHUNK)]


def send(uploads: Uploads, photo: Announced, data: bytes, number: int) -> None:
    piece = pieces(data)[number]
    uploads.put(photo, number, piece, sha256=hashlib.sha256(piece).hexdigest())


@given(data=st.binary(min_size=1, max_size=700), order=st.randoms())
@settings(max_examples=40, deadline=None)
def test_pieces_in_any_order_and_more_than_once_make_the_photo(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, order: random.Random
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads_module, "CHUNK", 100)
        uploads, photo = Uploads(tmp_path_factory.mktemp("uploads")), announced(data)
        assert photo.chunks == len(pieces(data))
        numbers = [*range(photo.chunks), *order.sample(range(photo.chunks), order.randint(0, photo.chunks))]
        order.shuffle(numbers)
        uploads.begin(photo)
        for number in numbers:
            send(uploads, photo, data, number)
        assert uploads.received(photo) == list(range(photo.chunks))
        with uploads.joined(photo) as whole:
            assert whole.read_bytes() == data
        uploads.forget(photo)
        assert uploads.received(photo) == []


def test_what_is_missing_is_known_after_a_restart(tmp_path: Path) -> None:
    data = os.urandom(3 * uploads_module.CHUNK + 5)
    photo = announced(data)
    Uploads(tmp_path).begin(photo)
    send(Uploads(tmp_path), photo, data, 1)
    send(Uploads(tmp_path), photo, data, 3)
    assert Uploads(tmp_path).received(photo) == [1, 3]


def test_altered_pieces_are_refused(tmp_path: Path) -> None:
    data = os.urandom(uploads_module.CHUNK + 5)
    uploads, photo = Uploads(tmp_path), announced(data)
    uploads.begin(photo)
    first, last = pieces(data)
    for number, piece, said in ((0, first, last), (0, first[:-1], first[:-1]), (1, last + b"x", last + b"x"), (1, first, first)):
        with pytest.raises(AlteredError):
            uploads.put(photo, number, piece, sha256=hashlib.sha256(said).hexdigest())
    assert uploads.received(photo) == []


def test_whole_that_is_not_what_was_announced_is_forgotten(tmp_path: Path) -> None:
    data = os.urandom(2 * uploads_module.CHUNK)
    uploads, photo = Uploads(tmp_path), Announced(TPS, "00" * 32, len(data))
    uploads.begin(photo)
    for number in range(2):
        send(uploads, photo, data, number)
    with pytest.raises(AlteredError), uploads.joined(photo):
        pass
    assert uploads.received(photo) == []
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_two_requests_that_finish_one_photo_do_not_write_into_each_other(tmp_path: Path) -> None:
    data = os.urandom(uploads_module.CHUNK + 5)
    uploads, photo = Uploads(tmp_path), announced(data)
    uploads.begin(photo)
    for number in range(2):
        send(uploads, photo, data, number)
    with uploads.joined(photo) as one, uploads.joined(photo) as other:
        uploads.forget(photo)
        assert one.read_bytes() == other.read_bytes() == data
    with pytest.raises(UnfinishedError), uploads.joined(photo):
        pass
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_piece_of_a_photo_that_was_not_begun_makes_no_room_for_itself(tmp_path: Path) -> None:
    with pytest.raises(UnfinishedError):
        send(Uploads(tmp_path), announced(b"x"), b"x", 0)
    assert not list(tmp_path.iterdir())


def test_one_station_cannot_fill_the_disk_and_leaves_room_for_others(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    for number in range(UNFINISHED_AT_MOST):
        uploads.begin(announced(bytes([number])))
    with pytest.raises(TooManyError):
        uploads.begin(announced(b"one more"))
    uploads.begin(announced(b"\0"))  # one that has begun goes on
    uploads.begin(announced(b"one more", TpsCode.parse("1805082001004")))
    uploads.forget(announced(b"\0"))
    uploads.begin(announced(b"one more"))


def test_what_nobody_goes_on_with_is_removed_in_the_end(tmp_path: Path) -> None:
    uploads, left, fresh = Uploads(tmp_path), announced(b"left"), announced(b"fresh")
    for photo, data in ((left, b"left"), (fresh, b"fresh")):
        uploads.begin(photo)
        send(uploads, photo, data, 0)
    folder = next(tmp_path.glob(f"*/{left.sha256}*"))
    long_ago = folder.stat().st_mtime - KEPT - 1
    whole = tmp_path / f"{WHOLE}left"
    whole.write_bytes(b"of a server that was killed")
    for old in (folder, whole):
        os.utime(old, (long_ago, long_ago))
    uploads.sweep()
    assert (uploads.received(left), uploads.received(fresh)) == ([], [0])
    assert not whole.exists()


def test_full_disk_is_one_error_and_nothing_half_kept(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(150_000))
    data = os.urandom(uploads_module.CHUNK)
    uploads, photo = Uploads(small_disk), announced(data)
    uploads.begin(photo)
    with pytest.raises(StoreError, match="cannot be kept"):
        send(uploads, photo, data, 0)
    assert uploads.received(photo) == []
    shutil.rmtree(small_disk / str(TPS))
