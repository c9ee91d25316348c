"""Look for mistakes in a form that loads: geometry that cannot be, numbers nothing confirms, texts that are missing.

Loading refuses what cannot be understood; linting finds what can be understood and is wrong all the same. Whoever drafts a form runs it
until it is silent; the forms of the package are held to that by their tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from pipeline.forms.geometry import Line, Rect
from pipeline.forms.model import Catalogue, FieldLayout, Form, Page
from pipeline.sheet import Text

FRAME_TOLERANCE_MM = 0.1
"""A printed frame may miss its box by this much: twice the rounding with which lines are joined."""


class LintCode(StrEnum):
    """The mistakes that can be found."""

    OUTSIDE_PAPER = "outside_paper"
    OVERLAP = "overlap"
    WINDOW = "window"
    FRAME_MISSING = "frame_missing"
    BOXES_IRREGULAR = "boxes_irregular"
    SOURCES_MISMATCH = "sources_mismatch"
    UNCONFIRMED = "unconfirmed"
    BOUNDS = "bounds"
    TEXT_MISSING = "text_missing"
    DUPLICATE_CHECK = "duplicate_check"
    DUPLICATE_TAG = "duplicate_tag"


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One mistake: in which form, where in it (`page 2, paslon_1`, `check E11`), and what is wrong."""

    code: LintCode
    form: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.form}: {self.where}: {self.message} ({self.code})"


def lint(catalogue: Catalogue) -> tuple[LintFinding, ...]:
    """Every mistake of every form; empty when there is none."""
    return tuple(finding for form in catalogue for finding in lint_form(form))


def lint_form(form: Form) -> tuple[LintFinding, ...]:
    """Every mistake of one form."""
    found = [
        *(finding for page in form.pages.values() for finding in _lint_page(page)),
        *_lint_tags(form),
        *_lint_numbers(form),
        *_lint_bounds(form),
        *_lint_checks(form),
        *_lint_texts(form),
    ]
    return tuple(LintFinding(code, form.id, where, message) for code, where, message in found)


_Found = tuple[LintCode, str, str]


def _lint_page(page: Page) -> Iterator[_Found]:
    where = f"page {page.number}"
    for name, rect in _printed(page):
        if not page.paper.contains(rect):
            yield LintCode.OUTSIDE_PAPER, where, f"{name} reaches outside the paper"
    areas = [(f"{kind} of {field.id}", rect) for field in page.fields.values() for kind, rect in _writings(field)]
    if page.tag is not None:
        areas.append(("the tag", page.tag.bounds))
    areas += [(f"the {code.kind} code", code.box) for code in page.codes]
    if page.window is not None:
        if not page.paper.contains(page.window):
            yield LintCode.OUTSIDE_PAPER, where, "the app's window reaches outside the paper"
        if not all(page.window.contains(box) for field in page.fields.values() for box in field.boxes):
            yield LintCode.WINDOW, where, "the app's window does not show every digit box"
        if page.tag is not None and page.window.overlaps(page.tag.bounds):
            yield LintCode.WINDOW, where, "the app's window shows the tag, which names the page by itself"
    for (name, rect), (other, other_rect) in combinations(areas, 2):
        if rect.overlaps(other_rect):
            yield LintCode.OVERLAP, where, f"{name} and {other} overlap"
    for field in page.fields.values():
        for code, message in _lint_field(field, page.lines):
            yield code, f"{where}, {field.id}", message


def _lint_field(field: FieldLayout, lines: Iterable[Line]) -> Iterator[tuple[LintCode, str]]:
    for index, box in enumerate(field.boxes):
        if not all(_is_printed(side, lines) for side in _sides(box)):
            yield LintCode.FRAME_MISSING, f"the frame of box {index + 1} is not among the printed lines"
    for left, right in zip(field.boxes, field.boxes[1:], strict=False):
        if right.x <= left.x or (left.width, left.height, left.y) != (right.width, right.height, right.y):
            yield LintCode.BOXES_IRREGULAR, "the boxes are not of one size, in one row, from left to right"
            break
    if field.bubbles and len(field.bubbles.columns) != len(field.boxes):
        yield LintCode.SOURCES_MISMATCH, f"{len(field.bubbles.columns)} columns of bubbles for {len(field.boxes)} boxes"
    if field.bubbles and any(len(column) != 10 for column in field.bubbles.columns):
        yield LintCode.SOURCES_MISMATCH, "a column of bubbles has not ten circles"
    if field.row_sums and not field.tally:
        yield LintCode.SOURCES_MISMATCH, "row sums without a tally grid"
    if field.tally and field.row_sums:
        if field.tally.rows != field.row_sums.rows:
            yield LintCode.SOURCES_MISMATCH, f"{field.row_sums.rows} row sums for {field.tally.rows} rows of tally marks"
        is_open_cell = field.row_sums.digits == 1  # one cell a row, in which a number of any length is written
        if not is_open_cell and field.tally.columns * field.tally.marks >= 10**field.row_sums.digits:
            yield LintCode.SOURCES_MISMATCH, "a full row of tally marks does not fit into its row sum"


