"""Tiny development sets with their truth, and readings of them made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.bench.truth import TrueSheet
from tests.sheets import make_field, make_sheet

FORM = "c-hasil-ppwp-2024"


def true_sheet(image: str = "set-a/1.png", **changes: Any) -> TrueSheet:
    """A clear sheet of page 2 on which two numbers stand."""
    values: dict[str, Any] = {
        "image": image, "set": image.split("/")[0], "group": image, "path": Path("photos", image), "form": FORM, "page": "2",
        "fields": {"paslon_1": 125, "paslon_2": 87}, "unsure": {}, "boxes": {"paslon_1": "125", "paslon_2": "x87"}, "struck": frozenset(),
        "corrected": frozenset(), "must_review": (), "noted": False,
    }  # fmt: skip
    return TrueSheet(**values | changes)


def read_sheet(**changes: Any) -> Any:
    """The sheet that reads `true_sheet` right."""
    fields = {"paslon_1": make_field(125), "paslon_2": make_field(87, raw="x87", probability=0.95)}
    return make_sheet("photos/set-a/1.png", **{"fields": fields, "findings": ()} | changes)


def write_set(data: Path, photos: dict[str, int], **changes: Any) -> Path:
    """A data folder with one plain photo a name; its blue level, which the reader that goes by colour reads as paslon_1, is given."""
    entries = []
    for image, blue in photos.items():
        path = data / "sheets" / image
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((200, 300, 3), (blue, 100, 50), np.uint8))
        entries.append(
            {
                "image": image, "set": image.split("/")[0], "group": image, "form": FORM, "page": 2, "fields": {"paslon_1": 125},
                "boxes": {"paslon_1": "125"}, "must_review": [], "notes": [],
            } | changes
        )  # fmt: skip
    (data / "truth.json").write_text(json.dumps({"sheets": entries}), encoding="utf-8")
    return data
