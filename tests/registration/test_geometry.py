"""The mathematics of a placement: splines, views, projections."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.registration.model import KNOT_SPACING_MM, CorrectionField, knot_counts, project, spline_basis
from pipeline.registration.rectify import upright_view

PAPER = (600.0, 900.0)
COORDINATES = st.tuples(st.floats(0, 600), st.floats(0, 900))


@given(st.lists(COORDINATES, min_size=1, max_size=8))
def test_spline_weights_are_a_partition_of_unity(points):
    _, weight = spline_basis(np.array(points), knot_counts(PAPER))
    assert weight.sum(axis=1) == pytest.approx(1.0)
    assert (weight >= 0).all()


@given(COORDINATES, st.floats(-5, 5), st.floats(-5, 5))
def test_equal_knots_shift_the_whole_page_alike(point, dx, dy):
    field = CorrectionField(np.tile([dx, dy], (*knot_counts(PAPER), 1)))
    assert field.at(np.array([point]))[0] == pytest.approx([dx, dy], abs=1e-9)


def test_knots_that_follow_a_slope_give_that_slope():
    rows, columns = knot_counts(PAPER)
    slope = np.zeros((rows, columns, 2))
    slope[:, :, 0] = (np.arange(columns) - 1)[None, :] * KNOT_SPACING_MM * 0.01
    points = np.array([[37.0, 100.0], [333.0, 777.0]])
    assert CorrectionField(slope).at(points)[:, 0] == pytest.approx(points[:, 0] * 0.01, abs=1e-9)


def table_segments(homography: np.ndarray) -> np.ndarray:
    """The lines of a table of 6 x 6 cells, seen through a homography."""
    ends = []
    for k in np.linspace(100, 500, 7):
        ends += [[[100, k], [500, k]], [[k, 100], [k, 500]]]
    return project(homography, np.array(ends, dtype=float).reshape(-1, 2)).reshape(-1, 4)


@settings(deadline=None, max_examples=60)
@given(st.floats(-40, 40), st.floats(-4e-4, 4e-4), st.floats(-4e-4, 4e-4), st.floats(0.8, 1.4))
def test_table_lines_become_axis_parallel(degrees, tilt_x, tilt_y, stretch):
    turn = np.deg2rad(degrees)
    about = np.array([[1, 0, 300], [0, 1, 300], [0, 0, 1.0]])
    rotate = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    perspective = np.array([[stretch, 0, 0], [0, 1, 0], [tilt_x, tilt_y, 1.0]])
    segments = table_segments(about @ rotate @ perspective @ np.linalg.inv(about))
    view = upright_view(segments, (600, 600))
    assert view is not None
    seen = project(np.linalg.inv(view.to_working), segments.reshape(-1, 2)).reshape(-1, 2, 2)
    delta = np.abs(seen[:, 1] - seen[:, 0])
    assert (delta.min(axis=1) / delta.max(axis=1)).max() < 0.02


def test_too_few_lines_have_no_upright_view():
    assert upright_view(np.array([[0, 0, 100, 0.0]]), (600, 600)) is None
