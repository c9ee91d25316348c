"""The photos that speed is measured on: simulated ones, the same everywhere, and real ones where they are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.bench.truth import TruthError, load_truth
from pipeline.forms import load_catalogue
from pipeline.simulate.camera import Sensor, Shot
from pipeline.simulate.light import Background, Light
from pipeline.simulate.pack import load_pack
from pipeline.simulate.relief import Relief
from pipeline.simulate.sheets import simulate_sheet

LARGE_TARGET, SMALL_TARGET = 6.0, 50.0
"""Reading may take this many times the bare decode, for a photo of 12 and of 1 million pixels."""

REAL_SETS = (("gammafest-2024", SMALL_TARGET), ("chasil-2024-whole", None), ("screen-2024", LARGE_TARGET))
REAL_PHOTOS = 5
"""Photos of each real set, evenly spread over their names."""

_WHOLE = Shot(
    size=(816, 1224), tilt=(6, -5), roll=1.5, distance=1.6, margin=0.025, relief=Relief(curl=7, waves=1.5, creases=2.5, crumple=0.6),
    light=Light(gradient=0.18, vignette=0.06, exposure=0.86), background=Background.WOOD,
)  # fmt: skip
_SIMULATED = (
    ("simulated, 1 Mpx", _WHOLE, SMALL_TARGET),
    (
        "simulated, 1 Mpx, app crop",
        replace(_WHOLE, size=(950, 1060), window_mm=(180, 155, 540, 630), stretched=True, margin=0.0, tilt=(3, 2), roll=0.8),
        SMALL_TARGET,
    ),
    # The noise and quality of a phone's own file, which are what decoding takes its time for.
    ("simulated, 12 Mpx", replace(_WHOLE, size=(2832, 4248), sensor=Sensor(blur=0.9, noise=2.5, jpeg_quality=92)), LARGE_TARGET),
)


@dataclass(frozen=True, slots=True)
class PhotoGroup:
    """Photos of one kind. `target` is how many times its bare decode a photo may take, None where nothing is claimed."""

    name: str
    paths: tuple[Path, ...]
    target: float | None


def simulated_groups(folder: Path) -> Iterator[PhotoGroup]:
    """Photos of page 2 made into `folder`, the same bytes every time."""
    form, pack = load_catalogue()["c-hasil-ppwp-2024"], load_pack()
    for number, (name, shot, target) in enumerate(_SIMULATED):
        sheet = simulate_sheet(form, "2", shot, np.random.default_rng([2024, number]), pack, name=name)
        path = folder / f"{number}.jpg"
        path.write_bytes(sheet.photo.jpeg)
        yield PhotoGroup(name, (path,), target)


def real_groups(data: Path) -> Iterator[PhotoGroup]:
    """Some photos of each real set, none where the folder is missing."""
    for name, target in REAL_SETS:
        try:
            sheets = load_truth(data, sets=[name])
        except TruthError:
            continue
        chosen = np.unique(np.linspace(0, len(sheets) - 1, REAL_PHOTOS).round().astype(int))
        yield PhotoGroup(name, tuple(sheets[number].path for number in chosen), target)
