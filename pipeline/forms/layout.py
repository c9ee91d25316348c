"""From the entries of a form's file to its pages: pieces are placed, `{words}` filled in, and every line of the print collected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.forms.geometry import Circle, Line, PrintedCode, PrintedText, Rect, Tag
from pipeline.forms.lines import grid_lines, rect_lines, table_lines, visible_lines
from pipeline.forms.model import Bubbles, FieldLayout, Page, RowSums, TallyGrid
from pipeline.forms.schema import Box, BubblesEntry, FieldEntry, FormEntry, PageEntry, PieceEntry
from pipeline.sheet import Text

_WORD = re.compile(r"\{(\w+)\}")


class LayoutError(ValueError):
    """A page that cannot be put together: an unknown piece, an unknown `{word}`, a number that is there twice."""


def build_page(number: str, entry: PageEntry, form: FormEntry) -> Page:
    """Put one page together.

    Raises
    ------
    LayoutError
        With the piece, word or number that is wrong.
    """
    printing = _Printing()
    for place in entry.place:
        if place.piece not in form.pieces:
            raise LayoutError(f"there is no piece {place.piece!r}")
        unused = set(place.values) - set(_WORD.findall(form.pieces[place.piece].model_dump_json()))
        if unused:
            raise LayoutError(f"the piece {place.piece!r} does not use {', '.join(sorted(unused))}")
        printing.add(form.pieces[place.piece], _Origin(*place.at, place.values))
    printing.add(entry, _Origin(0.0, 0.0, {}))
    return Page(
        number=number,
        paper_mm=form.paper,
        tag=_tag(entry),
        fiducials=tuple(printing.fiducials),
        lines=visible_lines(printing.lines),
        circles=tuple(printing.circles),
        texts=tuple(printing.texts),
        fields=dict(sorted(printing.fields.items(), key=lambda item: (item[1].box_row.y, item[1].box_row.x))),
        codes=tuple(PrintedCode(code.kind, Rect(*code.box), code.pattern) for code in entry.codes),
        window=None if entry.window is None else Rect(*entry.window),
    )


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a piece is printed and what its words stand for."""

    x: float
    y: float
    values: Mapping[str, str | int]

    def rect(self, box: Box) -> Rect:
        return Rect(round(self.x + box[0], 4), round(self.y + box[1], 4), box[2], box[3])

    def words(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1] not in self.values:
                raise LayoutError(f"{{{match[1]}}} in {text!r} has no value")
            return str(self.values[match[1]])

        return _WORD.sub(value, text)


@dataclass(slots=True)
class _Printing:
    """Everything printed on a page so far."""

    fiducials: list[Rect] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)
    texts: list[PrintedText] = field(default_factory=list)
    fields: dict[str, FieldLayout] = field(default_factory=dict)

    def add(self, piece: PieceEntry, origin: _Origin) -> None:
        self.fiducials += [origin.rect(box) for box in piece.fiducials]
        for frames in piece.frames:
            for box in frames.boxes:
                self.lines += rect_lines(origin.rect(box), width_mm=frames.width, ink=frames.ink)
        for table in piece.tables:
            xs, ys = [origin.x + x for x in table.x], [origin.y + y for y in table.y]
            self.lines += table_lines(xs, ys, width_mm=table.width, ink=table.ink)
        for grid in piece.grids:
            self.lines += grid_lines(origin.rect(grid.box), rows=grid.rows, columns=grid.columns, width_mm=grid.width, ink=grid.ink)
        for lines in piece.lines:
            for x0, y0, x1, y1 in lines.ends:
                self.lines.append(Line(origin.x + x0, origin.y + y0, origin.x + x1, origin.y + y1, lines.width, lines.ink))
        for circle in piece.circles:
            x, y = origin.x + circle.at[0], origin.y + circle.at[1]
            self.circles.append(Circle(x, y, circle.diameter, circle.width, circle.sign, circle.filled))
        for text in piece.texts:
            words, place = origin.words(text.text), origin.rect(text.box)
            self.texts.append(PrintedText(words, place, text.style, text.ink, text.turn, text.identity))
        for name, entry in piece.fields.items():
            self.add_field(origin.words(name), entry, origin)

    def add_field(self, name: str, entry: FieldEntry, origin: _Origin) -> None:
        if name in self.fields:
            raise LayoutError(f"the number {name!r} is there twice")
        first = origin.rect(entry.boxes.first)
        boxes = tuple(Rect(first.x + k * entry.boxes.pitch, first.y, first.width, first.height) for k in range(entry.boxes.count))
        for box in boxes:
            self.lines += rect_lines(box, width_mm=entry.boxes.width, ink=entry.boxes.ink)
        bubbles = _bubbles(entry.bubbles, origin) if entry.bubbles else None
        if bubbles:
            self.circles += [circle for column in bubbles.columns for circle in column]
        tally, sums = entry.tally, entry.row_sums
        if tally:
            self.lines += grid_lines(origin.rect(tally.box), rows=tally.rows, columns=tally.columns, width_mm=tally.width, ink=tally.ink)
        if sums:
            self.lines += grid_lines(origin.rect(sums.box), rows=sums.rows, columns=sums.digits, width_mm=sums.width, ink=sums.ink)
        self.fields[name] = FieldLayout(
            id=name,
            label=Text(origin.words(entry.label.id), origin.words(entry.label.en)),
            boxes=boxes,
            ink=entry.boxes.ink,
            guide=entry.boxes.guide,
            bubbles=bubbles,
            tally=TallyGrid(origin.rect(tally.box), tally.rows, tally.columns, tally.marks) if tally else None,
            row_sums=RowSums(origin.rect(sums.box), sums.rows, sums.digits) if sums else None,
            words=origin.rect(entry.words) if entry.words else None,
            required=entry.required,
        )


def _bubbles(entry: BubblesEntry, origin: _Origin) -> Bubbles:
    def circle(x: float, digit: int) -> Circle:
        return Circle(origin.x + x, origin.y + entry.y + digit * entry.pitch, entry.diameter, entry.width, str(digit))

    return Bubbles(tuple(tuple(circle(x, digit) for digit in range(10)) for x in entry.x))


def _tag(entry: PageEntry) -> Tag | None:
    tag = entry.tag
    return Tag(tag.family, tag.id, tag.centre, tag.side, tag.rotation) if tag else None
