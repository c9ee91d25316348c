"""Sheets made by hand, and a reader that makes them from the colour of a photo: for tests of what happens around the reading."""

from __future__ import annotations

from typing import Any, ClassVar

from pipeline.forms import Catalogue, load_catalogue
from pipeline.imaging import Photo
from pipeline.read import Reading
from pipeline.settings import Settings
from pipeline.sheet import (
    CheckResult,
    Field,
    FieldState,
    Finding,
    FindingCode,
    Refusal,
    RefusalCode,
    RegistrationSummary,
    Severity,
    Sheet,
    SourceKind,
    StationCode,
    Text,
    ValueProbability,
    Verdict,
    refused,
)
from pipeline.trace import Trace

SQUARE = ((0.0, 0.0), (30.04, 0.0), (30.0, 10.0), (0.0, 10.0))


def make_field(value: int | None = 125, **changes: Any) -> Field:
    """A number read from boxes and bubbles."""
    values: dict[str, Any] = {
        "value": value,
        "state": FieldState.BLANK if value is None else FieldState.NUMBER,
        "raw": "___" if value is None else f"{value:03d}",
        "corrected": False,
        "probability": 0.9971234,
        "alternatives": (ValueProbability(value, 0.9971234), ValueProbability(126, 0.002), ValueProbability(None, 1e-9)),
        "quad": SQUARE,
        "sources": {SourceKind.BOXES: ValueProbability(value, 0.98), SourceKind.BUBBLES: ValueProbability(value, 1.0)},
    }
    return Field(**values | changes)


def make_sheet(source: str = "photos/a.jpg", **changes: Any) -> Sheet:
    """A sheet that was read; `changes` are other values of its attributes."""
    values: dict[str, Any] = {
        "source": source,
        "sha256": "ab" * 32,
        "form": "c-hasil-ppwp-2024",
        "form_version": "1",
        "page": "2",
        "tps": StationCode("1805012001003", "header", 0.9),
        "verdict": Verdict.REVIEW,
        "probability": 0.98,
        "fields": {"paslon_1": make_field(125), "paslon_2": make_field(None)},
        "checks": (CheckResult("E1", Text("Jumlah", "Sum"), None),),
        "findings": (Finding(FindingCode.UNSURE, Severity.WARNING, ("paslon_1",), Text('Ragu; "1", 7', "Unsure")),),
        "refusal": None,
        "registration": RegistrationSummary("tag", 0.31, 0.4, SQUARE),
        "seconds": 0.25,
        "software": "sirekap 0.1.0",
        "models": {"digits": "0123"},
    }
    return Sheet(**values | changes)


def make_refused(source: str = "photos/b.jpg", sha256: str = "cd" * 32, *, code: RefusalCode = RefusalCode.PAGE_NOT_FOUND) -> Sheet:
    """A sheet that was refused."""
    refusal = Refusal(code, "no hypothesis matched the printed lines")
    return refused(source, sha256, refusal, seconds=0.1, software="sirekap 0.1.0", models={"digits": "0123"})


class ColourReader:
    """Stands in for the reader: the middle pixel says what happens, so that no form or model is needed."""

    models: ClassVar = {"digits": "0123"}

    @property
    def catalogue(self) -> Catalogue:
        return load_catalogue()

    @classmethod
    def load(cls, settings: Settings) -> ColourReader:
        return cls()


def read_by_colour(photo: Photo, reader: ColourReader, *, form: str | None = None, trace: Trace | None = None) -> Reading:
    """A black middle is a bug in the reader, a white one is no page, and any other one is a sheet with its blue as the number."""
    height, width = photo.image.shape[:2]
    blue, green, _ = (int(level) for level in photo.image[height // 2, width // 2])
    if trace:
        trace.picture("photo", photo.image)
    if blue + green < 10:
        raise ZeroDivisionError("a bug\nin the reader")
    if blue + green > 500:
        return Reading(make_refused(photo.name, photo.sha256))
    number = {"paslon_1": make_field(blue)}
    return Reading(make_sheet(photo.name, sha256=photo.sha256, fields=number, verdict=Verdict.ACCEPTED, findings=()))
