"""Many files to sheets in their final order: sorted by source, equal photos marked, nothing kept in memory that is done.

The executor gives results in the order of the items, which are sorted by name. The pages of a PDF add `#page=N` to it, so a sheet
waits until no file to come can sort before it; that is all the sorting there is.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from pipeline.engine.executors import Executor
from pipeline.engine.work import WorkOrder, read_item, refuse_item
from pipeline.imaging import Item
from pipeline.sheet import Finding, FindingCode, Severity, Sheet, Text, Verdict


def read_all(items: Sequence[Item], *, order: WorkOrder, executor: Executor) -> Iterator[tuple[Sheet, ...]]:
    """The sheets of all items, each step what became final with one more item.

    Parameters
    ----------
    items
        Sorted by name, no name twice, as from `discover`.
    """
    results = executor.map(partial(read_item, order=order), items, on_crash=partial(refuse_item, order=order))
    return in_final_order(zip(items, results, strict=True))


def in_final_order(results: Iterable[tuple[Item, list[Sheet]]]) -> Iterator[tuple[Sheet, ...]]:
    """Sheets by source, of equal photos the later with the finding `duplicate`; one step an item and one at the end."""
    waiting: list[tuple[str, str, Sheet]] = []
    first_source: dict[tuple[str, str], str] = {}

    def final(sheet: Sheet, part: str) -> Sheet:
        if not sheet.sha256:
            return sheet
        first = first_source.setdefault((sheet.sha256, part), sheet.source)
        return sheet if first == sheet.source else _duplicate(sheet, first)

    for item, sheets in results:
        ready: list[Sheet] = []
        while waiting and waiting[0][0] < item.name:
            _, part, sheet = heapq.heappop(waiting)
            ready.append(final(sheet, part))
        for sheet in sheets:
            # The pages of one PDF share its sha256, so the part of the name that tells them apart belongs to the identity.
            heapq.heappush(waiting, (sheet.source, sheet.source.removeprefix(item.name), sheet))
        yield tuple(ready)
    yield tuple(final(sheet, part) for _, part, sheet in sorted(waiting, key=lambda entry: entry[0]))


def _duplicate(sheet: Sheet, first: str) -> Sheet:
    message = Text(id=f"Foto ini sama persis dengan {first}.", en=f"This photo is exactly the same as {first}.")
    finding = Finding(FindingCode.DUPLICATE, Severity.WARNING, (), message)
    verdict = Verdict.REVIEW if sheet.verdict is Verdict.ACCEPTED else sheet.verdict
    return replace(sheet, findings=(*sheet.findings, finding), verdict=verdict)
