"""Settings come from the environment, and a misspelt one is an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.settings import Language, Settings, SettingsError, default_models, variable_name


def test_defaults_are_the_limits_of_the_readme() -> None:
    settings = Settings()
    assert (settings.max_file_megabytes, settings.max_megapixels, settings.max_pdf_pages) == (30, 60, 10)
    assert settings.language is Language.INDONESIAN


def test_every_setting_has_a_meaning_a_default_and_a_variable() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert not field.is_required(), name
        assert variable_name(name) == f"SIREKAP_{name.upper()}"


def test_variables_change_settings() -> None:
    settings = Settings.from_environment({"SIREKAP_MAX_PDF_PAGES": "3", "SIREKAP_LANGUAGE": "en", "SIREKAP_MODELS": "m", "HOME": "/"})
    assert (settings.max_pdf_pages, settings.language, settings.models) == (3, Language.ENGLISH, Path("m"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("SIREKAP_MAX_PDF_PAGE", "3"), ("SIREKAP_MAX_PDF_PAGES", "many"), ("SIREKAP_WORKERS", "0"), ("SIREKAP_LANGUAGE", "nl")],
)
def test_wrong_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({name: value})


def test_settings_are_fixed_and_can_be_a_key() -> None:
    assert hash(Settings()) == hash(Settings())
    with pytest.raises(ValidationError):
        Settings().workers = 3  # type: ignore[misc]


def test_models_of_the_checkout_are_found() -> None:
    assert default_models() == Path(__file__).resolve().parents[1] / "models"
