"""Train the digit reader: pretrain, fine-tune for each fold and for good, calibrate, export, and write its card.

The idea of the order: what no sheet of the development set has touched (simulated boxes, boxes of other stations) is learnt
once; only the rest is learnt anew for each fold, so that every figure in the card is about papers the network has not seen.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.recognition.digits import LAYOUT, MARGIN, PATCH_SIZE
from pipeline.recognition.patches import normalise
from pipeline.sheet import BOX_CLASSES
from pipeline.training.box_batches import CLASSES, BoxBatches, Pool, ensemble_loss, written_on
from pipeline.training.boxes import BLANKS, CROP_SIZE, RIM, UNKNOWN, BoxCrops
from pipeline.training.crops import CropStore, load_crops, save_crops
from pipeline.training.export import Calibration, export
from pipeline.training.fit import Schedule, fit
from pipeline.training.folds import FOLDS, folds_of
from pipeline.training.measures import best_temperature
from pipeline.training.mnist import mnist_folder
from pipeline.training.network import BoxEnsemble
from pipeline.training.run import FINAL, FoldJob, TrainOptions, fold_model, one_thread, run_folder, side_by_side
from pipeline.training.sheets import FAMILIES
from pipeline.training.simulated import digit_sets, simulated

log = logging.getLogger(__name__)

SIMULATED_BOXES = 40_000
BATCH = 128
PRETRAINING = Schedule(steps=1500, rate=3e-3)
FINE_TUNING = Schedule(steps=4000, rate=2e-3)
PRETRAINING_SHARES = {"simulated": 0.65, "febriyan": 0.35}
SHARES = {"2024": 0.30, "febriyan": 0.18, "other forms": 0.34, "blank forms": 0.06, "simulated": 0.12}
"""Part of a batch from each source, about as the boxes at hand are split between the poster of 2024 and all other forms."""

WRITTEN_ON_BLANKS = 3000

FLOOR = 1e-4
"""Uniform share mixed into every distribution: a box stated at 0.9999 is as sure as 10,000 labelled boxes can make one."""


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What networks say of boxes they have not seen: crops, and (N, 15) float32 logits."""

    crops: BoxCrops
    logits: NDArray[np.float32]


def train_digits(options: TrainOptions, store: CropStore) -> OutOfFold | None:
    """Train, calibrate and export; gives the predictions out of fold, None without folds."""
    one_thread()
    run = run_folder(options, "digits")
    crops = store.boxes()
    save_crops(run / "boxes.npz", crops)
    pretrain(run, options)
    folds = [*range(FOLDS), FINAL] if options.folds else [FINAL]
    jobs = [FoldJob(fold, run, options.steps_share, options.seed) for fold in folds]
    weights = side_by_side(fine_tune, jobs, at_once=options.jobs)
    networks = dict(zip(folds, map(box_ensemble, weights), strict=True))
    if not options.folds:
        export_digits(networks[FINAL], options.models / "digits.onnx", Calibration(floor=FLOOR))
        return None
    found = out_of_fold(crops, networks)
    held = folds_of(found.crops.groups)
    for fold in range(FOLDS):
        export_digits(networks[fold], fold_model(options.models, "digits", fold), calibrate(found, held != fold))
    export_digits(networks[FINAL], options.models / "digits.onnx", calibrate(found, np.ones(len(held), np.bool_)))
    return found


def pretrain(run: Path, options: TrainOptions) -> None:
    """Learn strokes from simulated boxes and from those of other stations, `boxes.npz` of the run; leaves `pretrained.pt` there."""
    _simulate(options, run)
    weights = run / "pretrained.pt"
    if weights.exists():
        return
    torch.manual_seed(options.seed)
    crops, made = load_crops(run / "boxes.npz", BoxCrops), load_crops(run / "simulated.npz", BoxCrops)
    pools = [
        Pool.of(made, PRETRAINING_SHARES["simulated"]),
        Pool.of(crops.take(crops.sets == "febriyan"), PRETRAINING_SHARES["febriyan"]),
    ]
    network = fit(
        BoxEnsemble(), BoxBatches(pools, BATCH, options.seed), ensemble_loss, schedule=PRETRAINING.scaled(options.steps_share),
        name="digits, pretraining", checkpoint=run / "pretrained.checkpoint",
    )
    torch.save(network.state_dict(), weights)


