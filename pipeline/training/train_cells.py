"""Train the reader of tally cells or that of row sums: for each fold and for good, calibrate, export.

The two differ in what a picture may be and in what else there is to learn from: beside the row sums of the sheets, which are mostly 60,
their reader learns digits from the digit boxes of other stations and from drawn ones; a tally mark stands nowhere but in a tally.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.recognition import row_sums, tally
from pipeline.recognition.patches import normalise
from pipeline.training.cell_batches import CellBatches, CellPool, balanced, cell_loss
from pipeline.training.cell_truth import (
    ROW_SUM_EXCEPTIONS,
    TALLY_EXCEPTIONS,
    Written,
    digit_box_allowed,
    read_written,
    row_sums_allowed,
    tally_allowed,
)
from pipeline.training.cells import CROP_SIZE, MARGIN, NO_FIELD, PATCH_SIZE, RIM, ROW_SUMS, TALLY, CellCrops
from pipeline.training.crops import CropStore, load_crops, save_crops
from pipeline.training.export import Calibration, export
from pipeline.training.fit import Schedule, fit
from pipeline.training.folds import FOLDS, folds_of
from pipeline.training.measures import best_temperature
from pipeline.training.mnist import mnist_folder
from pipeline.training.network import CellNetwork
from pipeline.training.run import FINAL, FoldJob, TrainOptions, fold_model, one_thread, run_folder, side_by_side
from pipeline.training.sheets import FAMILIES
from pipeline.training.simulated import digit_sets, simulated

log = logging.getLogger(__name__)

BATCH = 128
SHARES = {"2024": 0.6, "other forms": 0.1, "digit boxes": 0.3}
"""Part of a batch from each source, of those there are: other forms are a twentieth of the sheets and of many kinds."""

FLOOR = 1e-4
"""Uniform share mixed into every distribution."""

SIMULATED_DIGITS = 8_000

CALIBRATION_DRAWS = 20_000
CALIBRATION_SEED = 1
"""Calibrated on this many crops, drawn with classes as frequent as in training: else the rare counts from one to four weigh nothing."""


@dataclass(frozen=True, slots=True)
class CellModel:
    """What tells the two models apart: name of the file; kind, layout and number of classes as its reader wants them; and its training."""

    file: str
    kind: str
    layout: str
    classes: int
    exceptions: Path
    training: Schedule

    def allowed(self, crops: CellCrops) -> NDArray[np.bool_]:
        """(N, classes) bool, what each crop may be."""
        if self.kind == TALLY:
            return tally_allowed(crops, self.listed())
        is_box = crops.fields == NO_FIELD
        allowed = np.empty((len(crops), self.classes), np.bool_)
        allowed[is_box] = digit_box_allowed(crops.take(is_box))
        allowed[~is_box] = row_sums_allowed(crops.take(~is_box), self.listed())
        return allowed

    def listed(self) -> Mapping[str, Written]:
        """The fields that do not repeat their number."""
        return read_written(self.exceptions)


TALLY_MODEL = CellModel("tally", TALLY, tally.LAYOUT, tally.MARKS + 1, TALLY_EXCEPTIONS, Schedule(steps=2800, rate=4e-3))
ROW_SUMS_MODEL = CellModel("row_sums", ROW_SUMS, row_sums.LAYOUT, row_sums.CLASSES, ROW_SUM_EXCEPTIONS, Schedule(steps=2400, rate=4e-3))
MODELS = {model.kind: model for model in (TALLY_MODEL, ROW_SUMS_MODEL)}


@dataclass(frozen=True, slots=True)
class CellsOutOfFold:
    """What networks say of cells they have not seen.

    Attributes
    ----------
    allowed
        (N, K) bool, what each may be; none where it is not known.
    logits
        (N, K) float32.
    """

    model: CellModel
    crops: CellCrops
    allowed: NDArray[np.bool_]
    logits: NDArray[np.float32]


def train_cells(model: CellModel, options: TrainOptions, store: CropStore) -> CellsOutOfFold | None:
    """Train, calibrate and export; gives the predictions out of fold, None without folds."""
    one_thread()
    run = run_folder(options, model.kind)
    crops = store.cells()
    crops = crops.take(crops.kinds == model.kind)
    save_crops(run / f"{model.kind}.npz", crops if model.kind == TALLY else CellCrops.join([crops, _digit_cells(options, store)]))
    folds = [*range(FOLDS), FINAL] if options.folds else [FINAL]
    jobs = [FoldJob(fold, run, options.steps_share, options.seed) for fold in folds]
    work = train_tally_fold if model.kind == TALLY else train_row_sums_fold
    weights = side_by_side(work, jobs, at_once=options.jobs)
    networks = {fold: _network(path, model.classes) for fold, path in zip(folds, weights, strict=True)}
    final = options.models / f"{model.file}.onnx"
    if not options.folds:
        export_cells(model, networks[FINAL], final, Calibration(floor=FLOOR))
        return None
    found = out_of_fold(model, crops, networks)
    held = folds_of(crops.groups)
    for fold in range(FOLDS):
        export_cells(model, networks[fold], fold_model(options.models, model.file, fold), calibrate(found, held != fold))
    export_cells(model, networks[FINAL], final, calibrate(found, np.ones(len(held), np.bool_)))
    return found


def train_tally_fold(job: FoldJob) -> Path:
    """Train the tally network of one fold and give the file of its weights."""
    return _train_fold(TALLY_MODEL, job)


def train_row_sums_fold(job: FoldJob) -> Path:
    """Train the row-sum network of one fold and give the file of its weights."""
    return _train_fold(ROW_SUMS_MODEL, job)


def pools_of(model: CellModel, crops: CellCrops) -> list[CellPool]:
    """The crops by source, each with its share of a batch; a source without crops is left out."""
    is_box, is_2024 = crops.fields == NO_FIELD, np.isin(crops.sets, FAMILIES["2024"])
    parts = {"2024": ~is_box & is_2024, "other forms": ~is_box & ~is_2024, "digit boxes": is_box}
    allowed = model.allowed(crops)
    known = allowed.any(axis=1)
    return [
        CellPool.of(crops.take(part & known), allowed[part & known], SHARES[name]) for name, part in parts.items() if (part & known).any()
    ]


def out_of_fold(model: CellModel, crops: CellCrops, networks: Mapping[int, CellNetwork]) -> CellsOutOfFold:
    """Every cell of the sheets as the network of its fold reads it."""
    held = folds_of(crops.groups)
    logits = np.empty((len(crops), model.classes), np.float32)
    for fold in range(FOLDS):
        logits[held == fold] = read_logits(networks[fold], crops.take(held == fold))
    return CellsOutOfFold(model, crops, model.allowed(crops), logits)


def read_logits(network: CellNetwork, crops: CellCrops) -> NDArray[np.float32]:
    """(N, K) logits of crops cut to the reader's patch, undamaged."""
    rim = round(CROP_SIZE * (RIM - MARGIN) / (1 + 2 * RIM))
    patches = np.ascontiguousarray(crops.images[:, rim : rim + PATCH_SIZE, rim : rim + PATCH_SIZE])
    with torch.no_grad():
        parts = [network(torch.from_numpy(normalise(patches[i : i + 512]))) for i in range(0, len(patches), 512)]
    return np.asarray(torch.cat(parts or [torch.empty(0, 1)]).numpy(), np.float32)


