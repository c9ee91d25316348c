"""The sample sheets, read as a user reads them: what stands on them, and exactly what this version says of them.

`sample_forms/expected.jsonl` is what `sirekap read sample_forms` wrote when it was last looked at. A change of a model or of a
threshold shows here first: look at the pictures of what changed, then renew the file with `make golden`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.imaging import Limits, Photo, open_images
from pipeline.read import Reader, read_sheet
from pipeline.settings import Settings
from pipeline.sheet import Sheet

SAMPLES = Path(__file__).resolve().parents[1] / "sample_forms"
TRUTH = {sheet["image"]: sheet for sheet in json.loads((SAMPLES / "truth.json").read_text("utf-8"))["sheets"]}
EXPECTED = {
    Path(line["source"]).name: line for line in (json.loads(text) for text in (SAMPLES / "expected.jsonl").read_text("utf-8").splitlines())
}
PROBABILITY_TOLERANCE = 0.01


@pytest.fixture(scope="module")
def sheets() -> dict[str, Sheet]:
    settings = Settings()
    reader = Reader.load(settings)
    read: dict[str, Sheet] = {}
    for name in TRUTH:
        (photo,) = open_images(SAMPLES / name, name=name, limits=Limits.of(settings))
        assert isinstance(photo, Photo)
        read[name] = read_sheet(photo, reader)
    return read


def test_every_sample_has_its_expected_line() -> None:
    assert set(EXPECTED) == set(TRUTH)


@pytest.mark.parametrize("name", TRUTH)
def test_an_accepted_sample_is_right(name: str, sheets: dict[str, Sheet]) -> None:
    truth, sheet = TRUTH[name], sheets[name]
    if sheet.verdict == "accepted":
        assert {field: number.value for field, number in sheet.fields.items()} == truth["fields"]
        assert not truth["must_review"]


@pytest.mark.parametrize("name", [name for name, truth in TRUTH.items() if truth["expect"] == "refused"])
def test_what_shows_no_whole_page_is_refused(name: str, sheets: dict[str, Sheet]) -> None:
    assert sheets[name].verdict == "refused"


@pytest.mark.parametrize("name", [name for name, truth in TRUTH.items() if truth["expect"] != "refused"])
def test_the_right_page_is_recognised(name: str, sheets: dict[str, Sheet]) -> None:
    assert (sheets[name].form, sheets[name].page) == (TRUTH[name]["form"], TRUTH[name]["page"])


def test_planted_mistakes_are_named(sheets: dict[str, Sheet]) -> None:
    codes = {name: {finding.code.value for finding in sheet.findings} for name, sheet in sheets.items()}
    assert "blank_form" in codes["page2-blank-form.jpg"]
    assert "check_failed" in codes["page3-broken-sum.jpg"]
    assert "sources_disagree" in codes["page2-boxes-against-bubbles.jpg"]


@pytest.mark.parametrize("name", TRUTH)
def test_reads_as_when_it_was_last_looked_at(name: str, sheets: dict[str, Sheet]) -> None:
    _same(json.loads(json.dumps(sheets[name].to_dict())), EXPECTED[name], at=name)


def _same(got: Any, expected: Any, *, at: str) -> None:
    """Equal, but probabilities within 0.01, pixels within one, and without what is not of the sheet itself."""
    if isinstance(expected, dict):
        skipped = {"source", "seconds", "models", "detail", "alternatives"}
        assert set(got) == set(expected), at
        for key in set(expected) - skipped:
            _same(got[key], expected[key], at=f"{at}.{key}")
    elif isinstance(expected, list):
        assert len(got) == len(expected), at
        for number, (one, other) in enumerate(zip(got, expected, strict=True)):
            _same(one, other, at=f"{at}[{number}]")
    elif isinstance(expected, float):
        tolerance = PROBABILITY_TOLERANCE if at.endswith("probability") else 1.0
        assert got == pytest.approx(expected, abs=tolerance), at
    elif isinstance(expected, str) and "%" in expected:
        assert got.split("%")[0][:20] == expected.split("%")[0][:20], at  # a probability in a sentence may move by one percent
    else:
        assert got == expected, at
