"""`sirekap ingest`: take photos into the store, from files, folders or a manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

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
from pipeline.imaging import Limits, discover
from pipeline.regions import RowFault, TableError
from pipeline.settings import Language
from pipeline.store import StoreError
from pipeline.store.intake import Arrival, Outcome, TakenIn, read_manifest, take_in
from pipeline.store.photos import PhotoStore

MANIFEST = ".csv"

app = typer.Typer(pretty_exceptions_enable=False)


@app.command(help="Masukkan foto ke simpanan. / Take photos into the store.")
def ingest(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Foto, folder, atau manifes CSV (path, tps). / Photos, folders, or a CSV manifest (path, tps)."
        ),
    ],
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    try:
        arrivals, faults = _arrivals(paths, shown)
        photos = PhotoStore(settings.photos_url)
    except (TableError, StoreError) as error:
        fail(str(error), code=FAILURE)
    counts: Counter[Outcome] = Counter()
    with ExitStack() as stack:
        store = stack.enter_context(opened_store(settings))
        bar = stack.enter_context(progress_bar(error_console(), shown, visible=True))
        task = bar.add_task(said(messages.TAKING_IN, shown), total=len(arrivals))
        try:
            for taken in take_in(store, photos, arrivals, max_bytes=Limits.of(settings).max_bytes):
                counts[taken.outcome] += 1
                bar.advance(task)
                for line in _remarks(taken, shown):
                    print_line(bar.console, line, style="red")
        except StoreError as error:
            fail(str(error), code=FAILURE)
    numbers = {outcome.value: counts[outcome] for outcome in Outcome}
    print_line(output_console(), said(messages.TAKEN_IN, shown, left_out=len(faults), **numbers))
    if faults or counts[Outcome.REFUSED]:
        raise typer.Exit(SOME_REFUSED)


def _arrivals(paths: list[str], language: Language) -> tuple[list[Arrival], list[RowFault]]:
    """What the paths name, and the rows of manifests that were left out, which are said at once."""
    arrivals: list[Arrival] = []
    faults: list[RowFault] = []
    for manifest in (path for path in paths if path.lower().endswith(MANIFEST)):
        listed, left_out = read_manifest(Path(manifest))
        arrivals += listed
        faults += left_out
        for fault in left_out:
            line = said(messages.ROW_LEFT_OUT, language, line=fault.line, detail=fault.detail)
            print_line(error_console(), f"{manifest}: {line}", style="red")
    found = discover([path for path in paths if not path.lower().endswith(MANIFEST)])
    for folder in found.empty:
        print_line(error_console(), said(messages.EMPTY_FOLDER, language, folder=folder), style="red")
    arrivals += [Arrival(item) for item in found.items]
    if not arrivals and not faults:
        raise typer.Exit(USAGE)
    return arrivals, faults


def _remarks(taken: TakenIn, language: Language) -> Iterator[str]:
    if taken.refusal is not None:
        yield said(messages.NOT_TAKEN_IN, language, name=taken.name, code=taken.refusal.code, detail=taken.refusal.detail)
    if taken.contradiction is not None:
        yield said(messages.STATION_NOT_BELIEVED, language, name=taken.name, detail=taken.contradiction)
