"""What a report says of the readings that stand: counted in one pass over them, with a few numbers of each doubt to be shown.

Sheets come in one after the other and are let go; what is held does not grow with them. The examples are those whose hash is smallest: a
draw that nobody chose and that comes out the same each time.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import accumulate

from pipeline.sheet import Field, Finding, FindingCode, RefusalCode, Severity, Verdict
from pipeline.store.sheets import StoredSheet

EXAMPLES = 8
"""Numbers shown of each doubt."""

NO_EXAMPLE = frozenset({FindingCode.REGISTRATION_DOUBTFUL, FindingCode.ANOTHER_SHEET, FindingCode.OUTSIDE_PICTURE})
"""Doubts about where the page lies. Where its boxes are cut, there may be a name or a signature, so nothing of such a sheet is shown."""

STEPS = 8
"""Bins of reading times in each doubling, so that a bin is 9 % wide."""


@dataclass(frozen=True, slots=True)
class Example:
    """A number of a sheet, to be cut from its photo."""

    sheet: StoredSheet
    field: str
    number: Field

    @property
    def key(self) -> tuple[str, int, str]:
        """What tells it from every other number: the hash of its photo, which sheet of it, and the field."""
        return self.sheet.sha256, self.sheet.number, self.field


@dataclass(slots=True)
class Times:
    """Reading times, in bins."""

    bins: Counter[int] = field(default_factory=Counter)
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        if seconds > 0:
            self.bins[math.floor(STEPS * math.log2(seconds))] += 1
            self.total += seconds

    @property
    def rate(self) -> float:
        """Sheets a second on one core."""
        return self.bins.total() / self.total

    def quantile(self, share: float) -> float:
        """Seconds that so large a share of the sheets take at most, to within 5 %."""
        places = sorted(self.bins)
        passed = list(accumulate(self.bins[place] for place in places))
        place = places[bisect_left(passed, share * self.bins.total())]
        return float(2 ** ((place + 0.5) / STEPS))

    def doublings(self) -> list[tuple[int, int]]:
        """How many took from 2^n to 2^(n+1) seconds: n and the count, without gaps."""
        counts: Counter[int] = Counter()
        for place, count in self.bins.items():
            counts[place // STEPS] += count
        return [(power, counts[power]) for power in range(min(counts), max(counts) + 1)] if counts else []


@dataclass(slots=True)
class Summary:
    """What was counted. A doubt counts once a sheet; those that keep no sheet from being accepted do not count."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    without_station: Counter[Verdict] = field(default_factory=Counter)
    refusals: Counter[RefusalCode] = field(default_factory=Counter)
    doubts: Counter[FindingCode] = field(default_factory=Counter)
    software: Counter[str] = field(default_factory=Counter)
    models: Counter[tuple[str, str]] = field(default_factory=Counter)
    times: Times = field(default_factory=Times)
    _drawn: dict[FindingCode, list[tuple[str, Example]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, stored: StoredSheet) -> None:
        """Count one sheet."""
        sheet = stored.sheet
        self.verdicts[stored.verdict] += 1
        if stored.tps is None:
            self.without_station[stored.verdict] += 1
        if sheet.refusal is not None:
            self.refusals[sheet.refusal.code] += 1
        self.software[sheet.software] += 1
        self.models.update(sheet.models.items())
        self.times.add(sheet.seconds)
        doubts = [one for one in (*sheet.findings, *stored.set_findings) if one.severity is not Severity.INFO]
        codes = {one.code for one in doubts}
        self.doubts.update(codes)
        if not codes & NO_EXAMPLE:
            for finding in doubts:
                self._draw(stored, finding)

    def examples(self, code: FindingCode) -> list[Example]:
        """The numbers to show of a doubt."""
        return [example for _, example in self._drawn.get(code, [])]

    def _draw(self, stored: StoredSheet, finding: Finding) -> None:
        """Keep the least sure number of a finding when it is among those drawn."""
        numbers = stored.sheet.fields
        about = [name for name in finding.fields if name in numbers]
        if not about:
            return
        name = min(about, key=lambda name: numbers[name].probability)
        ticket = sha256(f"{stored.sha256} {stored.number} {name}".encode()).hexdigest()
        drawn = self._drawn[finding.code]
        if any(held == ticket for held, _ in drawn):
            return
        drawn.append((ticket, Example(stored, name, numbers[name])))
        drawn.sort(key=lambda held: held[0])
        del drawn[EXAMPLES:]


def examples_of(summary: Summary, *, most: int) -> Iterator[tuple[FindingCode, list[Example]]]:
    """The most common doubts that there are numbers of, most common first, with those numbers."""
    shown = ((code, summary.examples(code)) for code, _ in summary.doubts.most_common())
    with_some = [(code, examples) for code, examples in shown if examples]
    yield from with_some[:most]
