import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.forms.number_words import LARGEST_AMOUNT, number_to_words

WEIGHTS = {"puluh": 10, "ratus": 100, "ribu": 1000}
UNITS = {
    "nol": 0, "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9,
}  # fmt: skip


def value_of(words: str) -> int:
    """The amount that words say, by the grammar of Indonesian numbers and not by the code under test."""
    total, unit = 0, 0
    for word in words.split():
        if word.startswith("se") and word not in UNITS:
            unit, word = 1, word.removeprefix("se")
        if word in UNITS:
            unit = UNITS[word]
        elif word == "belas":
            total, unit = total + 10 + unit, 0
        else:
            total, unit = total + unit * WEIGHTS[word], 0
    return total + unit


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "nol"),
        (8, "delapan"),
        (10, "sepuluh"),
        (11, "sebelas"),
        (19, "sembilan belas"),
        (20, "dua puluh"),
        (54, "lima puluh empat"),
        (100, "seratus"),
        (112, "seratus dua belas"),
        (121, "seratus dua puluh satu"),
        (999, "sembilan ratus sembilan puluh sembilan"),
        (1000, "seribu"),
    ],
)
def test_amounts_are_spelled_as_on_real_sheets(value, words):
    assert number_to_words(value) == words


@given(st.integers(0, LARGEST_AMOUNT))
def test_the_words_say_the_amount(value):
    assert value_of(number_to_words(value)) == value


def test_no_two_amounts_share_their_words():
    assert len({number_to_words(value) for value in range(LARGEST_AMOUNT + 1)}) == LARGEST_AMOUNT + 1


@pytest.mark.parametrize("value", [-1, LARGEST_AMOUNT + 1])
def test_an_amount_no_form_holds_is_an_error(value):
    with pytest.raises(ValueError, match="no form holds"):
        number_to_words(value)
