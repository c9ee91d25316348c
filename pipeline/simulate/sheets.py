"""One simulated sheet with its truth: a station is invented, a page filled by one hand, and the page photographed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.forms import FieldLayout, Form, Guide
from pipeline.forms.drawing import draw_page
from pipeline.sheet import Severity, Verdict
from pipeline.simulate.camera import Photograph, Shot, photograph
from pipeline.simulate.fill import Mistake, Writing, fill_page, plan_writing
from pipeline.simulate.hands import Filler, Hand, random_hand
from pipeline.simulate.header import sign_page, write_header
from pipeline.simulate.pack import HandwritingPack
from pipeline.simulate.pen import Paper
from pipeline.simulate.shots import ShotKind, app_shows, random_shot
from pipeline.simulate.stations import invent_station

PIXELS_PER_MM = 4.0
"""At which pages are drawn and written on: twice as fine as the largest simulated photo of a poster."""

_REASONS = {
    Mistake.OVERWRITTEN: "overwritten",
    Mistake.STRUCK_OUT: "scratched out",
    Mistake.FLUID: "overwritten",
    Mistake.SCRAWL: "illegible or uncertain",
    Mistake.EMPTY: "empty field",
    Mistake.BUBBLES_DISAGREE: "paper inconsistent",
    Mistake.TWO_BUBBLES: "paper inconsistent",
}
"""The words of truth.json for why a careful system would not accept the sheet."""


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """What is special about a sheet.

    Attributes
    ----------
    mistakes
        Mistake made while writing a number, by field id.
    shifts
        What the officer added to the right number, by field id: the way to a sum that does not close.
    blank
        Nothing is written at all.
    """

    mistakes: Mapping[str, Mistake] = field(default_factory=dict)
    shifts: Mapping[str, int] = field(default_factory=dict)
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """What stands on a simulated sheet, in the terms of truth.json; `expect` is the verdict of a reader that makes no error."""

    image: str
    form: str | None
    page: str | None
    fields: Mapping[str, int | None]
    unsure: Mapping[str, int | None]
    boxes: Mapping[str, str]
    must_review: Sequence[str]
    rotation: float
    notes: Sequence[str]
    expect: Verdict

    def to_dict(self) -> dict[str, Any]:
        return {
            "image": self.image,
            "set": "simulated",
            "group": self.image,
            "form": self.form,
            "page": self.page,
            "fields": dict(self.fields),
            "unsure": dict(self.unsure),
            "boxes": dict(self.boxes),
            "must_review": list(self.must_review),
            "paper_inconsistent": "paper inconsistent" in self.must_review,
            "rotation": self.rotation,
            "notes": list(self.notes),
            "expect": self.expect.value,
        }


@dataclass(frozen=True, slots=True)
class SimulatedSheet:
    """A photo, the true place of the page in it, and what stands on the page."""

    photo: Photograph
    truth: Truth


def simulate_sheet(
    form: Form,
    page_number: str,
    shot: Shot,
    rng: np.random.Generator,
    pack: HandwritingPack,
    *,
    name: str,
    plan: SheetPlan | None = None,
    hand: Hand | None = None,
) -> SimulatedSheet:
    """Make one sheet; equal arguments and generator state give the same bytes.

    Parameters
    ----------
    name
        File name of the photo, kept in the truth.
    hand
        Who fills the page; drawn at random when None.
    """
    plan = plan or SheetPlan()
    page = form.pages[page_number]
    guided = any(layout.guide is Guide.SEVEN_SEGMENT for layout in page.fields.values())
    hand = hand or random_hand(rng, pack, guided=guided)
    station = invent_station(rng)
    paper = Paper.from_drawing(draw_page(page, pixels_per_mm=PIXELS_PER_MM), pixels_per_mm=PIXELS_PER_MM)
    writings: dict[str, Writing] = {}
    if not plan.blank:
        for field_id, layout in page.fields.items():
            value = station.values[field_id] + plan.shifts.get(field_id, 0)
            value = min(value, layout.tally.capacity) if layout.tally else value
            writings[field_id] = plan_writing(layout, value, hand, rng, mistake=plan.mistakes.get(field_id))
        fill_page(paper, page, writings, hand, pack, rng)
        write_header(paper, page, station, hand, pack, rng)
        sign_page(paper, page, hand, rng)
    photo = photograph(paper, shot, rng)
    return SimulatedSheet(photo=photo, truth=_truth(form, page_number, writings, plan, name=name, photo=photo))


def random_plan(form: Form, page_number: str, rng: np.random.Generator) -> SheetPlan:
    """Mostly a clean sheet; every fifth has a mistake, every twentieth a sum that does not close."""
    fields = form.pages[page_number].fields
    chosen = str(rng.choice(sorted(fields)))
    if rng.random() < 0.2:
        possible = [kind for kind in Mistake if fields[chosen].bubbles or kind not in (Mistake.BUBBLES_DISAGREE, Mistake.TWO_BUBBLES)]
        return SheetPlan(mistakes={chosen: possible[int(rng.integers(len(possible)))]})
    return SheetPlan(shifts={chosen: int(rng.integers(1, 11))}) if rng.random() < 0.05 else SheetPlan()


def simulate_set(
    form: Form, directory: Path, pack: HandwritingPack, *, pages: Sequence[str], kinds: Sequence[ShotKind], count: int, seed: int
) -> Iterator[SimulatedSheet]:
    """Write `count` random sheets into `directory`, one at a time, and at the end their truth.json; sheet N depends on `seed` and N alone.

    A page whose boxes do not lie in the part that the app kept is taken by phone instead.
    """
    directory.mkdir(parents=True, exist_ok=True)
    truths = []
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        page, kind = pages[int(rng.integers(len(pages)))], kinds[int(rng.integers(len(kinds)))]
        if kind is ShotKind.APP and not app_shows(form.pages[page]):
            kind = ShotKind.PHONE
        shot = random_shot(kind, form.pages[page].paper_mm, rng)
        name = f"{form.id}-{page}-{kind.value}-{index:04d}.jpg"
        sheet = simulate_sheet(form, page, shot, rng, pack, name=name, plan=random_plan(form, page, rng))
        (directory / name).write_bytes(sheet.photo.jpeg)
        truths.append(sheet.truth)
        yield sheet
    write_truth(directory, truths)


def write_truth(directory: Path, truths: Sequence[Truth]) -> None:
    """Write truth.json beside the photos."""
    content = json.dumps({"sheets": [truth.to_dict() for truth in truths]}, indent=1, ensure_ascii=False)
    (directory / "truth.json").write_text(content + "\n", encoding="utf-8")


def _truth(
    form: Form, page_number: str, writings: Mapping[str, Writing], plan: SheetPlan, *, name: str, photo: Photograph
) -> Truth:
    """What stands on the sheet, of the numbers that the photo shows; one that shows none is to be refused."""
    layouts = form.pages[page_number].fields
    shown = {field_id for field_id, layout in layouts.items() if _shows(layout, photo)}
    fields: dict[str, int | None] = {}
    unsure: dict[str, int | None] = {}
    boxes: dict[str, str] = {}
    for field_id, layout in layouts.items():
        if field_id not in shown:
            continue
        writing = writings.get(field_id)
        boxes[field_id] = writing.signs if writing else Filler.BLANK * len(layout.boxes)
        known = fields if writing is None or writing.readable else unsure
        known[field_id] = None if writing is None else writing.value
    broken = [check.id for check in form.checks if check.severity is Severity.ERROR and check.constraint.holds(fields) is False]
    reasons = {_REASONS[mistake] for mistake in plan.mistakes.values()}
    reasons |= {"paper inconsistent"} if broken else set()
    reasons |= {"empty field"} if plan.blank else set()
    cut_off = len(shown) < len(layouts)
    reasons |= {"cut off"} if cut_off else set()
    notes = [f"{field_id}: {mistake.value}" for field_id, mistake in plan.mistakes.items()]
    notes += [f"check {check} does not hold" for check in broken] + ["cut off through the digit boxes"] * cut_off
    verdict = Verdict.REFUSED if not shown else Verdict.REVIEW if reasons else Verdict.ACCEPTED
    return Truth(
        image=name, form=form.id, page=page_number, fields=fields, unsure=unsure, boxes=boxes,
        must_review=sorted(reasons), rotation=round(photo.mapping.rotation, 1), notes=notes, expect=verdict,
    )  # fmt: skip


def _shows(layout: FieldLayout, photo: Photograph) -> bool:
    """Whether all digit boxes of a number are in the photo."""
    corners = np.concatenate([box.corners() for box in layout.boxes])
    pixels = photo.mapping.to_photo(corners)
    height, width = photo.image.shape[:2]
    return bool((pixels >= 0).all() and (pixels <= (width - 1, height - 1)).all())
