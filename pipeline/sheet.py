"""What passes between the stages: a sheet, its numbers, its doubts, or the reason it was refused.

A sheet is one photographed page of one polling station. It exports to the JSON object documented in the README and loads
back from it. Expected failure is a value here (`Refusal`), never an exception; a bug is an exception, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

PROBABILITY_FLOOR = 1e-6
"""No reading is ever certain: probabilities are reported within [1e-6, 1 - 1e-6]."""

BOX_CLASSES = "0123456789x-_"
"""One sign a digit box: digits, x = crossed, - = dash, _ = empty."""

Point = tuple[float, float]


class Verdict(StrEnum):
    """What the machine alone says of a sheet."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    REFUSED = "refused"


class FieldState(StrEnum):
    """Four different things a person can leave in a row of boxes."""

    NUMBER = "number"
    BLANK = "blank"
    CROSSED = "crossed"
    ILLEGIBLE = "illegible"


class SourceKind(StrEnum):
    """The writings of one number on a C.Hasil."""

    BOXES = "boxes"
    BUBBLES = "bubbles"
    TALLY = "tally"
    ROW_SUMS = "row_sums"
    WORDS = "words"


class Severity(StrEnum):
    """`error` and `warning` keep a sheet from being accepted; `info` does not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class RefusalCode(StrEnum):
    """Why a file gave no numbers. Each code has an advice in `REFUSAL_ADVICE`."""

    NOT_FOUND = "not_found"
    NO_PERMISSION = "no_permission"
    UNSUPPORTED_FORMAT = "unsupported_format"
    DAMAGED_FILE = "damaged_file"
    ENCRYPTED = "encrypted"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_SMALL = "too_small"
    TOO_BLURRED = "too_blurred"
    TOO_DARK = "too_dark"
    PAGE_NOT_FOUND = "page_not_found"
    UNKNOWN_FORM = "unknown_form"
    WRONG_PAGE = "wrong_page"
    WRONG_FORM = "wrong_form"
    CUT_OFF = "cut_off"
    CRASHED_READER = "crashed_reader"


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in the two languages of the interface."""

    id: str
    en: str

    def to_dict(self) -> dict[str, str]:
        return {"id": self.id, "en": self.en}

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Text:
        return cls(id=data["id"], en=data["en"])


STATES: Mapping[FieldState, Text] = {
    FieldState.NUMBER: Text("angka", "number"),
    FieldState.BLANK: Text("kosong", "empty"),
    FieldState.CROSSED: Text("disilang", "crossed"),
    FieldState.ILLEGIBLE: Text("tak terbaca", "illegible"),
}

REFUSAL_ADVICE: Mapping[RefusalCode, Text] = {
    RefusalCode.NOT_FOUND: Text("Periksa nama berkas atau tautan.", "Check the path, or where the link points."),
    RefusalCode.NO_PERMISSION: Text("Beri izin baca pada berkas ini.", "Give this user permission to read the file."),
    RefusalCode.UNSUPPORTED_FORMAT: Text("Kirim foto JPEG, PNG, WebP, HEIC, atau PDF.", "Send a JPEG, PNG, WebP or HEIC photo, or a PDF."),
    RefusalCode.DAMAGED_FILE: Text(
        "Salin ulang atau foto ulang; berkas rusak.", "Copy it again or take the photo again; the file is damaged."
    ),
    RefusalCode.ENCRYPTED: Text("Simpan PDF tanpa kata sandi.", "Save the PDF without a password."),
    RefusalCode.TOO_LARGE: Text("Perkecil berkas, atau naikkan batas ukuran.", "Make the file smaller, or raise the size limit."),
    RefusalCode.TOO_MANY_PIXELS: Text("Perkecil gambar, atau naikkan batas piksel.", "Make the picture smaller, or raise the pixel limit."),
    RefusalCode.TOO_MANY_PAGES: Text("Pisahkan PDF, atau naikkan batas halaman.", "Split the PDF, or raise the page limit."),
    RefusalCode.TOO_SMALL: Text("Foto dengan resolusi lebih tinggi.", "Take the photo at a higher resolution."),
    RefusalCode.TOO_BLURRED: Text("Foto ulang; tahan ponsel dengan mantap.", "Take the photo again and hold the phone still."),
    RefusalCode.TOO_DARK: Text("Foto ulang dengan cahaya lebih terang.", "Take the photo again in better light."),
    RefusalCode.PAGE_NOT_FOUND: Text(
        "Foto ulang agar seluruh halaman terlihat, lurus dan tajam.",
        "Take the photo again with the whole page in view, straight and sharp.",
    ),
    RefusalCode.UNKNOWN_FORM: Text(
        "Formulir ini belum dikenal; periksa jenis formulir.", "This kind of form is not known; check which form it is."
    ),
    RefusalCode.WRONG_PAGE: Text("Kirim halaman yang diminta.", "Send the page that was asked for."),
    RefusalCode.WRONG_FORM: Text("Kirim formulir yang diminta, atau ubah --form.", "Send the form that was asked for, or change --form."),
    RefusalCode.CUT_OFF: Text(
        "Foto ulang; semua kotak angka harus terlihat.", "Take the photo again; every digit box must be in the picture."
    ),
    RefusalCode.CRASHED_READER: Text("Laporkan berkas ini; pembaca gagal memprosesnya.", "Report this file; the reader failed on it."),
}


