import json

import pytest
import typer
from typer.testing import CliRunner

from pipeline.simulate.commands import simulate

RUNNER = CliRunner()


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    application.command()(simulate)
    return application


def test_simulate_writes_photos_and_their_truth(app, tmp_path):
    result = RUNNER.invoke(app, ["--count", "2", "--out", str(tmp_path), "--seed", "3", "--page", "3", "--kind", "scan"])
    assert result.exit_code == 0, result.output
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))["sheets"]
    assert [sheet["page"] for sheet in truth] == ["3", "3"]
    assert all((tmp_path / sheet["image"]).is_file() for sheet in truth)


@pytest.mark.parametrize("wrong", [["--form", "no-such-form"], ["--page", "9"]])
def test_an_unknown_form_or_page_is_named(app, tmp_path, wrong):
    result = RUNNER.invoke(app, ["--out", str(tmp_path / "set"), *wrong])
    assert result.exit_code == 2
    assert wrong[1] in result.output
    assert not (tmp_path / "set").exists()
