"""The tables of an export: every column with its type and its meaning, in the words that `columns.csv` hands out with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd
import pyarrow as pa

from pipeline.sheet import SourceKind

PROVINCE = "province"
UNKNOWN = "unknown"

ALTERNATIVES = 3
"""Likeliest values of a number that a reading keeps."""


class Type(StrEnum):
    """Type of a column; the value is the type it has in pandas, where `Int64` is the integer that may be missing."""

    TEXT = "str"
    INTEGER = "Int64"
    REAL = "float64"
    TRUTH = "bool"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `meaning` is one English sentence."""

    name: str
    type: Type
    meaning: str


_SHEET = (
    Column("tps", Type.TEXT, "Code of the polling station as it stands now, 13 signs: keep it as text. Missing when it is not known."),
    Column("election", Type.TEXT, "Election that this page of this form belongs to. Missing when none was defined."),
    Column("form", Type.TEXT, "Form that the page was found to be. Missing when the photo was refused before that."),
    Column("form_version", Type.TEXT, "Version of the form's definition."),
    Column("page", Type.TEXT, "Page of the form."),
)

_STANDING = (
    Column("verdict", Type.TEXT, "Of the sheet beside the other documents: accepted, review or refused."),
    Column("stands", Type.TRUTH, "Whether no other photo stands in its place."),
    Column("superseded", Type.TEXT, "Why another photo stands in its place: recount, better_photo or wrong_tps. Missing when none does."),
    Column(
        "decision",
        Type.TEXT,
        "How people settled the sheet: agreed (by the rule), as_written or paper_wrong (by a person). Missing when they have not.",
    ),
    Column("decision_row", Type.INTEGER, "Row of the ledger that tells of that."),
)

_ORIGIN = (
    Column("sha256", Type.TEXT, "SHA-256 of the photo's bytes, in hex."),
    Column("name", Type.TEXT, "Name that the photo came with. Written by whoever sent it: do not trust it."),
    Column("sheet", Type.INTEGER, "Which sheet of the photo: from 1; the pages of a PDF are several."),
    Column("photo", Type.INTEGER, "Row of the ledger that tells of the photo."),
    Column("reading", Type.INTEGER, "Row of the ledger that tells of the reading; `sirekap replay` makes it again."),
    Column("reading_hash", Type.TEXT, "Hash of that row."),
    Column("software", Type.TEXT, "Program that made the reading, with its version."),
    Column("models", Type.TEXT, "Models that made the reading, as name=hash, by name."),
)

_PROBABILITY = "Probability of that. Missing when there is none."


def _alternatives() -> list[Column]:
    columns = []
    for place in range(1, ALTERNATIVES + 1):
        meaning = f"Number {place} of the likeliest values; missing, with a probability, when that is that no number can be read."
        columns.append(Column(f"alternative_{place}_value", Type.INTEGER, meaning))
        columns.append(Column(f"alternative_{place}_probability", Type.REAL, _PROBABILITY))
    return columns


def _sources() -> list[Column]:
    columns = []
    for kind in SourceKind:
        meaning = f"What the {kind.value.replace('_', ' ')} say by themselves."
        columns.append(Column(f"{kind.value}_value", Type.INTEGER, meaning))
        columns.append(Column(f"{kind.value}_probability", Type.REAL, _PROBABILITY))
    return columns


_FINDINGS = Column("findings", Type.TEXT, "Codes of the doubts about it, apart by spaces.")
_SET_FINDINGS = Column("set_findings", Type.TEXT, "Codes of what the other documents say against the sheet, apart by spaces.")

NUMBERS = (
    *_SHEET,
    Column("field", Type.TEXT, "Id of the number on the form; `sirekap form show` tells its label."),
    Column("value", Type.INTEGER, "The number as it is written. Missing when the boxes are empty or illegible."),
    Column("state", Type.TEXT, "number, blank, crossed or illegible: crossed is zero, blank is missing."),
    Column("decided_value", Type.INTEGER, "The number as people settled it. Missing when they have not, or when it is none."),
    Column("decided_state", Type.TEXT, "number, blank, crossed or illegible, as people settled it. Missing when they have not."),
    Column("raw", Type.TEXT, "One sign a box: digits, x crossed, - dash, _ empty, ? not readable."),
    Column("corrected", Type.TRUTH, "Whether an overwritten, struck out or whitened box was noticed."),
    Column("probability", Type.REAL, "That value and state are what stands on the paper."),
    *_alternatives(),
    *_sources(),
    _FINDINGS,
    _SET_FINDINGS,
    *_STANDING,
    *_ORIGIN,
)

SHEETS = (
    *_SHEET,
    *_STANDING,
    Column("verdict_alone", Type.TEXT, "What the reader said of the sheet before anything was held beside it."),
    Column("probability", Type.REAL, "That every number of the sheet is read as it is written."),
    Column("numbers", Type.INTEGER, "How many numbers it has."),
    Column("refusal", Type.TEXT, "Code of the reason why the photo gave no numbers."),
    Column("refusal_detail", Type.TEXT, "What was seen, for the engineer."),
    _FINDINGS,
    _SET_FINDINGS,
    Column("checks_broken", Type.TEXT, "Ids of the form's checks that do not hold, apart by spaces."),
    Column("tps_on_paper", Type.TEXT, "Code of the polling station that the sheet itself names."),
    Column("tps_on_paper_source", Type.TEXT, "Where on the sheet it stands."),
    Column("tps_on_paper_probability", Type.REAL, "That this code is what stands on the paper."),
    Column("residual_mm", Type.REAL, "How far printed lines lie from where they should be, median, in millimetres."),
    Column("rotation", Type.REAL, "How the page lies in the photo, in degrees."),
    Column("seconds", Type.REAL, "Time it took to read, on one core. The one column that no hash covers."),
    *_ORIGIN,
)

FINDINGS = (
    *_SHEET,
    Column("code", Type.TEXT, "Code of the doubt."),
    Column("severity", Type.TEXT, "error and warning keep a sheet from being accepted, info does not."),
    Column("origin", Type.TEXT, "sheet: found on the sheet itself. set: found beside the other documents."),
    Column("fields", Type.TEXT, "Ids of the numbers it is about, apart by spaces."),
    Column("message_id", Type.TEXT, "The doubt in a sentence, Indonesian."),
    Column("message_en", Type.TEXT, "The doubt in a sentence, English."),
    *_STANDING,
    *_ORIGIN,
)

TABLES: Mapping[str, Sequence[Column]] = {"numbers": NUMBERS, "sheets": SHEETS, "findings": FINDINGS}

_PROVINCE_MEANING = (
    f"First two signs of tps, or {UNKNOWN}. In Parquet it is the name of the folder, and a category of texts when read: there is always "
    f"a folder {UNKNOWN}, be it empty."
)

_ARROW: Mapping[Type, pa.DataType] = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.REAL: pa.float64(),
    Type.TRUTH: pa.bool_(),
}


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """The columns for Parquet. What pandas writes beside them makes a missing integer stay one when it is read back there."""
    empty = pd.DataFrame({column.name: pd.Series(dtype=column.type.value) for column in columns})
    remarks = pa.Schema.from_pandas(empty, preserve_index=False).metadata
    return pa.schema([(column.name, _ARROW[column.type]) for column in columns], metadata=remarks)


def column_rows() -> list[tuple[str, str, str, str]]:
    """What `columns.csv` says: table, column, type in pandas, meaning."""
    said = []
    for table, columns in TABLES.items():
        said.append((table, PROVINCE, "category", _PROVINCE_MEANING))
        said += [(table, column.name, column.type.value, column.meaning) for column in columns]
    return said