class FindingCode(StrEnum):
    """A rule broken or a doubt about a sheet that was read."""

    BLANK_FORM = "blank_form"
    FIELD_BLANK = "field_blank"
    ILLEGIBLE = "illegible"
    UNSURE = "unsure"
    CORRECTED = "corrected"
    FILLER_AFTER_DIGIT = "filler_after_digit"
    PARTLY_CROSSED = "partly_crossed"
    SOURCES_DISAGREE = "sources_disagree"
    BUBBLES_UNCLEAR = "bubbles_unclear"
    UNCONFIRMED = "unconfirmed"
    CHECK_FAILED = "check_failed"
    BOUND_EXCEEDED = "bound_exceeded"
    OUTSIDE_PICTURE = "outside_picture"
    ANOTHER_SHEET = "another_sheet"
    REGISTRATION_DOUBTFUL = "registration_doubtful"
    FORM_NOT_CALIBRATED = "form_not_calibrated"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    TPS_CONTRADICTED = "tps_contradicted"
    PAGE_MIXED_UP = "page_mixed_up"
    PAGE_MISSING = "page_missing"
    DOCUMENTS_DIFFER = "documents_differ"
    OFFICER_DIFFERS = "officer_differs"


@dataclass(frozen=True, slots=True)
class Refusal:
    """No numbers, and why. `detail` says what was seen, in English, for the log and the engineer."""

    code: RefusalCode
    detail: str

    @property
    def advice(self) -> Text:
        return REFUSAL_ADVICE[self.code]

    def to_dict(self) -> dict[str, str]:
        return {"code": self.code.value, "detail": self.detail}

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Refusal:
        return cls(code=RefusalCode(data["code"]), detail=data["detail"])


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule broken or a doubt; `fields` are the ids of the numbers it is about."""

    code: FindingCode
    severity: Severity
    fields: tuple[str, ...]
    message: Text

    def to_dict(self) -> dict[str, Any]:
        return {
            "code": self.code.value,
            "severity": self.severity.value,
            "fields": list(self.fields),
            "message": self.message.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        return cls(
            code=FindingCode(data["code"]),
            severity=Severity(data["severity"]),
            fields=tuple(data["fields"]),
            message=Text.from_dict(data["message"]),
        )


@dataclass(frozen=True, slots=True)
class ValueProbability:
    """A value and its probability; `value` None means no number could be read there."""

    value: int | None
    probability: float

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "probability": rounded(self.probability)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ValueProbability:
        return cls(value=data["value"], probability=data["probability"])


@dataclass(frozen=True, slots=True)
class Field:
    """One number of a sheet, as written, with its evidence.

    Attributes
    ----------
    value
        The number, or None when the boxes are empty or illegible.
    raw
        One sign a box: digits, x = crossed, - = dash, _ = empty, ? = not readable.
    corrected
        An overwritten, struck out or whitened box was noticed.
    probability
        That `value` and `state` are what stands on the paper.
    alternatives
        The best three values, best first.
    quad
        Corners of the row of digit boxes in pixels of the photo as stored (EXIF applied): top left, then clockwise as printed.
    sources
        What each writing of the number says by itself.
    """

    value: int | None
    state: FieldState
    raw: str
    corrected: bool
    probability: float
    alternatives: tuple[ValueProbability, ...]
    quad: tuple[Point, Point, Point, Point]
    sources: Mapping[SourceKind, ValueProbability]

    def to_dict(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "state": self.state.value,
            "raw": self.raw,
            "corrected": self.corrected,
            "probability": rounded(self.probability),
            "alternatives": [a.to_dict() for a in self.alternatives],
            "quad": [[round(x, 1), round(y, 1)] for x, y in self.quad],
            "sources": {kind.value: reading.to_dict() for kind, reading in self.sources.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Field:
        return cls(
            value=data["value"],
            state=FieldState(data["state"]),
            raw=data["raw"],
            corrected=data["corrected"],
            probability=data["probability"],
            alternatives=tuple(ValueProbability.from_dict(a) for a in data["alternatives"]),
            quad=quad_of(data["quad"]),
            sources={SourceKind(k): ValueProbability.from_dict(v) for k, v in data["sources"].items()},
        )


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One rule of the form on this sheet; `holds` is None when a number it needs is missing."""

    id: str
    text: Text
    holds: bool | None

    def to_dict(self) -> dict[str, Any]:
        return {"id": self.id, "text": self.text.to_dict(), "holds": self.holds}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CheckResult:
        return cls(id=data["id"], text=Text.from_dict(data["text"]), holds=data["holds"])


