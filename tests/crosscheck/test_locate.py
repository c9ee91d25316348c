"""Which numbers the sums of a page point to: by hand, with an error planted in a real form, and for every number of a station."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.crosscheck import VerdictPolicy
from pipeline.crosscheck.checks import evaluate_checks
from pipeline.crosscheck.fusion import fuse_field
from pipeline.crosscheck.locate import BrokenSums, Suspect, locate, possible_values
from pipeline.forms import Check, load_catalogue, parse_check
from pipeline.sheet import Severity, Text

NAMES = ("a", "b", "c", "d", "e", "f", "p", "q")
THREE_DIGITS = dict.fromkeys(NAMES, range(1000))
catalogue = cache(load_catalogue)


def sums(*rules, severity=Severity.ERROR):
    return tuple(Check(rule, rule, Text(rule, rule), parse_check(rule, NAMES), severity) for rule in rules)


def suspects(checks, possible=THREE_DIGITS, **values):
    """For each group of broken sums the suspects and their values."""
    return [{one.name: one.value for one in group.suspects} for group in locate(checks, values, possible)]


def test_sums_that_close_leave_nothing_to_locate():
    assert locate(sums("a + b == c"), {"a": 1, "b": 2, "c": 3}, THREE_DIGITS) == ()


def test_one_broken_sum_cannot_tell_its_numbers_apart():
    assert locate(sums("a + b == c"), {"a": 100, "b": 50, "c": 155}, THREE_DIGITS) == (
        BrokenSums(("a + b == c",), (Suspect("a", 105), Suspect("b", 55), Suspect("c", 150))),
    )


def test_two_broken_sums_point_to_the_number_they_share():
    assert suspects(sums("a + b == c", "a + d == e"), a=208, b=50, c=253, d=10, e=213) == [{"a": 203}]


def test_a_number_in_both_sums_is_no_suspect_when_they_miss_by_different_amounts():
    assert suspects(sums("a + b == c", "a + d == e"), a=208, b=50, c=253, d=10, e=214) == [{}]


def test_a_sum_that_closes_clears_its_numbers():
    assert suspects(sums("a + b == c", "c + d == e"), a=100, b=50, c=155, d=5, e=160) == [{"a": 105, "b": 55}]


def test_when_sums_that_close_clear_every_number_two_are_wrong():
    assert suspects(sums("a == b", "a + c == d", "b + e == f"), a=10, b=11, c=1, d=11, e=1, f=12) == [{}]


def test_a_sum_with_a_missing_number_neither_accuses_nor_clears():
    assert suspects(sums("a + b == c", "c + d == e"), a=100, b=50, c=155, e=160) == [{"a": 105, "b": 55, "c": 150}]


def test_broken_sums_that_share_no_number_are_located_by_themselves():
    checks = sums("a + b == c", "a + d == e", "p == q")
    assert suspects(checks, a=208, b=50, c=253, d=10, e=213, p=7, q=9) == [{"a": 203}, {"p": 9, "q": 7}]


def test_broken_sums_are_one_group_when_only_a_third_joins_them():
    checks = sums("a + b == c", "d + e == f", "c == d")
    groups = locate(checks, {"a": 1, "b": 1, "c": 9, "d": 7, "e": 1, "f": 1}, THREE_DIGITS)
    assert [(set(group.checks), group.suspects) for group in groups] == [({check.id for check in checks}, ())]


def test_a_value_that_the_boxes_or_the_form_cannot_hold_is_no_explanation():
    assert suspects(sums("a + b == c"), a=5, b=50, c=20) == [{"b": 15, "c": 55}]
    assert suspects(sums("a + b == c"), THREE_DIGITS | {"c": range(55)}, a=5, b=50, c=20) == [{"b": 15}]
    assert suspects(sums("a + b == c"), a=600, b=500, c=100) == [{}]


def test_a_value_that_is_no_whole_number_is_no_explanation():
    assert suspects(sums("2 * a + b == 10"), a=3, b=3) == [{"b": 4}]
    assert suspects(sums("2 * a + b == 3 * c + 4"), a=3, b=6, c=2) == [{"a": 2, "b": 4}]


def test_bounds_and_sums_that_may_be_broken_in_good_faith_locate_nothing():
    assert locate(sums("a <= b", "a >= c"), {"a": 5, "b": 4, "c": 6}, THREE_DIGITS) == ()
    assert locate(sums("a == b", severity=Severity.WARNING), {"a": 5, "b": 4}, THREE_DIGITS) == ()
    assert suspects(sums("a + b == c", "a <= d"), a=100, b=50, c=155, d=100) == [{"a": 105, "b": 55, "c": 150}]


def test_possible_values_fit_the_boxes_and_the_form(form):
    page = form.pages["1"]
    short = replace(page, fields={**page.fields, "sah": replace(page.fields["sah"], boxes=page.fields["sah"].boxes[:2])})
    assert possible_values(form, short) == {"sah": range(100), **dict.fromkeys(("tidak_sah", "total", "dpt"), range(1000))}
    bounded = replace(form, bounds=replace(form.bounds, minimum=1, maximum=400))
    assert possible_values(bounded, page)["dpt"] == range(1, 401)


@given(st.lists(st.integers(0, 30), min_size=6, max_size=6), st.sets(st.sampled_from(range(4))))
def test_suspects_are_what_trying_every_value_finds(numbers, chosen):
    rules = ("a + b == c", "c + d == 2 * e", "a == f", "b + 3 * d == e + f")
    checks = sums(*(rules[k] for k in sorted(chosen)))
    values = dict(zip("abcdef", numbers, strict=True))
    possible = dict.fromkeys(values, range(120))
    for group in locate(checks, values, possible):
        broken = [check for check in checks if check.id in group.checks]
        tried = {
            (name, value)
            for name in values
            for value in possible[name]
            if all(check.constraint.holds({**values, name: value}) for check in checks if name in check.fields or check in broken)
        }
        assert {(one.name, one.value) for one in group.suspects} == tried


def voters_of_2019(draw):
    """Numbers of page 1 of the C1 of 2019 that add up: men and women drawn, totals made."""
    counts = st.tuples(st.integers(0, 150), st.integers(0, 150))
    rows = ("pemilih_dpt", "pemilih_dptb", "pemilih_dpk", "pengguna_dpt", "pengguna_dptb", "pengguna_non_dpt", "disabilitas",
            "disabilitas_terdaftar")
    values = {f"{row}_{who}": count for row in rows for who, count in zip("lp", draw(counts), strict=True)}
    for who in "lp":
        values[f"pemilih_total_{who}"] = sum(values[f"{row}_{who}"] for row in ("pemilih_dpt", "pemilih_dptb", "pemilih_dpk"))
        values[f"pengguna_total_{who}"] = sum(values[f"{row}_{who}"] for row in ("pengguna_dpt", "pengguna_dptb", "pengguna_non_dpt"))
    values |= {f"{row}_j": values[f"{row}_l"] + values[f"{row}_p"] for row in (*rows, "pemilih_total", "pengguna_total")}
    used, spoilt, left = values["pengguna_total_j"], draw(st.integers(0, 9)), draw(st.integers(0, 90))
    return values | {
        "surat_suara_digunakan": used, "surat_suara_rusak": spoilt, "surat_suara_sisa": left,
        "surat_suara_diterima": used + spoilt + left,
    }


def votes_of_2024(draw):
    valid, invalid = draw(st.integers(0, 500)), draw(st.integers(0, 499))
    return {"suara_sah": valid, "suara_tidak_sah": invalid, "suara_total": valid + invalid}


REAL_PAGES = [("c1-ppwp-2019", "1", voters_of_2019), ("c-hasil-ppwp-2024", "3", votes_of_2024)]


def on_page(form, page):
    return [check for check in form.checks if set(check.fields) <= set(page.fields)]


@pytest.mark.parametrize(("name", "number", "numbers"), REAL_PAGES, ids=[name for name, *_ in REAL_PAGES])
@given(data=st.data())
def test_a_single_error_is_always_among_the_suspects_with_its_true_value(name, number, numbers, data):
    form = catalogue()[name]
    page = form.pages[number]
    truth = numbers(data.draw)
    wrong = data.draw(st.sampled_from(sorted(truth)))
    written = truth | {wrong: data.draw(st.integers(0, 999).filter(lambda value: value != truth[wrong]))}
    missing = data.draw(st.sets(st.sampled_from(sorted(set(truth) - {wrong})), max_size=2))
    known = {field: value for field, value in written.items() if field not in missing}
    groups = locate(on_page(form, page), known, possible_values(form, page))
    assert len(groups) <= 1
    for group in groups:
        assert Suspect(wrong, truth[wrong]) in group.suspects
    assert groups or missing


USERS = tuple(f"pengguna_{row}_{who}" for row in ("dpt", "dptb", "non_dpt", "total") for who in "lpj")
REGISTERED = ("pemilih_dpt_l", "pemilih_dpt_p", "pemilih_dpt_j")
BALLOTS = ("surat_suara_diterima", "surat_suara_rusak", "surat_suara_sisa")
USED = "surat_suara_digunakan"
DISABLED = ("disabilitas_l", "disabilitas_p", "disabilitas_j")
VOTES = ("suara_sah", "suara_tidak_sah", "suara_total")
CANDIDATES = ("paslon_1", "paslon_2", "paslon_3")


def alone(*names):
    return [(name, {name}) for name in names]


def together(*names):
    return [(name, set(names)) for name in names]


STATION_OF_2024 = (
    dict(zip(REGISTERED, (120, 130, 250), strict=True))
    | dict(zip(USERS, (100, 110, 210, 11, 12, 23, 13, 14, 27, 124, 136, 260), strict=True))
    | dict(zip((*BALLOTS, USED), (280, 8, 12, 260), strict=True))
    | dict(zip(DISABLED, (6, 7, 13), strict=True))
    | dict(zip((*CANDIDATES, *VOTES), (100, 80, 50, 230, 30, 260), strict=True))
)
"""Numbers that add up, none so small that taking five from it would be impossible."""

# All pages of a station together locate the most; a page by itself carries only a part of the sums.
LOCATED = {
    "station": [
        *alone(*USERS, USED, *VOTES), *together(*REGISTERED), *together(*BALLOTS), *together(*DISABLED), *together(*CANDIDATES)
    ],
    "1": [*alone(*USERS), *together(*REGISTERED), *together(*BALLOTS, USED), *together(*DISABLED)],
    "2": [(name, None) for name in CANDIDATES],
    "3": together(*VOTES),
}


@pytest.mark.parametrize(("place", "wrong", "expected"), [(place, *row) for place, rows in LOCATED.items() for row in rows])
def test_what_arithmetic_can_and_cannot_locate_on_the_poster_of_2024(place, wrong, expected):
    form = catalogue()["c-hasil-ppwp-2024"]
    pages = form.pages.values() if place == "station" else [form.pages[place]]
    possible = {name: values for page in pages for name, values in possible_values(form, page).items()}
    written = {name: STATION_OF_2024[name] for name in possible} | {wrong: STATION_OF_2024[wrong] + 5}
    groups = locate(form.checks, written, possible)
    assert [{one.name for one in group.suspects} for group in groups] == ([] if expected is None else [expected])


STATION_OF_2019 = {
    f"{row}_{who}": number
    for row in ("pemilih_dpt", "pemilih_total", "pengguna_dpt", "pengguna_total")
    for who, number in (("l", 90), ("p", 100), ("j", 190))
} | {USED: 190, "surat_suara_sisa": 14, "surat_suara_diterima": 204}
"""The numbers of page 1 that are not zero."""


def test_on_the_c1_of_2019_the_ballots_used_are_located_by_the_voters():
    form = catalogue()["c1-ppwp-2019"]
    page = form.pages["1"]
    truth = dict.fromkeys(page.fields, 0) | STATION_OF_2019
    (group,) = locate(on_page(form, page), truth | {USED: 170}, possible_values(form, page))
    assert group.suspects == (Suspect(USED, 190),)


@pytest.fixture(scope="module")
def sentences(reading):
    """The sentence of each broken sum of page 1 of 2019, a station of 190 voters with some numbers changed."""

    def say(**changes):
        form = catalogue()["c1-ppwp-2019"]
        page = form.pages["1"]
        values = dict.fromkeys(page.fields, 0) | STATION_OF_2019 | changes
        fields = {name: fuse_field(reading(f"{value:03d}"), VerdictPolicy()).field for name, value in values.items()}
        found = {outcome.check.id: outcome.finding for outcome in evaluate_checks(form, page, fields)}
        return {name: finding.message for name, finding in found.items() if finding is not None and name.startswith("E")}

    return say


def test_the_finding_names_the_only_suspect_and_the_value_that_closes_its_sums(sentences):
    said = sentences(pengguna_dpt_l=98)
    assert list(said) == ["E02", "E06"]
    for sentence in said.values():
        assert (
            "Jika hanya satu angka yang salah di sini, itu Pengguna hak pilih dalam DPT, laki-laki: dengan 90 semua penjumlahannya cocok."
            in sentence.id
        )
        assert (
            "If only one number is wrong here, it is Voters who voted from the permanent list (DPT), men: "
            "with 90 every sum it stands in closes."
            in sentence.en
        )
        assert sentence.id.endswith("cocok. Bandingkan angka-angka ini dengan foto.")


def test_the_finding_lists_the_suspects_that_the_sums_cannot_tell_apart(sentences):
    said = sentences(surat_suara_diterima=206)
    assert list(said) == ["E09"]
    assert (
        "Penjumlahan tidak dapat menunjukkan mana yang salah: Surat suara diterima, atau Surat suara rusak atau keliru coblos, "
        "atau Surat suara tidak digunakan." in said["E09"].id
    )
    assert "The sums cannot tell which one is wrong: Ballots received, or Ballots returned spoilt, or Ballots left over." in said["E09"].en


def test_the_finding_says_when_two_numbers_are_wrong_at_least(sentences):
    said = sentences(pengguna_dpt_l=98, pengguna_non_dpt_p=3)
    assert list(said) == ["E02", "E04", "E06", "E07"]
    for sentence in said.values():
        assert "paling sedikit dua angka salah." in sentence.id
        assert "No single number explains all the sums here that do not close: at least two numbers are wrong." in sentence.en


def test_each_group_of_broken_sums_has_its_own_sentence(sentences):
    said = sentences(pengguna_dpt_l=98, surat_suara_diterima=206)
    assert "itu Pengguna hak pilih dalam DPT, laki-laki" in said["E02"].id
    assert "tidak dapat menunjukkan" in said["E09"].id


def test_of_many_suspects_the_finding_names_four(reading):
    form = catalogue()["c1-plano-dpr-2019"]
    page = form.pages["2"]
    values = dict.fromkeys(page.fields, 10) | {"jumlah": 115}
    fields = {name: fuse_field(reading(f"{value:03d}"), VerdictPolicy()).field for name, value in values.items()}
    (message,) = [outcome.finding.message for outcome in evaluate_checks(form, page, fields) if outcome.check.id == "E15"]
    labels = [field.label.en for field in page.fields.values()]
    assert f"which one is wrong: {', or '.join(labels[:4])}, or 8 more." in message.en
    assert ", atau 8 lainnya." in message.id
