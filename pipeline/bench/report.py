"""The accuracy of a run as it is printed: one table of sets, one of signs, and every failure on a line of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd
from rich.table import Table

from pipeline.bench.calibration import Calibration
from pipeline.bench.figures import SUREST, Figures, Share, figures_of, noticed, reasons_for_review
from pipeline.bench.judging import CorrectionOutcome, NumberOutcome, Outcome, Place
from pipeline.crosscheck import VerdictPolicy
from pipeline.intervals import interval, upper_bound
from pipeline.recognition.bubbles import NONE, SEVERAL
from pipeline.sheet import BOX_CLASSES, rounded

ALL = "all"


def set_table(outcomes: Sequence[Outcome]) -> Table:
    """A column a set of known forms and one for all of them, a row a figure."""
    figures = {name: figures_of(some) for name, some in _by_set(outcomes).items()}
    table = Table(title="Accuracy (95 % intervals of Clopper and Pearson; bounds are one-sided)", title_justify="left")
    table.add_column("")
    for name in figures:
        table.add_column(name, justify="right")
    for title, row in _ROWS:
        table.add_row(title, *(row(one) for one in figures.values()))
    return table


def sign_table(outcomes: Sequence[Outcome]) -> Table:
    """A column a sign, a row a set: boxes read as what stands in them."""
    table = Table(title="Boxes right, by the sign on the paper (x crossed, - dash, _ empty)", title_justify="left")
    table.add_column("")
    for sign in BOX_CLASSES:
        table.add_column(sign, justify="right")
    for name, some in _by_set(outcomes).items():
        boxes = figures_of(some).boxes
        table.add_row(name, *(f"{share.part}/{share.all}" if share.all else "" for share in boxes.values()))
    return table


def other_forms(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line a set about its sheets of forms that are not in the catalogue: all must be refused."""
    strangers = [outcome for outcome in outcomes if not outcome.known]
    for name in sorted({outcome.truth.set for outcome in strangers}):
        some = [outcome for outcome in strangers if outcome.truth.set == name]
        read = sum(outcome.place is not Place.REFUSED for outcome in some)
        yield f"{name}: {len(some)} sheets of forms not in the catalogue, {len(some) - read} refused, {read} wrongly read as a known form"


