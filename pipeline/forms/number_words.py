"""Amounts in Indonesian words, as an officer writes them beside the boxes: 112 is *seratus dua belas*."""

from __future__ import annotations

LARGEST_AMOUNT = 9999
"""The largest number a form holds: four boxes, for voters abroad and in the noken districts."""

_UNITS = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas")


def number_to_words(value: int) -> str:
    """The amount in lower-case Indonesian words, single spaces.

    Parameters
    ----------
    value
        0 to 9999.

    Raises
    ------
    ValueError
        When the value lies outside that range.
    """
    if not 0 <= value <= LARGEST_AMOUNT:
        raise ValueError(f"no form holds the amount {value}: it must lie within 0 and {LARGEST_AMOUNT}")
    return " ".join(_words(value)) or _UNITS[0]


def _words(value: int) -> list[str]:
    if value == 0:
        return []
    if value < len(_UNITS):
        return [_UNITS[value]]
    if value < 20:
        return [_UNITS[value - 10], "belas"]
    for size, name in ((1000, "ribu"), (100, "ratus"), (10, "puluh")):
        count, rest = divmod(value, size)
        if count == 1:
            return [f"se{name}", *_words(rest)]
        if count:
            return [_UNITS[count], name, *_words(rest)]
    raise AssertionError("every value above nineteen has tens, hundreds or thousands")
