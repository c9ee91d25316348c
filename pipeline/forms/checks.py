"""The small closed grammar of a form's checks, parsed by hand into linear constraints.

    check = sum relation sum          relation = "==" | "<=" | ">="
    sum   = ["-"] term { ("+" | "-") term }
    term  = [integer "*"] part | integer
    part  = field | "sum(" pattern { "," pattern } ")"

A pattern is a field id in which `*` stands for any letters, digits and underscores; it is only allowed inside `sum(...)` and expands
over the numbers of the form. Nothing is ever evaluated: what does not fit the grammar is an error that names the place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.forms.model import LinearConstraint, Relation

_TOKEN = re.compile(r"(?P<integer>[0-9]+)|(?P<name>[a-z_][a-z0-9_]*(?:\*[a-z0-9_]*)*)|(?P<relation>==|<=|>=)|(?P<sign>[-+*(),])")
LONGEST_INTEGER = 9
"""Digits of a number in a check: a nation has as many voters."""

_SPACE = re.compile(r"\s*")


class CheckError(ValueError):
    """An expression outside the grammar, or one that names a number the form does not have."""

    def __init__(self, expression: str, position: int, problem: str) -> None:
        super().__init__(f"{problem} at position {position + 1} of {expression!r}")
        self.expression = expression
        self.position = position
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


def parse_check(expression: str, fields: Sequence[str]) -> LinearConstraint:
    """Turn an expression over these field ids into a constraint.

    Parameters
    ----------
    expression
        For example `sum(paslon_*) == suara_sah`.
    fields
        Every field id of the form; coefficients come out in this order.

    Raises
    ------
    CheckError
        With the position of the first thing that is wrong.
    """
    return _Parser(expression, fields).check()


class _Parser:
    def __init__(self, expression: str, fields: Sequence[str]) -> None:
        self.expression = expression
        self.fields = fields
        self.tokens = list(_tokens(expression))
        self.next = 0
        self.coefficients: dict[str, int] = {}
        self.constant = 0

    def check(self) -> LinearConstraint:
        self.sum(1)
        relation = self.take("relation", "==, <= or >=")
        self.sum(-1)
        rest = self.tokens[self.next]
        if rest.kind != "end":
            raise self.error(rest, f"unexpected {rest.text!r}")
        coefficients = {name: self.coefficients[name] for name in self.fields if self.coefficients.get(name)}
        if not coefficients:
            raise self.error(relation, "nothing is left to check, both sides are the same")
        return LinearConstraint(coefficients, Relation(relation.text), -self.constant)

    def sum(self, side: int) -> None:
        sign = -1 if self.accept("-") else 1
        self.term(side * sign)
        while self.peek() in ("+", "-"):
            sign = -1 if self.tokens[self.next].text == "-" else 1
            self.next += 1
            self.term(side * sign)

    def term(self, factor: int) -> None:
        token = self.tokens[self.next]
        if token.kind == "integer":
            self.next += 1
            if not self.accept("*"):
                self.constant += factor * int(token.text)
                return
            factor *= int(token.text)
        name = self.take("name", "a field, a number or sum(...)")
        if name.text == "sum" and self.accept("("):
            self.add(factor, self.pattern())
            while self.accept(","):
                self.add(factor, self.pattern())
            self.take("sign", ")", text=")")
        elif "*" in name.text:
            raise self.error(name, f"{name.text!r} stands for several fields and belongs inside sum(...)")
        else:
            self.add(factor, self.matching(name))

    def pattern(self) -> list[str]:
        return self.matching(self.take("name", "a field or a pattern"))

    def matching(self, name: _Token) -> list[str]:
        found = [field for field in self.fields if _stands_for(name.text, field)]
        if not found:
            raise self.error(name, f"unknown field {name.text!r}")
        return found

    def add(self, factor: int, names: Sequence[str]) -> None:
        for name in names:
            self.coefficients[name] = self.coefficients.get(name, 0) + factor

    def peek(self) -> str:
        return self.tokens[self.next].text

    def accept(self, sign: str) -> bool:
        found = self.peek() == sign
        self.next += found
        return found

    def take(self, kind: str, expected: str, *, text: str | None = None) -> _Token:
        token = self.tokens[self.next]
        if token.kind != kind or (text is not None and token.text != text):
            raise self.error(token, f"expected {expected}, found {token.text or 'the end'!r}")
        self.next += 1
        return token

    def error(self, token: _Token, problem: str) -> CheckError:
        return CheckError(self.expression, token.position, problem)


def _stands_for(pattern: str, field: str) -> bool:
    """Whether a pattern stands for a field. As a regular expression, many `*` in a row would take years."""
    first, *rest = pattern.split("*")
    if not rest:
        return field == first
    *within, last = rest
    place = len(first)
    for piece in within:
        found = field.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return field.startswith(first) and field.endswith(last) and place + len(last) <= len(field)


def _tokens(expression: str) -> list[_Token]:
    tokens = []
    position = _end_of_space(expression, 0)
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None or match.lastgroup is None:
            raise CheckError(expression, position, f"unexpected {expression[position]!r}")
        if match.lastgroup == "integer" and len(match.group()) > LONGEST_INTEGER:
            raise CheckError(expression, position, f"a number of more than {LONGEST_INTEGER} digits")
        tokens.append(_Token(match.lastgroup, match.group(), position))
        position = _end_of_space(expression, match.end())
    tokens.append(_Token("end", "", len(expression)))
    return tokens


def _end_of_space(expression: str, position: int) -> int:
    match = _SPACE.match(expression, position)
    return match.end() if match else position
