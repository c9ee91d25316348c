"""`sirekap ledger`: whether the ledger is what was written, its head, and a copy of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, USAGE, LanguageOption, error_console, fail, load_settings, output_console, print_line
from pipeline.cli.messages import said
from pipeline.cli.opening import opened_store
from pipeline.settings import Settings
from pipeline.store import Entry, Fault, Head, StoreError, entries, head, verify
from pipeline.store.checkpoint import head_text, new_key, read_head
from pipeline.store.database import READING
from pipeline.store.views import check_views
from pipeline.writing import OutputError, StagedFiles, output_errors, write_whole

TAMPERED = 1
"""Exit code of a ledger that is not what was written."""

app = typer.Typer(help="Buku besar yang hanya bertambah. / The ledger, which only grows.", no_args_is_help=True)

KeyOption = Annotated[Path | None, typer.Option(help="Berkas kunci PEM. / File of a PEM key.", metavar="FILE", dir_okay=False)]
OutOption = Annotated[Path | None, typer.Option(help="Tulis ke berkas ini. / Write to this file.", metavar="FILE", dir_okay=False)]


@app.command("verify", help="Periksa setiap baris dan tabelnya. / Check every row, and the tables made of them.")
def verify_ledger(
    head: Annotated[
        Path | None, typer.Option(help="Kepala yang disimpan dahulu. / A head that was kept.", metavar="FILE", dir_okay=False)
    ] = None,
    key: KeyOption = None,
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    if key is not None and head is None:
        fail(said(messages.KEY_NEEDS_HEAD, shown), code=USAGE)
    try:
        kept = None if head is None else read_head(head, key=None if key is None else _bytes(key))
    except StoreError as error:
        fail(str(error), code=FAILURE)
    with opened_store(settings, must_exist=True) as store, store.connect().execution_options(**{READING: True}) as connection:
        outcome = verify(_shown(entries(connection), _head_of(settings)), against=kept)
        if not isinstance(outcome, Fault):
            outcome = check_views(connection) or outcome
    if isinstance(outcome, Fault):
        fail(said(messages.LEDGER_TAMPERED, shown, code=outcome.code, detail=outcome.detail), code=TAMPERED)
    print_line(output_console(), said(messages.LEDGER_HOLDS, shown, rows=outcome.position, hash=outcome.hash))


@app.command("head", help="Kepala buku besar untuk disimpan di tempat lain. / The head of the ledger, to keep elsewhere.")
def show_head(out: OutOption = None, key: KeyOption = None, language: LanguageOption = None) -> None:
    settings = load_settings(language)
    try:
        text = head_text(_head_of(settings), at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), key=None if key is None else _bytes(key))
    except StoreError as error:
        fail(str(error), code=FAILURE)
    if out is None:
        print_line(output_console(), " ".join(text.split()))
    else:
        _write(out, text.encode(), settings)


@app.command("export", help="Salin semua baris ke berkas JSON Lines. / Copy all rows to a JSON Lines file.")
def export_ledger(out: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)], language: LanguageOption = None) -> None:
    settings = load_settings(language)
    with opened_store(settings, must_exist=True) as store, store.connect().execution_options(**{READING: True}) as connection:
        last = head(connection)
        try:
            with StagedFiles(out.parent) as staged:
                file = staged.create(out.name)
                with output_errors(out):
                    # Rows that came after the head was taken belong to the next export.
                    for entry in _shown(takewhile(lambda entry: entry.position <= last.position, entries(connection)), last):
                        file.write(f"{_line(entry)}\n".encode())
                    file.write(f"{json.dumps({'head': {'hash': last.hash, 'position': last.position}})}\n".encode())
        except OutputError as error:
            fail(said(messages.CANNOT_WRITE, settings.language, error=error), code=FAILURE)
    print_line(output_console(), said(messages.WRITTEN, settings.language, path=out))


@app.command("key", help="Buat pasangan kunci untuk menandatangani kepala. / Make a pair of keys to sign heads with.")
def make_key(out: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)], language: LanguageOption = None) -> None:
    settings = load_settings(language)
    public = out.with_name(f"{out.name}.pub")
    for path in (out, public):
        if path.exists():
            fail(said(messages.ALREADY_THERE, settings.language, path=path), code=FAILURE)
    private_pem, public_pem = new_key()
    out.touch(mode=0o600)
    _write(out, private_pem, settings)
    out.chmod(0o600)
    _write(public, public_pem, settings)


def _line(entry: Entry) -> str:
    """A row as JSON whose body is the very text that was hashed."""
    return json.dumps(
        {"position": entry.position, "at": entry.at, "kind": entry.kind, "body": entry.body, "hash": entry.hash}, ensure_ascii=False
    )


def _head_of(settings: Settings) -> Head:
    with opened_store(settings, must_exist=True) as store, store.connect().execution_options(**{READING: True}) as connection:
        return head(connection)


def _shown(rows: Iterator[Entry], last: Head) -> Iterator[Entry]:
    """The rows, with a progress bar on a terminal."""
    console = error_console()
    return iter(track(rows, "ledger", total=last.position, console=console, disable=not console.is_terminal))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error


def _write(path: Path, content: bytes, settings: Settings) -> None:
    try:
        write_whole(path, content)
    except OutputError as error:
        fail(said(messages.CANNOT_WRITE, settings.language, error=error), code=FAILURE)
    print_line(output_console(), said(messages.WRITTEN, settings.language, path=path))
