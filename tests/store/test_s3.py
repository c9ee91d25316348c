"""An object store as the place of photos, and as the place where they come from, against a server of moto's on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
import sqlalchemy as sa

from pipeline.regions import Region, TableError
from pipeline.sheet import RefusalCode
from pipeline.store import StoreError, sources
from pipeline.store.intake import Arrival, Outcome, take_in
from pipeline.store.manifest import expect, missing
from pipeline.store.photos import PhotoLostError, PhotoStore
from pipeline.store.regions import import_regions
from pipeline.store.schema import photos
from pipeline.store.sources import RemoteItem, fetch, listed

server = pytest.importorskip("moto.server", reason="moto is not installed: pip install -e '.[dev]'")
pytest.importorskip("s3fs", reason="s3fs is not installed: pip install -e '.[s3]'")

STATION = "1805082001010"


@pytest.fixture(scope="module", autouse=True)
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fsspec.AbstractFileSystem]:
    """The object store of a server of the tests' own, reached by the variables that README names."""
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    none = str(tmp_path_factory.mktemp("aws") / "none")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", none)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", none)
        forget()
        yield fsspec.filesystem("s3", use_listings_cache=False)
        forget()
    running.stop()


def forget() -> None:
    """Clients remember the variables with which they were made."""
    fsspec.get_filesystem_class("s3").clear_instance_cache()


@pytest.fixture
def new_clients() -> Iterator[None]:
    """Clients that look at the variables anew."""
    forget()
    yield
    forget()


@pytest.fixture
def bucket(files: fsspec.AbstractFileSystem) -> Iterator[str]:
    """An empty bucket."""
    files.mkdir("photos")
    yield "s3://photos"
    files.rm("photos", recursive=True)


def put(bucket: str, objects: dict[str, bytes]) -> None:
    files = fsspec.filesystem("s3", use_listings_cache=False)
    for name, content in objects.items():
        files.pipe_file(f"{bucket}/{name}", content)


def test_photos_are_kept_in_a_bucket(bucket: str) -> None:
    kept = PhotoStore(f"{bucket}/kept")
    sha256 = kept.put(b"a photo")
    assert kept.put(b"a photo") == sha256
    assert kept.get(sha256) == b"a photo"
    assert sha256 in kept
    with pytest.raises(PhotoLostError, match="not there"):
        kept.get("0" * 64)


def test_photo_that_was_changed_in_the_bucket_is_not_believed(bucket: str) -> None:
    kept = PhotoStore(bucket)
    sha256 = kept.put(b"a photo")
    put(bucket, {f"{sha256[:2]}/{sha256[2:4]}/{sha256}": b"another"})
    with pytest.raises(PhotoLostError, match="not the bytes"):
        kept.get(sha256)
    kept.put(b"a photo")
    assert kept.get(sha256) == b"a photo"


def test_photos_of_a_prefix_are_listed_in_pages(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"in/{number}.jpg" for number in range(7)]
    put(bucket, dict.fromkeys([*names, "in/notes.txt", "in/.hidden.jpg", "in/sub/a.png", "other/b.jpg"], b"x"))
    monkeypatch.setattr(sources, "KEYS_AT_ONCE", 3)
    assert [item.name for item in listed(f"{bucket}/in")] == [f"{bucket}/{name}" for name in (*names, "in/sub/a.png")]
    assert [item.name for item in listed(f"{bucket}/in/3.jpg")] == [f"{bucket}/in/3.jpg"]


def test_photos_are_taken_in_from_a_prefix(store: sa.Engine, bucket: str, tmp_path: Path) -> None:
    put(bucket, {"in/a.jpg": b"a", "in/b.jpg": b"b", "in/empty.jpg": b"", "in/large.jpg": b"x" * 101})
    kept = PhotoStore(str(tmp_path / "kept"))
    taken = list(take_in(store, kept, map(Arrival, listed(f"{bucket}/in")), max_bytes=100))
    assert {one.name.rpartition("/")[2]: one.refusal.code for one in taken if one.refusal} == {
        "empty.jpg": RefusalCode.DAMAGED_FILE,
        "large.jpg": RefusalCode.TOO_LARGE,
    }
    assert sum(one.outcome is Outcome.ADDED for one in taken) == 2


def test_object_that_is_too_large_is_not_fetched(
    files: fsspec.AbstractFileSystem, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, {"large.jpg": b"x" * 101})

    def fetched(*_: object, **__: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(type(files), "cat_file", fetched)
    refusal = fetch(RemoteItem("large.jpg", f"{bucket}/large.jpg"), max_bytes=100)
    assert not isinstance(refusal, bytes)
    assert refusal.code is RefusalCode.TOO_LARGE


def test_manifest_in_a_bucket_names_photos_beside_it(store: sa.Engine, bucket: str) -> None:
    above = [Region("18", "LAMPUNG", None), Region("1805", "TULANG BAWANG", None), Region("180508", "BANJAR AGUNG", None)]
    with store.begin() as connection:
        import_regions(connection, [*above, Region("1805082001", "BANJAR AGUNG", 11)])
    manifest = f"{bucket}/in/manifest.csv"
    put(bucket, {"in/manifest.csv": f"path,tps\nsub/a.jpg,{STATION}\ngone.jpg,\n../b.jpg,\n".encode(), "in/sub/a.jpg": b"a"})
    kept = PhotoStore(f"{bucket}/kept")
    (told,) = expect(store, manifest)
    assert (told.rows, [fault.line for fault in told.faults]) == (2, [4])
    first = {one.name: one.outcome for one in take_in(store, kept, missing(store, manifest), max_bytes=100)}
    assert first == {"sub/a.jpg": Outcome.ADDED, "gone.jpg": Outcome.REFUSED}
    put(bucket, {"in/gone.jpg": b"b"})
    again = {one.name: one.outcome for one in take_in(store, kept, missing(store, manifest), max_bytes=100)}
    assert again == {"gone.jpg": Outcome.ADDED}
    with store.connect() as connection:
        assert list(connection.scalars(sa.select(photos.c.tps).order_by(photos.c.position))) == [STATION, None]


def test_bucket_that_is_not_there_is_one_message() -> None:
    with pytest.raises(StoreError, match="cannot be kept"):
        PhotoStore("s3://nowhere/kept").put(b"a photo")
    with pytest.raises(StoreError, match="no such bucket") as error:
        PhotoStore("s3://nowhere/kept").get("0" * 64)
    assert not isinstance(error.value, PhotoLostError)
    with pytest.raises(StoreError, match="no such bucket"):
        list(listed("s3://nowhere/in"))


def test_manifest_that_is_not_there_is_one_message(store: sa.Engine, bucket: str) -> None:
    with pytest.raises(TableError, match=r"manifest\.csv"):
        list(expect(store, f"{bucket}/manifest.csv"))


@pytest.mark.usefixtures("new_clients")
def test_missing_credentials_are_one_message(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(StoreError, match=r"cannot be reached .*credentials"):
        PhotoStore(bucket).put(b"a photo")
    with pytest.raises(StoreError, match=r"cannot be reached .*credentials"):
        list(listed(bucket))


@pytest.mark.usefixtures("new_clients")
def test_server_that_is_not_there_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{bound.getsockname()[1]}")
        with pytest.raises(StoreError, match="cannot be reached"):
            fetch(RemoteItem("a.jpg", "s3://photos/a.jpg"), max_bytes=100)
