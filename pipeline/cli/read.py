"""`sirekap read`: photos, PDFs and folders in; a table, the result files and pictures out."""

from __future__ import annotations

import time
from collections.abc import Sequence
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
from pipeline.cli.running import check_start, cleaning_up_on_sigterm, progress_bar
from pipeline.cli.table import SheetTable
from pipeline.engine.batch import read_all
from pipeline.engine.executors import Allowance, make_executor
from pipeline.engine.work import WorkOrder
from pipeline.imaging import Discovery, Item, discover
from pipeline.recognition.header import tesseract_installed
from pipeline.results import results_in
from pipeline.settings import Settings
from pipeline.sheet import Verdict
from pipeline.writing import OutputError

OVERLAYS = "overlays"
"""Folder of the pictures inside the folder of the results."""

PROGRESS_FROM = 4
"""Files from which a progress bar is worth its line."""

app = typer.Typer(pretty_exceptions_enable=False)


@app.command(help="Baca foto, PDF, atau folder. / Read photos, PDFs or folders.")
def read(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Foto (JPEG, PNG, WebP, HEIC), PDF, atau folder. / Photos, PDFs or folders.")
    ],
    form: Annotated[str | None, typer.Option(help="Hanya formulir ini. / Only this form.", metavar="ID")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder hasil. / Folder for the results.", metavar="DIR")] = None,
    overlay: Annotated[
        bool, typer.Option("--overlay", help="Simpan foto dengan angka yang terbaca. / Keep each photo with its numbers drawn in.")
    ] = False,
    debug: Annotated[Path | None, typer.Option(help="Gambar setiap tahap. / Pictures of every stage.", metavar="DIR")] = None,
    workers: Annotated[int | None, typer.Option(help="Jumlah proses. / Number of processes.", min=1, metavar="N")] = None,
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    if overlay and out is None:
        fail(said(messages.OVERLAY_NEEDS_OUT, settings.language), code=USAGE)
    order = WorkOrder(settings=settings, form=form, overlays=out / OVERLAYS if out and overlay else None, debug=debug)
    check_start(order)
    if not tesseract_installed():
        print_line(output_console(), said(messages.NO_TESSERACT, settings.language))
    found = _discover(paths, settings, leave_out=[folder for folder in (out, debug) if folder])
    try:
        with cleaning_up_on_sigterm():
            table = _read(found.items, order, out=out, workers=workers or settings.workers)
    except OutputError as error:
        fail(said(messages.CANNOT_WRITE, settings.language, error=error), code=FAILURE)
    console = output_console()
    for text, folder in ((messages.RESULTS_AT, out), (messages.PICTURES_AT, order.overlays), (messages.STAGES_AT, debug)):
        if folder:
            print_line(console, said(text, settings.language, folder=folder))
    if table.verdicts[Verdict.REFUSED] or found.empty:
        raise typer.Exit(SOME_REFUSED)


def _discover(paths: Sequence[str], settings: Settings, *, leave_out: Sequence[Path]) -> Discovery:
    found = discover(paths, leave_out=leave_out)
    errors = error_console()
    for folder in found.empty:
        print_line(errors, said(messages.EMPTY_FOLDER, settings.language, folder=folder), style="red")
    if not found.items:
        raise typer.Exit(USAGE)
    return found


def _read(items: Sequence[Item], order: WorkOrder, *, out: Path | None, workers: int) -> SheetTable:
    """Read all items, write their results, and print the table; returns it for its counts."""
    language = order.settings.language
    errors = error_console()
    table = SheetTable(language, files=len(items))
    started = time.perf_counter()
    with ExitStack() as stack:
        results = stack.enter_context(results_in(out)) if out else None
        executor = stack.enter_context(make_executor(min(workers, len(items)), Allowance.of(order.settings)))
        bar = stack.enter_context(progress_bar(errors, language, visible=len(items) >= PROGRESS_FROM))
        task = bar.add_task(said(messages.READING, language), total=len(items))
        for sheets in read_all(items, order=order, executor=executor):
            for sheet in sheets:
                table.add(sheet)
                if results:
                    results.write(sheet)
            bar.advance(task)
    console = output_console()
    console.print(table.table())
    for remark in table.remarks(seconds=time.perf_counter() - started):
        print_line(console, remark)
    for message in table.refusals():
        print_line(errors, message, style="red")
    return table
