"""One page that says how far the reading has come, what is in doubt and how that looks, and what the page was made of.

A connection of one moment and the photos come in, HTML comes out: a page that needs no network and no scripts, in one language, with every
text from outside escaped.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy import Connection

from pipeline.imaging import Limits
from pipeline.recap.charts import Bar, bar_chart
from pipeline.recap.crops import cut
from pipeline.recap.summary import Example, Summary, Times, examples_of
from pipeline.recap.wording import DOUBTS, VERDICTS, WORDS, counted, exact, measured, percent, say
from pipeline.regions import Level
from pipeline.settings import Language
from pipeline.sheet import REFUSAL_ADVICE, STATES, FieldState, Verdict
from pipeline.store.elections import Arrival, all_elections, arrivals
from pipeline.store.ledger import head
from pipeline.store.photos import PhotoStore
from pipeline.store.readings import progress
from pipeline.store.sheets import stored_sheets

TEMPLATES = Path(__file__).with_name("templates")

DOUBTS_SHOWN = 6
"""Doubts with examples: with eight numbers each the page stays far below 3 MB."""

COLOURS = {Verdict.ACCEPTED: "#2e7d4f", Verdict.REVIEW: "#e0a100", Verdict.REFUSED: "#b3362d"}
WAITING = "#9aa4af"
"""Colour of photos that have no reading yet."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A number as the page shows it: `picture` is a data URI, empty when the photo is lost."""

    picture: str
    value: str
    probability: str
    where: str
    position: int


def report(
    connection: Connection,
    photos: PhotoStore,
    *,
    limits: Limits,
    language: Language,
    at: datetime,
    told: Callable[[int], None] = lambda position: None,
) -> tuple[str, int]:
    """The page about what stands, as HTML, and how many sheets it is about.

    Parameters
    ----------
    connection
        One that sees one moment of the store.
    told
        Called with the row of the ledger of each reading that is counted.

    Raises
    ------
    StoreError
        The place of the photos cannot be reached.
    """
    last = head(connection)
    summary = Summary()
    for stored in stored_sheets(connection, standing_only=True):
        summary.add(stored)
        told(stored.position)
    within, regions = _regions(connection)
    examples = list(examples_of(summary, most=DOUBTS_SHOWN))
    crops = cut((one for _, some in examples for one in some), photos, limits=limits)
    page = _environment(language).get_template("report.html").render(
        language=language.value,
        at=at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        last=last,
        summary=summary,
        photos=progress(connection),
        elections=all_elections(connection),
        within=within,
        regions=regions,
        expected_known=any(region.expected for region in regions),
        progress_chart=_progress_chart(regions, language),
        speed_chart=_speed_chart(summary.times, language),
        examples=[(code, [_shown(one, crops, language) for one in some]) for code, some in examples],
        colours=COLOURS | {"waiting": WAITING},
        not_official=WORDS["not_official"],
    )  # fmt: skip
    return page, summary.verdicts.total()


def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["Verdict"] = Verdict
    environment.globals |= {
        name: {key: say(text, language) for key, text in texts.items()}
        for name, texts in (("words", WORDS), ("verdicts", VERDICTS), ("doubts", DOUBTS), ("advice", REFUSAL_ADVICE))
    }
    environment.filters |= {"count": partial(counted, language=language), "measure": partial(measured, language=language)}
    return environment


def _regions(connection: Connection) -> tuple[list[str], list[Arrival]]:
    """The regions of the highest level that has more than one, and the names of those around them."""
    within: list[str] = []
    found = arrivals(connection, below=None)
    while len(found) == 1 and len(found[0].code) < Level.VILLAGE:
        within.append(found[0].name)
        found = arrivals(connection, below=found[0].code)
    return within, found


def _progress_chart(regions: Sequence[Arrival], language: Language) -> Markup:
    """A bar a region: of what is expected when that is known, else of the region that has most."""
    most = max((_come(region) for region in regions), default=0)
    bars = []
    for region in regions:
        whole = max(region.expected or most, _come(region), 1)
        counts = (region.accepted, region.review, region.refused, region.waiting)
        parts = [(count / whole, colour) for count, colour in zip(counts, (*COLOURS.values(), WAITING), strict=True)]
        figure = counted(_come(region), language)
        bars.append(Bar(region.name, parts, f"{figure} / {counted(region.expected, language)}" if region.expected else figure))
    return bar_chart(bars, title=say(WORDS["progress_chart"], language))


def _come(region: Arrival) -> int:
    return region.accepted + region.review + region.refused + region.waiting


def _speed_chart(times: Times, language: Language) -> Markup:
    """A bar a doubling of the reading time."""
    doublings = times.doublings()
    most = max((count for _, count in doublings), default=1)
    bars = []
    for power, count in doublings:
        label = f"{exact(2.0**power, language)} – {exact(2.0 ** (power + 1), language)}"
        bars.append(Bar(label, [(count / most, "#1b6ca8")], counted(count, language)))
    return bar_chart(bars, title=say(WORDS["speed_chart"], language))


def _shown(example: Example, crops: dict[tuple[str, int, str], bytes], language: Language) -> Shown:
    number, sheet = example.number, example.sheet
    jpeg = crops.get(example.key)
    value = "" if number.value is None else str(number.value)
    if number.state is not FieldState.NUMBER:
        value = f"{value} ({say(STATES[number.state], language)})".strip()
    return Shown(
        picture=f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else "",
        value=value,
        probability=percent(number.probability, language),
        where=f"{sheet.tps or sheet.name}, {example.field}",
        position=sheet.position,
    )
