"""Settings come from variables and from a TOML file, and a misspelt one is an error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.settings import (
    Language,
    Origin,
    Settings,
    SettingsError,
    default_home,
    default_models,
    resolve,
    variable_name,
    without_secrets,
)


def written(file: Path, text: str) -> Path:
    """A TOML file, with the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


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
    [
        ("SIREKAP_MAX_PDF_PAGE", "3"),
        ("SIREKAP_MAX_PDF_PAGES", "many"),
        ("SIREKAP_WORKERS", "0"),
        ("SIREKAP_LANGUAGE", "nl"),
        ("SIREKAP_HOME", ""),
        ("SIREKAP_DATABASE", "sirekap.db"),
    ],
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


def test_everything_is_in_home_when_nothing_else_is_said() -> None:
    settings = Settings.from_environment({"SIREKAP_HOME": "/srv/pemilu"})
    assert settings.database_url == "sqlite:////srv/pemilu/sirekap.db"
    assert settings.photos_url == "/srv/pemilu/photos"


def test_database_and_photos_can_be_elsewhere() -> None:
    settings = Settings.from_environment({"SIREKAP_DATABASE": "postgresql://siti@db/sirekap", "SIREKAP_PHOTOS": "s3://foto"})
    assert (settings.database_url, settings.photos_url) == ("postgresql://siti@db/sirekap", "s3://foto")


@pytest.mark.parametrize(
    ("environment", "home"),
    [
        ({"HOME": "/home/siti"}, "/home/siti/.local/share/sirekap"),
        ({"HOME": "/home/siti", "XDG_DATA_HOME": "/data"}, "/data/sirekap"),
        ({"HOME": "/home/siti", "XDG_DATA_HOME": "data"}, "/home/siti/.local/share/sirekap"),
        ({"HOME": "/home/siti", "SIREKAP_HOME": "~/pemilu"}, "/home/siti/pemilu"),
        ({}, "/var/lib/sirekap"),
    ],
)
def test_home_is_the_folder_of_data_of_the_user(environment: dict[str, str], home: str) -> None:
    assert Settings.from_environment(environment).home == Path(home)


def test_service_without_a_variable_for_its_home_has_the_one_the_system_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    home = os.path.expanduser("~")
    assert default_home() == (Path("/var/lib/sirekap") if home == "~" else Path(home, ".local/share/sirekap"))


