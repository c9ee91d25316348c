"""The cards of the tally and row-sum models: what they are, what they learnt from, how often they are right on unseen papers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from pipeline.crosscheck.tally_numbers import SKIP, row_sums_posterior, tally_posterior
from pipeline.training.cell_truth import Written, totals
from pipeline.training.cells import MARGIN, PATCH_SIZE, TALLY
from pipeline.training.export import probabilities
from pipeline.training.folds import FOLDS, folds_of
from pipeline.training.markdown import table
from pipeline.training.measures import TAIL_LEVELS, Rate, tail
from pipeline.training.network import CellNetwork, parameter_count
from pipeline.training.run import TrainOptions
from pipeline.training.train_cells import CellsOutOfFold, calibrate

SMALL_PHOTO = 500
"""Height in pixels below which a photo is a small one: a tally cell is then less than about 20 pixels wide."""

TOP = 3

TALLY_TEXT = """Counts the marks in one cell of a tally grid: 0 to 5. The stroke that closes the unused cells (Z, X or a line)
counts nothing."""

ROW_SUMS_TEXT = """Reads one of the two small boxes beside a tally row: 0 to 9, a filler (X or dash), or closed (empty, or part of the
stroke that closes the rows after the last). An X before a single digit and an X that closes a box look alike and both count
nothing, so of such boxes only what they may be is learnt, not which; so it is with a 0, a filler or nothing before a digit."""

TALLY_TRUTH = """The truth of a cell follows from the number in the digit boxes: cells are filled row by row from the left, five marks
a cell. Where the paper was looked at and does not repeat that number, `pipeline/training/tally_truth.csv` says what is tallied, or leaves
the field out ({listed})."""

ROW_SUMS_TRUTH = """The truth of a box follows from the number in the digit boxes: a row holds what its tally row can (60) until the
number is used up. Where the paper was looked at and does not repeat it, `pipeline/training/row_sums_truth.csv` says what stands there, or
leaves the field out ({listed}). Three tenths of every batch are digit boxes: of 2024 of other stations (febriyan), and drawn ones (MNIST,
ARDIS, USPS, handwriting fonts), in all folds: the last row is the only sum that is not 60."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What the decoder makes of each field whose total is known.

    Attributes
    ----------
    fields, sets
        (F,) str.
    heights
        (F,) int64, of the photo, pixels.
    truth, ranks
        (F,) int64: what is written, and how many other numbers are stated to be more probable.
    answers, stated
        (F,) int64 and float64: the most probable number and its probability.
    """

    fields: NDArray[np.str_]
    sets: NDArray[np.str_]
    heights: NDArray[np.int64]
    truth: NDArray[np.int64]
    ranks: NDArray[np.int64]
    answers: NDArray[np.int64]
    stated: NDArray[np.float64]


def write_cells_card(found: CellsOutOfFold, options: TrainOptions) -> None:
    """Write the card beside the model."""
    path = options.models / f"{found.model.file}.onnx"
    path.with_suffix(".md").write_text(cells_card(found, path.read_bytes()), encoding="utf-8")


def cells_card(found: CellsOutOfFold, model: bytes) -> str:
    """The card as Markdown; `model` is the content of the final ONNX file."""
    stated = stated_out_of_fold(found)
    sums = totals_out_of_fold(found, stated)
    kind, crops = found.model, found.crops
    is_tally = kind.kind == TALLY
    noun = "cells" if is_tally else "boxes"
    answers = stated.argmax(axis=1)
    known, sure = np.asarray(found.allowed.any(axis=1), np.bool_), found.allowed.sum(axis=1) == 1
    right = np.asarray(found.allowed[np.arange(len(crops)), answers], np.bool_)
    final = calibrate(found, np.ones(len(crops), np.bool_))
    truth = np.where(right, answers, found.allowed.argmax(axis=1))
    levels = [list(row) for row in tail(stated[known], truth[known]).items()]
    by_set = [[name, _rate(right, known & (crops.sets == name))] for name in dict.fromkeys(crops.sets.tolist())]
    names = [str(count) for count in range(kind.classes)] if is_tally else [*"0123456789", "filler", "closed"]
    written = [(names[place], sure & found.allowed[:, place]) for place in range(kind.classes) if (sure & found.allowed[:, place]).any()]
    if not is_tally:
        several = found.allowed.sum(axis=1) > 1
        written += [("0, filler or closed", several & found.allowed[:, 0]), ("filler or closed", several & ~found.allowed[:, 0])]
    by_class = [[name, _rate(right, part)] for name, part in written]
    text, origin = (TALLY_TEXT, TALLY_TRUTH) if is_tally else (ROW_SUMS_TEXT, ROW_SUMS_TRUTH)
    return f"""# {"Tally cells" if is_tally else "Row sums"}: `{kind.file}.onnx`

