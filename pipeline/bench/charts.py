"""The charts of an accuracy run, as SVG: what each writing gets right on each set, and whether stated doubts hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

import pandas as pd

from pipeline.bench.writings import SOURCES

COLOURS = dict(zip(SOURCES, ("#1b6ca8", "#d1495b", "#edae49", "#66a182", "#8d6a9f", "#222222"), strict=True))

ROW = 17
LEFT, WIDTH, TOP = 210, 520, 46
LEAST_DOUBT = 1e-4

STYLE = "font-family: sans-serif; font-size: 12px; fill: #222"


class Chart(str):
    """The text of an SVG picture, shown as one in a notebook."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


def accuracy_chart(table: pd.DataFrame) -> Chart:
    """A dot and its 95 % interval for each row of `accuracy_table`; the axis is the share that is wrong, so that near 100 % is seen."""
    height = TOP + ROW * len(table) + 14 * table["set"].nunique() + 40
    marks: list[str] = [_text(8, 18, "Numbers wrong, by set and writing (dot), with 95 % interval", weight="bold")]
    y: float = TOP
    last = None
    for row in table.itertuples():
        if row.set != last:
            y += 14 if last is not None else 0
            marks.append(_text(8, y + 4, str(row.set), weight="bold"))
            last = row.set
        colour = COLOURS[str(row.source)]
        marks.append(_text(LEFT - 8, y + 4, str(row.source), anchor="end"))
        marks.append(_line(_across(1 - row.low), y, _across(1 - row.high), y, colour, 2))
        marks.append(_dot(_across(1 - row.share), y, colour))
        marks.append(_text(LEFT + WIDTH + 10, y + 4, f"{row.right}/{row.numbers}"))
        y += ROW
    marks += _doubt_axis(TOP - 10, y)
    return _svg(LEFT + WIDTH + 90, height, marks)


def reliability_chart(table: pd.DataFrame) -> Chart:
    """Share wrong against stated doubt, both logarithmic, of each row of `reliability`: on the diagonal a probability is honest."""
    bottom = TOP + WIDTH
    marks: list[str] = [_text(8, 18, "Stated doubt (across) and share wrong (up), with 95 % interval", weight="bold")]
    marks += _doubt_axis(TOP, bottom)
    for tick in (1.0, 0.1, 0.01, 0.001, 0.0001):
        marks.append(_text(LEFT - 8, _up(tick) + 4, _percent(tick), anchor="end"))
        marks.append(_line(LEFT, _up(tick), LEFT + WIDTH, _up(tick), "#dddddd", 1))
    marks.append(_line(LEFT, bottom, LEFT + WIDTH, TOP, "#999999", 1))
    sources = [source for source in SOURCES if (table["source"] == source).any()]
    for place, source in enumerate(sources):
        colour, aside = COLOURS[source], 3 * (place - len(sources) / 2)
        marks += [_dot(20, TOP + 10 + ROW * place, colour), _text(30, TOP + 14 + ROW * place, source)]
        for row in table[table["source"] == source].itertuples():
            x = _across(row.doubt) + aside
            marks.append(_line(x, _up(row.low), x, _up(row.high), colour, 1.5))
            marks.append(_dot(x, _up(row.share), colour))
    return _svg(LEFT + WIDTH + 40, bottom + 40, marks)


def _across(doubt: float) -> float:
    """Place of a doubt from 1 in 10,000 (left) to certain (right) on the logarithmic axis."""
    return LEFT + WIDTH * (1 - math.log(max(doubt, LEAST_DOUBT), LEAST_DOUBT))


def _up(doubt: float) -> float:
    return TOP + WIDTH * math.log(max(doubt, LEAST_DOUBT), LEAST_DOUBT)


def _doubt_axis(top: float, bottom: float) -> Iterator[str]:
    for tick in (0.0001, 0.001, 0.01, 0.1, 1.0):
        yield _line(_across(tick), top, _across(tick), bottom, "#dddddd", 1)
        yield _text(_across(tick), bottom + 16, _percent(tick), anchor="middle")


def _percent(share: float) -> str:
    return f"{100 * share:g} %" if share > LEAST_DOUBT else "≤ 0.01 %"


def _line(x0: float, y0: float, x1: float, y1: float, colour: str, width: float) -> str:
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'


def _svg(width: float, height: float, marks: list[str]) -> Chart:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    paper = '<rect width="100%" height="100%" fill="white"/>'
    return Chart("\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} style="{STYLE}">', paper, *marks, "</svg>", ""]))
