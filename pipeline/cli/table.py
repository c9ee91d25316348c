"""The table that `sirekap read` prints: a row a sheet, with its verdict, its numbers, and every doubt in a sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rich.table import Table
from rich.text import Text as Styled

from pipeline.cli import messages
from pipeline.cli.console import plain
from pipeline.cli.messages import said
from pipeline.settings import Language
from pipeline.sheet import STATES, Field, FieldState, Severity, Sheet, Verdict

MAX_ROWS = 100
"""Sheets in the table. Of more, those that were not accepted are shown first come first served; all are in the result files."""

MAX_DOUBTS = 4
"""Doubts of one sheet, without the advice that follows them; all is in `findings.csv` and on the picture."""

_NO_BREAK = "\N{NO-BREAK SPACE}"

_STYLES = {Verdict.ACCEPTED: "green", Verdict.REVIEW: "yellow", Verdict.REFUSED: "red"}


class SheetTable:
    """Collects what is printed about the sheets of a run, so that the sheets themselves need not be kept."""

    def __init__(self, language: Language, *, files: int) -> None:
        self._language = language
        self._only_doubtful = files > MAX_ROWS
        self._rows: list[tuple[Styled, ...]] = []
        self._refusals: list[str] = []
        self.verdicts: Counter[Verdict] = Counter()

    def add(self, sheet: Sheet) -> None:
        """Note one sheet."""
        self.verdicts[sheet.verdict] += 1
        if len(self._rows) < MAX_ROWS and not (self._only_doubtful and sheet.verdict is Verdict.ACCEPTED):
            self._rows.append(self._row(sheet))
        if sheet.refusal and len(self._refusals) < MAX_ROWS:
            advice = said(sheet.refusal.advice, self._language)
            self._refusals.append(f"{sheet.source}: {sheet.refusal.code}: {sheet.refusal.detail}. {advice}")

    def table(self) -> Table:
        """The rows as a table."""
        table = Table(show_lines=True, expand=True)
        for title, ratio in ((messages.SHEET, 3), (messages.NUMBERS, 3), (messages.DOUBTS, 6)):
            table.add_column(said(title, self._language), ratio=ratio, overflow="fold")
        for row in self._rows:
            table.add_row(*row)
        return table

    def remarks(self, *, seconds: float) -> Iterable[str]:
        """What stands under the table: the count, and whether sheets were left out."""
        sheets = self.verdicts.total()
        if len(self._rows) < sheets:
            yield said(messages.MORE_ROWS, self._language, shown=len(self._rows), all=sheets)
        counts = {verdict.value: self.verdicts[verdict] for verdict in Verdict}
        yield said(messages.COUNT, self._language, sheets=sheets, seconds=seconds, **counts)

    def refusals(self) -> Iterable[str]:
        """One message a refused sheet: which, the code, what was seen, what to do."""
        yield from self._refusals
        left_out = self.verdicts[Verdict.REFUSED] - len(self._refusals)
        if left_out:
            yield said(messages.MORE_LINES, self._language, count=left_out)

    def _row(self, sheet: Sheet) -> tuple[Styled, ...]:
        about = [plain(sheet.source), Styled(said(messages.VERDICTS[sheet.verdict], self._language), style=_STYLES[sheet.verdict])]
        if sheet.form:
            about.insert(1, Styled(f"{sheet.form}, {said(messages.PAGE, self._language)} {sheet.page}"))
        numbers = [self._number(name, field) for name, field in sheet.fields.items()]
        return Styled("\n").join(about), Styled("\n").join(numbers), self._doubts(sheet)

    def _number(self, name: str, field: Field) -> Styled:
        shown = [] if field.value is None else [str(field.value)]
        if field.state is not FieldState.NUMBER:
            shown.append(f"({said(STATES[field.state], self._language)})")
        return Styled.assemble(f"{name}{_NO_BREAK}", (_NO_BREAK.join(shown).replace(" ", _NO_BREAK), "bold"))

    def _doubts(self, sheet: Sheet) -> Styled:
        if sheet.refusal:
            return plain(sheet.refusal.code)
        doubts = [said(finding.message, self._language) for finding in sheet.findings if finding.severity is not Severity.INFO]
        lines = [plain(f"• {_first_sentence(doubt)}") for doubt in doubts[:MAX_DOUBTS]]
        if len(doubts) > MAX_DOUBTS:
            lines.append(Styled(said(messages.MORE_LINES, self._language, count=len(doubts) - MAX_DOUBTS)))
        return Styled("\n").join(lines)


def _first_sentence(message: str) -> str:
    return re.split(r"(?<=\.) (?=[A-Z])", message, maxsplit=1)[0]
