"""When is a sheet that people typed settled? The rule, apart from the database and from whoever shows it.

What the machine read and what people typed comes in; out come the numbers that are settled, those that must be typed again, and what the
sheet waits for. The rule: a number is settled by two independent readings that agree, at least one of them a person's, and a sheet when all
its numbers are and all its checks hold. What a second person cannot settle goes to a third, who sees everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.forms import Catalogue, Check
from pipeline.sheet import FieldState, Severity, Sheet
from pipeline.store.decisions import Typed
from pipeline.store.queue import Stage

DECIDED = "decided"
"""What follows when nobody need look at the sheet any more."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of a sheet after some people have typed it.

    Attributes
    ----------
    settled
        The numbers that two readings agree on.
    open
        The fields that the next person must type, in the order of the paper.
    broken
        The checks that do not hold of what is settled, or cannot be held against it.
    leads_to
        The stage that follows, or `DECIDED`.
    """

    settled: Mapping[str, Typed]
    open: tuple[str, ...]
    broken: tuple[Check, ...]
    leads_to: str


def judge(
    machine: Mapping[str, Typed],
    entries: Sequence[Mapping[str, Typed]],
    checks: Sequence[Check],
    *,
    doubted: bool = False,
    escalated: bool = False,
) -> Judgement:
    """Apply the rule.

    Parameters
    ----------
    machine
        What was read, of every field that is to be settled.
    entries
        What each person typed, first to last; a later one may have typed some of the fields only.
    checks
        The checks whose numbers all stand on the page.
    doubted
        Other documents speak against the sheet: no agreement on its numbers cures that.
    escalated
        Somebody who typed it asked for a decision.
    """
    settled = {name: value for name in machine if (value := _agreed(name, machine, entries)) is not None}
    values = {name: typed.value for name, typed in settled.items()}
    broken = tuple(check for check in checks if check.severity is not Severity.INFO and check.constraint.holds(values) is not True)
    suspicious = {name for check in broken for name in check.fields}
    unsettled = tuple(name for name in machine if name not in settled or name in suspicious)
    if not entries:
        return Judgement(settled, tuple(machine), broken, Stage.KEY)
    if escalated or (doubted and not unsettled):
        return Judgement(settled, unsettled, broken, Stage.RESOLVE)
    if unsettled:
        return Judgement(settled, unsettled, broken, Stage.KEY_AGAIN if len(entries) == 1 else Stage.RESOLVE)
    return Judgement(settled, (), broken, DECIDED)


def checks_on(sheet: Sheet, catalogue: Catalogue) -> tuple[Check, ...]:
    """The checks of its form whose numbers all stand on a sheet."""
    if sheet.form is None or sheet.form not in catalogue:
        return ()
    return tuple(check for check in catalogue[sheet.form].checks if set(check.fields) <= set(sheet.fields))


def _agreed(name: str, machine: Mapping[str, Typed], entries: Sequence[Mapping[str, Typed]]) -> Typed | None:
    """What two readings of a field, one of them a person's, agree on; that nobody can read it is nothing to agree on."""
    typed = [entry[name] for entry in entries if name in entry]
    votes = Counter(map(_meaning, [machine[name], *typed]))
    # Two pairs that contradict each other, the machine with one person and two others, are no agreement.
    best = [meaning for meaning, count in votes.most_common() if count >= 2 and meaning is not None]
    if len(best) != 1:
        return None
    return next((one for one in typed if _meaning(one) == best[0]), None)


def _meaning(typed: Typed) -> tuple[int | None] | None:
    """What counts of a number: crossed out is zero, blank is no number; illegible is none that could be compared."""
    return None if typed.state is FieldState.ILLEGIBLE else (typed.value,)