@pytest.mark.parametrize(
    ("variable", "file"),
    [("HOME", ".config/sirekap/sirekap.toml"), ("XDG_CONFIG_HOME", "sirekap/sirekap.toml"), ("SIREKAP_CONFIG", "")],
)
def test_file_is_found_by_each_variable(variable: str, file: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    written(place / file, "max_pdf_pages = 3")
    assert Settings.from_environment({variable: str(place)}).max_pdf_pages == 3


def test_variable_goes_before_the_file_and_the_file_before_the_default(tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", 'max_pdf_pages = 3\nworkers = 4\nlanguage = "en"\n')
    resolved = resolve({"SIREKAP_CONFIG": str(file), "SIREKAP_WORKERS": "2"})
    settings = resolved.settings
    assert (settings.max_file_megabytes, settings.max_pdf_pages, settings.workers) == (30, 3, 2)
    assert settings.language is Language.ENGLISH
    names = ("max_file_megabytes", "max_pdf_pages", "workers")
    assert [resolved.origin(name) for name in names] == [Origin.DEFAULT, Origin.FILE, Origin.VARIABLE]
    assert (resolved.file, resolved.file_exists) == (file, True)


def test_no_file_at_the_default_place_is_no_settings(tmp_path: Path) -> None:
    resolved = resolve({"HOME": str(tmp_path)})
    assert (resolved.file, resolved.file_exists) == (tmp_path / ".config/sirekap/sirekap.toml", False)
    assert all(resolved.origin(name) is Origin.DEFAULT for name in Settings.model_fields)


def test_folder_of_the_user_is_written_short_in_a_file(tmp_path: Path) -> None:
    written(tmp_path / "a.toml", 'home = "~/pemilu"\nmodels = "~"\nphotos = "~/foto"\n')
    settings = Settings.from_environment({"HOME": str(tmp_path), "SIREKAP_CONFIG": "~/a.toml"})
    assert (settings.home, settings.models, settings.photos) == (tmp_path / "pemilu", tmp_path, f"{tmp_path}/foto")


@pytest.mark.parametrize("name", ["missing.toml", "a-file/missing.toml"])
def test_named_file_must_exist(name: str, tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(SettingsError, match=f"SIREKAP_CONFIG: {tmp_path / name}: "):
        Settings.from_environment({"SIREKAP_CONFIG": str(tmp_path / name)})


def test_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{tmp_path}: Is a directory"):
        Settings.from_environment({"SIREKAP_CONFIG": str(tmp_path)})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("max_pdf_page = 3", "max_pdf_page"),
        ("MAX_PDF_PAGES = 3", "MAX_PDF_PAGES"),
        ('config = "b.toml"', "config"),
        ("[read]\nworkers = 2", "read"),
        ('workers = "many"', "workers"),
        ("workers = true", "workers"),
        ("workers = 0", "workers"),
        ("home = 2024-02-14", "home"),
        ('home = ""', "home"),
        ('models = ["a"]', "models"),
        ('language = "nl"', "language"),
    ],
)
def test_wrong_key_or_value_is_named_with_its_file(text: str, key: str, tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", text)
    with pytest.raises(SettingsError, match=f"^{file}: {key}: [^;]*$"):
        Settings.from_environment({"SIREKAP_CONFIG": str(file)})


def test_wrong_value_in_the_file_is_an_error_also_behind_a_variable(tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", "workers = 0")
    with pytest.raises(SettingsError, match=f"{file}: workers"):
        Settings.from_environment({"SIREKAP_CONFIG": str(file), "SIREKAP_WORKERS": "2"})


def test_variable_and_key_are_both_named(tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", "worker = 2")
    with pytest.raises(SettingsError, match=f"SIREKAP_WORKERS: .*; {file}: worker: "):
        Settings.from_environment({"SIREKAP_CONFIG": str(file), "SIREKAP_WORKERS": "many"})


@pytest.mark.parametrize("text", ["workers = 2\nlanguage = id\n", "workers = 2\nlanguage =", "workers = 2\nworkers = 3\n"])
def test_syntax_error_names_file_and_line(text: str, tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", text)
    with pytest.raises(SettingsError, match=f"^{file}: .*line 2"):
        Settings.from_environment({"SIREKAP_CONFIG": str(file)})


def test_file_in_another_encoding_is_a_syntax_error(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes('workers = 2\nhome = "/home/andré"'.encode("latin-1"))
    with pytest.raises(SettingsError, match=f"^{file}: not UTF-8 .*line 2"):
        Settings.from_environment({"SIREKAP_CONFIG": str(file)})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "postgresql+psycopg://siti:rahasia@db:5432/sirekap?sslmode=require",
            "postgresql+psycopg://siti:***@db:5432/sirekap?sslmode=require",
        ),
        ("postgresql://siti:ra@ha/sia@db/sirekap", "postgresql://siti:***@db/sirekap"),
        ("postgresql://db/sirekap?user=siti&password=rahasia", "postgresql://db/sirekap?user=siti&password=***"),
        ("s3://kunci:rahasia@foto/2024", "s3://kunci:***@foto/2024"),
        ("postgresql://siti@db:5432/sirekap", "postgresql://siti@db:5432/sirekap"),
        ("sqlite:////home/siti/sirekap.db", "sqlite:////home/siti/sirekap.db"),
        ("/home/siti/foto", "/home/siti/foto"),
    ],
)
def test_secrets_are_never_shown(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
    assert resolve({"SIREKAP_PHOTOS": url}).shown("photos") == shown
    assert "rahasia" not in repr(Settings(photos=url))


def test_password_of_a_malformed_url_is_not_in_the_message() -> None:
    with pytest.raises(SettingsError, match="SIREKAP_DATABASE") as error:
        Settings.from_environment({"SIREKAP_DATABASE": "siti:rahasia@db"})
    assert "rahasia" not in str(error.value)


def test_empty_setting_is_shown_as_what_it_stands_for() -> None:
    resolved = resolve({"SIREKAP_HOME": "/srv"})
    assert [resolved.shown(name) for name in ("home", "database", "photos", "workers")] == [
        "/srv",
        "sqlite:////srv/sirekap.db",
        "/srv/photos",
        "1",
    ]
