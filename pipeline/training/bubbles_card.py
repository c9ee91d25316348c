"""The card of the bubble model: what it is, what it learnt from, and how often it is right on papers it has not seen."""

from __future__ import annotations

import hashlib

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from pipeline.recognition.bubbles import LAYOUT, MARGIN, NONE, PATCH_SIZE, SEVERAL, TWO_FILLED, read_columns
from pipeline.training.bubbles import ERASED, UNKNOWN
from pipeline.training.export import probabilities
from pipeline.training.folds import FOLDS, folds_of
from pipeline.training.markdown import table
from pipeline.training.measures import Rate, tail
from pipeline.training.network import BUBBLE_OUTPUTS, BubbleNetwork, parameter_count
from pipeline.training.run import TrainOptions
from pipeline.training.train_bubbles import BubblesOutOfFold, calibrate


def write_bubbles_card(found: BubblesOutOfFold, options: TrainOptions) -> None:
    """Write `bubbles.md` beside the model."""
    (options.models / "bubbles.md").write_text(bubbles_card(found, (options.models / "bubbles.onnx").read_bytes()), encoding="utf-8")


def bubbles_card(found: BubblesOutOfFold, model: bytes) -> str:
    """The card as Markdown; `model` is the content of the final ONNX file."""
    states = states_out_of_fold(found)
    read = read_columns(states.reshape(-1, *states.shape[2:]))
    columns = read.probabilities
    truth = found.crops.columns.reshape(-1)
    sets = np.repeat([name.split("/")[0] for name in found.crops.names], found.crops.columns.shape[1])
    known = truth != UNKNOWN
    right = columns.argmax(axis=1) == truth
    by_set = [
        [name, Rate(int(right[known & (sets == name)].sum()), int((known & (sets == name)).sum()))] for name in dict.fromkeys(sets.tolist())
    ]
    by_kind = [
        [name, Rate(int(right[known & part].sum()), int((known & part).sum()))]
        for name, part in (("one bubble", truth < NONE), ("none", truth == NONE), ("several", truth == SEVERAL))
    ]
    levels = [list(row) for row in tail(columns[known], truth[known]).items()]
    has_erased = (found.crops.states == ERASED).any(axis=2).reshape(-1)
    alarm = read.corrected >= 0.5
    final = calibrate(found, np.ones(len(found.crops), np.bool_))
    noticed = Rate(int((alarm & has_erased).sum()), int(has_erased.sum()))
    false_alarms = Rate(int((alarm & ~has_erased & known).sum()), int((~has_erased & known).sum()))
    return f"""# Bubbles: `bubbles.onnx`

Says of one bubble whether it is empty, filled or erased, seen beside the typical and the darkest bubble of its field; ten of them
give the column's distribution over 0 to 9, none and several, two filled ones taken as {TWO_FILLED:g} times as likely as in training.

- Network: {parameter_count(BubbleNetwork()):,} parameters, 4 convolutions on {PATCH_SIZE} x {PATCH_SIZE} colour patches
  (the bubble and {MARGIN:.0%} of its diameter around it), layout `{LAYOUT}`.
- File: {len(model):,} bytes, SHA-256 `{hashlib.sha256(model).hexdigest()}`.
  Temperature {final.temperature:.3f} and uniform floor {final.floor:g} are inside the file.
- Made with PyTorch {torch.__version__.split("+")[0]}, run with ONNX Runtime {onnxruntime.__version__}: `sirekap train bubbles`.

## Data

Photos of C.HASIL-PPWP 2024, page 2 (gammafest-2024, chasil-2024-whole, screen-2024; no licence stated, public documents). The truth
of a column is its box's digit; a crossed or empty box repeats as bubble 0 unless `pipeline/training/bubble_truth.csv` says otherwise
(many officers leave those columns empty; each was looked at). Fillings, erasures and empty columns are also made out of
real bubbles, and an eighth of the training is drawn, so that clean print is not strange.

## Accuracy out of fold

{FOLDS} folds by paper: every column below was read by a network that has seen no photo of its paper. Intervals are 95 % (Wilson).

{table(["Set", "columns right"], by_set)}

{table(["What the column shows", "right"], by_kind)}

Wrong among the columns stated at least this sure:

{table(["Stated", "wrong"], levels)}

Columns with an erased, struck or whitened bubble, at 0.5: noticed {noticed}, false alarms {false_alarms}.

## Limits

Measured on one form. Bubbles of other diameters are read in the same proportions but were not measured. Erasures are labelled
where a person noticed them at a glance, so false alarms include some that are none.
"""


def states_out_of_fold(found: BubblesOutOfFold) -> NDArray[np.float64]:
    """(N, C, 10, 3) probabilities of the states as the model of each field's fold states them."""
    held = folds_of(found.crops.groups)
    states = np.empty(found.logits.shape, np.float64)
    for fold in range(FOLDS):
        here = held == fold
        logits = torch.from_numpy(found.logits[here].reshape(-1, BUBBLE_OUTPUTS))
        states[here] = probabilities(logits, BUBBLE_OUTPUTS, calibrate(found, ~here)).numpy().reshape(found.logits[here].shape)
    return states
