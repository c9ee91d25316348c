"""`sirekap ingest`: take photos into the store, from files, folders, object stores or manifests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Engine

from pipeline.cli import messages
from pipeline.cli.console import (
    FAILURE,
    SOME_REFUSED,
    USAGE,
    LanguageOption,
    error_console,
    fail,
    load_settings,
    output_console,
    print_line,
)
from pipeline.cli.messages import said
from pipeline.cli.opening import opened_store
from pipeline.cli.running import progress_bar
from pipeline.imaging import Limits
from pipeline.imaging.files import printable
from pipeline.regions import TableError
from pipeline.settings import Language
from pipeline.store import StoreError
from pipeline.store.intake import Arrival, Outcome, TakenIn, take_in
from pipeline.store.manifest import count_missing, expect, missing
from pipeline.store.photos import PhotoStore
from pipeline.store.sources import listed
from pipeline.store.standing import Reason

MANIFEST = ".csv"

app = typer.Typer(pretty_exceptions_enable=False)


@app.command(help="Masukkan foto ke simpanan. / Take photos into the store.")
def ingest(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Foto, folder, s3://bucket/prefix, atau manifes CSV (path, tps, page). / "
            "Photos, folders, s3://bucket/prefix, or a CSV manifest (path, tps, page).",
        ),
    ],
    reason: Annotated[
        Reason | None,
        typer.Option(help="Mengapa foto ini menggantikan yang terdahulu. / Why these photos replace earlier ones of their pages."),
    ] = None,
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    manifests = [path for path in paths if path.lower().endswith(MANIFEST)]
    with ExitStack() as stack:
        store = stack.enter_context(opened_store(settings))
        bar = stack.enter_context(progress_bar(error_console(), shown, visible=True))
        done = _Done(bar.console, shown)
        try:
            photos = PhotoStore(settings.photos_url)
            for manifest in manifests:
                _expect(store, manifest, bar, done)
            named = chain.from_iterable(missing(store, manifest) for manifest in manifests)
            found = _found([path for path in paths if path not in manifests], done)
            # How many photos lie in folders is known when they have been walked.
            total = None if len(manifests) < len(paths) else sum(count_missing(store, manifest) for manifest in manifests)
            task = bar.add_task(said(messages.TAKING_IN, shown), total=total)
            arrivals = chain(named, found)
            for taken in take_in(store, photos, arrivals, max_bytes=Limits.of(settings).max_bytes, reason=reason):
                bar.advance(task)
                done.add(taken)
        except (TableError, StoreError) as error:
            fail(str(error), code=FAILURE)
    done.finish(manifests)


class _Done:
    """What was done so far, and what is said of it."""

    def __init__(self, console: Console, language: Language) -> None:
        self._console = console
        self._language = language
        self.counts: Counter[Outcome] = Counter()
        self.left_out = 0

    def complain(self, line: str) -> None:
        print_line(self._console, line, style="red")

    def add(self, taken: TakenIn) -> None:
        self.counts[taken.outcome] += 1
        name = taken.name
        if taken.refusal is not None:
            refusal = taken.refusal
            self.complain(said(messages.NOT_TAKEN_IN, self._language, name=name, code=refusal.code, detail=refusal.detail))
        if taken.contradiction is not None:
            self.complain(said(messages.STATION_NOT_BELIEVED, self._language, name=name, detail=taken.contradiction))

    def empty(self, folder: str) -> None:
        self.complain(said(messages.EMPTY_FOLDER, self._language, folder=printable(folder)))

    def row_left_out(self, manifest: str, line: int, detail: str) -> None:
        self.left_out += 1
        self.complain(f"{manifest}: {said(messages.ROW_LEFT_OUT, self._language, line=line, detail=detail)}")

    def finish(self, manifests: list[str]) -> None:
        numbers = {outcome.value: self.counts[outcome] for outcome in Outcome}
        print_line(output_console(), said(messages.TAKEN_IN, self._language, left_out=self.left_out, **numbers))
        if self.left_out or self.counts[Outcome.REFUSED]:
            raise typer.Exit(SOME_REFUSED)
        if not self.counts and not manifests:
            raise typer.Exit(USAGE)


def _expect(store: Engine, manifest: str, bar: Progress, done: _Done) -> None:
    """Tell the store what a manifest names, and the user what is wrong with it."""
    task = bar.add_task(manifest, total=None)
    for some in expect(store, manifest):
        bar.advance(task, some.rows + len(some.faults))
        for fault in some.faults:
            done.row_left_out(manifest, fault.line, fault.detail)
        for taken in some.renamed:
            done.add(taken)
    bar.remove_task(task)


def _found(paths: Iterable[str], done: _Done) -> Iterator[Arrival]:
    """The photos at the paths, while they are being found; a folder without one is said."""
    for path in paths:
        empty = True
        for item in listed(path):
            empty = False
            yield Arrival(item)
        if empty:
            done.empty(path)
