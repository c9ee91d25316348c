"""`sirekap config`: every setting with its value, where that comes from, and what it means."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app, messages
from pipeline.settings import Settings


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The place of the TOML file; its folder exists."""
    file = tmp_path / "sirekap" / "sirekap.toml"
    file.parent.mkdir()
    return file


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["config", *arguments])


def rows(result: Result) -> dict[str, list[str]]:
    """The cells of every row by its first."""
    cells = ([cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines() if line.startswith("│"))
    return {name: rest for name, *rest in cells}


def test_every_setting_is_listed_with_its_default_and_its_meaning() -> None:
    result = run("--language", "en")
    assert result.exit_code == 0
    listed = rows(result)
    assert list(listed) == list(Settings.model_fields)
    for name, (value, origin, meaning) in listed.items():
        assert value, name
        assert origin == "default"
        assert meaning == Settings.model_fields[name].description


def test_every_setting_has_a_meaning_in_indonesian() -> None:
    assert list(messages.SETTINGS_IN_INDONESIAN) == list(Settings.model_fields)
    for name, (_, origin, meaning) in rows(run()).items():
        assert origin == "bawaan"
        assert meaning == messages.SETTINGS_IN_INDONESIAN[name]


def test_file_and_variable_are_named_beside_what_they_say(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('workers = 2\nmax_pdf_pages = 3\nlanguage = "en"\n')
    monkeypatch.setenv("SIREKAP_WORKERS", "4")
    result = run()
    listed = rows(result)
    assert listed["max_pdf_pages"][:2] == ["3", str(file)]
    assert listed["workers"][:2] == ["4", "SIREKAP_WORKERS"]
    assert listed["max_megapixels"][:2] == ["60.0", "default"]
    assert result.stdout.splitlines()[-1] == f"TOML file: {file}"


def test_option_for_the_language_goes_before_the_file(file: Path) -> None:
    file.write_text('language = "en"\n')
    assert "Berkas TOML" in run("--language", "id").stdout


def test_missing_file_is_said(file: Path) -> None:
    assert run("--language", "en").stdout.splitlines()[-1] == f"TOML file: {file} (does not exist)"
    assert run().stdout.splitlines()[-1] == f"Berkas TOML: {file} (tidak ada)"


def test_passwords_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIREKAP_DATABASE", "postgresql://siti:rahasia@db/sirekap")
    result = run()
    assert rows(result)["database"][:2] == ["postgresql://siti:***@db/sirekap", "SIREKAP_DATABASE"]
    assert "rahasia" not in result.output


def test_wrong_key_ends_with_two_and_one_message(file: Path) -> None:
    file.write_text("worker = 2\n")
    result = run()
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{file}: worker: ")
    assert result.stdout == ""


def test_values_cannot_command_the_terminal(file: Path) -> None:
    file.write_text('photos = "/foto/\\u001b[2J[red]"\n')
    result = run()
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert rows(result)["photos"][0] == "/foto/\\x1b[2J[red]"
