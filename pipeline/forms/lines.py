"""From the rectangles, tables and grids a form is written in to the straight lines a person sees on the paper.

Tables share edges and are drawn over each other; the lines of a page must not repeat that. Pieces on one axis that touch become one
line, and a grey line is cut where a black one covers it, since only the black one can be found in a photo.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from pipeline.forms.geometry import Ink, Line, Rect

SAME_AXIS_MM = 0.05
"""Two pieces this close are on one axis or touch: ten times the rounding of the files, a tenth of the thinnest table gap."""

COVERED_MM = 0.3
"""A paler line closer than this to a darker one is hidden under it: half the width of the thinner black table lines plus half the grey."""


def rect_lines(box: Rect, *, width_mm: float, ink: Ink) -> tuple[Line, ...]:
    """The four sides of a rectangle."""
    return table_lines([box.x, box.x1], [box.y, box.y1], width_mm=width_mm, ink=ink)


def grid_lines(box: Rect, *, rows: int, columns: int, width_mm: float, ink: Ink) -> tuple[Line, ...]:
    """A rectangle divided evenly, outline included."""
    xs = [box.x + box.width * k / columns for k in range(columns + 1)]
    ys = [box.y + box.height * k / rows for k in range(rows + 1)]
    return table_lines(xs, ys, width_mm=width_mm, ink=ink)


def table_lines(xs: Sequence[float], ys: Sequence[float], *, width_mm: float, ink: Ink) -> tuple[Line, ...]:
    """Vertical lines at `xs` and horizontal lines at `ys`, each over the whole extent of the other."""
    vertical = [Line(x, ys[0], x, ys[-1], width_mm, ink) for x in xs]
    horizontal = [Line(xs[0], y, xs[-1], y, width_mm, ink) for y in ys]
    return (*vertical, *horizontal)


def visible_lines(pieces: Iterable[Line]) -> tuple[Line, ...]:
    """Joined, without doubles, and without what a darker line covers; sorted by ink, direction and position."""
    pieces = list(pieces)
    seen: list[Line] = []
    for ink in Ink:
        for horizontal in (True, False):
            same = [piece for piece in pieces if piece.ink is ink and piece.horizontal is horizontal]
            darker = [line for line in seen if line.horizontal is horizontal and line.ink is not ink]
            joined = [line for axis in _by_axis(same) for line in _joined(axis)]
            seen.extend(rest for line in joined for rest in _uncovered(line, darker))
    return tuple(seen)


def _by_axis(lines: Iterable[Line]) -> list[list[Line]]:
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (_axis(line), _start(line))):
        if groups and _axis(line) - _axis(groups[-1][0]) <= SAME_AXIS_MM:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _joined(pieces: Sequence[Line]) -> list[Line]:
    runs: list[list[Line]] = []
    end = float("-inf")
    for piece in sorted(pieces, key=_start):
        if _start(piece) > end + SAME_AXIS_MM:
            runs.append([])
        runs[-1].append(piece)
        end = max(end, _end(piece))
    return [_one(run) for run in runs]


def _one(run: Sequence[Line]) -> Line:
    """A single line over the whole run; its width is the mean over its length of the widest piece at each place."""
    start, end = min(map(_start, run)), max(map(_end, run))
    cuts = sorted({start, end, *map(_start, run), *map(_end, run)})
    area = 0.0
    for a, b in pairwise(cuts):
        middle = (a + b) / 2
        area += (b - a) * max((piece.width_mm for piece in run if _start(piece) <= middle <= _end(piece)), default=run[0].width_mm)
    axis = max(run, key=lambda piece: piece.length)
    width = area / (end - start) if end > start else run[0].width_mm
    return _line(axis, start, end, round(width, 4))


def _uncovered(line: Line, darker: Iterable[Line]) -> list[Line]:
    parts = [(_start(line), _end(line))]
    for cover in darker:
        if abs(_axis(cover) - _axis(line)) > COVERED_MM:
            continue
        a, b = _start(cover), _end(cover)
        cut = [piece for start, end in parts for piece in ((start, min(end, a)), (max(start, b), end))]
        parts = [(start, end) for start, end in cut if end - start > SAME_AXIS_MM]
    return [_line(line, start, end, line.width_mm) for start, end in parts]


def _line(like: Line, start: float, end: float, width_mm: float) -> Line:
    """A line on the axis of another one; the rounding (0.1 µm) removes what floating point adds to the numbers of the file."""
    start, end, axis = round(start, 4), round(end, 4), round(_axis(like), 4)
    if like.horizontal:
        return Line(start, axis, end, axis, width_mm, like.ink)
    return Line(axis, start, axis, end, width_mm, like.ink)


def _axis(line: Line) -> float:
    return line.y0 if line.horizontal else line.x0


def _start(line: Line) -> float:
    return line.x0 if line.horizontal else line.y0


def _end(line: Line) -> float:
    return line.x1 if line.horizontal else line.y1
