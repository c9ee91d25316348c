"""The two languages of the pages: what templates say, numbers, shares and times.

Sentences stand in the templates in Indonesian; their English is in `locale/en.po`, which is read as it is at the start. What other parts of
the program say comes as `Text` in both languages. Times are shown as in Jakarta, since the sessions of a recap follow that clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from babel.dates import format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.settings import Language
from pipeline.sheet import Text
from pipeline.store.times import WIB, time_of

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER / "templates"
ENGLISH = FOLDER / "locale" / "en.po"

_LOCALES: Mapping[Language, str] = {Language.INDONESIAN: "id_ID", Language.ENGLISH: "en_GB"}


@dataclass(frozen=True, slots=True)
class Speech:
    """How one language says things."""

    language: Language
    catalogue: Catalog | None

    def gettext(self, sentence: str, **values: object) -> str:
        """A sentence of a page, given in Indonesian, with `%(name)s` filled in."""
        message = None if self.catalogue is None else self.catalogue.get(sentence)
        said = str(message.string) if message is not None and message.string else sentence
        return said % values if values else said

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The sentence of a page for a number of things."""
        message = None if self.catalogue is None else self.catalogue.get(one)
        forms = message.string if message is not None and isinstance(message.string, tuple | list) else (one, many)
        return forms[0 if count == 1 else 1]

    def say(self, text: Text) -> str:
        """What another part of the program says."""
        return text.id if self.language is Language.INDONESIAN else text.en

    def number(self, value: float) -> str:
        """A number with its thousands apart."""
        return format_decimal(value, locale=_LOCALES[self.language])

    def percent(self, share: float) -> str:
        """A share in per cent; near 0 and 100 as many digits as tell it from them, and never either."""
        rest = min(share, 1 - share)
        digits = 0 if rest > 0.1 else 1 if rest > 0.001 else 2
        shown = min(max(100 * share, 0.01), 99.99)
        return format_decimal(shown, format=f"0.{'0' * digits}" if digits else "0", locale=_LOCALES[self.language]) + "\u00a0%"

    def when(self, moment: datetime | str) -> str:
        """A time, also as the text that the store has of it."""
        if isinstance(moment, str):
            moment = time_of(moment)
        pattern = "d MMM y HH.mm" if self.language is Language.INDONESIAN else "d MMM y HH:mm"
        return f"{format_datetime(moment.astimezone(WIB), pattern, locale=_LOCALES[self.language])} WIB"


@cache
def speech(language: Language) -> Speech:
    """How a language says things; the catalogue is read once."""
    if language is Language.INDONESIAN:
        return Speech(language, None)
    with ENGLISH.open("rb") as file:
        return Speech(language, read_po(file, locale="en"))


@cache
def templates(language: Language) -> Environment:
    """The templates in a language. Every value is escaped, and one that is not there is an error."""
    spoken = speech(language)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    environment.install_gettext_callables(spoken.gettext, spoken.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(say=spoken.say, number=spoken.number, percent=spoken.percent, when=spoken.when)
    environment.globals["language"] = language
    return environment
