"""Regions in the store: imported once, changed where the table changed, counted upwards."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.regions import Region, read_regions
from pipeline.store.regions import Imported, import_regions, region, regions_within

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

TABLE = [
    Region("18", "LAMPUNG", None), Region("1805", "TULANG BAWANG", None), Region("180508", "BANJAR AGUNG", None),
    Region("1805082001", "BANJAR AGUNG", 11), Region("1805082024", "BANJAR DEWA", 7),
]  # fmt: skip


def test_import_adds_then_finds_everything_there(store: sa.Engine) -> None:
    with store.begin() as connection:
        assert import_regions(connection, TABLE) == Imported(5, 0, 0)
    with store.begin() as connection:
        assert import_regions(connection, TABLE) == Imported(0, 0, 5)
        assert import_regions(connection, [*TABLE[:4], Region("1805082024", "BANJAR DEWA", 9)]) == Imported(0, 1, 4)
        assert region(connection, "1805082024") == Region("1805082024", "BANJAR DEWA", 9)
        assert region(connection, "19") is None


def test_polling_stations_are_counted_upwards(store: sa.Engine) -> None:
    with store.begin() as connection:
        import_regions(connection, TABLE)
        assert regions_within(connection, None) == [(TABLE[0], 18)]
        assert regions_within(connection, "180508") == [(TABLE[3], 11), (TABLE[4], 7)]
        assert regions_within(connection, "1805082001") == []


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the table of regions is not at hand: ../shared/data is missing")
def test_real_table_of_2024_is_imported(store: sa.Engine) -> None:
    table, faults = read_regions(DATA / "regions" / "regions-2024.csv.gz")
    with store.begin() as connection:
        imported = import_regions(connection, table)
        (tulang_bawang,) = (total for one, total in regions_within(connection, "18") if one.code == "1805")
    assert imported.added == len(table) > 60_000
    assert tulang_bawang == 1307
    assert faults == []
