"""Train the reader of corrections: for each fold and for good, calibrate, export.

It begins from the digit network as it is before it has seen a sheet, because what strokes, frames and paper look like is learnt there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.recognition.corrections import CHANNELS, LAYOUT, MARGIN, PATCH_SIZE, beside_page
from pipeline.training.boxes import CROP_SIZE, RIM, UNKNOWN, BoxCrops
from pipeline.training.correction_batches import CorrectionBatches, Pages, correction_loss, places_of_pages
from pipeline.training.crops import CropStore, load_crops, save_crops
from pipeline.training.export import Calibration, export
from pipeline.training.fit import Schedule, fit
from pipeline.training.folds import FOLDS, folds_of
from pipeline.training.measures import best_flag_scale
from pipeline.training.network import CorrectionNetwork
from pipeline.training.run import FINAL, FoldJob, TrainOptions, fold_model, one_thread, run_folder, side_by_side
from pipeline.training.sheets import FAMILIES
from pipeline.training.train_digits import box_ensemble, pretrain

log = logging.getLogger(__name__)

TRAINING = Schedule(steps=3000, rate=2e-3)
PAGES_PER_BATCH = 10

FLOOR = 1e-3
"""Nothing is stated as certain: of the boxes that nobody labelled as corrected some are."""


@dataclass(frozen=True, slots=True)
class CorrectionsOutOfFold:
    """What networks say of boxes they have not seen: crops, and (N,) float32 logits."""

    crops: BoxCrops
    logits: NDArray[np.float32]


def train_corrections(options: TrainOptions, store: CropStore) -> CorrectionsOutOfFold | None:
    """Train, calibrate and export; gives the predictions out of fold, None without folds."""
    one_thread()
    run = run_folder(options, "corrections")
    save_crops(run / "boxes.npz", store.boxes())
    pretrain(run, options)
    crops = store.pages()
    save_crops(run / "pages.npz", crops)
    save_crops(run / "like-pages.npz", store.like_pages())
    folds = [*range(FOLDS), FINAL] if options.folds else [FINAL]
    jobs = [FoldJob(fold, run, options.steps_share, options.seed) for fold in folds]
    networks = dict(zip(folds, map(_network, side_by_side(train_fold, jobs, at_once=options.jobs)), strict=True))
    if not options.folds:
        export_corrections(networks[FINAL], options.models / "corrections.onnx", Calibration(floor=FLOOR))
        return None
    found = out_of_fold(crops, networks)
    held = folds_of(crops.groups)
    for fold in range(FOLDS):
        export_corrections(networks[fold], fold_model(options.models, "corrections", fold), calibrate(found, held != fold))
    export_corrections(networks[FINAL], options.models / "corrections.onnx", calibrate(found, np.ones(len(held), np.bool_)))
    return found


def train_fold(job: FoldJob) -> Path:
    """Train the network of one fold and give the file of its weights."""
    one_thread()
    torch.manual_seed(job.seed + job.fold)
    crops = load_crops(job.run / "pages.npz", BoxCrops)
    seen = crops.take(folds_of(crops.groups) != job.fold)
    pages = Pages.of(BoxCrops.join([seen, load_crops(job.run / "like-pages.npz", BoxCrops)]))
    name = "corrections, final" if job.fold == FINAL else f"corrections, fold {job.fold}"
    network = CorrectionNetwork(box_ensemble(job.run / "pretrained.pt").members[0])
    trained = fit(
        network, CorrectionBatches(pages, PAGES_PER_BATCH, job.seed + job.fold),
        correction_loss, schedule=TRAINING.scaled(job.steps_share), name=name, checkpoint=job.run / f"fold{job.fold}.checkpoint",
    )
    weights = job.run / f"fold{job.fold}.pt"
    torch.save(trained.state_dict(), weights)
    return weights


def out_of_fold(crops: BoxCrops, networks: Mapping[int, CorrectionNetwork]) -> CorrectionsOutOfFold:
    """Every box as the network of its paper's fold sees it beside the others of its page."""
    held = folds_of(crops.groups)
    logits = np.empty(len(crops), np.float32)
    for fold in range(FOLDS):
        logits[held == fold] = read_logits(networks[fold], crops.take(held == fold))
    return CorrectionsOutOfFold(crops, logits)


def read_logits(network: CorrectionNetwork, crops: BoxCrops) -> NDArray[np.float32]:
    """(N,) logits of whole pages of crops cut to the reader's patch, undamaged."""
    inner = CROP_SIZE * (1 + 2 * MARGIN) / (1 + 2 * RIM)
    scale, rim = PATCH_SIZE / inner, (CROP_SIZE - inner) / 2
    to_patch = np.array([[scale, 0, (0.5 - rim) * scale - 0.5], [0, scale, (0.5 - rim) * scale - 0.5]])
    logits = np.empty(len(crops), np.float32)
    with torch.no_grad():
        for places in places_of_pages(crops.names):
            patches = np.stack([cv2.warpAffine(image, to_patch, (PATCH_SIZE, PATCH_SIZE)) for image in crops.images[places]])
            logits[places] = network(torch.from_numpy(beside_page(patches.astype(np.uint8, copy=False))))[:, 0].numpy()
    return logits


def calibrate(found: CorrectionsOutOfFold, chosen: NDArray[np.bool_]) -> Calibration:
    """Temperature and shift from the chosen boxes of the poster of 2024: of the other forms hardly a correction is known."""
    asked = chosen & (found.crops.corrected != UNKNOWN) & np.isin(found.crops.sets, FAMILIES["2024"])
    temperature, shift = best_flag_scale(torch.from_numpy(found.logits[asked]), torch.from_numpy(found.crops.corrected[asked]))
    return Calibration(floor=FLOOR, flag_temperature=temperature, flag_shift=shift)


def export_corrections(network: CorrectionNetwork, path: Path, calibration: Calibration) -> None:
    account = {
        "kind": "corrections", "layout": LAYOUT,
        "flag_temperature": f"{calibration.flag_temperature:.3f}", "flag_shift": f"{calibration.flag_shift:.3f}",
    }
    export(network, path, classes=0, input_shape=(CHANNELS, PATCH_SIZE, PATCH_SIZE), calibration=calibration, account=account)
    log.info("%s: written, %d bytes", path, path.stat().st_size)


def _network(weights: Path) -> CorrectionNetwork:
    network = CorrectionNetwork()
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    return network
