"""What the rounds of `make faults` are made of; three of the rounds themselves are part of every check (`.ci/run`)."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.bench import faults as faults_module
from pipeline.bench.faults import FaultOptions, FaultsError, Kill, Round, Victim, kill_in_rounds
from pipeline.cli import app

SAMPLES = Path(__file__).parents[2] / "sample_forms"


@pytest.mark.parametrize(
    ("inside_write", "found", "code"), [(True, (), 0), (False, (), 1), (True, ("the ledger tells something else",), 1)]
)
def test_command_fails_on_a_fault_and_when_no_kill_fell_inside_a_write(
    monkeypatch: pytest.MonkeyPatch, inside_write: bool, found: tuple[str, ...], code: int
) -> None:
    one = Round(1, Victim.CLIENT, Kill(1.5, inside_write, 7, ()), 20, found)
    monkeypatch.setattr(faults_module, "kill_in_rounds", lambda options: iter([one]))
    result = CliRunner().invoke(app, ["bench", "faults", "--rounds", "1"])
    assert result.exit_code == code
    assert "7 then 20" in result.output
    assert ("whole" if not found else found[0]) in result.output


def test_more_photos_than_there_are_variants_cannot_be_made(tmp_path: Path) -> None:
    for name in ("page2-fluid.jpg", "page2-scan.jpg", "page3-scan.jpg"):
        shutil.copy(SAMPLES / name, tmp_path)
    with pytest.raises(FaultsError, match="3 samples"):
        list(kill_in_rounds(FaultOptions(rounds=1, photos=1000, seed=1, samples=tmp_path)))


def test_workers_are_the_children_that_read_and_are_seen_to_end() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        assert faults_module._lives(process.pid)
        assert faults_module._workers_of(process, at_least=0) == []
        process.kill()
    assert not faults_module._lives(process.pid)


def test_client_that_has_ended_is_not_inside_a_write(tmp_path: Path) -> None:
    with subprocess.Popen(["true"], text=True) as process:
        process.wait()
        assert not faults_module._stopped(process, faults_module._Store(tmp_path, tmp_path), until_written=True)


@pytest.mark.parametrize(("code", "written"), [(sqlite3.SQLITE_BUSY, True), (sqlite3.SQLITE_PROTOCOL, False), (sqlite3.SQLITE_FULL, None)])
def test_store_is_being_written_when_nobody_else_may_begin_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, written: bool | None
) -> None:
    class Connection:
        def execute(self, statement: str) -> None:
            error = sqlite3.OperationalError(statement)
            error.sqlite_errorcode = code
            raise error

        def close(self) -> None:
            pass

    store = faults_module._Store(tmp_path, tmp_path)
    monkeypatch.setattr(store, "_connect", Connection)
    if written is None:
        with pytest.raises(sqlite3.OperationalError):
            store.is_being_written()
    else:
        assert store.is_being_written() is written
