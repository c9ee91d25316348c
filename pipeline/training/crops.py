"""All training crops, made once and kept.

The data folder comes in; boxes, bubbles, tally cells and row sums of every source come out. The idea: what they depend on
(photos' truth, the code that places and cuts, the form) is hashed into the name of the cache file, so a cache is never stale and
never has to be cleared by hand.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

import pipeline
from pipeline.forms import Catalogue
from pipeline.recognition.patches import ToPhoto
from pipeline.registration import RegistrationPolicy
from pipeline.training import boxes, bubbles, cells
from pipeline.training.boxes import BoxCrops
from pipeline.training.bubbles import BubbleFields
from pipeline.training.cells import CellCrops
from pipeline.training.like_pages import pages_of_febriyan
from pipeline.training.placing import CropSource
from pipeline.training.sheets import LabelledSheet, load_sheets

log = logging.getLogger(__name__)

Crops = TypeVar("Crops", BoxCrops, BubbleFields, CellCrops)

REPORT_EVERY = 50

PLACING_CODE = ("registration", "forms", "training/placing.py", "training/sheets.py", "recognition/patches.py")
BOX_CODE = ("training/boxes.py", "training/febriyan_truth.csv", "recognition/patches.py", "recognition/digits.py", "sheet.py")
BUBBLE_CODE = ("training/bubbles.py", "training/bubble_truth.csv", "recognition/bubbles.py")
CELL_CODE = ("training/cells.py", "recognition/tally.py", "recognition/row_sums.py", "crosscheck/numbers.py")
"""Parts of the package on which the crops depend."""


@dataclass(frozen=True, slots=True)
class CropStore:
    """Where the data lie, how sheets are placed, and where crops are kept."""

    data: Path
    cache: Path
    catalogue: Catalogue
    source: CropSource
    policy: RegistrationPolicy

    def boxes(self) -> BoxCrops:
        """Boxes of the sheets, of the crops others cut of the sheets that could not be placed, of febriyan, and of blank forms."""
        placed = self.pages()
        parts = [
            placed,
            self._febriyan(),
            self._kept(
                "blank-boxes", (*PLACING_CODE, *BOX_CODE), self.data / "truth.json", BoxCrops,
                lambda: boxes.from_blanks(self.data, self.catalogue, self.policy),
            ),
            boxes.from_cut(self.data, without={Path(name.split(":")[0]).stem for name in placed.names}),
        ]
        return BoxCrops.join(parts)

    def pages(self) -> BoxCrops:
        """All boxes of the sheets that could be placed, named `sheet:field:box`."""
        return self._kept(
            "sheet-boxes", (*PLACING_CODE, *BOX_CODE), self.data / "truth.json", BoxCrops,
            lambda: boxes.from_sheets(load_sheets(self.data), self.catalogue, reported(self.source)),
        )

    def like_pages(self) -> BoxCrops:
        """Pages put together out of the boxes of febriyan."""
        return pages_of_febriyan(self.data, self._febriyan())

    def bubbles(self) -> BubbleFields:
        """Bubbles of the sheets whose form is known and has them."""
        return self._kept(
            "sheet-bubbles", (*PLACING_CODE, *BUBBLE_CODE), self.data / "truth.json", BubbleFields,
            lambda: bubbles.from_sheets(load_sheets(self.data), self.catalogue, reported(self.source)),
        )

    def cells(self) -> CellCrops:
        """Tally cells and row sums of the sheets whose form is known and has them."""
        return self._kept(
            "sheet-cells", (*PLACING_CODE, *CELL_CODE), self.data / "truth.json", CellCrops,
            lambda: cells.from_sheets(load_sheets(self.data), self.catalogue, reported(self.source)),
        )

    def digit_cells(self, made: BoxCrops) -> CellCrops:
        """Digit boxes of febriyan, and `made` ones, in the layout of row sums."""
        return cells.from_digit_boxes(BoxCrops.join([self._febriyan(), made]))

    def _febriyan(self) -> BoxCrops:
        return self._kept(
            "febriyan-boxes", BOX_CODE, self.data / boxes.FEBRIYAN / "labels.csv", BoxCrops,
            lambda: boxes.from_febriyan(self.data),
        )

    def _kept(self, name: str, code: tuple[str, ...], truth: Path, kind: type[Crops], make: Callable[[], Crops]) -> Crops:
        path = self.cache / f"{name}-{_fingerprint(code, truth)}.npz"
        if path.exists():
            return load_crops(path, kind)
        log.info("%s: cutting", name)
        crops = make()
        save_crops(path, crops)
        log.info("%s: %d kept in %s", name, len(crops), path)
        return crops


def reported(source: CropSource) -> CropSource:
    """The same source, which says now and then how many sheets it has placed: registering them all takes minutes."""
    placed = 0

    def place(sheet: LabelledSheet, photo: NDArray[np.uint8]) -> ToPhoto | None:
        nonlocal placed
        placed += 1
        if placed % REPORT_EVERY == 0:
            log.info("%d sheets placed", placed)
        return source(sheet, photo)

    return place


def save_crops(path: Path, crops: BoxCrops | BubbleFields | CellCrops) -> None:
    """Keep crops in one .npz file, which appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.stem + ".part.npz")
    np.savez(part, **{field.name: getattr(crops, field.name) for field in fields(crops)})
    part.replace(path)


def load_crops(path: Path, kind: type[Crops]) -> Crops:
    """Crops as `save_crops` kept them."""
    with np.load(path) as arrays:
        return kind(**{field.name: arrays[field.name] for field in fields(kind)})


def _fingerprint(code: tuple[str, ...], truth: Path) -> str:
    """Hash of the truth file and of the named files (or folders) of the package."""
    root = Path(pipeline.__file__).parent
    found = hashlib.sha256(truth.read_bytes())
    for part in code:
        path = root / part
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in (".py", ".yaml", ".csv"):
                found.update(file.read_bytes())
    return found.hexdigest()[:12]
