"""Pages of results are measured on a nation that is made, in an empty store, and what takes too long is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipeline.bench.nation import made_regions, made_results
from pipeline.bench.rollup import FORM, LIMIT_MS, NAMES, RollupFigures, measure_rollup, rollup_table
from pipeline.forms import load_catalogue
from pipeline.recap.rollup import rollup
from pipeline.regions import Level, Region
from pipeline.store import StoreError, open_store

SMALL = [
    Region("18", "LAMPUNG", None), Region("1805", "TULANG BAWANG", None), Region("180508", "BANJAR AGUNG", None),
    Region("1805082001", "BANJAR AGUNG", 30), Region("1805082002", "DWI WARGA", 10),
]  # fmt: skip


@pytest.fixture(scope="module")
def stations() -> pd.DataFrame:
    return made_results(None, SMALL)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('bench')}/sirekap.db"


@pytest.fixture(scope="module")
def measured(stations: pd.DataFrame, url: str) -> RollupFigures:
    return measure_rollup(url, SMALL, stations, progress=lambda _: None)


def test_every_level_is_measured(measured: RollupFigures) -> None:
    assert measured.database == "sqlite"
    assert set(measured.pages_ms) == set(NAMES)
    assert rollup_table([measured]).row_count == len(NAMES)


def test_totals_are_those_of_the_results(measured: RollupFigures, stations: pd.DataFrame, url: str) -> None:
    form = load_catalogue()[FORM]
    confirmed = stations[stations["evidence"] != "read"]
    store = open_store(url)
    with store.connect() as connection:
        for code in ("", "1805082002"):
            some = confirmed[confirmed["tps"].str.startswith(code)]
            figure = rollup(connection, code, form).total.figures["paslon_1"]
            assert (figure.confirmed, figure.confirmed_sheets) == (some["paslon_1"].sum(), len(some))
    store.dispose()


def test_store_that_holds_something_is_left_alone(measured: RollupFigures, stations: pd.DataFrame, url: str) -> None:
    with pytest.raises(StoreError, match="holds something"):
        measure_rollup(url, SMALL, stations, progress=lambda _: None)


def test_slow_level_is_named(measured: RollupFigures) -> None:
    slow = replace(measured, pages_ms=dict.fromkeys(NAMES, (1.0,)) | {Level.VILLAGE: [LIMIT_MS + 1.0]})
    assert len(slow.problems) == 1
    assert "village" in slow.problems[0]


def test_nation_is_made_where_there_is_no_table() -> None:
    regions = made_regions(None, villages=8_000, stations=80_001)
    assert sum(one.level is Level.VILLAGE for one in regions) == 8_000
    assert sum(one.stations or 0 for one in regions) == 80_001


def test_table_is_filled_up_to_a_nation(tmp_path: Path) -> None:
    table = tmp_path / "regions.csv"
    table.write_text("kode,nama,tps\n18,LAMPUNG,\n1805,TULANG BAWANG,\n180508,BANJAR AGUNG,\n1805082001,BANJAR,11\n", encoding="utf-8")
    villages = [one for one in made_regions(table, villages=3, stations=20) if one.level is Level.VILLAGE]
    assert (len(villages), sum(one.stations or 0 for one in villages)) == (3, 20)
    assert villages[0].name == "BANJAR"
