"""How long a page of results takes when every polling station of the nation has come, on each database.

The rows of `nation.py` go in in bulk and not through the ledger. The pages are asked for region by region from a server in a process of its
own, by somebody of the nation who has logged in, and are timed until their last byte is there.
"""

from __future__ import annotations

import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import numpy as np
import pandas as pd
import sqlalchemy as sa
from rich.table import Table
from sqlalchemy import Connection, Engine

from pipeline.bench.nation import NUMBERS
from pipeline.bench.own_web import OwnWeb, WebError, own_web
from pipeline.forms import Form, load_catalogue
from pipeline.regions import Level, Region
from pipeline.settings import Settings
from pipeline.store.accounts import Role, add_account, generated_password
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
PATIENCE_SECONDS = 60
NATIONS_PAGE = "id"
"""What stands for the nation in the address of its page."""


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
    WebError
        The server does not start, or does not give a page.
    """
    form = load_catalogue()[FORM]
    with tempfile.TemporaryDirectory(prefix="sirekap-bench-") as folder:
        settings = Settings(home=Path(folder), database=url or "")
        store = open_store(settings.database_url)
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
            with own_web(settings, Path(folder) / "server.log") as server:
                return RollupFigures(store.dialect.name, counted, seconds, dict(_pages(_Person(server, store), table)))
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


class _Person:
    """Somebody of the nation who logs in and asks for pages of results."""

    def __init__(self, server: OwnWeb, store: Engine) -> None:
        password = generated_password()
        with store.begin() as connection:
            add_account(connection, name="bench", role=Role.NATIONAL, region="", password=password)
        self._address = f"http://127.0.0.1:{server.port}"
        self._browser = build_opener(HTTPCookieProcessor())
        form = re.search(r'name="csrf" value="([^"]+)"', self._asked("/login").decode())
        if form is None:
            raise WebError("the page on which people log in has no form")
        self._asked("/login", {"csrf": form[1], "name": "bench", "password": password, "next": "/"})

    def page_ms(self, code: str) -> float:
        """Milliseconds until the page of a region is there."""
        started = time.perf_counter()
        page = self._asked(f"/recap/{code or NATIONS_PAGE}?form={FORM}")
        taken = 1_000 * (time.perf_counter() - started)
        if b"/recap/" not in page:
            raise WebError(f"the page of {code or 'the nation'} is none of results")
        return taken

    def _asked(self, path: str, said: Mapping[str, str] | None = None) -> bytes:
        try:
            with self._browser.open(self._address + path, None if said is None else urlencode(said).encode(), PATIENCE_SECONDS) as answer:
                content: bytes = answer.read()
                return content
        except OSError as error:
            raise WebError(f"{path}: {error}") from error


def _pages(person: _Person, table: Sequence[Region]) -> Iterator[tuple[int, list[float]]]:
    draw = random.Random(1)
    for level in NAMES:
        codes = [one.code for one in table if one.level == level] if level else [NATION]
        some = draw.sample(codes, min(REGIONS, len(codes)))
        for code in some:
            person.page_ms(code)
        yield level, [person.page_ms(code) for _ in range(ROUNDS if level else REGIONS) for code in some]
