"""`sirekap regions`: take in a table of regions, and look at what is in one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

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
from pipeline.regions import CodeError, TableError, read_regions, region_code
from pipeline.store.database import READING
from pipeline.store.regions import import_regions, region, regions_within

MOST_FAULTS_SHOWN = 20

app = typer.Typer(help="Wilayah menurut kodenya. / Regions by their codes.", no_args_is_help=True)


@app.command("import", help="Masukkan tabel wilayah (CSV: kode, nama, tps). / Take in a table of regions (CSV: kode, nama, tps).")
def import_table(table: Annotated[Path, typer.Argument(metavar="FILE.csv", dir_okay=False)], language: LanguageOption = None) -> None:
    settings = load_settings(language)
    shown = settings.language
    try:
        regions, faults = read_regions(table)
    except TableError as error:
        fail(str(error), code=FAILURE)
    with opened_store(settings) as store, store.begin() as connection:
        done = import_regions(connection, regions)
    sentence = said(messages.REGIONS_IMPORTED, shown, added=done.added, changed=done.changed, same=done.same, left_out=len(faults))
    print_line(output_console(), sentence)
    for fault in faults[:MOST_FAULTS_SHOWN]:
        print_line(error_console(), said(messages.ROW_LEFT_OUT, shown, line=fault.line, detail=fault.detail))
    if len(faults) > MOST_FAULTS_SHOWN:
        print_line(error_console(), said(messages.AND_MORE, shown, count=len(faults) - MOST_FAULTS_SHOWN))
    if faults:
        raise typer.Exit(SOME_REFUSED)


@app.command(help="Wilayah di dalam satu wilayah, atau semua provinsi. / The regions in a region, or all provinces.")
def show(
    code: Annotated[str | None, typer.Argument(metavar="[CODE]")] = None,
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    try:
        wanted = None if code is None else region_code(code)
    except CodeError as error:
        fail(str(error), code=USAGE)
    with opened_store(settings) as store, store.connect().execution_options(**{READING: True}) as connection:
        if wanted is not None and region(connection, wanted) is None:
            fail(said(messages.NO_SUCH_REGION, shown, code=wanted), code=FAILURE)
        within = regions_within(connection, wanted)
    found = Table(*(said(title, shown) for title in (messages.CODE, messages.NAME, messages.STATIONS)))
    for one, stations in within:
        found.add_row(one.code, one.name, str(stations))
    output_console().print(found)
