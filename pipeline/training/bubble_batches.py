"""Batches of bubbles to train on: whole fields, refilled, erased and damaged anew each time.

Bubble fields come in; `batch(step)` gives bubbles beside the others of their field, as the reader sees them, and their state. A field is
damaged as one, because its bubbles share one light and one camera; what differs between them is what was done to them with a pen.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pipeline.recognition.bubbles import DIGITS, MARGIN, PATCH_SIZE, beside_field
from pipeline.training.augment import compressed
from pipeline.training.bubbles import CROP_SIZE, EMPTY, ERASED, FILLED, RIM, UNKNOWN, BubbleFields
from pipeline.training.fit import Batch

Image = NDArray[np.uint8]

INNER = (1 + 2 * MARGIN) / (1 + 2 * RIM)
PIXELS_PER_DIAMETER = CROP_SIZE / (1 + 2 * RIM)
COARSEST = 7
"""Pixels a patch side in the poorest photo trained on: a bubble of 3.5 pixels, that of a 230 px thumbnail."""

REFILLED_SHARE = 0.25
"""Share of columns whose marks are changed: in the real ones exactly one bubble is filled nearly always."""


FADED_SHARE = 0.15
"""Share of fields whose marks are thinned, as by a pencil: print stays as dark as it is."""


FOLDED_SHARE = 0.15
FOLD_SHIFT = 0.16
"""Share of fields with a fold across them, below which the bubbles lie elsewhere by so many diameters (standard deviation)."""


DRAWN_SHARE = 0.12
"""Share of fields drawn from nothing, half of them left as clean as drawn."""


@dataclass(frozen=True, slots=True)
class BubbleBatches:
    """`batches(step)` is (inputs (B, 9, S, S), states (B,)) for the bubbles of `fields_per_batch` fields."""

    crops: BubbleFields
    drawn: BubbleFields
    fields_per_batch: int
    seed: int

    def __call__(self, step: int) -> Batch:
        random = np.random.default_rng((self.seed, step))
        inputs, states = [], []
        for _ in range(self.fields_per_batch):
            clean = random.random() < DRAWN_SHARE
            crops = self.drawn if clean else self.crops
            images, state = refilled(crops, int(random.integers(len(crops))), random)
            inputs.append(beside_field(damaged_field(images, random, clean=clean and random.random() < 0.5)))
            states.append(state)
        return torch.from_numpy(np.concatenate(inputs)), torch.from_numpy(np.concatenate(states))


def bubble_loss(logits: Tensor, batch: Batch) -> Tensor:
    return functional.cross_entropy(logits, batch[1], ignore_index=UNKNOWN)


def refilled(crops: BubbleFields, number: int, random: np.random.Generator) -> tuple[Image, NDArray[np.int64]]:
    """The bubbles of a field, (N, S, S, 3), and their states (N,), some columns filled, erased or emptied anew."""
    images = crops.images[number].reshape(-1, CROP_SIZE, CROP_SIZE, 3).copy()
    states = crops.states[number].reshape(-1).copy()
    strength = random.uniform(0.45, 1.0)
    if random.random() < FADED_SHARE:
        images = _faded(images, states, strength)
    for column in range(len(states) // DIGITS):
        if random.random() >= REFILLED_SHARE:
            continue
        span = slice(column * DIGITS, (column + 1) * DIGITS)
        empties = np.nonzero(states[span] == EMPTY)[0]
        if len(empties) < 3 or (states[span] == UNKNOWN).any():
            continue
        for digit in np.nonzero(states[span] != EMPTY)[0]:
            if random.random() < 0.6:
                source = images[span][int(random.choice(empties))]
                images[span][digit] = _as_lit(source, images[span][digit])
                states[span][digit] = EMPTY
        for digit in random.choice(DIGITS, int(random.choice(4, p=(0.2, 0.45, 0.25, 0.1))), replace=False):
            if states[span][digit] == EMPTY:
                images[span][digit], states[span][digit] = _marked(crops, images[span][digit], strength, random)
    return images, states


def damaged_field(images: Image, random: np.random.Generator, *, clean: bool = False) -> Image:
    """(N, S, S, 3) crops of a field to (N, 20, 20, 3) patches, placed, photographed and compressed as one photo would.

    `clean` ones are only placed.
    """
    native = int(np.exp(random.uniform(np.log(COARSEST), np.log(PATCH_SIZE)))) if random.random() < 0.45 else PATCH_SIZE
    side = CROP_SIZE * INNER
    scale = side / native * np.exp(random.normal(0, 0.05, 2))
    shared = random.normal(0, 0.07 * PIXELS_PER_DIAMETER, 2)
    drift = random.normal(0, 0.06 * PIXELS_PER_DIAMETER, 2)
    turn = random.normal(0, 0.04)
    fold = int(random.integers(1, DIGITS)) if random.random() < FOLDED_SHARE else DIGITS
    beyond_fold = random.normal(0, FOLD_SHIFT * PIXELS_PER_DIAMETER, 2)
    mix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * scale
    softened = max(0.0, 0.45 * side / native) if native < PATCH_SIZE else 0.0
    small = np.empty((len(images), native, native, 3), np.uint8)
    for number, image in enumerate(images):
        along = (number % DIGITS) / (DIGITS - 1) - 0.5
        shift = shared + drift * along + random.normal(0, 0.03 * PIXELS_PER_DIAMETER, 2) + beyond_fold * (number % DIGITS >= fold)
        matrix = np.zeros((2, 3))
        matrix[:, :2] = mix
        matrix[:, 2] = (CROP_SIZE - 1) / 2 + shift - mix @ np.full(2, (native - 1) / 2)
        source = cv2.GaussianBlur(image, (0, 0), softened) if softened else image
        small[number] = cv2.warpAffine(
            source, matrix, (native, native), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        )
    strip = small if clean else _photographed(small.reshape(len(images) * native, native, 3), native, random).reshape(small.shape)
    if native == PATCH_SIZE:
        return np.ascontiguousarray(strip)
    return np.stack([cv2.resize(patch, (PATCH_SIZE, PATCH_SIZE), interpolation=cv2.INTER_LINEAR) for patch in strip])


def _photographed(strip: Image, native: int, random: np.random.Generator) -> Image:
    """Blur, light, sensor and file of a strip of (N · native, native, 3) patches."""
    light = strip.astype(np.float32).reshape(-1, native, native, 3)
    if random.random() < 0.3:
        sigma = float(random.uniform(0.3, 1.2))
        light = np.stack([cv2.GaussianBlur(patch, (0, 0), sigma) for patch in light])
    if random.random() < 0.12:
        light = np.repeat(light.mean(axis=3, keepdims=True), 3, axis=3)
    elif random.random() < 0.15:
        light = light[..., random.permutation(3)]
    light = light * (np.exp(random.normal(0, 0.3)) * np.exp(random.normal(0, 0.08, 3))).astype(np.float32)
    if random.random() < 0.15:
        lift, top = random.uniform(0.0, 0.5), max(1.0, float(np.percentile(light, 90)))
        light = (255 * random.uniform(0.95, 1.2) * (light / top * (1 - lift) + lift)).astype(np.float32)
    if random.random() < 0.3:
        light = _creased(light, random)
    if random.random() < 0.6:
        light = light + random.normal(0, random.uniform(0.5, 7), light.shape).astype(np.float32)
    image = np.clip(light, 0, 255).astype(np.uint8).reshape(-1, native, 3)
    if random.random() < 0.4:
        image = compressed(image, int(random.uniform(30, 90)))
    return image


def _creased(light: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """A fold or the edge of a shadow over some bubbles: darker on one side of a line."""
    native = light.shape[1]
    axis = np.linspace(-1, 1, native, dtype=np.float32)
    for number in np.nonzero(random.random(len(light)) < 0.2)[0]:
        angle = random.uniform(0, 2 * np.pi)
        across = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None] + random.uniform(-0.7, 0.7)
        shade = random.uniform(0.1, 0.45) / (1 + np.exp(-across * random.uniform(2, 20)))
        light[number] *= 1 - shade[:, :, None]
    return light


def _faded(images: Image, states: NDArray[np.int64], strength: float) -> Image:
    """The field with the ink of its filled bubbles at `strength`."""
    faded = images.copy()
    empties = images[states == EMPTY]
    if len(empties) == 0:
        return faded
    typical = np.median(empties, axis=0)
    for place in np.nonzero(states == FILLED)[0]:
        bare = typical * (_paper(images[place]) / _paper(typical))
        faded[place] = np.clip(images[place] * strength + bare * (1 - strength), 0, 255).astype(np.uint8)
    return faded


def _marked(crops: BubbleFields, empty: Image, strength: float, random: np.random.Generator) -> tuple[Image, int]:
    """Fill an empty bubble with the ink of a filled one of any sheet; then perhaps erase it. Gives the picture and the state."""
    filled = np.argwhere(crops.states == FILLED)
    donor = crops.images[tuple(filled[int(random.integers(len(filled)))])]
    paper, donor_paper = _paper(empty), _paper(donor)
    ink = 1 - strength * (1 - np.clip(donor / donor_paper, 0, 1))
    yy, xx = np.mgrid[:CROP_SIZE, :CROP_SIZE] - (CROP_SIZE - 1) / 2
    radius = np.hypot(xx, yy) / PIXELS_PER_DIAMETER
    mask = (radius < 0.62).astype(np.float32)
    kind = random.random()
    if kind < 0.15:
        angle = random.uniform(0, 2 * np.pi)
        mask = mask * (np.cos(angle) * xx + np.sin(angle) * yy > -random.uniform(0.0, 0.35) * PIXELS_PER_DIAMETER)
    elif kind < 0.25:
        mask = (radius < random.uniform(0.28, 0.45)).astype(np.float32)
    elif kind < 0.32:
        mask = mask * np.clip((radius - random.uniform(0.1, 0.25)) / 0.15, random.uniform(0.2, 0.7), 1)
    mask = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)[:, :, None]
    image = np.minimum(empty, paper * (1 - mask * (1 - ink)))
    if random.random() < 0.45:
        return _erased(image, empty, paper, random), ERASED
    return np.clip(image, 0, 255).astype(np.uint8), FILLED


def _erased(image: NDArray[np.float64], empty: Image, paper: NDArray[np.float64], random: np.random.Generator) -> Image:
    """Correction fluid over a filled bubble, or scraped or rubbed away, or struck through beyond its rim."""
    centre, size = (CROP_SIZE - 1) / 2, PIXELS_PER_DIAMETER
    kind = random.random()
    if kind < 0.55:
        count = int(random.integers(5, 9))
        angles = np.sort(random.uniform(0, 2 * np.pi, count))
        reach = size * random.uniform(0.45, 0.85) * np.exp(random.normal(0, 0.2, count))
        outline = centre + np.stack([np.cos(angles), np.sin(angles)], axis=1) * reach[:, None] + random.normal(0, 0.08 * size, 2)
        cover = np.zeros((CROP_SIZE, CROP_SIZE), np.float32)
        cv2.fillPoly(cover, [np.round(outline).astype(np.int32)], 1.0, cv2.LINE_AA)
        cover = cv2.GaussianBlur(cover, (0, 0), 0.7)[:, :, None] * random.uniform(0.75, 1.0)
        white = np.clip(paper * random.uniform(1.0, 1.2), 0, 255) + random.normal(0, 3, (CROP_SIZE, CROP_SIZE, 1))
        image = image * (1 - cover) + white * cover
    elif kind < 0.65:
        left = random.uniform(0.15, 0.5)
        rubbed = image * left + empty * (1 - left)
        image = np.asarray(cv2.GaussianBlur(rubbed, (0, 0), random.uniform(0.3, 1.2)), np.float64) if random.random() < 0.5 else rubbed
    elif kind < 0.8:
        scraped = cv2.GaussianBlur(random.random((CROP_SIZE, CROP_SIZE)).astype(np.float32), (0, 0), 2.0)
        scraped = np.clip((scraped - np.quantile(scraped, random.uniform(0.1, 0.4))) * 20, 0, 1)[:, :, None]
        image = image * (1 - scraped) + empty * scraped
    else:
        ink = [float(c) for c in np.percentile(image.reshape(-1, 3), 5, axis=0) * random.uniform(0.9, 1.1)]
        drawn = np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8))
        for _ in range(int(random.integers(1, 4))):
            angle = random.uniform(0, np.pi)
            way = np.array([np.cos(angle), np.sin(angle)]) * size * random.uniform(0.8, 1.4)
            start, end = (np.round(centre + sign * way + random.normal(0, 0.1 * size, 2)).astype(int) for sign in (-1, 1))
            cv2.line(drawn, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), ink, int(random.integers(1, 3)), cv2.LINE_AA)
        return drawn
    return np.clip(image, 0, 255).astype(np.uint8)


def _paper(image: Image) -> NDArray[np.float64]:
    return np.maximum(np.percentile(image.reshape(-1, 3), 75, axis=0), 1.0)


def _as_lit(source: Image, target: Image) -> Image:
    """`source` in the light of `target`."""
    return np.clip(source * (_paper(target) / _paper(source)), 0, 255).astype(np.uint8)
