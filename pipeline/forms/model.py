"""What a form is once it is loaded: paper, printed lines, numbers with all their writings, and the rules between them.

Nothing here knows pixels or files: `catalogue` builds these values from YAML, and all other stages only read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.forms.geometry import Circle, Ink, Line, PrintedCode, PrintedText, Rect, Tag
from pipeline.sheet import Severity, SourceKind, Text


class Guide(StrEnum):
    """What is printed inside an empty digit box."""

    NONE = "none"
    SEVEN_SEGMENT = "seven_segment"


class FormStatus(StrEnum):
    """VERIFIED: taken from the official blank; MEASURED: from filled sheets, where no blank is at hand; DRAFT: not to be trusted yet."""

    DRAFT = "draft"
    MEASURED = "measured"
    VERIFIED = "verified"


class Relation(StrEnum):
    """The three relations a check may state."""

    EQUAL = "=="
    AT_MOST = "<="
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Bubbles:
    """One column of ten circles for each digit of the number; the index in a column is the digit."""

    columns: tuple[tuple[Circle, ...], ...]


@dataclass(frozen=True, slots=True)
class TallyGrid:
    """Cells for tally marks, filled row by row from the left, `marks` (a bundle of five) in a full cell."""

    box: Rect
    rows: int
    columns: int
    marks: int

    @property
    def capacity(self) -> int:
        return self.rows * self.columns * self.marks

    def cells(self) -> tuple[tuple[Rect, ...], ...]:
        """One tuple of `columns` cells for each row."""
        return _divided(self.box, rows=self.rows, columns=self.columns)


@dataclass(frozen=True, slots=True)
class RowSums:
    """Beside a tally grid: the total of each row in `digits` small boxes, or, where `digits` is 1, in one open cell."""

    box: Rect
    rows: int
    digits: int

    def cells(self) -> tuple[tuple[Rect, ...], ...]:
        """One tuple of `digits` boxes for each row."""
        return _divided(self.box, rows=self.rows, columns=self.digits)


@dataclass(frozen=True, slots=True)
class FieldLayout:
    """One number of the form and where each of its writings stands; `ink` is that of the frames of its boxes."""

    id: str
    label: Text
    boxes: tuple[Rect, ...]
    ink: Ink
    guide: Guide
    bubbles: Bubbles | None
    tally: TallyGrid | None
    row_sums: RowSums | None
    words: Rect | None
    required: bool

    @property
    def sources(self) -> tuple[SourceKind, ...]:
        """The writings this number has on paper, boxes first."""
        present = {
            SourceKind.BOXES: bool(self.boxes),
            SourceKind.BUBBLES: self.bubbles is not None,
            SourceKind.TALLY: self.tally is not None,
            SourceKind.ROW_SUMS: self.row_sums is not None,
            SourceKind.WORDS: self.words is not None,
        }
        return tuple(kind for kind, is_present in present.items() if is_present)

    @property
    def box_row(self) -> Rect:
        """The rectangle around all digit boxes."""
        x, y = min(box.x for box in self.boxes), min(box.y for box in self.boxes)
        return Rect(x, y, max(box.x1 for box in self.boxes) - x, max(box.y1 for box in self.boxes) - y)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: what is printed on it and which numbers it holds.

    Attributes
    ----------
    fiducials
        The black squares of the corner marks.
    lines
        Everything straight that is printed (frames, table lines, grids, box frames): collinear pieces of one ink joined, nothing twice,
        and no paler line where a darker one covers it.
    circles
        Everything round: bubbles and the examples beside them.
    codes
        The printed codes that name the page. They are read, not drawn.
    window
        The part of the page that an app keeps of its photos, about.
    """

    number: str
    paper_mm: tuple[float, float]
    tag: Tag | None
    fiducials: tuple[Rect, ...]
    lines: tuple[Line, ...]
    circles: tuple[Circle, ...]
    texts: tuple[PrintedText, ...]
    fields: Mapping[str, FieldLayout]
    codes: tuple[PrintedCode, ...] = ()
    window: Rect | None = None

    def __hash__(self) -> int:
        # Of what tells pages apart and is quick to hash: pages key the caches of registration.
        return hash((self.number, self.paper_mm, self.tag, len(self.lines)))

    @property
    def paper(self) -> Rect:
        return Rect(0.0, 0.0, *self.paper_mm)


