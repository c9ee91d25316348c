"""Thresholds explain themselves and cannot be set to nonsense."""

from __future__ import annotations

from dataclasses import fields

import pytest

from pipeline.crosscheck import VerdictPolicy


def test_every_threshold_has_a_unit_a_meaning_and_a_reason():
    described = VerdictPolicy.describe()
    assert set(described) == {field.name for field in fields(VerdictPolicy)} - {"calibrated_for"}
    for threshold in described.values():
        assert threshold["unit"] in ("probability", "share", "mm")
        assert threshold["meaning"].endswith(".")
        assert threshold["chosen"].endswith(".")


@pytest.mark.parametrize(
    "change",
    [
        {"min_field_probability": 1.0},
        {"max_illegible": 0.0},
        {"paper_inconsistent": -0.1},
        {"max_residual_mm": 0.0},
        {"min_summed_probability": 0.5},
    ],
)
def test_impossible_thresholds_are_refused(change):
    with pytest.raises(ValueError, match=r"must|weaker"):
        VerdictPolicy(**change)
