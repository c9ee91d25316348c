"""Codes of regions and polling stations: what is one, what is not, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.regions import CodeError, Level, TpsCode, region_code
from pipeline.regions.codes import parent_of

VILLAGES = st.from_regex(r"[0-9]{10}|99[A-Z]{2}[0-9]{6}", fullmatch=True)


@pytest.mark.parametrize(("code", "level"), [("18", 2), ("1805", 4), ("180508", 6), ("1805082001", 10), ("99AA010001", 10)])
def test_region_codes_are_known_by_their_length(code: str, level: int) -> None:
    assert Level(len(region_code(f" {code} "))) == level


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1805082001.0", "spreadsheet"),
        ("1.80508E+12", "spreadsheet"),
        ("1,80508E+12", "spreadsheet"),
        ("180", "perhaps a zero at its start was lost"),
        ("18050", "18050"),
        ("", "is no code"),
        ("18-05", "is no code"),
        ("aceh", "is no code"),
        ("１８", "is no code"),
    ],
)
def test_what_is_no_region_code_says_why(text: str, why: str) -> None:
    with pytest.raises(CodeError, match=why):
        region_code(text)


@pytest.mark.parametrize("text", ["1805082001", "1805082001000", "180508200100A", "1.805082001001E+12", "18050820010011"])
def test_what_is_no_station_is_refused(text: str) -> None:
    with pytest.raises(CodeError):
        TpsCode.parse(text)


@given(VILLAGES, st.integers(1, 999))
def test_station_is_written_as_it_was_read(village: str, number: int) -> None:
    station = TpsCode(village, number)
    assert TpsCode.parse(str(station)) == station


@given(VILLAGES)
def test_regions_above_are_the_starts_of_a_code(village: str) -> None:
    chain, code = [], parent_of(village)
    while code is not None:
        chain.append(code)
        code = parent_of(code)
    assert chain == [village[:6], village[:4], village[:2]]