@dataclass(frozen=True, slots=True)
class LinearConstraint:
    """`sum(coefficient * number) relation constant`, all integers."""

    coefficients: Mapping[str, int]
    relation: Relation
    constant: int

    def holds(self, values: Mapping[str, int | None]) -> bool | None:
        """Whether it is true of these numbers; None when one it needs is missing."""
        total = 0
        for name, coefficient in self.coefficients.items():
            value = values.get(name)
            if value is None:
                return None
            total += coefficient * value
        if self.relation is Relation.EQUAL:
            return total == self.constant
        return total <= self.constant if self.relation is Relation.AT_MOST else total >= self.constant


@dataclass(frozen=True, slots=True)
class Check:
    """A rule between numbers, as written in the form's file, as a sentence for an auditor, and as a constraint.

    `severity` is ERROR for sums that must close and for hard bounds, WARNING or INFO for bounds that may be broken in good faith.
    """

    id: str
    expression: str
    text: Text
    constraint: LinearConstraint
    severity: Severity

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.constraint.coefficients)

    @property
    def is_sum(self) -> bool:
        """Whether it is an equality that must hold: a sum that has to close."""
        return self.severity is Severity.ERROR and self.constraint.relation is Relation.EQUAL


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value any number of the form can have."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of paper.

    Attributes
    ----------
    hash
        SHA-256 (hex) of the file that defines it; every reading keeps id, version and hash.
    lookalikes
        Texts by which forms that are laid out alike, and are not in the catalogue, say that they are not this one.
    """

    id: str
    version: str
    hash: str
    status: FormStatus
    title: Text
    paper_mm: tuple[float, float]
    pages: Mapping[str, Page]
    checks: tuple[Check, ...]
    bounds: Bounds
    lookalikes: tuple[str, ...] = ()

    @property
    def fields(self) -> Mapping[str, FieldLayout]:
        """All numbers of all pages, in the order of the paper; of one that stands on two pages, its place on the last."""
        return {name: field for page in self.pages.values() for name, field in page.fields.items()}

    def page_of(self, field: str) -> str:
        """The first page a number stands on; KeyError when the form has no such number."""
        for number, page in self.pages.items():
            if field in page.fields:
                return number
        raise KeyError(field)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All forms the reader knows, by id."""

    forms: Mapping[str, Form]

    def __getitem__(self, form: str) -> Form:
        return self.forms[form]

    def __iter__(self) -> Iterator[Form]:
        return iter(self.forms.values())

    def __len__(self) -> int:
        return len(self.forms)

    def __contains__(self, form: object) -> bool:
        return form in self.forms

    def with_tag(self, *, family: str, id: int) -> tuple[tuple[Form, Page], ...]:
        """The pages that carry this tag: one, or several when two forms share a tag."""
        return tuple(
            (form, page)
            for form in self
            for page in form.pages.values()
            if page.tag is not None and page.tag.family == family and page.tag.id == id
        )

    def with_code(self, content: str) -> tuple[tuple[Form, Page], ...]:
        """The pages that a printed code with this content names."""
        return tuple((form, page) for form in self for page in form.pages.values() if any(code.says(content) for code in page.codes))


def _divided(box: Rect, *, rows: int, columns: int) -> tuple[tuple[Rect, ...], ...]:
    width, height = box.width / columns, box.height / rows
    return tuple(
        tuple(Rect(box.x + column * width, box.y + row * height, width, height) for column in range(columns)) for row in range(rows)
    )
