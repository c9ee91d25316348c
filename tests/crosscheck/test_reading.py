"""What the recognisers hand over is checked once, at the door."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest


def test_rows_in_single_precision_are_normalised(reading, boxes):
    one = reading(boxes("123").astype(np.float32), "123")
    assert one.boxes.dtype == np.float64
    assert one.boxes.sum(axis=1) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        {"boxes": np.full((3, 12), 1 / 12)},
        {"boxes": np.full((3, 13), 0.5)},
        {"boxes": np.full((3, 13), np.nan)},
        {"boxes": np.full((0, 13), 1.0), "illegible": np.zeros(0), "corrected": np.zeros(0)},
        {"boxes": np.full((6, 13), 1 / 13), "illegible": np.zeros(6), "corrected": np.zeros(6)},
        {"illegible": np.zeros(2)},
        {"illegible": np.array([0.0, 1.5, 0.0])},
        {"corrected": np.array([0.0, -0.1, 0.0])},
        {"bubbles": None},
        {"bubbles": np.full((3, 10), 0.1)},
    ],
)
def test_anything_that_is_no_distribution_is_a_mistake_of_the_caller(reading, change):
    with pytest.raises(ValueError, match=r"probabilities|boxes|bubbles|rows"):
        replace(reading("123", "123"), **change)
