"""The verdict on whole pages: what may be accepted, and that one doubt is enough to ask a person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.crosscheck import VerdictPolicy, crosscheck
from pipeline.forms import load_catalogue
from pipeline.sheet import BOX_CLASSES, FieldState, FindingCode, Severity, SourceKind, Verdict

POLICY = VerdictPolicy()
GOOD = {"paslon_1": ("x24", "024"), "paslon_2": ("119", "119"), "paslon_3": ("xx6", "__6")}


@pytest.fixture(scope="module")
def poster():
    return load_catalogue()["c-hasil-ppwp-2024"]


@pytest.fixture(scope="module")
def page_two(poster, reading, registration):
    def judge(changes=None, *, place=registration, policy=POLICY, **details):
        rows = {name: reading(*GOOD[name]) for name in GOOD}
        rows |= {name: one if not isinstance(one, tuple) else reading(*one, **details) for name, one in (changes or {}).items()}
        return crosscheck(poster, poster.pages["2"], rows, registration=place, policy=policy)

    return judge


@pytest.fixture(scope="module")
def page_three(poster, reading, registration):
    def judge(sah, tidak_sah, total, **details):
        rows = {"suara_sah": reading(sah, **details), "suara_tidak_sah": reading(tidak_sah), "suara_total": reading(total)}
        return crosscheck(poster, poster.pages["3"], rows, registration=registration, policy=POLICY)

    return judge


def codes(result):
    return [finding.code for finding in result.findings]


def test_boxes_and_bubbles_that_agree_are_accepted(page_two):
    result = page_two()
    assert result.verdict is Verdict.ACCEPTED
    assert result.findings == ()
    assert {name: field.value for name, field in result.fields.items()} == {"paslon_1": 24, "paslon_2": 119, "paslon_3": 6}
    assert result.probability == pytest.approx(np.prod([field.probability for field in result.fields.values()]))


def test_a_closing_sum_confirms_numbers_without_bubbles(page_three):
    result = page_three("195", "xx5", "200")
    assert result.verdict is Verdict.ACCEPTED
    assert {check.id: check.holds for check in result.checks}["E12"] is True


def test_a_closing_sum_does_not_make_a_number_surer(page_three):
    closing, open_ = page_three("195", "xx5", "200"), page_three("195", "xx5", "201")
    assert closing.fields["suara_sah"].probability == open_.fields["suara_sah"].probability


def test_a_broken_sum_is_recorded_as_written(page_three):
    result = page_three("195", "xx5", "201")
    assert result.verdict is Verdict.REVIEW
    assert codes(result) == [FindingCode.CHECK_FAILED]
    assert result.fields["suara_total"].value == 201


def test_a_sum_confirms_only_numbers_that_are_sure_themselves(page_three):
    result = page_three("195", "xx5", "200", sharpness=0.99)
    assert codes(result) == [FindingCode.UNSURE]
    assert result.findings[0].fields == ("suara_sah",)


@pytest.mark.parametrize(
    ("change", "details", "expected"),
    [
        (("119", "118"), {}, [FindingCode.SOURCES_DISAGREE]),
        (("119", "1s9"), {}, [FindingCode.BUBBLES_UNCLEAR]),
        (("119", "11_"), {}, [FindingCode.BUBBLES_UNCLEAR]),
        (("119", "___"), {}, [FindingCode.UNCONFIRMED]),
        (("119", None), {}, [FindingCode.UNCONFIRMED]),
        (("119", "119"), {"corrected": (0.0, 0.9, 0.0)}, [FindingCode.CORRECTED]),
        (("119", "119"), {"bubbles_corrected": (0.0, 0.9, 0.0)}, [FindingCode.CORRECTED]),
        (("119", "119"), {"illegible": (0.0, 0.9, 0.0)}, [FindingCode.ILLEGIBLE]),
        (("119", "119"), {"sharpness": 0.8}, [FindingCode.UNSURE]),
        (("83_", "083"), {}, [FindingCode.FILLER_AFTER_DIGIT]),
        (("8x_", "080"), {}, [FindingCode.FILLER_AFTER_DIGIT]),
        (("___", "___"), {}, [FindingCode.FIELD_BLANK]),
        (("___", "119"), {}, [FindingCode.FIELD_BLANK, FindingCode.SOURCES_DISAGREE]),
        (("9x9", "909"), {}, [FindingCode.BOUND_EXCEEDED, FindingCode.FILLER_AFTER_DIGIT]),
    ],
)
def test_each_doubt_sends_the_sheet_to_a_person_with_its_own_finding(page_two, change, details, expected):
    result = page_two({"paslon_2": change}, **details)
    assert result.verdict is Verdict.REVIEW
    assert sorted(codes(result)) == sorted(expected)
    assert all("paslon_2" in finding.fields for finding in result.findings)


COUNTED = {"tally": 119, "row_sums": 119}


@pytest.mark.parametrize(
    ("bubbles", "details", "code"),
    [
        ("119", {"bubbles_corrected": (0.0, 0.9, 0.0)}, FindingCode.CORRECTED),
        ("1s9", {}, FindingCode.BUBBLES_UNCLEAR),
        ("11_", {}, FindingCode.BUBBLES_UNCLEAR),
    ],
)
def test_doubtful_bubbles_are_a_note_where_clear_boxes_and_a_clear_count_agree(page_two, bubbles, details, code):
    result = page_two({"paslon_2": ("119", bubbles)}, **details, **COUNTED)
    assert result.verdict is Verdict.ACCEPTED
    assert [(finding.code, finding.severity, finding.fields) for finding in result.findings] == [(code, Severity.INFO, ("paslon_2",))]
    assert "119" in result.findings[0].message.id
    assert "119" in result.findings[0].message.en


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (COUNTED | {"tally": 118}, {FindingCode.CORRECTED, FindingCode.SOURCES_DISAGREE}),
        (COUNTED | {"row_sums": 117}, {FindingCode.CORRECTED, FindingCode.SOURCES_DISAGREE}),
        (COUNTED | {"corrected": (0.0, 0.0, 0.9)}, {FindingCode.CORRECTED}),
        (COUNTED | {"corrected": (0.0, 0.05, 0.0)}, {FindingCode.CORRECTED}),
    ],
)
def test_corrected_bubbles_go_to_a_person_where_anything_else_is_doubtful(page_two, details, expected):
    result = page_two({"paslon_2": ("119", "119")}, bubbles_corrected=(0.0, 0.9, 0.0), **details)
    assert result.verdict is Verdict.REVIEW
    assert set(codes(result)) == expected
    assert any(finding.code is FindingCode.CORRECTED and finding.severity is Severity.WARNING for finding in result.findings)


def test_findings_come_with_errors_first_and_in_two_languages(page_two):
    result = page_two({"paslon_1": ("83_", "083"), "paslon_2": ("119", "118")})
    assert [finding.severity for finding in result.findings] == [Severity.ERROR, Severity.WARNING]
    assert "kotak angka 119, tetapi bulatan 118" in result.findings[0].message.id
    assert "boxes say 119, but the bubbles 118" in result.findings[0].message.en


def test_a_number_reported_for_the_sake_of_the_bubbles_is_never_accepted(page_two, boxes, reading):
    torn = boxes("181", 0.9999)
    torn[2] = 0
    torn[2, [BOX_CLASSES.index("1"), BOX_CLASSES.index("7")]] = 0.55, 0.45
    result = page_two({"paslon_2": reading(torn, "187")})
    assert result.fields["paslon_2"].value == 187
    assert result.verdict is Verdict.REVIEW
    assert set(codes(result)) >= {FindingCode.UNSURE, FindingCode.SOURCES_DISAGREE}


def test_an_empty_form_is_one_finding(page_two):
    result = page_two({name: ("___", "___") for name in GOOD})
    assert result.verdict is Verdict.REVIEW
    assert codes(result) == [FindingCode.BLANK_FORM]
    assert result.findings[0].fields == tuple(GOOD)
    assert all(field.state is FieldState.BLANK and field.value is None for field in result.fields.values())


def test_empty_boxes_beside_filled_bubbles_are_no_empty_form(page_two):
    result = page_two({name: ("___", "012") for name in GOOD})
    assert FindingCode.BLANK_FORM not in codes(result)
    assert codes(result).count(FindingCode.SOURCES_DISAGREE) == 3


def test_a_form_of_zeros_is_not_an_empty_form(page_two):
    result = page_two({name: ("xxx", "000") for name in GOOD})
    assert result.verdict is Verdict.ACCEPTED
    assert all(field.state is FieldState.CROSSED and field.value == 0 for field in result.fields.values())


def test_a_page_that_lies_badly_is_not_accepted(page_two, registration):
    result = page_two(place=replace(registration, residual_mm=POLICY.max_residual_mm + 0.1))
    assert result.verdict is Verdict.REVIEW
    assert codes(result) == [FindingCode.REGISTRATION_DOUBTFUL]


def test_a_count_that_agrees_confirms_and_one_that_does_not_is_told(poster, reading, registration):
    def judge(**counts):
        rows = {name: reading(signs, tally=int(bubbles.replace("_", "0"))) for name, (signs, bubbles) in GOOD.items()}
        rows["paslon_2"] = reading(GOOD["paslon_2"][0], **counts)
        return crosscheck(poster, poster.pages["2"], rows, registration=registration, policy=POLICY)

    assert judge(tally=119, row_sums=119).verdict is Verdict.ACCEPTED
    assert judge(row_sums=119).verdict is Verdict.ACCEPTED
    assert judge(tally=119, row_sums=0).verdict is Verdict.ACCEPTED
    assert FindingCode.SOURCES_DISAGREE not in codes(judge(row_sums=0))
    result = judge(tally=118, row_sums=119)
    assert result.verdict is Verdict.REVIEW
    (finding,) = (finding for finding in result.findings if finding.code is FindingCode.SOURCES_DISAGREE)
    assert finding.fields == ("paslon_2",)
    assert "the boxes say 119, but the tally marks 118" in finding.message.en


def test_empty_boxes_beside_an_empty_grid_are_no_contradiction(poster, reading, registration):
    rows = {name: reading(one[0], one[1]) for name, one in GOOD.items()} | {"paslon_3": reading("___", "___", tally=0, row_sums=0)}
    result = crosscheck(poster, poster.pages["2"], rows, registration=registration, policy=POLICY)
    assert codes(result) == [FindingCode.FIELD_BLANK]


def test_a_stroke_over_some_of_the_boxes_is_read_as_zero_and_doubted(page_three):
    result = page_three("200", "_--", "200")
    assert (result.fields["suara_tidak_sah"].value, result.fields["suara_tidak_sah"].raw) == (0, "_--")
    assert result.verdict is Verdict.REVIEW
    assert codes(result) == [FindingCode.PARTLY_CROSSED]


def test_a_doubtful_number_is_read_as_the_sums_bear_it_out_and_stays_doubtful(poster, boxes, reading, registration):
    torn = boxes("005", 0.9999)
    torn[2] = 0
    torn[2, [BOX_CLASSES.index("5"), BOX_CLASSES.index("3")]] = 0.6, 0.4
    rows = {"suara_sah": reading("195"), "suara_tidak_sah": reading(torn), "suara_total": reading("198")}
    result = crosscheck(poster, poster.pages["3"], rows, registration=registration, policy=POLICY)
    settled = result.fields["suara_tidak_sah"]
    assert (settled.value, settled.raw, settled.probability) == (3, "003", POLICY.max_settled_probability)
    assert {check.id: check.holds for check in result.checks}["E12"] is True
    assert result.verdict is Verdict.REVIEW
    (finding,) = result.findings
    assert finding.code is FindingCode.UNSURE
    assert "The sums close with 3." in finding.message.en


def test_clear_numbers_are_reported_as_written_though_the_sum_does_not_close(page_three):
    result = page_three("195", "005", "203")
    assert [field.value for field in result.fields.values()] == [195, 5, 203]
    assert codes(result) == [FindingCode.CHECK_FAILED]


def test_a_photo_of_two_sheets_is_not_accepted(poster, reading, registration):
    rows = {name: reading(*GOOD[name]) for name in GOOD}
    other = "c-hasil-ppwp-2024 3"
    result = crosscheck(poster, poster.pages["2"], rows, registration=registration, policy=POLICY, beside=other)
    assert result.verdict is Verdict.REVIEW
    assert codes(result) == [FindingCode.ANOTHER_SHEET]


def test_a_broken_soft_rule_of_severity_info_does_not_block(form, reading, registration):
    rows = {"sah": reading("200"), "tidak_sah": reading("005"), "total": reading("205"), "dpt": reading("200", "200")}
    informed = replace(form, checks=tuple(check for check in form.checks if check.id in ("E1", "W2")))
    measured = replace(POLICY, calibrated_for=(informed.id,))
    result = crosscheck(informed, informed.pages["1"], rows, registration=registration, policy=measured)
    assert codes(result) == [FindingCode.BOUND_EXCEEDED]
    assert result.verdict is Verdict.ACCEPTED


def test_readings_of_another_page_are_a_mistake_of_the_caller(poster, reading, registration):
    for rows in ({"paslon_1": reading("123")}, {}):
        with pytest.raises(ValueError, match="not on page 3"):
            crosscheck(poster, poster.pages["3"], rows, registration=registration, policy=POLICY)


def test_numbers_outside_the_picture_are_named_and_the_others_read(poster, reading, registration):
    rows = {name: reading(*GOOD[name]) for name in GOOD if name != "paslon_3"}
    result = crosscheck(poster, poster.pages["2"], rows, registration=registration, policy=POLICY)
    assert set(result.fields) == {"paslon_1", "paslon_2"}
    assert result.verdict is Verdict.REVIEW
    outside = [finding for finding in result.findings if finding.code is FindingCode.OUTSIDE_PICTURE]
    assert [finding.fields for finding in outside] == [("paslon_3",)]
    undecided = {check.id for check in poster.checks if "paslon_3" in check.fields}
    assert undecided
    assert all(check.holds is None for check in result.checks if check.id in undecided)


def test_the_order_of_the_readings_does_not_matter(poster, reading, registration):
    rows = {name: reading(*GOOD[name]) for name in GOOD}
    backwards = dict(reversed(rows.items()))
    first, second = (crosscheck(poster, poster.pages["2"], r, registration=registration, policy=POLICY) for r in (rows, backwards))
    assert first == second
    assert list(first.fields) == list(second.fields)


sharpness = st.floats(0.2, 0.99999)
numbers = st.text(BOX_CLASSES, min_size=3, max_size=3)
marks = st.text("0123456789_s", min_size=3, max_size=3)


@settings(max_examples=200)
@given(st.lists(st.tuples(numbers, marks, sharpness, sharpness), min_size=3, max_size=3))
def test_what_is_accepted_is_clear_and_written_twice(page_two, reading, boxes, bubbles, rows):
    page = {name: reading(boxes(row, one), bubbles(mark, two)) for name, (row, mark, one, two) in zip(GOOD, rows, strict=True)}
    result = page_two(page)
    assert 0 <= result.probability <= 1 + 1e-9
    assert result.verdict is not Verdict.REFUSED
    if result.verdict is Verdict.ACCEPTED:
        for field in result.fields.values():
            assert field.value == field.sources[SourceKind.BOXES].value == field.sources[SourceKind.BUBBLES].value
            assert field.probability >= POLICY.min_field_probability
            assert field.state in (FieldState.NUMBER, FieldState.CROSSED)


@given(st.integers(0, 999), st.integers(0, 999), sharpness, sharpness)
def test_a_disagreeing_source_is_never_accepted(page_two, reading, boxes, bubbles, written, marked, one, two):
    assume(written != marked)
    result = page_two({"paslon_2": reading(boxes(f"{written:03d}", one), bubbles(f"{marked:03d}", two))})
    assert result.verdict is Verdict.REVIEW


def test_a_form_whose_sheets_were_not_measured_is_read_and_never_accepted(poster, reading, registration):
    rows = {name: reading(*GOOD[name]) for name in GOOD}
    result = crosscheck(poster, poster.pages["2"], rows, registration=registration, policy=replace(POLICY, calibrated_for=()))
    assert result.verdict is Verdict.REVIEW
    assert codes(result) == [FindingCode.FORM_NOT_CALIBRATED]
    assert {name: field.value for name, field in result.fields.items()} == {"paslon_1": 24, "paslon_2": 119, "paslon_3": 6}
