"""A manifest tells what is expected, row by row; what has not arrived is taken in, and only that."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.regions import Region, RowFault, TableError, TpsCode
from pipeline.sheet import RefusalCode
from pipeline.store.intake import Outcome, TakenIn, take_in
from pipeline.store.manifest import Expected, Row, count_missing, expect, missing, read_manifest
from pipeline.store.photos import PhotoStore
from pipeline.store.regions import import_regions
from pipeline.store.schema import expected_photos, photos
from pipeline.store.stations import station_of

STATION, OTHER = "1805082001010", "1805082001011"


@pytest.fixture
def kept(tmp_path: Path) -> PhotoStore:
    return PhotoStore(str(tmp_path / "kept"))


@pytest.fixture
def store(store: sa.Engine) -> sa.Engine:
    """A store that knows the village of the stations."""
    above = [Region("18", "LAMPUNG", None), Region("1805", "TULANG BAWANG", None), Region("180508", "BANJAR AGUNG", None)]
    with store.begin() as connection:
        import_regions(connection, [*above, Region("1805082001", "BANJAR AGUNG", 11)])
    return store


def written(folder: Path, *rows: str | bytes, header: str = "path,tps") -> str:
    """A manifest of these rows."""
    folder.mkdir(exist_ok=True)
    lines = [header.encode(), *(row.encode() if isinstance(row, str) else row for row in rows)]
    (folder / "manifest.csv").write_bytes(b"\n".join(lines) + b"\n")
    return str(folder / "manifest.csv")


def faults_of(manifest: str) -> dict[int, str]:
    return {row.line: row.detail for row in read_manifest(manifest) if isinstance(row, RowFault)}


def told(store: sa.Engine, manifest: str) -> Expected:
    (some,) = expect(store, manifest)
    return some


def taken(store: sa.Engine, kept: PhotoStore, manifest: str) -> list[TakenIn]:
    return list(take_in(store, kept, missing(store, manifest), max_bytes=100))


def expected_of(store: sa.Engine) -> list[tuple[str, str | None, str | None, int | None]]:
    columns = (expected_photos.c.name, expected_photos.c.tps, expected_photos.c.page, expected_photos.c.photo)
    with store.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(expected_photos.c.id))]


def test_good_rows_say_path_station_and_page(tmp_path: Path) -> None:
    manifest = written(tmp_path, f"a.jpg,{STATION},2", "./sub//b.jpg,,", "é.jpg", header="path,tps,page")
    assert list(read_manifest(manifest)) == [
        Row("a.jpg", TpsCode.parse(STATION), "2"),
        Row("sub/b.jpg", None, None),
        Row("é.jpg", None, None),
    ]


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (f"{STATION}.jpg,1.805082001E+12", "spreadsheet"),
        ("a.jpg,1805082001010.0", "spreadsheet"),
        ("a.jpg,180508200101", "signs"),
        ("a.jpg,18050820010١0", "no code"),
        (f"../a.jpg,{STATION}", "no file below"),
        (f"sub/../../a.jpg,{STATION}", "no file below"),
        ("/etc/passwd,", "no file below"),
        ("s3://other/a.jpg,", "no file below"),
        (f",{STATION}", "no file below"),
        (".,", "no file below"),
        ("./good.jpg,", "line 2 already"),
        (f"a,{STATION},1,b.jpg", "more cells"),
        (f"a.jpg,{STATION},1.0", "no page"),
        (b"b\xfcro.jpg,", "0xfc is not UTF-8"),
        ('"a.jpg,', "not a line of a CSV file"),
        ('"a"b.jpg,', "not a line of a CSV file"),
        ("a\0.jpg,", "zero byte"),
        ("x" * 70_000, "longer than"),
        ("x" * 2_000, "more than 1024 bytes"),
    ],
)
def test_bad_row_is_named_by_its_line_and_costs_no_other(tmp_path: Path, row: str | bytes, part: str) -> None:
    manifest = written(tmp_path, f"good.jpg,{STATION},1", row, f"also.jpg,{STATION},", header="path,tps,page")
    assert [one.name for one in read_manifest(manifest) if isinstance(one, Row)] == ["good.jpg", "also.jpg"]
    (line,) = faults_of(manifest)
    assert line == 3
    assert part in faults_of(manifest)[3]


def test_file_that_is_no_manifest_says_why(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no column path, tps"):
        list(read_manifest(written(tmp_path, "a.jpg,1", header="file,code")))
    (tmp_path / "photo.csv").write_bytes(b"\xff\xd8\xff\xe0" * 20)
    with pytest.raises(TableError, match="not a CSV file in UTF-8"):
        list(read_manifest(str(tmp_path / "photo.csv")))
    with pytest.raises(TableError, match="No such file"):
        list(read_manifest(str(tmp_path / "none.csv")))


def test_same_manifest_again_takes_in_only_what_is_missing(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    manifest = written(tmp_path / "sent", f"a.jpg,{STATION}", "gone.jpg,", header="path,tps")
    (tmp_path / "sent" / "a.jpg").write_bytes(b"a")
    assert told(store, manifest).rows == 2
    first = taken(store, kept, manifest)
    assert [(one.name, one.outcome) for one in first] == [("gone.jpg", Outcome.REFUSED), ("a.jpg", Outcome.ADDED)]
    assert first[0].refusal is not None
    assert first[0].refusal.code is RefusalCode.NOT_FOUND
    assert expected_of(store) == [("a.jpg", STATION, None, 1), ("gone.jpg", None, None, None)]
    (tmp_path / "sent" / "a.jpg").unlink()
    (tmp_path / "sent" / "gone.jpg").write_bytes(b"b")
    assert told(store, manifest) == Expected(2, (), ())
    assert count_missing(store, manifest) == 1
    assert [(one.name, one.outcome) for one in taken(store, kept, manifest)] == [("gone.jpg", Outcome.ADDED)]
    assert count_missing(store, manifest) == 0


def test_photo_that_was_known_before_its_manifest_has_arrived(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    manifest = written(tmp_path / "sent", "a.jpg,", "copy.jpg,")
    for name in ("a.jpg", "copy.jpg"):
        (tmp_path / "sent" / name).write_bytes(b"the same")
    told(store, manifest)
    assert [one.outcome for one in taken(store, kept, manifest)] == [Outcome.ADDED, Outcome.KNOWN]
    assert [photo for *_, photo in expected_of(store)] == [1, 1]


def test_only_what_is_missing_below_the_folder_of_a_manifest_is_asked_for(store: sa.Engine, tmp_path: Path) -> None:
    one, other = written(tmp_path / "one", "a.jpg,"), written(tmp_path / "one_more", "b.jpg,")
    told(store, one)
    told(store, other)
    assert [arrival.item.name for arrival in missing(store, one)] == ["a.jpg"]


def test_link_that_leads_out_of_the_folder_is_not_followed(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    manifest = written(tmp_path / "sent", "out.jpg,", "loop.jpg,", "inside.jpg,")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "sent" / "good.jpg").write_bytes(b"good")
    for name, target in (("out.jpg", "../secret"), ("loop.jpg", "loop.jpg"), ("inside.jpg", "good.jpg")):
        (tmp_path / "sent" / name).symlink_to(target)
    told(store, manifest)
    found = {one.name: one.refusal and one.refusal.code for one in taken(store, kept, manifest)}
    assert found == {"out.jpg": RefusalCode.NO_PERMISSION, "loop.jpg": RefusalCode.NOT_FOUND, "inside.jpg": None}


def test_later_manifest_says_more_of_what_is_missing(store: sa.Engine, tmp_path: Path) -> None:
    told(store, written(tmp_path, "a.jpg,,1", f"b.jpg,{STATION},1", header="path,tps,page"))
    assert told(store, written(tmp_path, f"a.jpg,{STATION}", "b.jpg,")) == Expected(2, (), ())
    assert expected_of(store) == [("a.jpg", STATION, "1", None), ("b.jpg", STATION, "1", None)]


def test_later_manifest_names_the_station_of_a_photo_that_arrived(store: sa.Engine, kept: PhotoStore, tmp_path: Path) -> None:
    manifest = written(tmp_path, "a.jpg,", f"b.jpg,{STATION}", "c.jpg,")
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    told(store, manifest)
    taken(store, kept, manifest)
    later = told(store, written(tmp_path, f"a.jpg,{STATION}", f"b.jpg,{OTHER}", "c.jpg,9999999999001"))
    assert later.renamed == (
        TakenIn("a.jpg", Outcome.MOVED),
        TakenIn("b.jpg", Outcome.KNOWN, contradiction=f"the same photo was taken in before as one of {STATION}, now as one of {OTHER}"),
        TakenIn("c.jpg", Outcome.KNOWN, contradiction="there is no village 9999999999 in the table of regions"),
    )
    with store.connect() as connection:
        assert list(connection.scalars(sa.select(station_of(photos)).order_by(photos.c.position))) == [STATION, STATION, None]
    assert told(store, written(tmp_path, "a.jpg,", f"b.jpg,{STATION}", "c.jpg,")).renamed == ()
