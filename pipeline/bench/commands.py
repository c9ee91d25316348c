"""`sirekap bench`: everything that is claimed, measured."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import FAILURE, USAGE, error_console, fail, output_console, print_line
from pipeline.recognition.model_file import ModelError
from pipeline.settings import default_models
from pipeline.training.sheets import SETS
from pipeline.writing import OutputError

PROJECT = Path(__file__).resolve().parents[2]
DATA = PROJECT.parent / "shared" / "data"
REGIONS, RESULTS = Path("regions/regions-2024.csv.gz"), Path("results/kawalpemilu-2019-tps.csv.xz")
"""Inside the folder of the data: a table of regions, and results of polling stations."""

VILLAGES, STATIONS = 83_771, 823_236
"""Villages of Indonesia, and polling stations of its election of 2024."""

OUT = Path("bench-out")

bench_app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Ukur ketepatan dan kecepatan. / Measure accuracy and speed.",
)
app = bench_app

Data = Annotated[
    Path,
    typer.Option(
        help="Folder with truth.json and the photos.  [default: ../shared/data]", metavar="DIR", file_okay=False, show_default=False
    ),
]


@bench_app.command()
def accuracy(
    data: Data = DATA,
    sets: Annotated[str, typer.Option(help="Sets to read, separated by commas.", metavar="A,B")] = ",".join(SETS),
    out_of_fold: Annotated[bool, typer.Option("--out-of-fold", help="Read each sheet with the models of its own fold.")] = False,
    models: Annotated[Path | None, typer.Option(help="Folder of the models when not out of fold.", metavar="DIR", file_okay=False)] = None,
    folds: Annotated[
        Path | None, typer.Option(help="Folder of the fold models.  [default: models/folds]", metavar="DIR", file_okay=False)
    ] = None,
    out: Annotated[Path, typer.Option(help="The sheets.jsonl to write.", metavar="FILE", dir_okay=False)] = OUT / "accuracy.jsonl",
    sheet: Annotated[
        Path | None, typer.Option(help="Folder outside the project for contact sheets of what went wrong.", metavar="DIR", file_okay=False)
    ] = None,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Also choose thresholds on four folds and try them on the fifth.")] = False,
    workers: Annotated[int, typer.Option(help="Number of processes.", min=1, metavar="N")] = 1,
) -> None:
    """Read the development sheets through the whole pipeline and compare with their truth."""
    from pipeline.bench import report
    from pipeline.bench.accuracy import AccuracyOptions, measure_accuracy
    from pipeline.bench.calibration import calibrate_verdict
    from pipeline.bench.charts import accuracy_chart, reliability_chart
    from pipeline.bench.contact import write_contact_sheets
    from pipeline.bench.models import FoldModelError, default_folds
    from pipeline.bench.truth import TruthError
    from pipeline.bench.writings import accuracy_table, joint_errors, reliability, writings
    from pipeline.writing import write_whole

    if sheet and sheet.resolve().is_relative_to(PROJECT):
        fail(f"{sheet}: real sheets never go into the project; give --sheet a folder outside {PROJECT}", code=USAGE)
    chosen = tuple(name for name in sets.split(",") if name)
    fold_folder = (folds or default_folds()) if out_of_fold else None
    options = AccuracyOptions(data, chosen, models or default_models(), fold_folder, out, workers)
    try:
        measured = measure_accuracy(options, progress=error_console())
        outcomes = measured.outcomes
        pictures = write_contact_sheets(outcomes, sheet) if sheet else []
        frame = writings(outcomes)
        table = accuracy_table(frame)
        beside = {
            "writings.csv": frame.to_csv(index=False),
            "table.csv": table.to_csv(index=False, float_format="%.6f"),
            "accuracy.svg": accuracy_chart(table),
            "reliability.svg": reliability_chart(reliability(frame)),
        }
        written = [out.with_suffix(f".{name}") for name in beside] if len(frame) else []
        for path, text in zip(written, beside.values(), strict=False):
            write_whole(path, text.encode())
    except (TruthError, FoldModelError, ModelError) as error:
        fail(str(error), code=USAGE)
    except OutputError as error:
        fail(f"cannot_write: {error}", code=FAILURE)
    console = output_console()
    if any(outcome.known for outcome in outcomes):
        console.print(report.set_table(outcomes))
        console.print(report.sign_table(outcomes))
        console.print(report.correction_table(outcomes))
    if len(frame):
        console.print(report.writing_table(table))
        console.print(report.joint_error_table(joint_errors(frame)))
    if any(outcome.known for outcome in outcomes):
        print_line(console, report.review_reasons(outcomes))
    for line in (*report.other_forms(outcomes), *report.failures(outcomes)):
        print_line(console, line)
    if calibrate:
        console.print(report.calibration_table(calibrate_verdict(measured, progress=error_console())))
    for path in (out, *written, *pictures):
        print_line(console, f"written: {path}")


@bench_app.command()
def speed(
    data: Data = DATA,
    rounds: Annotated[int, typer.Option(help="Times every photo is read.", min=1)] = 7,
    scaling: Annotated[bool, typer.Option(help="Also compare two workers with one.")] = True,
    out: Annotated[Path, typer.Option(help="The JSON file to write.", metavar="FILE", dir_okay=False)] = OUT / "speed.json",
) -> None:
    """Time reading, by stage, beside the bare decode of the same files."""
    from pipeline.bench.speed import SpeedOptions, measure_speed
    from pipeline.bench.speed_report import cost_table, speed_json, speed_remarks, speed_table, stage_table
    from pipeline.writing import write_whole

    try:
        measured = measure_speed(SpeedOptions(data=data, rounds=rounds, scaling=scaling), progress=error_console())
        write_whole(out, speed_json(measured))
    except ModelError as error:
        fail(str(error), code=USAGE)
    except OutputError as error:
        fail(f"cannot_write: {error}", code=FAILURE)
    console = output_console()
    console.print(speed_table(measured))
    console.print(stage_table(measured))
    console.print(cost_table(measured))
    for line in (*speed_remarks(measured), f"written: {out}"):
        print_line(console, line)


@bench_app.command()
def memory(
    data: Data = DATA,
    pages: Annotated[int, typer.Option(help="Pages to read, the photos at hand in turn.", min=10)] = 5000,
    workers: Annotated[int, typer.Option(help="Number of processes.", min=2, metavar="N")] = 2,
    out: Annotated[Path, typer.Option(help="The CSV file to write.", metavar="FILE", dir_okay=False)] = OUT / "memory.csv",
) -> None:
    """Read many pages and watch the memory of every process; exit code 1 when it grows or is beyond what is claimed."""
    from pipeline.bench.memory import measure_memory, memory_table
    from pipeline.writing import write_whole

    try:
        measured = measure_memory(data, pages=pages, workers=workers, progress=error_console())
        write_whole(out, measured.samples.to_csv(index=False).encode())
    except ModelError as error:
        fail(str(error), code=USAGE)
    except OutputError as error:
        fail(f"cannot_write: {error}", code=FAILURE)
    console = output_console()
    console.print(memory_table(measured))
    print_line(console, f"written: {out}")
    if measured.problems:
        fail("; ".join(measured.problems), code=FAILURE)


@bench_app.command()
def faults(
    rounds: Annotated[int, typer.Option(help="Runs that are killed.", min=1)] = 50,
    photos: Annotated[int, typer.Option(help="Photos of a run.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Which moments are drawn.")] = 1,
    samples: Annotated[
        Path, typer.Option(help="JPEG files whose variants are read.  [default: sample_forms/]", show_default=False, metavar="DIR")
    ] = PROJECT / "sample_forms",
) -> None:
    """Kill runs at any moment, and see whether the next one makes them whole."""
    from pipeline.bench.faults import FaultOptions, FaultsError, kill_in_rounds

    console = output_console()
    print_line(console, f"{'round':>5}  {'victim':<9}  {'moment':>7}  {'inside a write':<14}  {'recorded':>14}  verdict")
    failed = inside_write = 0
    try:
        for one in kill_in_rounds(FaultOptions(rounds, photos, seed, samples)):
            failed += bool(one.faults)
            inside_write += one.kill.inside_write
            recorded = f"{one.kill.recorded} then {one.recorded}"
            moment, inside = f"{one.kill.moment:.1f} s", "yes" if one.kill.inside_write else "no"
            verdict = "; ".join(one.faults) or "whole"
            print_line(console, f"{one.number:>5}  {one.victim:<9}  {moment:>7}  {inside:<14}  {recorded:>14}  {verdict}")
    except (FaultsError, TimeoutError) as error:
        fail(str(error), code=FAILURE)
    print_line(console, f"{rounds - failed} of {rounds} runs were made whole; {inside_write} were killed inside a write")
    if failed or not inside_write:
        raise typer.Exit(FAILURE)


@bench_app.command()
def store(
    database: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL of an empty database.  [default: SQLite in a temporary folder]", metavar="URL")
    ] = None,
    rows: Annotated[int, typer.Option(help="Rows of the manifest, photos, rows of the ledger.", min=1_000)] = 1_000_000,
) -> None:
    """Time the store: expected photos, what waits, the ledger."""
    from pipeline.bench.store import measure_store
    from pipeline.store import StoreError

    progress = error_console()
    try:
        measured = measure_store(database, rows=rows, progress=lambda step: print_line(progress, step))
    except StoreError as error:
        fail(str(error), code=FAILURE)
    console = output_console()
    print_line(console, f"{measured.database}, {measured.rows} rows")
    print_line(console, f"manifest to expected photos: {measured.expect_seconds:.1f} s; the same again: {measured.again_seconds:.1f} s")
    for part, ms in measured.pending_ms.items():
        print_line(console, f"what waits, {part:.1%} read: {ms:.2f} ms")
    print_line(console, f"ledger verified: {measured.verify_seconds:.1f} s")


@bench_app.command()
def rollup(
    data: Data = DATA,
    database: Annotated[
        str | None,
        typer.Option(help="SQLAlchemy URL of an empty database.  [default: SQLite, and PostgreSQL where it is installed]", metavar="URL"),
    ] = None,
    stations: Annotated[int, typer.Option(help="Polling stations.", min=1_000)] = STATIONS,
    villages: Annotated[int, typer.Option(help="Villages.", min=100)] = VILLAGES,
) -> None:
    """Time the pages of results of a whole nation; exit code 1 when they take longer than is claimed."""
    from pipeline.bench.nation import made_regions, made_results
    from pipeline.bench.own_web import WebError
    from pipeline.bench.postgresql import own_server, postgresql_programs
    from pipeline.bench.rollup import measure_rollup, rollup_table
    from pipeline.regions import TableError
    from pipeline.store import StoreError

    progress, console = error_console(), output_console()
    table, results = (path if path.is_file() else None for path in (data / REGIONS, data / RESULTS))
    try:
        nation = made_regions(table, villages=villages, stations=stations)
        came = made_results(results, nation)
        measure = partial(measure_rollup, table=nation, stations=came, progress=lambda step: print_line(progress, step))
        measured = [measure(database)]
        programs = postgresql_programs() if database is None else None
        if programs is not None:
            with own_server(programs) as url:
                measured.append(measure(url))
    except (TableError, StoreError, WebError) as error:
        fail(str(error), code=FAILURE)
    print_line(console, f"regions: {table or 'made'}; results: {results or 'made'}")
    for one in measured:
        counts = ", ".join(f"{count:,} {name}" for name, count in one.rows.items())
        print_line(console, f"{one.database}: {counts}; put in within {one.load_seconds:.0f} s")
    console.print(rollup_table(measured))
    if problems := [problem for one in measured for problem in one.problems]:
        fail("; ".join(problems), code=FAILURE)


@bench_app.command()
def phones(
    phones: Annotated[int, typer.Option(help="Phones, each of a polling station of its own.", min=1)] = 500,
    pages: Annotated[int, typer.Option(help="Photos that each phone sends.", min=1)] = 3,
    megabytes: Annotated[float, typer.Option(help="Size of the largest photo; the smallest has a third of it.", min=0.01, max=30)] = 3.0,
    workers: Annotated[int, typer.Option(help="Server processes.", min=1, metavar="N")] = 1,
    seed: Annotated[int, typer.Option(help="Which photos meet which trouble.")] = 1,
    database: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL of an empty database.  [default: SQLite in a temporary folder]", metavar="URL")
    ] = None,
) -> None:
    """Let many phones send at once; exit code 1 when anything they sent is not in the store once, with its receipt."""
    from pipeline.bench.own_web import WebError
    from pipeline.bench.phones import PhoneOptions, measure_phones, phones_lines, phones_table
    from pipeline.store import StoreError

    options = PhoneOptions(phones, pages, workers, round(megabytes * 1e6), seed, database)
    try:
        measured = measure_phones(options, progress=error_console())
    except (WebError, StoreError) as error:
        fail(str(error), code=FAILURE)
    console = output_console()
    for line in phones_lines(measured):
        print_line(console, line)
    console.print(phones_table(measured))
    if measured.problems:
        fail("; ".join(measured.problems), code=FAILURE)
