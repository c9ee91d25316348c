"""What users meet must be documented: the README names every setting, refusal, finding and key of a sheet."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.settings import Settings, variable_name
from pipeline.sheet import FindingCode, RefusalCode
from tests.sheets import make_sheet

README = (Path(__file__).resolve().parents[1] / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", [variable_name(setting) for setting in Settings.model_fields])
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize("code", [*RefusalCode, *FindingCode])
def test_every_code_is_documented(code: str) -> None:
    assert f"`{code}`" in README


@pytest.mark.parametrize("key", make_sheet().to_dict())
def test_every_key_of_a_sheet_is_documented(key: str) -> None:
    assert f"`{key}`" in README