def calibrate(found: CellsOutOfFold, chosen: NDArray[np.bool_]) -> Calibration:
    """The temperature from the chosen cells that can only be one thing."""
    sure = np.flatnonzero(chosen & (found.allowed.sum(axis=1) == 1))
    random = np.random.default_rng(CALIBRATION_SEED)
    drawn = sure[random.choice(len(sure), CALIBRATION_DRAWS, p=balanced(found.crops.sets[sure], found.allowed[sure]))]
    truth = torch.from_numpy(found.allowed[drawn].argmax(axis=1))
    return Calibration(temperature=best_temperature(torch.from_numpy(found.logits[drawn]), truth), floor=FLOOR)


def export_cells(model: CellModel, network: CellNetwork, path: Path, calibration: Calibration) -> None:
    account = {"kind": model.kind, "layout": model.layout, "temperature": f"{calibration.temperature:.3f}"}
    export(network, path, classes=model.classes, input_shape=(3, PATCH_SIZE, PATCH_SIZE), calibration=calibration, account=account)
    log.info("%s: written, %d bytes", path, path.stat().st_size)


def _train_fold(model: CellModel, job: FoldJob) -> Path:
    one_thread()
    torch.manual_seed(job.seed + job.fold)
    crops = load_crops(job.run / f"{model.kind}.npz", CellCrops)
    # Digit boxes are of stations of which there is no sheet, so they are in all folds.
    seen = crops.take((folds_of(crops.groups) != job.fold) | (crops.fields == NO_FIELD))
    batches = CellBatches(pools_of(model, seen), BATCH, job.seed + job.fold, tally=model.kind == TALLY)
    name = f"{model.kind}, final" if job.fold == FINAL else f"{model.kind}, fold {job.fold}"
    checkpoint = job.run / f"fold{job.fold}.checkpoint"
    schedule = model.training.scaled(job.steps_share)
    trained = fit(CellNetwork(model.classes), batches, cell_loss, schedule=schedule, name=name, checkpoint=checkpoint)
    weights = job.run / f"fold{job.fold}.pt"
    torch.save(trained.state_dict(), weights)
    return weights


def _digit_cells(options: TrainOptions, store: CropStore) -> CellCrops:
    """Digit boxes of other stations, and drawn ones: the flagged 1 and other ways to write that the sheets hardly show."""
    log.info("row-sums: drawing %d boxes", SIMULATED_DIGITS)
    sets = digit_sets(options.data, mnist_folder(options.cache))
    return store.digit_cells(simulated(SIMULATED_DIGITS, sets, random=np.random.default_rng(options.seed)))


def _network(weights: Path, classes: int) -> CellNetwork:
    network = CellNetwork(classes)
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    return network
