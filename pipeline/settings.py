"""Every setting: its default, what it means, and the environment variable that changes it.

A setting `name` is read from `SIREKAP_NAME`. A variable with that prefix that is no setting is an error and not ignored: a
misspelt limit would otherwise be no limit at all. Settings are hashable, so a worker process can keep one reader for each.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PREFIX = "SIREKAP_"

_PACKAGE = Path(__file__).resolve().parent


class Language(StrEnum):
    """The languages of the interface; Indonesian first."""

    INDONESIAN = "id"
    ENGLISH = "en"


class SettingsError(ValueError):
    """The environment does not hold valid settings; the message names the variable and what is wrong with it."""


def default_models() -> Path:
    """`models/` of the checkout, or the copy that an installed package carries beside its code."""
    checkout = _PACKAGE.parent / "models"
    return checkout if (_PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir() else _PACKAGE / "_models"


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
    language: Language = Field(default=Language.INDONESIAN, description="Language of the command line: id or en.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Settings from `SIREKAP_...` variables.

        Raises
        ------
        SettingsError
            A variable is unknown or its value is not valid.
        """
        variables = os.environ if environment is None else environment
        values = {name.removeprefix(PREFIX).lower(): value for name, value in variables.items() if name.startswith(PREFIX)}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = (f"{variable_name(str(problem['loc'][0]))}: {problem['msg']}" for problem in error.errors())
            raise SettingsError("; ".join(problems)) from None


def variable_name(setting: str) -> str:
    """The environment variable of a setting: `max_pdf_pages` is `SIREKAP_MAX_PDF_PAGES`."""
    return PREFIX + setting.upper()