{text}

- Network: {parameter_count(CellNetwork(kind.classes)):,} parameters, 5 convolutions on a {PATCH_SIZE} x {PATCH_SIZE} colour patch
  (the {noun[:-1] if is_tally else "box"} and {MARGIN:.0%} of its sides around it), layout `{kind.layout}`.
- File: {len(model):,} bytes, SHA-256 `{hashlib.sha256(model).hexdigest()}`.
  Temperature {final.temperature:.3f} and uniform floor {final.floor:g} are inside the file.
- Made with PyTorch {torch.__version__.split("+")[0]}, run with ONNX Runtime {onnxruntime.__version__}: `sirekap train {kind.kind}`.

## Data

Photos of C.HASIL-PPWP 2024 (gammafest-2024, chasil-2024-whole, screen-2024) and, a few, of C.Digital and of posters of 2015 to 2019; no
licence stated, public documents.

{origin.format(listed=_listed(found.model.listed()))}

A class is drawn as often as the cube root of its number, and the file is calibrated on crops drawn in the same way: probabilities
are meant with classes about that frequent, so the decoder may take them as likelihoods.

## Accuracy out of fold

{FOLDS} folds by paper: all below was read by a network that has seen no photo of its paper, calibrated on the other folds.
Intervals are 95 % (Wilson).

{table(["Set", f"{noun} right"], by_set)}

{table(["Written", "right"], by_class)}

What was read for what:

{_confusion(written, answers, names)}

Wrong among the {noun} stated at least this sure:

{table(["Stated", "wrong"], levels)}

{"" if is_tally else _rows_text(found, right, known, sums)}## Totals

What a field's {"cells" if is_tally else "row sums"} add up to, by the decoder of `pipeline/crosscheck/tally_numbers.py`, skip {SKIP:g}:

{table(["Fields", "exact", f"among the {TOP} most probable"], _totals_rows(sums))}

Wrong totals among those stated at least this sure, before any calibration of totals:

{table(["Stated", "wrong"], _totals_tail(sums))}

## Limits

Cells were cut where the registration put them, so a sheet laid a little wrong counts in full. Forms other than that of 2024 are few and
trained on with it; what is tallied on paper other than by strokes in cells is not read.
"""


def stated_out_of_fold(found: CellsOutOfFold) -> NDArray[np.float64]:
    """(N, K) probabilities as the model of each cell's fold states them."""
    held = folds_of(found.crops.groups)
    stated = np.empty(found.logits.shape, np.float64)
    for fold in range(FOLDS):
        here = held == fold
        if here.any():
            logits = torch.from_numpy(found.logits[here])
            stated[here] = probabilities(logits, found.model.classes, calibrate(found, ~here)).numpy()
    return stated


def totals_out_of_fold(found: CellsOutOfFold, stated: NDArray[np.float64]) -> Totals:
    """Every field whose total is known, added up by the decoder."""
    crops, known = found.crops, totals(found.crops, found.model.listed())
    rows = []
    for field, cells in _by_field(crops.fields).items():
        if field not in known:
            continue
        capacity, first = int(crops.capacities[cells[0]]), cells[0]
        ordered = stated[cells[np.argsort(crops.places[cells])]]
        if found.model.kind == TALLY:
            posterior = tally_posterior(ordered, marks=capacity)
        else:
            posterior = row_sums_posterior(ordered.reshape(-1, 2, found.model.classes), row_capacity=capacity)
        truth = min(known[field], len(posterior.numbers) - 1)
        rank = int((posterior.numbers > posterior.numbers[truth]).sum())
        answer = int(posterior.numbers.argmax())
        sure = float(posterior.numbers[answer])
        rows.append((field, str(crops.sets[first]), int(crops.heights[first]), truth, rank, answer, sure))
    return Totals(*(np.array(column) for column in zip(*rows, strict=True)))


