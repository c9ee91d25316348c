"""Region codes of Kemendagri (2, 4, 6 or 10 signs) and the 13-sign code of a polling station that KPU makes of a village's.

A code contains that of the region above it. Signs are digits, and capital letters abroad (99AA010001). The idea: a code is text; one that
a spreadsheet has turned into a number is named as such and never guessed back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

CODE = re.compile(r"[0-9]{2}[0-9A-Z]*")
AS_NUMBER = re.compile(r"[0-9]+[.,][0-9]+([eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+")
"""What becomes of a long code in a spreadsheet: 1805082001.0, 1.80508E+12."""

VILLAGE_LENGTH, TPS_LENGTH = 10, 13

IN_NAME = re.compile(r"[0-9]{2}[0-9A-Z]{2}[0-9]{9}(?![0-9A-Za-z])")
"""A station's code at the start of a file's name: alone, or as in the public names of Sirekap, 9203011002010-20240214-131814--….jpg."""


class CodeError(ValueError):
    """A text that is no code; the message says why and what to do."""


class Level(IntEnum):
    """How far down a region is: its code has so many signs."""

    PROVINCE = 2
    REGENCY = 4
    DISTRICT = 6
    VILLAGE = 10

    @property
    def above(self) -> Level | None:
        """The level that contains this one."""
        levels = list(Level)
        place = levels.index(self)
        return levels[place - 1] if place else None


@dataclass(frozen=True, slots=True)
class TpsCode:
    """A polling station: the code of its village and its number there, from 1."""

    village: str
    number: int

    @classmethod
    def parse(cls, text: str) -> TpsCode:
        """The station of a 13-sign code.

        Raises
        ------
        CodeError
            The text is none.
        """
        code = _checked(text, (TPS_LENGTH,))
        number = code[VILLAGE_LENGTH:]
        if not number.isdecimal() or int(number) == 0:
            raise CodeError(f"{text!r} ends in {number}, which is no number of a polling station (001 to 999)")
        return cls(code[:VILLAGE_LENGTH], int(number))

    def __str__(self) -> str:
        return f"{self.village}{self.number:03d}"


def region_code(text: str) -> str:
    """A region's code without spaces around it.

    Raises
    ------
    CodeError
        The text is none.
    """
    return _checked(text, tuple(Level))


def parent_of(code: str) -> str | None:
    """The code of the region that contains a region; None above a province."""
    above = Level(len(code)).above
    return None if above is None else code[:above]


def _checked(text: str, lengths: tuple[int, ...]) -> str:
    code = text.strip()
    if AS_NUMBER.fullmatch(code):
        raise CodeError(f"{text!r} is a code that a spreadsheet turned into a number; give the column the type text and enter it again")
    if not CODE.fullmatch(code):
        raise CodeError(f"{text!r} is no code: two digits, then digits or capital letters")
    if len(code) not in lengths:
        allowed = " or ".join(map(str, lengths))
        hint = "; perhaps a zero at its start was lost" if len(code) + 1 in lengths else ""
        raise CodeError(f"{text!r} has {len(code)} signs, a code has {allowed}{hint}")
    return code


def tps_in_name(name: str) -> TpsCode | None:
    """The polling station that the name of a file begins with, if it does; its folders say nothing.

    A clock's milliseconds have thirteen digits too, so whoever asks must still see whether there is such a village.
    """
    found = IN_NAME.match(name.rsplit("/", 1)[-1])
    try:
        return TpsCode.parse(found.group()) if found else None
    except CodeError:
        return None  # thirteen digits that end in 000 are something else
