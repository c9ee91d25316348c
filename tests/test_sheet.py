"""A sheet exports to the object of the contract and loads back from it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sheet import PROBABILITY_FLOOR, REFUSAL_ADVICE, RefusalCode, Sheet, ValueProbability, quad_of, rounded
from tests.sheets import make_field, make_refused, make_sheet

KEYS = [
    *("source", "sha256", "form", "form_version", "page", "tps", "verdict", "probability", "fields", "checks", "findings", "refusal"),
    *("registration", "seconds", "software", "models"),
]
FIELD_KEYS = ["value", "state", "raw", "corrected", "probability", "alternatives", "quad", "sources"]


@pytest.mark.parametrize("sheet", [make_sheet(), make_refused()], ids=["read", "refused"])
def test_keys_stand_in_the_order_of_the_contract(sheet: Sheet) -> None:
    exported = sheet.to_dict()
    assert list(exported) == KEYS
    assert all(list(field) == FIELD_KEYS for field in exported["fields"].values())


@pytest.mark.parametrize("sheet", [make_sheet(), make_refused()], ids=["read", "refused"])
def test_export_loads_back_and_exports_the_same(sheet: Sheet) -> None:
    exported = json.loads(json.dumps(sheet.to_dict()))
    assert Sheet.from_dict(exported).to_dict() == exported


def test_every_refusal_says_what_to_do() -> None:
    assert set(REFUSAL_ADVICE) == set(RefusalCode)
    assert all(advice.id and advice.en for advice in REFUSAL_ADVICE.values())


@given(st.floats(0, 1))
def test_no_probability_is_certain(probability: float) -> None:
    reported = rounded(probability)
    assert PROBABILITY_FLOOR <= reported <= 1 - PROBABILITY_FLOOR
    assert reported == pytest.approx(probability, abs=1.001 * PROBABILITY_FLOOR)
    assert len(f"{reported:.10f}".rstrip("0").split(".")[1]) <= 6


@given(st.one_of(st.none(), st.integers(0, 999)), st.floats(0, 1))
def test_numbers_survive_the_export(value: int | None, probability: float) -> None:
    field = replace(make_field(value), probability=probability, alternatives=(ValueProbability(value, probability),))
    loaded = type(field).from_dict(field.to_dict())
    assert (loaded.value, loaded.state, loaded.raw) == (field.value, field.state, field.raw)
    assert loaded.probability == rounded(probability)


def test_corners_are_numbers_of_python() -> None:
    import numpy as np

    corners = quad_of(np.arange(8, dtype=np.float32).reshape(4, 2))
    assert corners == ((0, 1), (2, 3), (4, 5), (6, 7))
    assert all(type(number) is float for point in corners for number in point)
