"""Joining printed pieces into the lines a person sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.forms import Ink, Line, Rect
from pipeline.forms.lines import grid_lines, rect_lines, visible_lines

coordinates = st.integers(0, 60).map(float)
sizes = st.integers(1, 30).map(float)
rects = st.builds(Rect, coordinates, coordinates, sizes, sizes)


def test_two_boxes_that_share_a_side_have_seven_lines_less_one_for_each_long_side() -> None:
    pieces = [line for x in (0.0, 10.0) for line in rect_lines(Rect(x, 0, 10, 5), width_mm=1, ink=Ink.BLACK)]
    assert sorted((line.x0, line.y0, line.x1, line.y1) for line in visible_lines(pieces)) == [
        (0, 0, 0, 5), (0, 0, 20, 0), (0, 5, 20, 5), (10, 0, 10, 5), (20, 0, 20, 5),
    ]  # fmt: skip


def test_the_width_of_a_joined_line_is_the_mean_of_what_is_seen() -> None:
    thick, thin = Line(0, 0, 10, 0, 1.0, Ink.BLACK), Line(0, 0, 20, 0, 0.5, Ink.BLACK)
    (line,) = visible_lines([thin, thick])
    assert line == Line(0, 0, 20, 0, 0.75, Ink.BLACK)


def test_a_grey_line_is_cut_where_a_black_one_covers_it() -> None:
    grey, black = Line(0, 10, 50, 10, 0.5, Ink.GREY), Line(20, 10.1, 30, 10.1, 1, Ink.BLACK)
    crossing = Line(40, 0, 40, 20, 1, Ink.BLACK)
    lines = visible_lines([grey, black, crossing])
    assert [(line.x0, line.x1) for line in lines if line.ink is Ink.GREY] == [(0, 20), (30, 50)]


def test_a_grid_inside_its_frame_keeps_only_its_inner_lines() -> None:
    box = Rect(0, 0, 30, 20)
    grey = [
        line
        for line in visible_lines(
            [*rect_lines(box, width_mm=1, ink=Ink.BLACK), *grid_lines(box, rows=2, columns=3, width_mm=0.5, ink=Ink.GREY)]
        )
        if line.ink is Ink.GREY
    ]
    assert [(line.x0, line.y0, line.x1, line.y1) for line in grey] == [(0, 10, 30, 10), (10, 0, 10, 20), (20, 0, 20, 20)]


@given(st.lists(rects, min_size=1, max_size=8))
def test_joining_keeps_every_point_and_repeats_none(boxes: list[Rect]) -> None:
    pieces = [line for box in boxes for line in rect_lines(box, width_mm=0.5, ink=Ink.BLACK)]
    lines = visible_lines(pieces)
    for piece in pieces:
        assert sum(
            line.horizontal == piece.horizontal
            and line.x0 <= piece.x0 and piece.x1 <= line.x1 and line.y0 <= piece.y0 and piece.y1 <= line.y1
            for line in lines
        ) == 1  # fmt: skip
    assert all(line.width_mm == pytest.approx(0.5) for line in lines)
    assert visible_lines(lines) == lines
    assert visible_lines(reversed(pieces)) == lines
