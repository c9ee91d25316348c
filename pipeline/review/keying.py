"""Key mode: a person types what stands on the paper, and sees nothing of what the machine or anybody else read there.

A claim comes in, the fields to type go out, what was typed comes back. The idea: what leads to acceptance is two readings that do not know
of each other, so nothing here hands out a value, a probability or a sum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from pipeline.forms import Catalogue
from pipeline.review.acceptance import DECIDED, Judgement, checks_on, judge
from pipeline.review.claims import KEYING, Claim, StaleError, held, release
from pipeline.sheet import FieldState, Sheet
from pipeline.store.accounts import Account
from pipeline.store.decisions import DecisionKind, Typed, entries_of, standing_decisions, tell_decision, tell_entry
from pipeline.store.ledger import become_writer
from pipeline.store.sheets import StoredSheet, sheet_at
from pipeline.store.standing import settle

DIGITS_AT_MOST = 4
"""Signs of the largest number on a form: 9,999 voters of a polling station abroad."""

SIGNS = {"-": Typed(FieldState.BLANK, None), "*": Typed(FieldState.CROSSED, 0), "/": Typed(FieldState.ILLEGIBLE, None)}
"""What a person types for a field without digits: empty, crossed out, not readable."""


class TypingError(ValueError):
    """What was typed for some fields is no number and no sign; `fields` names them."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Task:
    """A sheet to be typed: the fields that this person is asked for, in the order of the paper."""

    claim: Claim
    stored: StoredSheet
    fields: tuple[str, ...]


def task(connection: Connection, claim: Claim, catalogue: Catalogue) -> Task:
    """What a claimed sheet asks of the person."""
    stored = sheet_at(connection, claim.reading)
    asked = set(stored.sheet.fields) if claim.known else set(judged(connection, stored, catalogue).open)
    return Task(claim, stored, tuple(name for name in in_paper_order(stored.sheet, catalogue) if name in asked))


def parse(texts: Mapping[str, str], fields: tuple[str, ...]) -> dict[str, Typed]:
    """What was typed for each of some fields.

    Raises
    ------
    TypingError
        Some have nothing or nonsense; an empty field of the paper is typed as a sign too, so that none is passed over.
    """
    typed: dict[str, Typed] = {}
    for name in fields:
        text = texts.get(name, "").strip()
        if text in SIGNS:
            typed[name] = SIGNS[text]
        elif re.fullmatch(rf"[0-9]{{1,{DIGITS_AT_MOST}}}", text):
            typed[name] = Typed(FieldState.NUMBER, int(text))
    missing = tuple(name for name in fields if name not in typed)
    if missing:
        raise TypingError(missing)
    return typed


def submit(
    connection: Connection,
    account: Account,
    claim: Claim,
    texts: Mapping[str, str],
    catalogue: Catalogue,
    *,
    now: datetime,
    escalate: bool = False,
) -> str:
    """Record what a person typed; gives what the sheet waits for after it, or `DECIDED`.

    Parameters
    ----------
    escalate
        The person asks for a decision: fields without a text count as illegible.

    Raises
    ------
    StaleError
        The claim no longer stands, or is one to decide: who may decide a sheet sees all that is known of it.
    TypingError
        Something typed is no number and no sign.
    """
    become_writer(connection)
    claim = held(connection, account, KEYING, claim.reading, claim.version, now=now)
    asked = task(connection, claim, catalogue)
    filled = {name: texts.get(name, "").strip() or "/" for name in asked.fields} if escalate else texts
    typed = parse(filled, asked.fields)
    if claim.known:
        _measure(connection, account, claim, typed, now)
        release(connection, account, claim.reading)
        return DECIDED
    judgement = judged(connection, asked.stored, catalogue, with_entry=typed, escalated=escalate)
    seconds = (now - claim.since).total_seconds()
    tell_entry(
        connection, claim.reading, account=account.name, numbers=typed, leads_to=judgement.leads_to, known=False, wrong=0, seconds=seconds
    )
    if judgement.leads_to == DECIDED:
        tell_decision(connection, claim.reading, DecisionKind.AGREED, account=None, numbers=judgement.settled)
    release(connection, account, claim.reading)
    settle(connection, asked.stored.photo)
    return judgement.leads_to


def judged(
    connection: Connection,
    stored: StoredSheet,
    catalogue: Catalogue,
    *,
    with_entry: Mapping[str, Typed] | None = None,
    escalated: bool = False,
) -> Judgement:
    """What the rule says of a sheet as it has been typed so far, and with one more entry."""
    typed = [entry.numbers for entry in entries_of(connection, stored.position)]
    if with_entry is not None:
        typed.append(with_entry)
    checks = checks_on(stored.sheet, catalogue)
    return judge(machine_reading(stored.sheet), typed, checks, doubted=stored.doubted, escalated=escalated)


def in_paper_order(sheet: Sheet, catalogue: Catalogue) -> list[str]:
    """The numbers of a sheet as they stand on the paper; those of a form that is no longer known as they come."""
    form = catalogue.forms.get(sheet.form or "")
    page = form.pages.get(sheet.page or "") if form is not None else None
    places = {name: place for place, name in enumerate(page.fields if page is not None else ())}
    return sorted(sheet.fields, key=lambda name: places.get(name, len(places)))


def machine_reading(sheet: Sheet) -> dict[str, Typed]:
    """What the machine read, in the words in which people type."""
    return {name: Typed(field.state, field.value) for name, field in sheet.fields.items()}


def _measure(connection: Connection, account: Account, claim: Claim, typed: Mapping[str, Typed], now: datetime) -> None:
    """Record how well a person typed a sheet that had been decided."""
    decision = standing_decisions(connection, [claim.reading]).get(claim.reading)
    if decision is None:  # undone meanwhile: nothing to measure by
        raise StaleError
    wrong = sum(typed[name].value != right.value for name, right in decision.numbers.items() if name in typed)
    seconds = (now - claim.since).total_seconds()
    tell_entry(
        connection, claim.reading, account=account.name, numbers=typed, leads_to=DECIDED, known=True, wrong=wrong, seconds=seconds
    )
