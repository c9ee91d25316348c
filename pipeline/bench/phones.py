"""How the server bears it when many phones send at once, and whether everything that they were promised is in the store.

The server is a process of its own, on a store of its own, without a reader: what is measured is sending and keeping. Every phone is a
thread with one connection that asks what the app asks, in the same order; a share of the photos meets trouble on purpose. Afterwards the
store is held against what the phones sent and the receipts that they hold.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path

import pandas as pd
import psutil
import sqlalchemy as sa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import Connection, Engine

from pipeline.bench.nation import made_regions
from pipeline.bench.own_web import own_web
from pipeline.bench.phone import Phone, Photo, Sent, Trouble
from pipeline.regions import Level, TpsCode
from pipeline.settings import Settings
from pipeline.store.accounts import Role
from pipeline.store.database import READING, StoreError, open_store
from pipeline.store.elections import Election, add_election
from pipeline.store.ledger import Fault, entries, head, verify
from pipeline.store.links import make_link, token_of
from pipeline.store.photos import PhotoLostError, PhotoStore
from pipeline.store.receipts import receipt_by
from pipeline.store.regions import import_regions
from pipeline.store.schema import accounts, photos, regions
from pipeline.store.signing import Signer
from pipeline.store.views import check_views

ELECTION = Election("2024", "Presiden 2024", "2024-02-14", tuple(("c-hasil-ppwp-2024", page) for page in "123"))

STATIONS_OF_A_VILLAGE = 10
"""As Indonesia has them: 823,236 stations in 83,771 villages."""

SMALLEST = 1 / 3
"""Size of the smallest photo, as a share of the largest."""

TROUBLED = 0.2
"""Share of the photos that meet trouble: far more than phones have, so that every kind of it happens beside every other."""


@dataclass(frozen=True, slots=True)
class PhoneOptions:
    """What is tried: `largest` is the size of the largest photo in bytes, `workers` the number of server processes."""

    phones: int
    pages: int
    workers: int
    largest: int
    seed: int
    database: str | None


@dataclass(frozen=True, slots=True)
class PhoneFigures:
    """What was measured.

    Attributes
    ----------
    requests
        One row a request: what was `asked`, `ms` until the answer was there, its `status` (0 where none came).
    seconds
        From the moment at which all phones began to the last receipt.
    server_cpu, phones_cpu
        Seconds of processors that the server processes and the phones took meanwhile.
    retries
        How often a phone began anew because of a request that failed.
    logged
        Lines that the server wrote, of which it should write none.
    problems
        Photos that could not be sent, and what is wrong in the store.
    """

    options: PhoneOptions
    database: str
    requests: pd.DataFrame
    sent: Sequence[Sent]
    troubles: Mapping[Trouble, int]
    seconds: float
    server_cpu: float
    phones_cpu: float
    retries: int
    logged: Sequence[str]
    problems: Sequence[str]


def measure_phones(options: PhoneOptions, *, progress: Console) -> PhoneFigures:
    """Let phones send to a server of their own, in a temporary folder and on an empty database.

    Raises
    ------
    WebError
        The server does not start.
    StoreError
        The database cannot be opened, or there is something in it already.
    """
    with tempfile.TemporaryDirectory(prefix="sirekap-bench-") as folder:
        settings = Settings(home=Path(folder) / "home", database=options.database or "")
        store = open_store(settings.database_url)
        try:
            tokens = _prepare(store, Signer(settings.signing_file), options.phones)
            planned = _planned(list(tokens), options)
            log = Path(folder) / "server.log"
            with own_web(settings, log, workers=options.workers) as server:
                ended = threading.Event()
                phones = [Phone(server.port, token, planned[tps], ended) for tps, token in tokens.items()]
                before = server.cpu(), time.process_time()
                seconds = _send_all(phones, ended, progress=progress)
                server_cpu, phones_cpu = server.cpu() - before[0], time.process_time() - before[1]
            sent = [one for phone in phones for one in phone.sent]
            problems = [problem for phone in phones for problem in phone.problems] + faults_of(settings, store, sent)
            return PhoneFigures(
                options=options,
                database=store.dialect.name,
                requests=pd.DataFrame([one for phone in phones for one in phone.browser.requests], columns=["asked", "ms", "status"]),
                sent=sent,
                troubles=Counter(photo.trouble for some in planned.values() for photo in some if photo.trouble is not None),
                seconds=seconds,
                server_cpu=server_cpu,
                phones_cpu=phones_cpu,
                retries=sum(phone.retries for phone in phones),
                logged=[line for line in log.read_text("utf-8").splitlines() if not line.startswith("INFO:")],
                problems=problems,
            )
        finally:
            store.dispose()


def phones_lines(figures: PhoneFigures) -> Iterator[str]:
    """What was sent in how long, and at what cost."""
    options, seconds = figures.options, figures.seconds
    megabytes = sum(one.photo.size for one in figures.sent) / 1e6
    yield f"{figures.database}, server processes: {options.workers}, cores: {psutil.cpu_count()}"
    yield f"{options.phones} phones at once sent {len(figures.sent)} photos, {megabytes:.0f} MB, within {seconds:.1f} s"
    rates = len(figures.sent) / seconds, megabytes / seconds, len(figures.requests) / seconds
    yield "a second: {:.1f} photos, {:.1f} MB, {:.0f} requests".format(*rates)
    yield f"processor seconds: {figures.server_cpu:.1f} of the server, {figures.phones_cpu:.1f} of the phones"
    yield f"trouble on purpose: {', '.join(f'{count} {trouble}' for trouble, count in sorted(figures.troubles.items()))}"
    failed = Counter(f"{one.asked} {one.status or 'not answered'}" for one in figures.requests.itertuples() if one.status != 200)
    which = f" ({', '.join(f'{count} {what}' for what, count in sorted(failed.items()))})" if failed else ""
    yield f"requests that failed: {failed.total()}{which}; begun anew because of one: {figures.retries}"
    if figures.logged:
        yield f"the server complained in {len(figures.logged)} lines, the last one: {figures.logged[-1]}"


def phones_table(figures: PhoneFigures) -> Table:
    """How long requests of each kind took, and whole photos."""
    table = Table("asked")
    for name in ("requests", "failed", "p50 ms", "p95 ms", "max ms"):
        table.add_column(name, justify="right")
    for asked, some in figures.requests.groupby("asked", sort=False):
        table.add_row(str(asked), f"{len(some)}", f"{(some['status'] != 200).sum()}", *_times(some["ms"]))
    photos_ms = pd.Series([1_000 * one.seconds for one in figures.sent], dtype=float)
    table.add_row("whole photo", f"{len(photos_ms)}", "", *_times(photos_ms))
    return table


def faults_of(settings: Settings, store: Engine, sent: Sequence[Sent]) -> list[str]:
    """What in a store is not as phones that sent these photos, and nobody else, were told; empty when everything is."""
    with store.connect().execution_options(**{READING: True}) as connection:
        return [
            *_faults_of_rows(connection, sent),
            *_faults_of_files(settings, sent),
            *_faults_of_receipts(connection, Signer(settings.signing_file), sent),
            *_faults_of_ledger(connection, len(sent)),
        ]


def _faults_of_rows(connection: Connection, sent: Sequence[Sent]) -> Iterator[str]:
    rows = connection.execute(sa.select(photos.c.sha256, photos.c.tps, photos.c.bytes)).all()
    there, expected = {row.sha256: row for row in rows}, {one.sha256: one.photo for one in sent}
    yield from _counted("photos are not in the store", [photo.tps for sha256, photo in expected.items() if sha256 not in there])
    yield from _counted("photos in the store were sent by nobody", [row.tps for row in rows if row.sha256 not in expected])
    differing = [photo.tps for sha256, photo in expected.items() if (row := there.get(sha256)) and row[1:] != (photo.tps, photo.size)]
    yield from _counted("photos are of another station or size in the store", differing)
    if len(rows) != len(there):
        yield f"{len(rows)} rows tell of {len(there)} photos"


def _faults_of_files(settings: Settings, sent: Sequence[Sent]) -> Iterator[str]:
    kept, lost = PhotoStore(settings.photos_url), []
    for one in sent:
        try:
            kept.get(one.sha256)
        except PhotoLostError:
            lost.append(one.photo.tps)
    yield from _counted("photos are not kept as they were sent", lost)
    names = {path.name for path in Path(settings.photos_url).rglob("*") if path.is_file()}
    yield from _counted("files are kept beside the photos", sorted(names - {one.sha256 for one in sent}))
    yield from _counted("photos have pieces left over", [path.parent.name for path in settings.uploads_folder.glob("*/*")])


def _faults_of_receipts(connection: Connection, signer: Signer, sent: Sequence[Sent]) -> Iterator[str]:
    wrong = []
    for one in sent:
        said = {name: value for name, value in one.receipt.items() if name != "link"}
        receipt = receipt_by(connection, str(one.receipt["link"]).rpartition("/")[2], signer)
        if receipt is None or receipt.said() != said or (receipt.sha256, receipt.tps) != (one.sha256, one.photo.tps):
            wrong.append(one.photo.tps)
    yield from _counted("receipts do not agree with the ledger", wrong)


def _faults_of_ledger(connection: Connection, rows: int) -> Iterator[str]:
    outcome = verify(entries(connection))
    for found in (outcome, check_views(connection)):
        if isinstance(found, Fault):
            yield f"the ledger does not hold: {found.detail}"
    if not isinstance(outcome, Fault) and outcome.position != rows:
        yield f"the ledger has {outcome.position} rows for {rows} photos"


def _counted(what: str, which: Sequence[object]) -> Iterator[str]:
    if which:
        yield f"{len(which)} {what}, the first of {which[0]}"


def _times(ms: pd.Series[float]) -> tuple[str, ...]:
    return tuple("" if ms.empty else f"{value:.0f}" for value in (ms.median(), ms.quantile(0.95), ms.max()))


def _prepare(store: Engine, signer: Signer, count: int) -> dict[str, str]:
    """Regions, an election and a link for so many polling stations: the token of each by its code."""
    table = made_regions(None, villages=-(-count // STATIONS_OF_A_VILLAGE), stations=count)
    villages = ((one.code, one.stations or 0) for one in table if one.level is Level.VILLAGE)
    stations = [f"{code}{number:03d}" for code, known in villages for number in range(1, known + 1)][:count]
    with store.begin() as connection:
        if head(connection).position or connection.scalar(sa.select(sa.exists().select_from(regions))):
            raise StoreError("the store holds something; give the URL of an empty database")
        import_regions(connection, table)
        add_election(connection, ELECTION)
        # Passwords that nobody knows would be hashed for half a second each.
        rows = [{"name": f"kpps-{tps}", "role": Role.KPPS.value, "region": tps, "password": "", "active": True} for tps in stations]
        connection.execute(accounts.insert(), rows)
        now = datetime.now(UTC)
        return {tps: token_of(make_link(connection, TpsCode.parse(tps), made_by="bench", now=now), signer) for tps in stations}


def _planned(stations: Sequence[str], options: PhoneOptions) -> dict[str, list[Photo]]:
    """What every station sends, and the trouble that meets each photo."""
    drawn = random.Random(options.seed)
    places = [(tps, page) for tps in stations for page in range(1, options.pages + 1)]
    troubled = drawn.sample(places, min(len(places), max(len(Trouble), round(TROUBLED * len(places)))))
    troubles = dict(zip(troubled, cycle(Trouble), strict=False))
    planned: dict[str, list[Photo]] = {tps: [] for tps in stations}
    for tps, page in places:
        size = round(options.largest * drawn.uniform(SMALLEST, 1))
        planned[tps].append(Photo(tps, page, size, troubles.get((tps, page))))
    return planned


def _send_all(phones: Sequence[Phone], ended: threading.Event, *, progress: Console) -> float:
    """Let all phones begin at once; gives the seconds until the last one is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    together = threading.Barrier(len(phones) + 1)
    with (
        ThreadPoolExecutor(len(phones)) as executor,
        Progress(*columns, console=progress, disable=not progress.is_terminal) as bar,
    ):
        task = bar.add_task("photos", total=sum(len(phone.photos) for phone in phones))
        running = [executor.submit(phone.run, together, partial(bar.advance, task)) for phone in phones]
        together.wait()
        started = time.perf_counter()
        try:
            for one in as_completed(running):
                one.result()
        finally:
            ended.set()
        return time.perf_counter() - started
