"""`sirekap bench` and `sirekap train` as a person calls them."""

from __future__ import annotations

import builtins
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from tests.bench.sheets import write_set

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160", "NO_COLOR": "1"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colour_bench: list[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_set(tmp_path / "data", {"set-a/1.png": 125, "set-a/2.png": 99})


def test_accuracy_prints_the_table_and_the_failures(data: Path) -> None:
    result = run("bench", "accuracy", "--data", "data", "--sets", "set-a", "--out", "out/a.jsonl", "--sheet", "look")
    assert result.exit_code == 0
    assert "1/2 = 50.00 %" in result.stdout
    assert "WRONG ACCEPTED: set-a/2.png paslon_1 is 125, read 99" in result.stdout
    assert Path("out/a.jsonl").is_file()
    assert Path("look/numbers-1.jpg").is_file()


def test_real_crops_are_not_written_into_the_project(data: Path) -> None:
    inside = Path(__file__).parent / "look"
    result = run("bench", "accuracy", "--data", "data", "--sets", "set-a", "--sheet", str(inside))
    assert result.exit_code == 2
    assert "outside" in result.stderr
    assert not inside.exists()


def test_missing_folds_and_data_are_usage(data: Path) -> None:
    result = run("bench", "accuracy", "--data", "data", "--sets", "set-a", "--out-of-fold", "--folds", "nowhere")
    assert result.exit_code == 2
    assert "sirekap train digits" in result.stderr
    result = run("bench", "accuracy", "--data", "nowhere")
    assert result.exit_code == 2
    assert "--data DIR" in result.stderr


def test_help_lists_all_commands() -> None:
    shown = run("--help").stdout
    for command in ("read", "form", "simulate", "train", "bench"):
        assert command in shown
    assert "accuracy" in run("bench", "--help").stdout


def test_training_without_its_libraries_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("pipeline.training", "pipeline.cli.train"))]:
        monkeypatch.delitem(sys.modules, name)
    original = builtins.__import__

    def without_torch(name: str, *arguments: Any, **options: Any) -> Any:
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    importlib.invalidate_caches()
    assert run("--help").exit_code == 0
    result = run("train", "digits", "--resume")
    assert result.exit_code == 2
    assert "[train]" in result.stderr


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not here")
def test_real_photos_of_a_screen_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("bench", "accuracy", "--data", str(DATA), "--sets", "screen-2024", "--out", "a.jsonl")
    assert result.exit_code == 0
    assert "2/2 = 100.00 %" in result.stdout
    assert "WRONG" not in result.stdout
    assert len(Path("a.jsonl").read_text("utf-8").splitlines()) == 2