@dataclass(frozen=True, slots=True)
class StationCode:
    """The 13-digit code of the polling station, where it came from, and how sure that is."""

    code: str
    source: str
    probability: float

    def to_dict(self) -> dict[str, Any]:
        return {"code": self.code, "source": self.source, "probability": rounded(self.probability)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StationCode:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class RegistrationSummary:
    """Where the page lies in the photo, as reported: corners in photo pixels (top left, then clockwise), rotation in degrees."""

    method: str
    residual_mm: float
    rotation: float
    corners: tuple[Point, Point, Point, Point]

    def to_dict(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "residual_mm": round(self.residual_mm, 3),
            "rotation": round(self.rotation, 1),
            "corners": [[round(x, 1), round(y, 1)] for x, y in self.corners],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RegistrationSummary:
        return cls(data["method"], data["residual_mm"], data["rotation"], quad_of(data["corners"]))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One photographed page of one polling station: the line of `sheets.jsonl`."""

    source: str
    sha256: str
    form: str | None
    form_version: str | None
    page: str | None
    tps: StationCode | None
    verdict: Verdict
    probability: float
    fields: Mapping[str, Field]
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    refusal: Refusal | None
    registration: RegistrationSummary | None
    seconds: float
    software: str
    models: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of the contract, keys in its order."""
        return {
            "source": self.source,
            "sha256": self.sha256,
            "form": self.form,
            "form_version": self.form_version,
            "page": self.page,
            "tps": self.tps.to_dict() if self.tps else None,
            "verdict": self.verdict.value,
            "probability": rounded(self.probability),
            "fields": {name: value.to_dict() for name, value in self.fields.items()},
            "checks": [check.to_dict() for check in self.checks],
            "findings": [finding.to_dict() for finding in self.findings],
            "refusal": self.refusal.to_dict() if self.refusal else None,
            "registration": self.registration.to_dict() if self.registration else None,
            "seconds": round(self.seconds, 3),
            "software": self.software,
            "models": dict(self.models),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Sheet:
        return cls(
            source=data["source"],
            sha256=data["sha256"],
            form=data["form"],
            form_version=data["form_version"],
            page=data["page"],
            tps=StationCode.from_dict(data["tps"]) if data["tps"] else None,
            verdict=Verdict(data["verdict"]),
            probability=data["probability"],
            fields={name: Field.from_dict(value) for name, value in data["fields"].items()},
            checks=tuple(CheckResult.from_dict(c) for c in data["checks"]),
            findings=tuple(Finding.from_dict(f) for f in data["findings"]),
            refusal=Refusal.from_dict(data["refusal"]) if data["refusal"] else None,
            registration=RegistrationSummary.from_dict(data["registration"]) if data["registration"] else None,
            seconds=data["seconds"],
            software=data["software"],
            models=data["models"],
        )


def rounded(probability: float) -> float:
    """A probability as reported: six decimals, clipped to [1e-6, 1 - 1e-6]."""
    return round(min(max(probability, PROBABILITY_FLOOR), 1 - PROBABILITY_FLOOR), 6)


def refused(source: str, sha256: str, refusal: Refusal, *, seconds: float, software: str, models: Mapping[str, str]) -> Sheet:
    """The sheet of a file that gave no numbers before its form was known."""
    return Sheet(
        source=source,
        sha256=sha256,
        form=None,
        form_version=None,
        page=None,
        tps=None,
        verdict=Verdict.REFUSED,
        probability=0.0,
        fields={},
        checks=(),
        findings=(),
        refusal=refusal,
        registration=None,
        seconds=seconds,
        software=software,
        models=models,
    )


def quad_of(corners: Sequence[Sequence[float]]) -> tuple[Point, Point, Point, Point]:
    """Four (x, y) corners as the tuple that `Field.quad` and `RegistrationSummary.corners` hold."""
    a, b, c, d = ((float(x), float(y)) for x, y in corners)
    return a, b, c, d
