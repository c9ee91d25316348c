"""Make `sample_forms/`: a small set of sheets with their truth, which is documentation, demo and golden test in one.

`python -m pipeline.simulate.samples` writes the folder anew; every sample has its own seed, so that changing one leaves the others alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.forms import load_catalogue
from pipeline.sheet import Verdict
from pipeline.simulate.camera import Photograph, Sensor, Shot, photograph
from pipeline.simulate.fill import Mistake
from pipeline.simulate.hands import PEN_COLOURS, Closing, DigitKind, Filler, Hand, write_text
from pipeline.simulate.light import Background, Light
from pipeline.simulate.pack import HandwritingPack, load_pack
from pipeline.simulate.pen import Paper, Pen
from pipeline.simulate.relief import Relief
from pipeline.simulate.sheets import SheetPlan, SimulatedSheet, Truth, simulate_sheet, write_truth

FORM = "c-hasil-ppwp-2024"
SAMPLE_DIRECTORY = Path(__file__).parents[2] / "sample_forms"

_PHOTO = Shot(
    size=(1060, 1590), tilt=(6, -5), roll=1.5, distance=1.6, margin=0.025,
    relief=Relief(curl=7, waves=1.5, creases=2.5, crumple=0.6), light=Light(gradient=0.18, vignette=0.06, exposure=0.86),
)  # fmt: skip
_SCAN = Shot(size=(1000, 1500), distance=6.0, margin=0.01, light=Light(exposure=0.97), sensor=Sensor(blur=0.4, noise=0.8, jpeg_quality=80))
_APP = Shot(
    size=(850, 950), window_mm=(180, 155, 540, 630), stretched=True, margin=0.0, tilt=(3, 2), roll=0.8,
    relief=Relief(curl=4, creases=3, crumple=0.8), light=Light(gradient=0.2, exposure=0.72),
    sensor=Sensor(blur=0.9, noise=1.2, jpeg_quality=85),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """One sheet of the folder and what it shows."""

    name: str
    shows: str
    page: str
    seed: int
    shot: Shot
    hand: Hand
    plan: SheetPlan


def samples() -> tuple[Sample, ...]:
    """The sheets of the folder, in the order of its README."""
    traced = _hand("blue", DigitKind.SEGMENTS, "patrick-hand", Filler.CROSS, Closing.ZED)
    black = _hand("black", DigitKind.SEGMENTS, "kalam", Filler.ZERO, Closing.ZED)
    free = _hand("blue", DigitKind.MNIST, "architects-daughter", Filler.ZERO, Closing.NONE)
    neat = _hand("black", DigitKind.FONT, "schoolbell", Filler.BLANK, Closing.NONE)
    crossed = _hand("blue", DigitKind.FONT, "indie-flower", Filler.CROSS, Closing.ZED)
    wood, tiles = replace(_PHOTO, background=Background.WOOD), replace(_PHOTO, background=Background.TILES, tilt=(-7, 6), roll=-2.5)
    shadow = replace(wood, light=Light(gradient=0.3, vignette=0.1, shadow=0.6, shadow_at=(0.72, 0.5), exposure=0.7))
    cut = replace(_PHOTO, window_mm=(60, 100, 470, 700), margin=0.0, tilt=(2, 2))
    none = SheetPlan()
    return (
        Sample("page1-scan", "scan of page 1", "1", 101, _SCAN, crossed, none),
        Sample("page1-photo", "photo of page 1, blank fillers", "1", 102, replace(wood, size=(1160, 1740)), neat, none),
        Sample("page2-scan", "scan of page 2, digits traced on the guide", "2", 103, _SCAN, traced, none),
        Sample("page2-photo", "photo of page 2, black pen, zeros as fillers", "2", 104, tiles, black, none),
        Sample("page3-scan", "scan of page 3", "3", 105, _SCAN, traced, none),
        Sample("page3-photo", "photo of page 3", "3", 106, wood, black, none),
        Sample("page2-upside-down", "photo of page 2 upside down", "2", 107, replace(tiles, roll=178.0), traced, none),
        Sample("page2-app-crop", "the app's crop of page 2, stretched, without tag", "2", 108, _APP, crossed, none),
        Sample("page2-blank-form", "page 2 with nothing written", "2", 109, wood, traced, SheetPlan(blank=True)),
        Sample("page3-broken-sum", "total 10 too large on the paper itself", "3", 110, _PHOTO, free, SheetPlan(shifts={"suara_total": 10})),
        Sample("page2-boxes-against-bubbles", "one bubble contradicts its box", "2", 111, _PHOTO, traced,
               SheetPlan(mistakes={"paslon_2": Mistake.BUBBLES_DISAGREE})),
        Sample("page2-overwritten", "one digit written over another", "2", 112, tiles, free,
               SheetPlan(mistakes={"paslon_1": Mistake.OVERWRITTEN})),
        Sample("page2-fluid", "correction fluid under one digit", "2", 113, _PHOTO, black, SheetPlan(mistakes={"paslon_3": Mistake.FLUID})),
        Sample("page2-shadow", "the photographer's shadow over page 2", "2", 114, shadow, black, none),
        Sample("page2-cut-off", "photo that ends in the column of numbers", "2", 115, cut, traced, none),
    )  # fmt: skip


def write_samples(directory: Path = SAMPLE_DIRECTORY) -> None:
    """Write the photos, truth.json and README.md into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    form, pack = load_catalogue()[FORM], load_pack()
    sheets: list[tuple[SimulatedSheet, str]] = []
    for sample in samples():
        rng = np.random.default_rng(sample.seed)
        sheet = simulate_sheet(form, sample.page, sample.shot, rng, pack, name=f"{sample.name}.jpg", plan=sample.plan, hand=sample.hand)
        sheets.append((sheet, sample.shows))
    sheets.append((_not_a_form(pack), "a note on lined paper: not a form"))
    for sheet, _ in sheets:
        (directory / sheet.truth.image).write_bytes(sheet.photo.jpeg)
    write_truth(directory, [sheet.truth for sheet, _ in sheets])
    (directory / "README.md").write_text(_readme([(sheet.truth, shows) for sheet, shows in sheets]), encoding="utf-8")


