"""Every setting: its default, what it means, and where a value for it may stand.

A setting `name` is read from the variable `SIREKAP_NAME`, else from the key `name` of a TOML file, else it has its default; an option of a
command goes before all three. The file is the one that `SIREKAP_CONFIG` names, else `sirekap/sirekap.toml` in the user's folder of
configurations. A variable with the prefix or a key of the file that is no setting is an error and not ignored: a misspelt limit would
otherwise be no limit at all. Settings are hashable, so a worker process can keep one reader for each.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

PREFIX = "SIREKAP_"

CONFIG = "SIREKAP_CONFIG"
"""The variable that names the TOML file. It is no setting: a file cannot say where it is."""

DATABASE_FILE = "sirekap.db"
PHOTOS_FOLDER = "photos"
SIGNING_FILE = "signing.pem"
"""What lies in `home` when `database`, `photos` and `signing_key` say nothing else."""

UPLOADS_FOLDER = "uploads"

_PACKAGE = Path(__file__).resolve().parent


class Language(StrEnum):
    """The languages of the interface; Indonesian first."""

    INDONESIAN = "id"
    ENGLISH = "en"


class Origin(StrEnum):
    """Where the value of a setting comes from; a later one goes before an earlier one."""

    DEFAULT = "default"
    FILE = "file"
    VARIABLE = "variable"


class SettingsError(ValueError):
    """A variable or the TOML file does not hold valid settings; the message names the variable or the key, and what is wrong with it."""


def default_models() -> Path:
    """`models/` of the checkout, or the copy that an installed package carries beside its code."""
    checkout = _PACKAGE.parent / "models"
    return checkout if (_PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir() else _PACKAGE / "_models"


def default_home(environment: Mapping[str, str] | None = None) -> Path:
    """`sirekap` in the user's folder of data, as the XDG Base Directory Specification has it.

    A user without a folder (a service under a number that the system does not know) has `/var/lib/sirekap`, by the Filesystem Hierarchy
    Standard.
    """
    folder = _base_folder(_process_environment() if environment is None else environment, "XDG_DATA_HOME", below_home=".local/share")
    return (folder or Path("/var/lib")) / "sirekap"


class Settings(BaseModel):
    """All settings of a run. `Settings.from_environment()` reads them; `Settings()` is the defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_file_megabytes: float = Field(
        default=30.0, gt=0, description="Largest file that is opened, in MB of 10^6 bytes; larger ones are refused as too_large."
    )
    max_megapixels: float = Field(
        default=60.0,
        gt=0,
        description="Largest picture that is decoded, in millions of pixels by its header; larger ones are refused as too_many_pixels.",
    )
    max_pdf_pages: int = Field(default=10, ge=1, description="Most pages a PDF may have; longer ones are refused as too_many_pages.")
    min_short_side_px: int = Field(
        default=150,
        ge=1,
        description="Shortest side of a picture that is read, in pixels; smaller ones are refused as too_small. "
        "The smallest real photo with readable digits that we know has 214.",
    )
    pdf_long_side_px: int = Field(
        default=3500,
        ge=500,
        description="Pixels along the long side of a drawn PDF page (a page that is one picture keeps that picture's own size). "
        "3500 is 300 dots an inch on A4, and 3.9 pixels a millimetre on the 600 x 900 mm poster, as from a 12-megapixel phone.",
    )
    models: Path = Field(default_factory=default_models, description="Folder of the ONNX models the reader uses.")
    workers: int = Field(default=1, ge=1, description="Worker processes of `sirekap read`; 1 reads in the command's own process.")
    photo_seconds: float = Field(
        default=120.0,
        gt=0,
        description="Longest time a worker process may take for one file; then it is ended, and the file tried once more alone. "
        "A page takes about a second on a slow core, a PDF of ten pages ten.",
    )
    worker_megabytes: float = Field(
        default=1500.0,
        ge=200,
        description="Most memory a worker process may use, in MB of 10^6 bytes; then it is ended, and the file tried once more alone. "
        "A picture of 60 megapixels needs 550.",
    )
    language: Language = Field(default=Language.INDONESIAN, description="Language of the command line: id or en.")
    home: Path = Field(default_factory=default_home, description="Folder of the database and the photos when nothing else is said.")
    database: str = Field(
        default="",
        repr=False,
        description=f"Database as an SQLAlchemy URL; when empty, SQLite in the file {DATABASE_FILE} in `home`.",
    )
    database_patience: float = Field(
        default=60.0, ge=0, description="Seconds that a run waits for a database which is gone or locked by others before it gives up."
    )
    photos: str = Field(
        default="",
        repr=False,
        description=f"Folder of the photos, or its fsspec URL; when empty, the folder {PHOTOS_FOLDER} in `home`.",
    )
    signing_key: str = Field(
        default="",
        description="File of the key (Ed25519, PEM) that signs links for officers and receipts; when empty, the file "
        f"{SIGNING_FILE} in `home`. It is made when there is none.",
    )
    known_share: float = Field(
        default=0.03,
        ge=0,
        lt=1,
        description="Share of the sheets that a person is given to type which have been decided already and measure the person.",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_value(cls, value: object) -> object:
        """TOML has `true`, which would pass for the number 1."""
        if isinstance(value, bool):
            raise ValueError("no setting is true or false")
        return value

    @field_validator("home", "models", mode="before")
    @classmethod
    def _not_empty(cls, value: object) -> object:
        """An empty path would be whatever folder the command is started in."""
        if value == "":
            raise ValueError("should not be empty")
        return value

    @field_validator("database")
    @classmethod
    def _is_url(cls, value: str) -> str:
        """Anything else would be refused later, in a message that shows it with its password."""
        if value and not _URL.match(value):
            raise ValueError("should be a URL such as postgresql://user@server/name or sqlite:////folder/file")
        return value

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the database, with its password."""
        return self.database or f"sqlite:///{quote(str(self.home / DATABASE_FILE))}"

    @property
    def photos_url(self) -> str:
        """Folder or fsspec URL of the photos, with its password."""
        return self.photos or str(self.home / PHOTOS_FOLDER)

    @property
    def signing_file(self) -> Path:
        """File of the key that signs."""
        return Path(self.signing_key) if self.signing_key else self.home / SIGNING_FILE

    @property
    def uploads_folder(self) -> Path:
        """Folder of the photos of which not all has come yet."""
        return self.home / UPLOADS_FOLDER

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Settings from `SIREKAP_...` variables and the TOML file.

        Parameters
        ----------
        environment
            All variables there are, with `HOME`, `XDG_CONFIG_HOME` and `XDG_DATA_HOME`; those of this process when None.

        Raises
        ------
        SettingsError
            A variable or a key of the file is unknown or its value is not valid, or the file cannot be read.
        """
        return resolve(environment).settings


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings, and where each of them comes from.

    Attributes
    ----------
    file
        The TOML file, also when there is none at this path; None when no path is named and the user has no folder.
    in_file, in_variables
        Names of the settings that the file and the variables give a value.
    """

    settings: Settings
    file: Path | None
    file_exists: bool
    in_file: frozenset[str]
    in_variables: frozenset[str]

    def origin(self, name: str) -> Origin:
        """Where the value of a setting comes from."""
        if name in self.in_variables:
            return Origin.VARIABLE
        return Origin.FILE if name in self.in_file else Origin.DEFAULT

    def shown(self, name: str) -> str:
        """The value of a setting as a person may see it: what an empty one stands for, and no passwords."""
        match name:
            case "database":
                return without_secrets(self.settings.database_url)
            case "photos":
                return without_secrets(self.settings.photos_url)
            case "signing_key":
                return str(self.settings.signing_file)
            case _:
                return str(getattr(self.settings, name))


def resolve(environment: Mapping[str, str] | None = None) -> Resolved:
    """Settings from variables and the TOML file, with their origins; parameters and errors as of `Settings.from_environment`."""
    variables = _process_environment() if environment is None else environment
    file = _settings_file(variables)
    text = _text_of(file, must_exist=bool(variables.get(CONFIG))) if file else None
    of_file = _expanded(_parsed(file, text), variables) if file and text is not None else {}
    of_variables = _expanded(
        {name.removeprefix(PREFIX).lower(): value for name, value in variables.items() if name.startswith(PREFIX) and name != CONFIG},
        variables,
    )
    problems = [*_problems(of_variables, variable_name), *_problems(of_file, lambda key: f"{file}: {key}")]
    if problems:
        raise SettingsError("; ".join(problems))
    return Resolved(
        settings=Settings.model_validate({"home": default_home(variables), **of_file, **of_variables}),
        file=file,
        file_exists=text is not None,
        in_file=frozenset(of_file),
        in_variables=frozenset(of_variables),
    )


def variable_name(setting: str) -> str:
    """The environment variable of a setting: `max_pdf_pages` is `SIREKAP_MAX_PDF_PAGES`."""
    return PREFIX + setting.upper()


def without_secrets(url: str) -> str:
    """A URL with `***` for its password and for every parameter that may be one.

    Everything from the first colon behind the user to the last `@` counts as the password, so that one with a bare `@` in it is hidden too.
    """
    return _SECRET_PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", url))


_URL = re.compile(r"[a-z][\w+.-]*://", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^:/]*):.*@", re.DOTALL)
_SECRET_PARAMETER = re.compile(r"([?&][^=&]*(?:pass|pwd|secret|token|key|sig|credential)[^=&]*=)[^&]*", re.IGNORECASE)


def _process_environment() -> Mapping[str, str]:
    """The variables of this process, with `HOME` as the system knows it when a service was started without."""
    home = os.path.expanduser("~")
    return os.environ if home == "~" else {"HOME": home, **os.environ}


def _base_folder(environment: Mapping[str, str], variable: str, *, below_home: str) -> Path | None:
    """A base folder of the XDG Base Directory Specification, by which a relative path in the variable does not count."""
    stated = Path(environment.get(variable, ""))
    if stated.is_absolute():
        return stated
    home = environment.get("HOME")
    return Path(home, below_home) if home else None


def _settings_file(environment: Mapping[str, str]) -> Path | None:
    if named := environment.get(CONFIG):
        return Path(_with_home(named, environment))
    folder = _base_folder(environment, "XDG_CONFIG_HOME", below_home=".config")
    return folder / "sirekap" / "sirekap.toml" if folder else None


def _text_of(file: Path, *, must_exist: bool) -> str | None:
    """What stands in the file; None when it does not exist and need not."""
    data = b""
    try:
        data = file.read_bytes()
        return data.decode("utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        if must_exist:
            raise SettingsError(f"{CONFIG}: {file}: {error.strerror}") from None
        return None
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{file}: not UTF-8 (at line {line})") from None


def _parsed(file: Path, text: str) -> dict[str, object]:
    try:
        # With a line end behind the last line, what is wrong there is said to be in that line and not "at end of document".
        return tomllib.loads(text + "\n")
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: {error}") from None


def _problems(values: Mapping[str, object], name_of: Callable[[str], str]) -> list[str]:
    """What is wrong with the values of one source, each under the name it has there."""
    try:
        Settings.model_validate(values)
    except ValidationError as error:
        return [f"{name_of(str(problem['loc'][0]))}: {problem['msg']}" for problem in error.errors(include_input=False)]
    return []


def _expanded(values: Mapping[str, object], environment: Mapping[str, str]) -> dict[str, object]:
    return {name: _with_home(value, environment) if isinstance(value, str) else value for name, value in values.items()}


def _with_home(value: str, environment: Mapping[str, str]) -> str:
    """A path with the user's folder for a leading `~`: no shell has done that for a file, or for the variables of a service."""
    home = environment.get("HOME")
    return home + value[1:] if home and (value == "~" or value.startswith("~/")) else value