def failures(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Everything that went wrong, the gravest first, a line each; and what was accepted though a careful system would not have."""
    lines = [line for outcome in outcomes for line in _failures(outcome)]
    for _, kind, image, text in sorted(lines):
        yield f"{kind}: {image} {text}"


def review_reasons(outcomes: Sequence[Outcome]) -> str:
    """Why clear sheets that were read right were not accepted."""
    reasons = reasons_for_review(outcome for outcome in outcomes if outcome.known)
    listed = ", ".join(f"{code} {count}" for code, count in reasons.most_common())
    return f"Clear sheets read right but left for review, by doubt: {listed or 'none'}"


def writing_table(table: pd.DataFrame) -> Table:
    """What each writing of a number gets right by itself, set by set; see `writings.accuracy_table`."""
    shown = Table(title="Numbers right by each writing, 95 % intervals, log loss in nats", title_justify="left")
    for title in ("set", "writing", "right", "log loss", "wrong at >= 0.99", "wrong of surest 95 %"):
        shown.add_column(title, justify="left" if title in ("set", "writing") else "right")
    for row in table.itertuples():
        right = f"{row.right}/{row.numbers} = {100 * row.share:.2f} % [{100 * row.low:.1f}, {100 * row.high:.1f}]"
        sure = f"{row.surest_wrong}/{row.surest}"
        shown.add_row(row.set, row.source, right, f"{row.log_loss:.4f}", sure, str(row.surest_95_wrong))
    return shown


def joint_error_table(joint: pd.DataFrame) -> Table:
    """Pairs of writings that are wrong together; see `writings.joint_errors`."""
    shown = Table(title="Writings of one number that are both wrong: seen, and expected if they erred independently", title_justify="left")
    for title in ("writings", "numbers", "wrong", "both wrong", "expected", "both the same wrong number"):
        shown.add_column(title, justify="left" if title == "writings" else "right")
    for row in joint.itertuples():
        wrong = f"{row.one_wrong}, {row.other_wrong}"
        shown.add_row(f"{row.one}, {row.other}", str(row.numbers), wrong, str(row.both_wrong), f"{row.expected:.1f}", str(row.same))
    return shown


def correction_table(outcomes: Sequence[Outcome]) -> Table:
    """Corrected boxes that are noticed when so many of the clean ones are flagged, by the boxes alone and beside their bubbles."""
    table = Table(title="Corrected boxes noticed, by the share of clean boxes flagged", title_justify="left")
    for title in ("set", "by", *(f"{share:.1%}" for share in _FLAGGED), "above threshold", "clean above it"):
        table.add_column(title, justify="left" if title in ("set", "by") else "right")
    limit = VerdictPolicy().max_corrected
    for name, some in _by_set(outcomes).items():
        boxes = [box for outcome in some for box in outcome.corrections]
        if not any(box.corrected for box in boxes):
            continue
        for by, stated in _STATED.items():
            shares = (noticed(boxes, stated, flagged=share) for share in _FLAGGED)
            over = [Share.of(stated(box) > limit for box in boxes if box.corrected is kind) for kind in (True, False)]
            table.add_row(name, by, *(f"{share.part}/{share.all}" for share in shares), *(f"{one.part}/{one.all}" for one in over))
    return table


_FLAGGED = (0.003, 0.005, 0.01, 0.02, 0.05)

_STATED: Mapping[str, Callable[[CorrectionOutcome], float]] = {
    "boxes alone": lambda box: box.alone, "beside bubbles": lambda box: box.beside_bubbles,
}


def calibration_table(found: Calibration) -> Table:
    """A row a fold: the thresholds chosen without it and what they did on it; then all folds together, and the choice on all sheets."""
    table = Table(title="Thresholds chosen on four folds, tried on the fifth", title_justify="left")
    for title in ("fold", *found.chosen, *_CHOSEN):
        table.add_column(title, justify="right")
    for one in found.folds:
        table.add_row(str(one.fold), *_levels(one.thresholds), *_chosen(one.outcomes))
    together = [outcome for one in found.folds for outcome in one.outcomes]
    table.add_row(ALL, *("" for _ in found.chosen), *_chosen(together))
    table.add_row("chosen on all", *_levels(found.chosen))
    return table


_CHOSEN = ("accepted of clear", "wrong accepted", "accepted, not clear")


def _chosen(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """The cells under `_CHOSEN`."""
    figures = figures_of(outcomes)
    return _percent(figures.accepted_clear), _bounded(figures.wrong_accepted), str(figures.accepted.part - figures.accepted_clear.part)


def _levels(thresholds: Mapping[str, float]) -> Iterator[str]:
    return (f"{value:g}" for value in thresholds.values())


def _by_set(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    sets: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.known:
            sets[outcome.truth.set].append(outcome)
    named = dict(sorted(sets.items()))
    return named if len(named) < 2 else named | {ALL: [outcome for some in named.values() for outcome in some]}


def _failures(outcome: Outcome) -> Iterator[tuple[int, str, str, str]]:
    image, sheet = outcome.truth.image, outcome.sheet
    if not outcome.known:
        if outcome.place is not Place.REFUSED:
            yield 0, "READ AS A KNOWN FORM", image, f"as {sheet.form} page {sheet.page}, {sheet.verdict}"
        return
    if sheet.refusal is not None:
        yield 4, "refused", image, f"{sheet.refusal.code}: {sheet.refusal.detail}"
    if outcome.place is Place.WRONG:
        yield 1, "WRONG PAGE", image, f"as {sheet.form} page {sheet.page}, {sheet.verdict}"
    kind = (2, "WRONG ACCEPTED") if outcome.wrong_accepted else (3, "wrong")
    for number in outcome.wrong:
        yield *kind, image, _compared(number, nothing="empty")
    for number in outcome.unsure if outcome.wrong_accepted else ():
        yield *kind, image, f"{_compared(number, nothing='illegible')}, which a person could not tell from the ink"
    if outcome.accepted and not outcome.wrong_accepted and not outcome.truth.clear:
        yield 5, "accepted, to look at", image, ", ".join(outcome.truth.must_review)
    for column in outcome.columns:
        if not column.right:
            states = f"{_bubble(column.truth)}, read {_bubble(column.read)}"
            yield 6, "bubble column", image, f"{column.field} column {column.column + 1} is {states}"


def _compared(number: NumberOutcome, *, nothing: str) -> str:
    """A number as written and as read; `nothing` says what a truth of None means."""
    written = nothing if number.truth is None else number.truth
    if number.read is None:
        return f"{number.field} is {written}, not on the page that was found"
    read = "nothing" if number.read.value is None else number.read.value
    how = f"{number.read.state}, boxes {number.read.raw}, p {rounded(number.read.probability):.6f}"
    return f"{number.field} is {written}, read {read} ({how})"


def _bubble(state: int) -> str:
    return {NONE: "none", SEVERAL: "several"}.get(state, str(state))


def _percent(share: Share) -> str:
    if not share.all:
        return "-"
    low, high = interval(share.part, share.all)
    return f"{share.part}/{share.all} = {100 * share.part / share.all:.2f} %\n[{100 * low:.2f}, {100 * high:.2f}]"


def _bounded(share: Share) -> str:
    return f"{share.part}/{share.all}\nat most {100 * upper_bound(share.part, share.all):.2f} %"


def _boxes(figures: Figures) -> Share:
    return Share(sum(share.part for share in figures.boxes.values()), sum(share.all for share in figures.boxes.values()))


def _surest(figures: Figures, *, level: float) -> str:
    return _bounded(figures.wrong_surest[level])


_ROWS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("sheets", lambda one: str(one.sheets)),
    ("refused", lambda one: str(one.refused)),
    ("wrong page", lambda one: str(one.wrong_page)),
    ("right page", lambda one: _percent(one.right_page)),
    ("numbers right, not refused", lambda one: _percent(one.numbers)),
    ("accepted", lambda one: _percent(one.accepted)),
    ("accepted of clear", lambda one: _percent(one.accepted_clear)),
    ("wrong accepted", lambda one: _bounded(one.wrong_accepted)),
    ("boxes right", lambda one: _percent(_boxes(one))),
    ("bubble columns right", lambda one: _percent(one.columns)),
    *((f"wrong at stated p >= {level}", partial(_surest, level=level)) for level in SUREST),
)