def _hand(colour: str, digits: DigitKind, font: str, filler: Filler, closing: Closing) -> Hand:
    return Hand(pen=Pen(colour=PEN_COLOURS[colour], width_mm=0.95, strength=0.92), digits=digits, font=font, filler=filler, closing=closing)


def _not_a_form(pack: HandwritingPack) -> SimulatedSheet:
    """A shopping list on lined paper, photographed like a form: lines and handwriting, but nothing to read."""
    rng = np.random.default_rng(116)
    image = np.full((1188, 840, 3), 252, np.uint8)
    image[100::36, :] = (226, 205, 190)
    image[:, 110:113] = (190, 190, 235)
    paper = Paper(image=image, pixels_per_mm=4.0)
    hand = _hand("blue", DigitKind.FONT, "annie-use-your-telescope", Filler.BLANK, Closing.NONE)
    hand = replace(hand, pen=replace(hand.pen, width_mm=0.6))
    for index, line in enumerate(("BELANJA", "BERAS 5 KG", "TELUR 12", "GULA 2 KG", "MINYAK 1", "KOPI 250", "TEH 3", "SABUN 4")):
        write_text(paper, line, hand, pack, rng, left=35.0, baseline=42.0 + 18 * index, height=7.0, room=150.0)
    photo: Photograph = photograph(paper, replace(_PHOTO, size=(900, 1270), background=Background.CLOTH, relief=Relief(crumple=0.4)), rng)
    truth = Truth(
        image="not-a-form.jpg", form=None, page=None, fields={}, unsure={}, boxes={}, must_review=(),
        rotation=round(photo.mapping.rotation, 1), notes=("not a form",), expect=Verdict.REFUSED,
    )  # fmt: skip
    return SimulatedSheet(photo=photo, truth=truth)


def _readme(rows: list[tuple[Truth, str]]) -> str:
    table = "\n".join(f"| `{truth.image}` | {truth.page or '-'} | {shows} | {truth.expect.value} |" for truth, shows in rows)
    return f"""# Sample forms

Sheets that the project made itself: the layout drawn from `pipeline/forms`, filled with the handwriting pack of `pipeline/simulate`, and
photographed in simulation. The stations do not exist; the names of places are public, the signatures are scribbles.
`make demo` reads them; `truth.json` says what stands on them, and `expect` in it is the verdict of a reader that makes no error.

| photo | page | what it shows | expected verdict |
|---|---|---|---|
{table}

Made by `python -m pipeline.simulate.samples`; larger sets by `sirekap simulate --count N --out DIR --seed S`.
"""


if __name__ == "__main__":
    write_samples()