def fine_tune(job: FoldJob) -> Path:
    """Train the network of one fold and give the file of its weights."""
    one_thread()
    torch.manual_seed(job.seed + job.fold)
    crops, made = load_crops(job.run / "boxes.npz", BoxCrops), load_crops(job.run / "simulated.npz", BoxCrops)
    seen = folds_of(crops.groups) != job.fold
    is_febriyan, is_blank, is_2024 = crops.sets == "febriyan", crops.sets == BLANKS, np.isin(crops.sets, FAMILIES["2024"])
    others = crops.take(~is_2024 & ~is_febriyan & ~is_blank & seen)
    random = np.random.default_rng((job.seed, job.fold + 1))
    pools = [
        Pool.of(crops.take(is_2024 & seen), SHARES["2024"]),
        Pool.of(crops.take(is_febriyan), SHARES["febriyan"]),
        Pool.of(others, SHARES["other forms"], balanced=True),
        Pool.of(written_on(crops.take(is_blank), BoxCrops.join([others, made]), WRITTEN_ON_BLANKS, random=random), SHARES["blank forms"]),
        Pool.of(made, SHARES["simulated"]),
    ]
    batches = BoxBatches(pools, BATCH, job.seed + 100 + job.fold)
    network = BoxEnsemble()
    network.load_state_dict(torch.load(job.run / "pretrained.pt", weights_only=True))
    name = "digits, final" if job.fold == FINAL else f"digits, fold {job.fold}"
    checkpoint = job.run / f"fold{job.fold}.checkpoint"
    trained = fit(network, batches, ensemble_loss, schedule=FINE_TUNING.scaled(job.steps_share), name=name, checkpoint=checkpoint)
    weights = job.run / f"fold{job.fold}.pt"
    torch.save(trained.state_dict(), weights)
    return weights


def out_of_fold(crops: BoxCrops, networks: dict[int, BoxEnsemble]) -> OutOfFold:
    """Every development box as the network of its fold reads it (febriyan's and blank ones are in all folds and left out)."""
    rest = crops.take(~np.isin(crops.sets, ("febriyan", BLANKS)))
    held = folds_of(rest.groups)
    logits = np.empty((len(rest), CLASSES + 2), np.float32)
    for fold in range(FOLDS):
        logits[held == fold] = read_logits(networks[fold], rest.take(held == fold))
    return OutOfFold(rest, logits)


def read_logits(network: BoxEnsemble, crops: BoxCrops) -> NDArray[np.float32]:
    """(N, 15) logits of crops cut to the reader's patch, undamaged."""
    rim = round(CROP_SIZE * (RIM - MARGIN) / (1 + 2 * RIM))
    patches = np.ascontiguousarray(crops.images[:, rim : rim + PATCH_SIZE, rim : rim + PATCH_SIZE])
    with torch.no_grad():
        parts = [network(torch.from_numpy(normalise(patches[i : i + 256]))) for i in range(0, len(patches), 256)]
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def calibrate(found: OutOfFold, chosen: NDArray[np.bool_]) -> Calibration:
    """Temperatures from the chosen boxes."""
    crops = found.crops
    known = chosen & (crops.labels >= 0)
    logits = torch.from_numpy(found.logits)
    asked = [chosen & (truth != UNKNOWN) for truth in (crops.illegible, crops.corrected)]
    flags = torch.cat([logits[part, column] for part, column in zip(asked, (CLASSES, CLASSES + 1), strict=True)])[:, None]
    answers = torch.from_numpy(np.concatenate([crops.illegible[asked[0]], crops.corrected[asked[1]]]))
    return Calibration(
        temperature=best_temperature(logits[known, :CLASSES], torch.from_numpy(found.crops.labels[known])),
        floor=FLOOR,
        flag_temperature=best_temperature(flags, answers),
    )


def export_digits(network: BoxEnsemble, path: Path, calibration: Calibration) -> None:
    account = {
        "kind": "digits", "layout": LAYOUT, "classes": BOX_CLASSES,
        "temperature": f"{calibration.temperature:.3f}", "flag_temperature": f"{calibration.flag_temperature:.3f}",
    }
    export(network, path, classes=CLASSES, input_shape=(3, PATCH_SIZE, PATCH_SIZE), calibration=calibration, account=account)
    log.info("%s: written, %d bytes", path, path.stat().st_size)


def _simulate(options: TrainOptions, run: Path) -> None:
    if (run / "simulated.npz").exists():
        return
    log.info("digits: drawing %d boxes", SIMULATED_BOXES)
    sets = digit_sets(options.data, mnist_folder(options.cache))
    count = max(100, round(SIMULATED_BOXES * min(1.0, options.steps_share)))
    save_crops(run / "simulated.npz", simulated(count, sets, random=np.random.default_rng(options.seed)))


def box_ensemble(weights: Path) -> BoxEnsemble:
    """The networks with these weights, to read with."""
    network = BoxEnsemble()
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    return network
