"""From the signs in a row of boxes, or the bubbles in a row of columns, to a distribution over what the row says.

Every combination of signs has exactly one meaning (a number, crossed out, blank, or nothing that can be read), and the probability
of a meaning is the exact sum over its combinations, so nothing is lost by deciding box by box. Leading X, dash, blank and 0 are
fillers. After a digit an X or dash is read as zero and a blank ends the number; both are kept as read, and `has_filler_after_digit`
tells that a person should look. So it does for a row of strokes and blanks without a digit (`is_partly_crossed`): one stroke over several
boxes misses some of them, and people took all six such rows of the development sheets for zero, none of them for sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.crosscheck.reading import BUBBLE_NONE
from pipeline.sheet import BOX_CLASSES, FieldState, ValueProbability

_BLANK = BOX_CLASSES.index("_")


@dataclass(frozen=True, slots=True, eq=False)
class RowPosterior:
    """What a row of boxes says: a probability for each meaning; all of them sum to one.

    Attributes
    ----------
    numbers
        (10^n,) float64, probability that a number stands there and that it is the index.
    crossed, blank, illegible
        Probability that the row is crossed out (X, dash, and maybe empty boxes), that all boxes are empty, that no number can be read.
    """

    numbers: NDArray[np.float64]
    crossed: float
    blank: float
    illegible: float

    def of_value(self, value: int | None) -> float:
        """Probability of a value, whatever its state: zero may be written or crossed, no value may be blank or illegible."""
        if value is None:
            return self.blank + self.illegible
        if value >= len(self.numbers):
            return 0.0
        return float(self.numbers[value]) + (self.crossed if value == 0 else 0.0)

    def of(self, state: FieldState, value: int | None) -> float:
        """Probability of a value in one state."""
        if state is FieldState.NUMBER:
            return 0.0 if value is None or value >= len(self.numbers) else float(self.numbers[value])
        return {FieldState.CROSSED: self.crossed, FieldState.BLANK: self.blank, FieldState.ILLEGIBLE: self.illegible}[state]

    def best(self) -> tuple[FieldState, int | None]:
        """The most probable value, then its most probable state."""
        number = self.best_number()
        outcomes = (self.of_value(number), self.blank, self.illegible)
        if outcomes[0] >= max(outcomes):
            return self.state_of(number), number
        return (FieldState.BLANK, None) if self.blank >= self.illegible else (FieldState.ILLEGIBLE, None)

    def best_number(self) -> int:
        """The most probable number, were there one."""
        values = self.numbers.copy()
        values[0] += self.crossed
        return int(values.argmax())

    def state_of(self, value: int) -> FieldState:
        """How `value` most probably was written."""
        crossed = value == 0 and self.crossed > float(self.numbers[0])
        return FieldState.CROSSED if crossed else FieldState.NUMBER

    def alternatives(self, count: int) -> tuple[ValueProbability, ...]:
        """The `count` best values that are possible at all, best first, equal ones in ascending order, no value last."""
        values = self.numbers.copy()
        values[0] += self.crossed
        ordered: list[int | None] = [int(value) for value in np.argsort(-values, kind="stable")[:count] if values[value] > 0]
        if self.of_value(None) > 0:
            ordered.append(None)
        ordered.sort(key=lambda value: -self.of_value(value))
        return tuple(ValueProbability(value, self.of_value(value)) for value in ordered[:count])


@dataclass(frozen=True, slots=True, eq=False)
class BubblePosterior:
    """What the bubbles of a number say; all probabilities sum to one.

    Attributes
    ----------
    numbers
        (10^columns,) float64, probability that the bubbles mark the index.
    blank
        Probability that no bubble is filled at all.
    unclear
        Probability that a column has several filled bubbles, or none behind a filled one.
    """

    numbers: NDArray[np.float64]
    blank: float
    unclear: float

    def best(self) -> ValueProbability:
        """The marked number, or None when nothing or nothing clear is marked; then the probability is that of having no number."""
        number = int(self.numbers.argmax())
        probability = float(self.numbers[number])
        nothing = self.blank + self.unclear
        return ValueProbability(number, probability) if probability >= nothing else ValueProbability(None, nothing)


def row_posterior(boxes: NDArray[np.float64], illegible: NDArray[np.float64]) -> RowPosterior:
    """Exact distribution over what a row of boxes says.

    Parameters
    ----------
    boxes
        (n, 13) float64, distributions over `BOX_CLASSES`.
    illegible
        (n,) float64, probability that a box shows no sign that can be read; one such box leaves the number unread.
    """
    count = len(boxes)
    legible = float(np.prod(1 - illegible))
    masses = legible * np.bincount(_meanings(count), weights=_joint(boxes), minlength=10**count + 3).astype(np.float64)
    crossed, blank, unreadable = (float(mass) for mass in masses[-3:])
    return RowPosterior(numbers=masses[:-3], crossed=crossed, blank=blank, illegible=unreadable + 1 - legible)


def most_probable_signs(boxes: NDArray[np.float64], state: FieldState, value: int | None) -> str:
    """The most probable signs among those that mean `value` in `state`; for an illegible row, the most probable sign of each box.

    Parameters
    ----------
    boxes
        (n, 13) float64, distributions over `BOX_CLASSES`.
    """
    count = len(boxes)
    if state is FieldState.ILLEGIBLE:
        return "".join(BOX_CLASSES[k] for k in boxes.argmax(axis=1))
    meaning = {FieldState.CROSSED: 10**count, FieldState.BLANK: 10**count + 1}.get(state, value)
    combination = int(np.where(_meanings(count) == meaning, _joint(boxes), -1.0).argmax())
    return "".join(BOX_CLASSES[k] for k in np.unravel_index(combination, (len(BOX_CLASSES),) * count))


def meaning_of(raw: str) -> tuple[FieldState, int | None]:
    """State and value of the signs in a row of boxes; a ? makes it illegible."""
    if "?" in raw:
        return FieldState.ILLEGIBLE, None
    count = len(raw)
    combination = np.ravel_multi_index(tuple(BOX_CLASSES.index(sign) for sign in raw), (len(BOX_CLASSES),) * count)
    meaning = int(_meanings(count)[combination])
    if meaning < 10**count:
        return FieldState.NUMBER, meaning
    return ((FieldState.CROSSED, 0), (FieldState.BLANK, None), (FieldState.ILLEGIBLE, None))[meaning - 10**count]


def has_filler_after_digit(raw: str) -> bool:
    """Whether an X, dash or blank stands behind a digit, as in 83_ or 8x."""
    return any(sign in "x-_" for sign in raw.lstrip("x-_"))


def is_partly_crossed(raw: str) -> bool:
    """Whether some boxes hold an X or dash, others nothing, and none a digit."""
    return "_" in raw and any(sign in "x-" for sign in raw) and all(sign in "x-_" for sign in raw)


def bubble_posterior(columns: NDArray[np.float64]) -> BubblePosterior:
    """Exact distribution over what a row of bubble columns marks; columns left of the first filled one may stay empty.

    Parameters
    ----------
    columns
        (C, 12) float64, distributions over bubble 0..9, none, several.
    """
    count = len(columns)
    numbers = np.zeros(10**count)
    for empty in range(count):
        marked = np.array([np.prod(columns[:empty, BUBBLE_NONE])])
        for column in columns[empty:]:
            marked = np.outer(marked, column[:10]).ravel()
        numbers[: len(marked)] += marked
    blank = float(np.prod(columns[:, BUBBLE_NONE]))
    return BubblePosterior(numbers=numbers, blank=blank, unclear=max(0.0, 1.0 - float(numbers.sum()) - blank))


def _joint(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(13^n,) probability of each combination of signs, the first box varying slowest."""
    joint = np.ones(1)
    for box in boxes:
        joint = np.outer(joint, box).ravel()
    return joint


@lru_cache(maxsize=8)
def _meanings(count: int) -> NDArray[np.int64]:
    """(13^n,) int64: the meaning of each combination of signs: its number, or 10^n crossed, 10^n + 1 blank, 10^n + 2 none."""
    shape = (len(BOX_CLASSES),) * count
    signs = np.indices(shape).reshape(count, -1)
    value = np.zeros(signs.shape[1], dtype=np.int64)
    started = np.zeros(signs.shape[1], dtype=bool)
    ended = started.copy()
    broken = started.copy()
    for sign in signs:
        digit = sign < 10
        blank = sign == _BLANK
        broken |= ended & ~blank
        ended |= started & blank
        value = np.where((started | digit) & ~blank, value * 10 + np.where(digit, sign, 0), value)
        started |= digit
    meanings = np.where(broken | ~started, 10**count + 2, value)
    blanks = (signs == _BLANK).sum(axis=0)
    meanings[~started] = 10**count
    meanings[blanks == count] = 10**count + 1
    meanings.setflags(write=False)
    return meanings
