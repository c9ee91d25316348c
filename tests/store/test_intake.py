"""Photos are taken in once each, with the station they are said to be of; what is wrong is said, and the rest goes in."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.imaging.files import Item
from pipeline.regions import Region, TpsCode, tps_in_name
from pipeline.sheet import RefusalCode
from pipeline.store import entries, verify
from pipeline.store.intake import PHOTOS_AT_ONCE, Arrival, Outcome, take_in
from pipeline.store.ledger import Head
from pipeline.store.photos import PhotoStore
from pipeline.store.readings import pending
from pipeline.store.regions import import_regions
from pipeline.store.schema import photos
from pipeline.store.standing import Reason
from pipeline.store.stations import station_of

STATION = "1805082001010"


@pytest.fixture
def kept(tmp_path: Path) -> PhotoStore:
    return PhotoStore(str(tmp_path / "kept"))


@pytest.fixture
def store(store: sa.Engine) -> sa.Engine:
    """A store that knows the village of the stations."""
    village = [Region("18", "LAMPUNG", None), Region("1805", "TULANG BAWANG", None), Region("180508", "BANJAR AGUNG", None)]
    with store.begin() as connection:
        import_regions(connection, [*village, Region("1805082001", "BANJAR AGUNG", 11)])
    return store


def sent(folder: Path, files: dict[str, bytes]) -> list[Arrival]:
    arrivals = []
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        arrivals.append(Arrival(Item(name, path)))
    return arrivals


def rows_of(store: sa.Engine) -> list[tuple[int, str, str | None]]:
    with store.connect() as connection:
        query = sa.select(photos.c.position, photos.c.name, photos.c.tps).order_by(photos.c.position)
        return [tuple(row) for row in connection.execute(query)]


def test_each_photo_is_taken_in_once_and_told_in_the_ledger(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    arrivals = sent(tmp_path, {f"{STATION}.jpg": b"one", "copy.jpg": b"one", "two.jpg": b"two"})
    first = [taken.outcome for taken in take_in(store, kept, arrivals, max_bytes=100)]
    again = [taken.outcome for taken in take_in(store, kept, arrivals, max_bytes=100)]
    assert first == [Outcome.ADDED, Outcome.KNOWN, Outcome.ADDED]
    assert again == [Outcome.KNOWN] * 3
    assert rows_of(store) == [(1, f"{STATION}.jpg", STATION), (2, "two.jpg", None)]
    with store.connect() as connection:
        rows = list(entries(connection))
    assert isinstance(verify(iter(rows)), Head)
    bodies = [json.loads(row.body) for row in rows]
    assert [body["tps"] for body in bodies] == [STATION, None]
    assert [kept.get(body["sha256"]) for body in bodies] == [b"one", b"two"]


def test_what_cannot_be_opened_is_refused_and_the_rest_goes_in(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    arrivals = [Arrival(Item("gone.jpg", tmp_path / "gone.jpg")), *sent(tmp_path, {"large.jpg": b"x" * 101, "good.jpg": b"x"})]
    outcomes = list(take_in(store, kept, arrivals, max_bytes=100))
    refused = {taken.name: taken.refusal.code for taken in outcomes if taken.refusal}
    assert refused == {"gone.jpg": RefusalCode.NOT_FOUND, "large.jpg": RefusalCode.TOO_LARGE}
    assert [name for _, name, _ in rows_of(store)] == ["good.jpg"]


def test_bytes_that_were_not_announced_are_refused(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    (arrival,) = sent(tmp_path, {"half.jpg": b"hal"})
    announced = [replace(arrival, sha256=hashlib.sha256(data).hexdigest()) for data in (b"half", b"hal")]
    first, second = take_in(store, kept, announced, max_bytes=100)
    assert first.refusal is not None
    assert first.refusal.code is RefusalCode.DAMAGED_FILE
    assert second.outcome is Outcome.ADDED
    assert len(rows_of(store)) == 1


def test_more_photos_than_one_transaction_takes_all_go_in(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    count = PHOTOS_AT_ONCE + 3
    arrivals = sent(tmp_path, {f"{number:03d}.jpg": b"%d" % number for number in range(count)})
    assert [taken.outcome for taken in take_in(store, kept, arrivals, max_bytes=100)] == [Outcome.ADDED] * count
    assert len(rows_of(store)) == count


def test_station_that_is_contradicted_is_not_believed(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    (arrival,) = sent(tmp_path, {f"{STATION}-20240214-131814--abc.jpg": b"one"})
    (taken,) = take_in(store, kept, [Arrival(arrival.item, TpsCode("1805082001", 11))], max_bytes=100)
    assert taken.outcome is Outcome.ADDED
    assert taken.contradiction is not None
    assert "1805082001011" in taken.contradiction
    assert rows_of(store)[0][2] is None


def test_station_of_a_village_that_is_not_known_is_not_believed(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    arrivals = sent(tmp_path, {"1707912345678.jpg": b"the milliseconds of a clock"})
    (taken,) = take_in(store, kept, arrivals, max_bytes=100)
    assert taken.contradiction == "there is no village 1707912345 in the table of regions"
    assert rows_of(store)[0][2] is None


def test_same_photo_sent_for_another_station_is_said(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    arrivals = sent(tmp_path, {f"{STATION}.jpg": b"one", "1805082001011.jpg": b"one", "plain.jpg": b"one"})
    first, second, third = take_in(store, kept, arrivals, max_bytes=100)
    assert first.contradiction is None
    assert second.outcome is Outcome.KNOWN
    assert second.contradiction == f"the same photo was taken in before as one of {STATION}, now as one of 1805082001011"
    assert third.contradiction is None


def test_two_who_take_the_same_photos_in_tell_of_each_once(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    arrivals = sent(tmp_path, {f"{number}.jpg": b"%d" % number for number in range(60)})
    added: list[int] = []

    def take() -> None:
        added.append(sum(taken.outcome is Outcome.ADDED for taken in take_in(store, kept, arrivals, max_bytes=100)))

    together = [threading.Thread(target=take) for _ in range(2)]
    for one in together:
        one.start()
    for one in together:
        one.join()
    assert sum(added) == len(rows_of(store)) == 60


@pytest.mark.parametrize("statement", ["UPDATE photos SET tps = NULL", "DELETE FROM photos"])
def test_database_refuses_to_change_photos(store: sa.Engine, kept: PhotoStore, tmp_path: Path, statement: str) -> None:
    list(take_in(store, kept, sent(tmp_path, {"a.jpg": b"a"}), max_bytes=100))
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.begin() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (f"{STATION}.jpg", STATION),
        (f"scans/{STATION}_2.png", STATION),
        (f"{STATION}/IMG_1.jpg", None),
        ("9203011002010-20240214-131814--0f.jpg", "9203011002010"),
        ("99AA010001001.jpg", "99AA010001001"),
        ("IMG_20240214_131814.jpg", None),
        ("1805082001000.jpg", None),
        ("180508200101012.jpg", None),
    ],
)
def test_station_is_found_in_the_name_of_a_file(name: str, code: str | None) -> None:
    assert tps_in_name(name) == (None if code is None else TpsCode.parse(code))


def test_photo_waits_and_the_ledger_tells_all_that_was_said_of_it(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    plain, odd = sent(tmp_path, {"a.jpg": b"one", f"{STATION}.jpg": b"two"})
    arrivals = [Arrival(plain.item, TpsCode.parse(STATION), "2"), Arrival(odd.item, TpsCode("1805082001", 11))]
    list(take_in(store, kept, arrivals, max_bytes=100, reason=Reason.RECOUNT))
    with store.connect() as connection:
        bodies = [json.loads(row.body) for row in entries(connection)]
        rows = [dict(row) for row in connection.execute(sa.select(photos).order_by(photos.c.position)).mappings()]
        waits = [photo.position for photo in pending(connection, limit=9)]
    assert waits == [1, 2]
    assert [{"position": number, **body} for number, body in enumerate(bodies, start=1)] == rows
    assert (rows[0]["tps"], rows[0]["page"], rows[0]["reason"], rows[0]["contradiction"]) == (STATION, "2", "recount", None)
    assert (rows[1]["tps"], rows[1]["page"]) == (None, None)
    assert rows[1]["contradiction"] == f"the manifest says 1805082001011, the name of the file {STATION}"


def test_manifest_gives_a_known_photo_the_station_it_never_had(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    (arrival,) = sent(tmp_path, {"a.jpg": b"one"})
    list(take_in(store, kept, [arrival], max_bytes=100))
    named = Arrival(arrival.item, TpsCode.parse(STATION))
    first, second = ([taken.outcome for taken in take_in(store, kept, [named], max_bytes=100)] for _ in range(2))
    (other,) = take_in(store, kept, [Arrival(arrival.item, TpsCode("1805082001", 11))], max_bytes=100)
    assert (first, second) == ([Outcome.MOVED], [Outcome.KNOWN])
    assert other.contradiction == f"the same photo was taken in before as one of {STATION}, now as one of 1805082001011"
    with store.connect() as connection:
        assert connection.scalar(sa.select(station_of(photos))) == STATION


def test_manifest_moves_no_photo_whose_station_was_contradicted(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    (arrival,) = sent(tmp_path, {"1805082001011.jpg": b"one"})
    list(take_in(store, kept, [Arrival(arrival.item, TpsCode.parse(STATION))], max_bytes=100))
    (taken,) = take_in(store, kept, [Arrival(arrival.item, TpsCode("1805082001", 11))], max_bytes=100)
    assert taken.outcome is Outcome.KNOWN
    assert taken.contradiction is not None