def _lint_tags(form: Form) -> Iterator[_Found]:
    pages = [page for page in form.pages.values() if page.tag is not None]
    for page, other in combinations(pages, 2):
        if page.tag and other.tag and (page.tag.family, page.tag.id) == (other.tag.family, other.tag.id):
            yield LintCode.DUPLICATE_TAG, f"page {other.number}", f"has the tag of page {page.number}"


def _numbers(form: Form) -> Iterator[tuple[str, str, FieldLayout]]:
    """Every place of every number: its page, its id, its layout there."""
    for page in form.pages.values():
        for name, field in page.fields.items():
            yield page.number, name, field


def _lint_numbers(form: Form) -> Iterator[_Found]:
    """A number is confirmed by a second writing or by a sum that must close; a bound alone confirms nothing."""
    closing = {
        name
        for check in form.checks
        if check.is_sum
        for name in check.fields
    }
    for page, name, field in _numbers(form):
        if len(field.sources) < 2 and name not in closing:
            yield LintCode.UNCONFIRMED, f"page {page}, {name}", "has no second writing and is in no sum that must close"


def _lint_bounds(form: Form) -> Iterator[_Found]:
    minimum, maximum = form.bounds.minimum, form.bounds.maximum
    if not 0 <= minimum < maximum:
        yield LintCode.BOUNDS, "bounds", f"{minimum} to {maximum} holds no numbers of a count"
    for page, name, field in _numbers(form):
        if maximum >= 10 ** len(field.boxes):
            yield LintCode.BOUNDS, f"page {page}, {name}", f"{maximum} does not fit into {len(field.boxes)} boxes"


def _lint_checks(form: Form) -> Iterator[_Found]:
    for check, other in combinations(form.checks, 2):
        if check.constraint == other.constraint:
            yield LintCode.DUPLICATE_CHECK, f"check {other.id}", f"says what {check.id} says"


def _lint_texts(form: Form) -> Iterator[_Found]:
    texts: list[tuple[str, Text]] = [("title", form.title)]
    texts += [(f"page {page}, {name}", field.label) for page, name, field in _numbers(form)]
    texts += [(f"check {check.id}", check.text) for check in form.checks]
    for where, text in texts:
        for language, content in text.to_dict().items():
            if not content.strip():
                yield LintCode.TEXT_MISSING, where, f"has no text in {'Indonesian' if language == 'id' else 'English'}"


def _printed(page: Page) -> Iterator[tuple[str, Rect]]:
    if page.tag is not None:
        yield "the tag", page.tag.bounds
    for code in page.codes:
        yield f"the {code.kind} code", code.box
    for square in page.fiducials:
        yield f"the corner mark at ({square.x:g}, {square.y:g})", square
    for line in page.lines:
        yield f"the line at ({line.x0:g}, {line.y0:g})", Rect(line.x0, line.y0, line.x1 - line.x0, line.y1 - line.y0)
    for circle in page.circles:
        yield f"the circle at ({circle.x:g}, {circle.y:g})", circle.bounds
    for text in page.texts:
        yield f"the text {text.text!r}", text.box
    for field in page.fields.values():
        for kind, rect in _writings(field):
            yield f"{kind} of {field.id}", rect


def _writings(field: FieldLayout) -> Iterator[tuple[str, Rect]]:
    """Every area of a number a person writes in."""
    for index, box in enumerate(field.boxes):
        yield f"box {index + 1}", box
    for column in field.bubbles.columns if field.bubbles else ():
        for circle in column:
            yield f"a bubble {circle.sign}", circle.bounds
    if field.tally:
        yield "the tally grid", field.tally.box
    if field.row_sums:
        yield "the row sums", field.row_sums.box
    if field.words:
        yield "the words", field.words


def _sides(box: Rect) -> tuple[Rect, ...]:
    return (
        Rect(box.x, box.y, box.width, 0),
        Rect(box.x, box.y1, box.width, 0),
        Rect(box.x, box.y, 0, box.height),
        Rect(box.x1, box.y, 0, box.height),
    )


def _is_printed(side: Rect, lines: Iterable[Line]) -> bool:
    slack = FRAME_TOLERANCE_MM
    return any(
        line.horizontal == (side.height == 0)
        and line.x0 - slack <= side.x
        and side.x1 <= line.x1 + slack
        and line.y0 - slack <= side.y
        and side.y1 <= line.y1 + slack
        for line in lines
    )
