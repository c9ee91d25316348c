"""How long a page of results takes when every polling station of the nation has come, on each database.

The rows of `nation.py` go in in bulk and not through the ledger; what is asked of them is what a page of recapitulation asks, region by
region, in a moment of the store of its own each time.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from rich.table import Table
from sqlalchemy import Connection, Engine

from pipeline.bench.nation import NUMBERS
from pipeline.forms import Form, load_catalogue
from pipeline.recap.moment import one_moment
from pipeline.recap.rollup import rollup
from pipeline.regions import Level, Region
from pipeline.store.database import StoreError, open_store
from pipeline.store.ledger import Kind, append, head
from pipeline.store.regions import import_regions
from pipeline.store.results import NATION, RECEIVED, Total
from pipeline.store.schema import photos, readings, regions, results, totals

FORM = "c1-ppwp-2019"

LIMIT_MS = 300
"""What a page may take, at the 95th percentile."""

REGIONS, ROUNDS = 40, 5
"""Regions of each level whose pages are asked for, and how often each."""

ROWS_AT_ONCE = 10_000

NAMES = {0: "nation", Level.PROVINCE: "province", Level.REGENCY: "regency", Level.DISTRICT: "district", Level.VILLAGE: "village"}


@dataclass(frozen=True, slots=True)
class RollupFigures:
    """What was measured: rows that were put in and the seconds that took, and milliseconds of every page by length of its code."""

    database: str
    rows: Mapping[str, int]
    load_seconds: float
    pages_ms: Mapping[int, Sequence[float]]

    @property
    def problems(self) -> list[str]:
        """Levels whose pages take longer than they may."""
        slow = {NAMES[level]: float(np.percentile(taken, 95)) for level, taken in self.pages_ms.items()}
        return [f"{self.database}: a {level} takes {ms:.0f} ms, more than {LIMIT_MS}" for level, ms in slow.items() if ms > LIMIT_MS]


def measure_rollup(url: str | None, table: Sequence[Region], stations: pd.DataFrame, *, progress: Callable[[str], None]) -> RollupFigures:
    """Measure a store at the SQLAlchemy URL of an empty database, or in a temporary folder with SQLite.

    Raises
    ------
    StoreError
        It cannot be opened, or there is something in it already.
    """
    form = load_catalogue()[FORM]
    with tempfile.TemporaryDirectory(prefix="sirekap-bench-") as folder:
        store = open_store(url or f"sqlite:///{folder}/sirekap.db")
        try:
            with store.connect() as connection:
                if head(connection).position:
                    raise StoreError("the store holds something; give the URL of an empty database")
            progress(f"{store.dialect.name}: {len(stations)} polling stations")
            started = time.perf_counter()
            _fill(store, table, stations, form)
            seconds = time.perf_counter() - started
            with store.connect() as connection:
                count = sa.func.count()
                counted = {one.name: connection.scalar(sa.select(count).select_from(one)) or 0 for one in (regions, results, totals)}
            progress(f"{store.dialect.name}: pages")
            return RollupFigures(store.dialect.name, counted, seconds, dict(_pages(store, table, form)))
        finally:
            store.dispose()


def rollup_table(measured: Sequence[RollupFigures]) -> Table:
    """Median and 95th percentile of the pages of each level, side by side for each database."""
    shown = Table("page of a")
    for one in measured:
        for what in ("p50", "p95", "worst"):
            shown.add_column(f"{one.database} {what} ms", justify="right")
    for level, name in NAMES.items():
        taken = [one.pages_ms[level] for one in measured]
        shown.add_row(name, *(f"{value:.1f}" for some in taken for value in (*np.percentile(some, (50, 95)), max(some))))
    return shown


def _fill(store: Engine, table: Sequence[Region], stations: pd.DataFrame, form: Form) -> None:
    with store.begin() as connection:
        import_regions(connection, table)
        reading = _any_reading(connection)
        _insert(connection, results, _result_rows(stations, form, reading))
        _insert(connection, totals, _total_rows(stations, form))
    with store.begin() as connection:
        connection.exec_driver_sql("ANALYZE")  # as both databases do by themselves when they have a while


def _any_reading(connection: Connection) -> int:
    """The reading that all sheets are said to be of."""
    photo, reading = append(connection, [(Kind.PHOTO, {}), (Kind.READING, {})])
    connection.execute(photos.insert().values(position=photo.position, sha256="0" * 64, name="any.jpg", bytes=1))
    said = {"photo": photo.position, "sheet": 1, "verdict": "accepted", "probability": 1.0, "seconds": 0.0}
    connection.execute(readings.insert().values(position=reading.position, **said))
    return reading.position


def _insert(connection: Connection, into: sa.Table, rows: Iterator[tuple[Any, ...]]) -> None:
    """Straight to the driver: millions of rows as dictionaries would take most of the time."""
    columns = ", ".join(into.columns.keys())
    if connection.dialect.name == "postgresql":
        with connection.connection.cursor().copy(f"COPY {into.name} ({columns}) FROM STDIN") as copied:
            for row in rows:
                copied.write_row(row)
        return
    signs = ", ".join("?" * len(into.columns))
    while some := list(islice(rows, ROWS_AT_ONCE)):
        connection.exec_driver_sql(f"INSERT INTO {into.name} ({columns}) VALUES ({signs})", some)


def _result_rows(stations: pd.DataFrame, form: Form, reading: int) -> Iterator[tuple[Any, ...]]:
    for tps in stations["tps"]:
        yield tps, "", "", RECEIVED, None, "{}"
    for page in form.pages:
        numbers = _numbers_of(stations, form, page)
        text = "{" + ",".join(f'"{name}":%d' for name in numbers) + "}"
        rows = zip(stations["tps"], stations["evidence"], numbers.itertuples(index=False, name=None), strict=True)
        yield from ((tps, form.id, page, evidence, reading, text % values) for tps, evidence, values in rows)


def _total_rows(stations: pd.DataFrame, form: Form) -> Iterator[tuple[Any, ...]]:
    pages = {page: _numbers_of(stations, form, page) for page in form.pages}
    for level in NAMES:
        region = stations["tps"].str[:level] if level else pd.Series(NATION, index=stations.index)
        yield from ((code, "", "", RECEIVED, count, "{}") for code, count in region.value_counts().items())
        for page, numbers in pages.items():
            grouped = numbers.groupby([region.rename("region"), stations["evidence"]])
            rows = zip(grouped.size().items(), grouped.sum().itertuples(index=False, name=None), strict=True)
            for ((code, evidence), count), sums in rows:
                total = Total(count, {name: (value, count) for name, value in zip(numbers, sums, strict=True)})
                yield code, form.id, page, evidence, count, total.text


def _numbers_of(stations: pd.DataFrame, form: Form, page: str) -> pd.DataFrame:
    """The numbers of a page in the order of their names: those that are known, and shares of the votes for those that are not."""
    shares = {name: (place % 20 + 1) / 20 for place, name in enumerate(form.pages[page].fields)}
    made = {name: (stations["suara_total"] * share).astype(int) for name, share in shares.items() if name not in NUMBERS.values()}
    return pd.DataFrame({name: made[name] if name in made else stations[name] for name in sorted(shares)})


def _pages(store: Engine, table: Sequence[Region], form: Form) -> Iterator[tuple[int, list[float]]]:
    draw = random.Random(1)
    for level in NAMES:
        codes = [one.code for one in table if one.level == level] if level else [NATION]
        some = draw.sample(codes, min(REGIONS, len(codes)))
        for code in some:
            _page_ms(store, code, form)
        yield level, [_page_ms(store, code, form) for _ in range(ROUNDS if level else REGIONS) for code in some]


def _page_ms(store: Engine, code: str, form: Form) -> float:
    started = time.perf_counter()
    with one_moment(store) as connection:
        rollup(connection, code, form)
    return 1_000 * (time.perf_counter() - started)
