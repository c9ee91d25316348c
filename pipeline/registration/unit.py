"""Pages in units of the poster: what registration knows of lines, frames and curled paper holds for a page 900 units high.

A copy on A4 is the poster's print made smaller, so all that depends on how far apart things are printed (search radii, knots, margins)
scales with the page. Registration therefore works in units of which the longer side of any page has 900: on the posters of 2024 they
are millimetres.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from pipeline.forms import Line, Page, Rect

LONGER_SIDE = 900.0


def units_per_mm(page: Page) -> float:
    """How many units a millimetre of this page is."""
    return LONGER_SIDE / max(page.paper_mm)


@lru_cache(maxsize=256)
def in_units(page: Page) -> Page:
    """What registration looks at on a page (paper, tag, lines, digit boxes), in units; the same page where a unit is a millimetre."""
    factor = units_per_mm(page)
    if factor == 1.0:
        return page
    tag = page.tag and replace(
        page.tag, centre_mm=(page.tag.centre_mm[0] * factor, page.tag.centre_mm[1] * factor), side_mm=page.tag.side_mm * factor
    )
    fields = {
        name: replace(field, boxes=tuple(_rect(box, factor) for box in field.boxes), bubbles=None, tally=None, row_sums=None, words=None)
        for name, field in page.fields.items()
    }
    return replace(
        page,
        paper_mm=(page.paper_mm[0] * factor, page.paper_mm[1] * factor),
        tag=tag,
        fiducials=(),
        lines=tuple(_line(line, factor) for line in page.lines),
        circles=(),
        texts=(),
        fields=fields,
        codes=(),
        window=page.window and _rect(page.window, factor),
    )


def _rect(rect: Rect, factor: float) -> Rect:
    return Rect(rect.x * factor, rect.y * factor, rect.width * factor, rect.height * factor)


def _line(line: Line, factor: float) -> Line:
    return Line(line.x0 * factor, line.y0 * factor, line.x1 * factor, line.y1 * factor, line.width_mm * factor, line.ink)
