"""The development sheets with what stands on them, from `truth.json`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.training.sheets import corrected_boxes, is_corrected_elsewhere


class TruthError(Exception):
    """There is no usable truth; the message says where it was looked for and what to do."""


@dataclass(frozen=True, slots=True)
class TrueSheet:
    """One photo and what a person read on it.

    Attributes
    ----------
    image
        Its name in `truth.json`, unique.
    group
        Photos of one paper and pages of one station share it.
    form, page
        None when it is no form at all.
    fields
        Field id to its number, None = left empty.
    unsure
        Numbers that a person could not tell from the ink alone; None = not at all.
    boxes
        Field id to one sign a box.
    struck
        Fields with one stroke over several boxes, where a sign a box means little.
    corrected
        (field id, box index from 0) of the boxes that a person saw to be corrected; None where that is not known box by box.
    must_review
        Why a careful system would not accept the sheet; empty for the clear ones.
    noted
        Something about it is out of the ordinary, so nothing is concluded from the numbers about its other writings.
    """

    image: str
    set: str
    group: str
    path: Path
    form: str | None
    page: str | None
    fields: Mapping[str, int | None]
    unsure: Mapping[str, int | None]
    boxes: Mapping[str, str]
    struck: frozenset[str]
    corrected: frozenset[tuple[str, int]] | None
    must_review: tuple[str, ...]
    noted: bool

    @property
    def clear(self) -> bool:
        return not self.must_review


def load_truth(data: Path, *, sets: Collection[str]) -> list[TrueSheet]:
    """The sheets of some sets, in the order of their names.

    Raises
    ------
    TruthError
        When there is no truth.json in `data`, or one of the sets is not in it.
    """
    path = data / "truth.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["sheets"]
    except OSError as error:
        raise TruthError(f"{path}: {error.strerror}; give the folder with truth.json and its photos as --data DIR") from error
    known = sorted({entry["set"] for entry in entries})
    unknown = sorted(set(sets) - set(known))
    if unknown:
        raise TruthError(f"{path}: there is no set {', '.join(unknown)}; there are: {', '.join(known)}")
    return sorted((_sheet(entry, data) for entry in entries if entry["set"] in sets), key=lambda sheet: sheet.image)


def _sheet(entry: Mapping[str, Any], data: Path) -> TrueSheet:
    inside = data / "sheets" / entry["image"]
    return TrueSheet(
        image=entry["image"],
        set=entry["set"],
        group=entry["group"],
        # Simulated sets keep their photos beside truth.json.
        path=inside if inside.exists() else data / entry["image"],
        form=entry["form"],
        page=None if entry["page"] is None else str(entry["page"]),
        fields=dict(entry["fields"]),
        unsure=dict(entry.get("unsure", {})),
        boxes=dict(entry.get("boxes", {})),
        struck=frozenset(entry.get("marks", ())),
        corrected=None if is_corrected_elsewhere(entry) else corrected_boxes(entry),
        must_review=tuple(entry.get("must_review", ())),
        noted=bool(entry.get("notes")) or bool(entry.get("paper_inconsistent")),
    )
