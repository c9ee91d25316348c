"""The YAML of a form, key by key: pydantic models that accept exactly what is documented here and nothing else.

All lengths are millimetres. A rectangle is `[x, y, width, height]`, a line `[x0, y0, x1, y1]`. A `piece` is a group of printed things and
numbers with its own origin; a page places it as often as the paper repeats it, with `{words}` in its texts and ids filled in by `with`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipeline.forms.geometry import CodeKind, Identity, Ink, TextStyle
from pipeline.forms.model import FormStatus, Guide
from pipeline.sheet import Severity

Millimetres = Annotated[float, Field(ge=0)]
Length = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1, le=100)]
"""Things in a row on paper; no form we know has more than 35."""
Point = tuple[Millimetres, Millimetres]
Box = tuple[Millimetres, Millimetres, Length, Length]
Ends = tuple[Millimetres, Millimetres, Millimetres, Millimetres]
Edges = Annotated[list[Millimetres], Field(min_length=2)]
Turn = Literal[0, 90, 180, 270]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.\-]*$")]
FieldName = Annotated[str, Field(pattern=r"^[a-z{][a-z0-9_{}]*$")]


def _regular(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_regular)]


class Entry(BaseModel):
    """Base of all: unknown keys are errors, values do not change, infinity and NaN are not lengths."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TextEntry(Entry):
    """A sentence in both languages."""

    id: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class BoxesEntry(Entry):
    """A row of digit boxes: the first one, the distance from one to the next, how many; `width` is that of the printed frame."""

    first: Box
    pitch: Length
    count: Count
    width: Length
    ink: Ink = Ink.BLACK
    guide: Guide = Guide.NONE


class BubblesEntry(Entry):
    """Columns of ten circles: centres of the columns, centre of the circle of 0, distance from one digit to the next."""

    x: Annotated[list[Millimetres], Field(min_length=1)]
    y: Millimetres
    pitch: Length
    diameter: Length
    width: Length


class TallyEntry(Entry):
    """A grid for tally marks, `marks` in a full cell."""

    box: Box
    rows: Count
    columns: Count
    marks: Count
    width: Length
    ink: Ink


class RowSumsEntry(Entry):
    """The small boxes beside a tally grid: `digits` boxes a row; 1 is one open cell for the whole number."""

    box: Box
    rows: Count
    digits: Count
    width: Length
    ink: Ink


class FieldEntry(Entry):
    """One number: its label and where each of its writings stands."""

    label: TextEntry
    required: bool = True
    boxes: BoxesEntry
    bubbles: BubblesEntry | None = None
    tally: TallyEntry | None = None
    row_sums: RowSumsEntry | None = None
    words: Box | None = None


class FramesEntry(Entry):
    """Rectangles printed with one pen."""

    width: Length
    ink: Ink = Ink.BLACK
    boxes: Annotated[list[Box], Field(min_length=1)]


class TableEntry(Entry):
    """Vertical lines at `x`, horizontal lines at `y`, each over the whole extent of the other."""

    width: Length
    ink: Ink = Ink.BLACK
    x: Edges
    y: Edges

    @model_validator(mode="after")
    def _sorted(self) -> TableEntry:
        if sorted(self.x) != self.x or sorted(self.y) != self.y:
            raise ValueError("the edges of a table go from left to right and from top to bottom")
        return self


class GridEntry(Entry):
    """A rectangle divided evenly."""

    width: Length
    ink: Ink = Ink.BLACK
    box: Box
    rows: Count = 1
    columns: Count = 1


class LinesEntry(Entry):
    """Single lines printed with one pen."""

    width: Length
    ink: Ink = Ink.BLACK
    ends: Annotated[list[Ends], Field(min_length=1)]

    @model_validator(mode="after")
    def _straight(self) -> LinesEntry:
        for x0, y0, x1, y1 in self.ends:
            if x0 > x1 or y0 > y1 or (x0 != x1) == (y0 != y1):
                raise ValueError(f"[{x0:g}, {y0:g}, {x1:g}, {y1:g}] is not a line to the right or down")
        return self


class CircleEntry(Entry):
    """A circle that is not a bubble to be filled."""

    at: Point
    diameter: Length
    width: Length
    sign: str = ""
    filled: bool = False


class PrintedTextEntry(Entry):
    """A printed text and the rectangle its ink fills; `turn` is counterclockwise. `identity`: it tells this form or page from others."""

    text: Annotated[str, Field(min_length=1)]
    box: Box
    style: TextStyle = TextStyle.REGULAR
    ink: Ink = Ink.BLACK
    turn: Turn = 0
    identity: Identity | None = None


class PieceEntry(Entry):
    """Printed things and numbers with a common origin."""

    fiducials: list[Box] = []
    frames: list[FramesEntry] = []
    tables: list[TableEntry] = []
    grids: list[GridEntry] = []
    lines: list[LinesEntry] = []
    circles: list[CircleEntry] = []
    texts: list[PrintedTextEntry] = []
    fields: dict[FieldName, FieldEntry] = {}


class PlaceEntry(Entry):
    """One printing of a piece: where its origin lies, and what its `{words}` stand for."""

    piece: str
    at: Point = (0.0, 0.0)
    values: dict[str, str | int] = Field(default={}, alias="with")


class TagEntry(Entry):
    """An AprilTag; `rotation` is clockwise against the upright tag of OpenCV."""

    family: Literal["36h10", "36h11", "25h9", "16h5"]
    id: Annotated[int, Field(ge=0)]
    centre: Point
    side: Length
    rotation: Turn = 0


class CodeEntry(Entry):
    """A printed code that names the page: the square of its modules, and the regular expression of its whole content."""

    kind: CodeKind
    box: Box
    pattern: Pattern


class PageEntry(PieceEntry):
    """A page: its tag and codes, the pieces placed on it, what only it has, and the `window` of it that an app keeps."""

    tag: TagEntry | None = None
    window: Box | None = None
    codes: list[CodeEntry] = []
    place: list[PlaceEntry] = []


class CheckEntry(Entry):
    """A rule: expression (see `checks`), sentence, and how bad it is when it is broken."""

    expression: str
    severity: Severity = Severity.ERROR
    text: TextEntry


class BoundsEntry(Entry):
    """What any number of the form can be."""

    minimum: Annotated[int, Field(ge=0)]
    maximum: Annotated[int, Field(ge=1)]


class FormEntry(Entry):
    """The whole file. `lookalikes` are texts that forms with the same tables, not in the catalogue, have in place of an `identity`."""

    id: Name
    version: Annotated[str, Field(min_length=1)]
    status: FormStatus
    title: TextEntry
    paper: tuple[Length, Length]
    bounds: BoundsEntry
    lookalikes: list[Annotated[str, Field(min_length=1)]] = []
    pieces: dict[str, PieceEntry] = {}
    pages: Annotated[dict[str, PageEntry], Field(min_length=1)]
    checks: dict[str, CheckEntry]
