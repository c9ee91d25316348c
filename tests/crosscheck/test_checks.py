"""Rules of the form held against the numbers of a page."""

from __future__ import annotations

import pytest

from pipeline.crosscheck import VerdictPolicy
from pipeline.crosscheck.checks import evaluate_checks
from pipeline.crosscheck.fusion import fuse_field
from pipeline.sheet import FindingCode, Severity


@pytest.fixture(scope="module")
def outcomes(form, reading):
    def evaluate(**signs):
        page = form.pages["1"]
        fields = {name: fuse_field(reading(signs[name]), VerdictPolicy()).field for name in page.fields}
        return {outcome.check.id: outcome for outcome in evaluate_checks(form, page, fields)}

    return evaluate


def test_only_rules_of_this_page_are_reported(outcomes):
    assert list(outcomes(sah="200", tidak_sah="xx5", total="205", dpt="250")) == ["E1", "B1", "B2", "W1", "W2"]


def test_numbers_that_add_up_give_no_finding(outcomes):
    found = outcomes(sah="200", tidak_sah="xx5", total="205", dpt="250")
    assert all(outcome.result.holds is True and outcome.finding is None for outcome in found.values())


def test_a_sum_that_does_not_close_says_so_with_its_numbers(outcomes):
    finding = outcomes(sah="427", tidak_sah="003", total="431", dpt="500")["E1"].finding
    assert (finding.code, finding.severity, finding.fields) == (FindingCode.CHECK_FAILED, Severity.ERROR, ("sah", "tidak_sah", "total"))
    assert finding.message.id.startswith("Suara sah 427 + Tidak sah 3 = 430, tertulis Seluruh suara 431 (selisih 1).")
    assert finding.message.en.startswith("Valid 427 + Invalid 3 = 430, but All votes 431 is written (difference 1).")


def test_a_bound_says_by_how_much_it_is_exceeded(outcomes):
    found = outcomes(sah="200", tidak_sah="xx5", total="205", dpt="200")
    assert found["B1"].finding.code is FindingCode.BOUND_EXCEEDED
    assert found["B1"].finding.message.id.startswith("Seluruh suara 205 melebihi DPT 200 (lebih 5).")
    assert found["B1"].finding.message.en.startswith("All votes 205 is more than Voters 200 (5 too many).")


def test_a_bound_against_a_constant_names_it(outcomes):
    found = outcomes(sah="200", tidak_sah="xx5", total="205", dpt="320")
    assert found["W1"].finding.severity is Severity.WARNING
    assert found["W1"].finding.message.id.startswith("DPT 320 melebihi 300 (lebih 20).")


def test_a_lower_bound_is_said_the_other_way_round(outcomes):
    found = outcomes(sah="xxx", tidak_sah="xxx", total="xxx", dpt="xxx")
    assert found["B2"].finding.message.id.startswith("1 melebihi DPT 0 (lebih 1).")


def test_a_rule_with_percentages_keeps_its_own_sentence(outcomes):
    found = outcomes(sah="200", tidak_sah="xx5", total="205", dpt="200")
    assert found["W2"].finding.severity is Severity.INFO
    assert found["W2"].finding.message.id.startswith("Aturan W2. Tertulis: Seluruh suara 205, DPT 200.")


def test_crossed_out_counts_as_zero(outcomes):
    assert outcomes(sah="200", tidak_sah="xxx", total="200", dpt="250")["E1"].result.holds is True


@pytest.mark.parametrize("missing", ["___", "8_3"])
def test_a_missing_number_leaves_the_rule_undecided(outcomes, missing):
    outcome = outcomes(sah="200", tidak_sah=missing, total="205", dpt="250")["E1"]
    assert outcome.result.holds is None
    assert outcome.finding is None


def test_only_a_closing_sum_confirms(outcomes):
    closing = outcomes(sah="200", tidak_sah="xx5", total="205", dpt="250")
    broken = outcomes(sah="200", tidak_sah="xx5", total="206", dpt="250")
    assert closing["E1"].confirms("sah")
    assert not closing["E1"].confirms("dpt")
    assert not closing["B1"].confirms("dpt")
    assert not broken["E1"].confirms("sah")
