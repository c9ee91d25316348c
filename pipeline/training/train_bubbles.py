"""Train the bubble reader: for each fold and for good, calibrate, export.

There is nothing to learn beforehand: a bubble is a simple thing and the development sheets show 28,000 of them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.recognition.bubbles import CHANNELS, LAYOUT, MARGIN, PATCH_SIZE, beside_field
from pipeline.training.bubble_batches import BubbleBatches, bubble_loss
from pipeline.training.bubbles import CROP_SIZE, RIM, UNKNOWN, BubbleFields
from pipeline.training.crops import CropStore, load_crops, save_crops
from pipeline.training.drawn_bubbles import drawn_bubbles
from pipeline.training.export import Calibration, export
from pipeline.training.fit import Schedule, fit
from pipeline.training.folds import FOLDS, folds_of
from pipeline.training.measures import best_temperature
from pipeline.training.network import BUBBLE_OUTPUTS, BubbleNetwork
from pipeline.training.run import FINAL, FoldJob, TrainOptions, fold_model, one_thread, run_folder, side_by_side

log = logging.getLogger(__name__)

TRAINING = Schedule(steps=1200, rate=3e-3)
FIELDS_PER_BATCH = 12
DRAWN_FIELDS = 200

FLOOR = 1e-5
"""Uniform share mixed into a bubble's three states. Ten of them make a column, so a column is never surer than 0.9999."""


@dataclass(frozen=True, slots=True)
class BubblesOutOfFold:
    """What networks say of fields they have not seen.

    Attributes
    ----------
    logits
        (N, C, 10, 3) float32.
    """

    crops: BubbleFields
    logits: NDArray[np.float32]


def train_bubbles(options: TrainOptions, store: CropStore) -> BubblesOutOfFold | None:
    """Train, calibrate and export; gives the predictions out of fold, None without folds."""
    one_thread()
    run = run_folder(options, "bubbles")
    crops = store.bubbles()
    save_crops(run / "bubbles.npz", crops)
    folds = [*range(FOLDS), FINAL] if options.folds else [FINAL]
    jobs = [FoldJob(fold, run, options.steps_share, options.seed) for fold in folds]
    networks = dict(zip(folds, map(_network, side_by_side(train_fold, jobs, at_once=options.jobs)), strict=True))
    if not options.folds:
        export_bubbles(networks[FINAL], options.models / "bubbles.onnx", Calibration(floor=FLOOR))
        return None
    held = folds_of(crops.groups)
    logits = np.empty((*crops.states.shape, BUBBLE_OUTPUTS), np.float32)
    for fold in range(FOLDS):
        logits[held == fold] = read_logits(networks[fold], crops.take(held == fold))
    found = BubblesOutOfFold(crops, logits)
    for fold in range(FOLDS):
        export_bubbles(networks[fold], fold_model(options.models, "bubbles", fold), calibrate(found, held != fold))
    export_bubbles(networks[FINAL], options.models / "bubbles.onnx", calibrate(found, np.ones(len(held), np.bool_)))
    return found


def train_fold(job: FoldJob) -> Path:
    """Train the network of one fold and give the file of its weights."""
    one_thread()
    torch.manual_seed(job.seed + job.fold)
    crops = load_crops(job.run / "bubbles.npz", BubbleFields)
    seen = crops.take(folds_of(crops.groups) != job.fold)
    drawn = drawn_bubbles(DRAWN_FIELDS, random=np.random.default_rng(job.seed))
    name = "bubbles, final" if job.fold == FINAL else f"bubbles, fold {job.fold}"
    trained = fit(
        BubbleNetwork(), BubbleBatches(seen, drawn, FIELDS_PER_BATCH, job.seed + job.fold), bubble_loss,
        schedule=TRAINING.scaled(job.steps_share), name=name, checkpoint=job.run / f"fold{job.fold}.checkpoint",
    )
    weights = job.run / f"fold{job.fold}.pt"
    torch.save(trained.state_dict(), weights)
    return weights


def read_logits(network: BubbleNetwork, crops: BubbleFields) -> NDArray[np.float32]:
    """(N, C, 10, 3) logits of fields cut to the reader's patches, undamaged."""
    rim = round(CROP_SIZE * (RIM - MARGIN) / (1 + 2 * RIM))
    inner = crops.images[..., rim : rim + PATCH_SIZE, rim : rim + PATCH_SIZE, :]
    logits = np.empty((*crops.states.shape, BUBBLE_OUTPUTS), np.float32)
    with torch.no_grad():
        for number, field in enumerate(inner):
            inputs = beside_field(np.ascontiguousarray(field.reshape(-1, PATCH_SIZE, PATCH_SIZE, 3)))
            logits[number] = network(torch.from_numpy(inputs)).numpy().reshape(logits.shape[1:])
    return logits


def calibrate(found: BubblesOutOfFold, chosen: NDArray[np.bool_]) -> Calibration:
    """The temperature of the three states from the chosen fields."""
    known = found.crops.states[chosen] != UNKNOWN
    logits = torch.from_numpy(found.logits[chosen][known])
    return Calibration(temperature=best_temperature(logits, torch.from_numpy(found.crops.states[chosen][known])), floor=FLOOR)


def export_bubbles(network: BubbleNetwork, path: Path, calibration: Calibration) -> None:
    account = {"kind": "bubbles", "layout": LAYOUT, "temperature": f"{calibration.temperature:.3f}"}
    export(network, path, classes=BUBBLE_OUTPUTS, input_shape=(CHANNELS, PATCH_SIZE, PATCH_SIZE), calibration=calibration, account=account)
    log.info("%s: written, %d bytes", path, path.stat().st_size)


def _network(weights: Path) -> BubbleNetwork:
    network = BubbleNetwork()
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    return network
