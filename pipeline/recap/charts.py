"""The charts of a report, as SVG that lies in the page: a bar a row, with its label above and its figure at the right.

They are drawn 360 units wide, so that their letters can be read on a phone, and larger screens show more of them beside each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

WIDTH, ROW, BAR, LETTERS = 360, 34, 12, 12

LONGEST_LABEL = 34
"""Letters of a label; the rest is in the table beside it."""

NO_BAR = "#e3e6ea"


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: `parts` are pairs of a share of the whole width, 0 to 1, and a colour; they stand one after the other."""

    label: str
    parts: Sequence[tuple[float, str]]
    figure: str


def bar_chart(bars: Iterable[Bar], *, title: str) -> Markup:
    """The rows, one under the other; `title` is what a screen reader says of them."""
    marks: list[str] = []
    top = 0
    for bar in bars:
        label = bar.label if len(bar.label) <= LONGEST_LABEL else bar.label[: LONGEST_LABEL - 1] + "…"
        marks.append(f'<text x="0" y="{top + LETTERS}">{escape(label)}</text>')
        marks.append(f'<text x="{WIDTH}" y="{top + LETTERS}" text-anchor="end">{escape(bar.figure)}</text>')
        marks.append(_rectangle(0, top, WIDTH, NO_BAR))
        x = 0.0
        for share, colour in bar.parts:
            width = min(share * WIDTH, WIDTH - x)
            if width > 0:
                marks.append(_rectangle(x, top, width, colour))
            x += width
        top += ROW
    size = f'viewBox="0 0 {WIDTH} {top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}" font-size="{LETTERS}">'
    return Markup("\n".join([head, *marks, "</svg>"]))


def _rectangle(x: float, top: int, width: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{top + LETTERS + 5}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'
