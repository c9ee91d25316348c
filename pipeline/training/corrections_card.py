"""The card of the correction model: what it is, what it learnt from, and what it notices on papers it has not seen."""

from __future__ import annotations

import hashlib

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from pipeline.crosscheck import VerdictPolicy
from pipeline.recognition.corrections import LAYOUT, MARGIN, PATCH_SIZE
from pipeline.training.boxes import CHECKED, read_table
from pipeline.training.digits_card import FALSE_ALARMS
from pipeline.training.export import probabilities
from pipeline.training.folds import FOLDS, folds_of
from pipeline.training.markdown import table
from pipeline.training.measures import Rate
from pipeline.training.network import CorrectionNetwork, parameter_count
from pipeline.training.run import TrainOptions
from pipeline.training.sheets import FAMILIES
from pipeline.training.train_corrections import CorrectionsOutOfFold, calibrate

SHARES_FLAGGED = (0.003, 0.005, 0.01, FALSE_ALARMS, 0.03, 0.05)
"""Shares of the clean boxes that may be flagged, for which it is said what is noticed."""

LEVELS = ((0.0, 0.01), (0.01, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.0))


def write_corrections_card(found: CorrectionsOutOfFold, options: TrainOptions) -> None:
    """Write `corrections.md` beside the model."""
    card = corrections_card(found, (options.models / "corrections.onnx").read_bytes())
    (options.models / "corrections.md").write_text(card, encoding="utf-8")


def corrections_card(found: CorrectionsOutOfFold, model: bytes) -> str:
    """The card as Markdown; `model` is the content of the final ONNX file."""
    stated = stated_out_of_fold(found)
    final = calibrate(found, np.ones(len(stated), np.bool_))
    poster = np.isin(found.crops.sets, FAMILIES["2024"])
    clean, corrected = (poster & (found.crops.corrected == known) for known in (0, 1))
    noticed = [[f"{share:.1%}", noticed_at(stated[clean], stated[corrected], share)] for share in SHARES_FLAGGED]
    level = VerdictPolicy().max_corrected
    flagged = [Rate(int((part & (stated > level)).sum()), int(part.sum())) for part in (corrected, clean)]
    held = [
        [f"{low:g} to {high:g}", Rate(int((part & corrected).sum()), int((part & (clean | corrected)).sum()))]
        for low, high in LEVELS
        for part in ((stated >= low) & (stated < high),)
    ]
    others = [
        [name, Rate(int((part & (stated >= 0.5)).sum()), int(part.sum()))]
        for name, sets in FAMILIES.items()
        for part in (np.isin(found.crops.sets, sets) & (found.crops.corrected == 0),)
    ]
    return f"""# Corrections: `corrections.onnx`

Says of each digit box of a page whether it was corrected (overwritten, struck out, gone over, whitened, erased, initialled), seen
beside the median box of its page and the usual ink there.

- Network: {parameter_count(CorrectionNetwork()):,} parameters, 7 convolutions on {PATCH_SIZE} x {PATCH_SIZE} colour patches
  (the box and {MARGIN:.0%} of its side around it), layout `{LAYOUT}`.
- File: {len(model):,} bytes, SHA-256 `{hashlib.sha256(model).hexdigest()}`.
  Temperature {final.flag_temperature:.3f}, shift {final.flag_shift:.3f} and uniform floor {final.floor:g} are inside the file.
- Made with PyTorch {torch.__version__.split("+")[0]}, run with ONNX Runtime {onnxruntime.__version__}: `sirekap train corrections`.

## Data

The labelled sheets that could be placed (see `digits.md`), of which {int(corrected.sum())} boxes of the poster of 2024 are known to be
corrected, and corrections made anew in every batch out of real boxes, mostly of the same page: fluid, one sign over another, gone over,
erased, blotted, struck out, some with initials beside the box. Of the boxes of other stations (febriyan) all were looked at and
{_seen_corrected()} seen to be corrected; each stands among clean ones that look most as if they were of its photo, since nobody knows the
pages (`pipeline/training/like_pages.py`), in all folds. It begins from the digit network before that has seen a sheet.

## Noticed out of fold

Poster of 2024, {int(clean.sum()):,} clean boxes; {FOLDS} folds by paper: every box below was seen by a network that knows no photo of
its paper. Intervals are 95 % (Wilson).

{table(["Clean boxes flagged", "corrected boxes noticed"], noticed)}

At {level:g}, from which the package counts a box as corrected: noticed {flagged[0]}, clean boxes flagged {flagged[1]}.

How far the stated probability holds:

{table(["Stated", "corrected"], held)}

Clean boxes stated at 0.5 or more, all forms:

{table(["Kind of form", "false alarms"], others)}

## Limits

There is more to see: looked at by eye without the labels, 81 of the pages showed 30 of 34 corrections at 2 % of their clean boxes. Labels
are what one person noticed, so some false alarms are none. Corrections on the other forms are too few to measure. A page that is mostly
corrected has no usual ink to compare with; drawn ones come out doubtful, not clean.
"""


def noticed_at(clean: NDArray[np.float64], corrected: NDArray[np.float64], share: float) -> Rate:
    """How many of the corrected are stated surer than all but a share of the clean."""
    return Rate(int((corrected > np.quantile(clean, 1 - share)).sum()), len(corrected))


def stated_out_of_fold(found: CorrectionsOutOfFold) -> NDArray[np.float64]:
    """(N,) probabilities as the model of each box's fold states them."""
    held = folds_of(found.crops.groups)
    stated = np.empty(len(held), np.float64)
    for fold in range(FOLDS):
        here = held == fold
        stated[here] = probabilities(torch.from_numpy(found.logits[here, None]), 0, calibrate(found, ~here)).numpy()[:, 0]
    return stated


def _seen_corrected() -> int:
    return sum(entry["corrected"] == "1" for entry in read_table(CHECKED))