def _rows_text(found: CellsOutOfFold, right: NDArray[np.bool_], known: NDArray[np.bool_], sums: Totals) -> str:
    """How many rows have both boxes right; a row with a sum is one whose second box must be a digit.

    Where the total is right, so is every row that it was taken from, be it that the number stands whole beside the first.
    """
    order = np.lexsort((found.crops.places, found.crops.fields))
    allowed, crops = found.allowed[order], found.crops.take(order)
    place = {field: number for number, field in enumerate(sums.fields.tolist())}
    total = np.array([place.get(field, -1) for field in crops.fields.tolist()])
    answers, exact = np.where(total < 0, -1, sums.answers[total]), (total >= 0) & (sums.answers == sums.truth)[total]
    held = np.clip(answers - crops.capacities * (crops.places // 2), 0, crops.capacities)
    digits = np.where(crops.places % 2 == 0, held // 10, held % 10)
    together = exact | allowed[np.arange(len(digits)), digits]

    def of_rows(boxes: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.asarray(boxes.reshape(-1, 2).all(axis=1), np.bool_)

    both_known, both_right = of_rows(known[order]), of_rows(right[order])
    is_digit = np.asarray(allowed[:, :10].any(axis=1) & (allowed.sum(axis=1) == 1), np.bool_)
    with_sum = both_known & is_digit.reshape(-1, 2)[:, 1]
    in_total = with_sum & of_rows(answers >= 0)
    rows = [
        ["rows with a sum, each by itself", _rate(both_right, with_sum)],
        ["rows with a sum, as the total of the field says", _rate(of_rows(together), in_total)],
        ["all rows, each by itself", _rate(both_right, both_known)],
    ]
    return f"Rows with both boxes right:\n\n{table(['Rows', 'right'], rows)}\n\n"


def _by_field(names: NDArray[np.str_]) -> dict[str, NDArray[np.int64]]:
    """Field to the positions of its crops."""
    order = np.argsort(names, kind="stable")
    fields, starts = np.unique(names[order], return_index=True)
    return dict(zip(fields.tolist(), np.split(order, starts[1:]), strict=True))


def _totals_rows(sums: Totals) -> list[list[object]]:
    small = sums.heights < SMALL_PHOTO
    parts: list[tuple[str, NDArray[np.bool_]]] = [
        ("all", np.ones(len(small), np.bool_)),
        (f"photos of {SMALL_PHOTO} px height and more", ~small),
        (f"photos under {SMALL_PHOTO} px", small),
        *((name, sums.sets == name) for name in dict.fromkeys(sums.sets.tolist())),
    ]
    return [[name, _rate(sums.ranks == 0, part), _rate(sums.ranks < TOP, part)] for name, part in parts]


def _totals_tail(sums: Totals) -> list[list[object]]:
    return [[f"≥ {level}", _rate(sums.answers != sums.truth, sums.stated >= level)] for level in TAIL_LEVELS]


def _confusion(written: Sequence[tuple[str, NDArray[np.bool_]]], answers: NDArray[np.int64], names: Sequence[str]) -> str:
    rows = []
    for name, part in written:
        counts = np.bincount(answers[part], minlength=len(names))
        rows.append([f"**{name}**", *(str(count) if count else "" for count in counts)])
    return table(["written \\ read", *names], rows)


def _listed(exceptions: Mapping[str, Written]) -> str:
    left_out = sum(written is None for written in exceptions.values())
    return f"{len(exceptions)} fields are listed, {left_out} of them left out"


def _rate(right: NDArray[np.bool_], part: NDArray[np.bool_]) -> Rate:
    return Rate(int(right[part].sum()), int(part.sum()))
