"""Batches of cells or of row-sum boxes to train on, damaged anew each time.

Pools of crops with the classes each may be come in; `batch(step)` gives patches as the readers see them. The idea: nearly all cells are
full or empty and nearly all row sums are 60, so a class is drawn as often as the cube root of its number says, and what a reader
states is meant with classes as frequent as that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.recognition.patches import normalise
from pipeline.recognition.tally import MARKS
from pipeline.training.augment import Damage, damaged
from pipeline.training.cells import MARGIN, PATCH_SIZE, RIM, CellCrops
from pipeline.training.fit import Batch

Image = NDArray[np.uint8]

Stroke = tuple[tuple[float, float], tuple[float, float]]

INNER = (1 + 2 * MARGIN) / (1 + 2 * RIM)
"""Share of a training crop that the reader's patch shows."""

DAMAGE = Damage(stray=0.04, coarse=0.3, coarsest=14, blur=0.25)
"""Fewer stray strokes than for digits: in a cell they soon are a mark. Milder blur: four strokes in 23 pixels melt sooner than a digit.
14 pixels a patch side: a cell of a 240 px thumbnail."""

MIRRORED_SHARE = 0.35
"""Share of cells mirrored, each way: a bundle stays a bundle, and strokes across it lean either way."""


CLOSED_SHARE = 0.25
"""Share of empty cells closed anew, with an X or a long stroke: few officers cross cells one by one, and a Z says nothing of that."""

MARKED_SHARE = 0.45
"""Share of empty cells given marks: the sheets show each count from one to four 200 times, too few to learn to count."""


@dataclass(frozen=True, slots=True)
class CellPool:
    """Crops of one source, the share of a batch drawn from them, and what each may be.

    Attributes
    ----------
    allowed
        (N, K) bool, the classes that each crop may be.
    chances
        (N,) float64, chance of each crop to be drawn; 0 where nothing is known of it.
    """

    crops: CellCrops
    allowed: NDArray[np.bool_]
    share: float
    chances: NDArray[np.float64]

    @staticmethod
    def of(crops: CellCrops, allowed: NDArray[np.bool_], share: float) -> CellPool:
        return CellPool(crops, allowed, share, balanced(crops.sets, allowed))


@dataclass(frozen=True, slots=True)
class CellBatches:
    """`batches(step)` is (patches (B, 3, S, S), allowed (B, K)); those of tally cells are mirrored and closed anew at random."""

    pools: Sequence[CellPool]
    size: int
    seed: int
    tally: bool

    def __call__(self, step: int) -> Batch:
        random = np.random.default_rng((self.seed, step))
        shares = np.array([pool.share for pool in self.pools])
        counts = random.multinomial(self.size, shares / shares.sum())
        images, allowed = [], []
        for pool, count in zip(self.pools, counts, strict=True):
            for place in random.choice(len(pool.crops), count, p=pool.chances):
                image, may_be = pool.crops.images[place], pool.allowed[place]
                if self.tally:
                    image, may_be = _varied(image, may_be, random)
                images.append(damaged(image, size=PATCH_SIZE, inner=INNER, damage=DAMAGE, random=random))
                allowed.append(may_be)
        return torch.from_numpy(normalise(np.stack(images))), torch.from_numpy(np.stack(allowed))


def cell_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross entropy of the classes a cell may be, taken together."""
    within = logits.masked_fill(~batch[1], float("-inf"))
    return (torch.logsumexp(logits, dim=1) - torch.logsumexp(within, dim=1)).mean()


def balanced(sets: NDArray[np.str_], allowed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) chance of each crop: a class of a set as often as the cube root of its number; what is not known never."""
    classes = allowed @ (1 << np.arange(allowed.shape[1]))
    _, kind, count = np.unique(np.char.add(sets, classes.astype(str)), return_inverse=True, return_counts=True)
    weights = np.where(classes > 0, count[kind] ** (1 / 3) / count[kind], 0.0)
    return np.asarray(weights / weights.sum(), np.float64)


def mirrored(image: Image, random: np.random.Generator) -> Image:
    """The picture mirrored left to right, or upside down, or both, or neither."""
    if random.random() < MIRRORED_SHARE:
        image = image[:, ::-1]
    if random.random() < MIRRORED_SHARE:
        image = image[::-1]
    return np.ascontiguousarray(image)


def marked(image: Image, random: np.random.Generator) -> tuple[Image, int]:
    """An empty cell with strokes written in it, the fifth across the others (or, as some do, beside them), and their number."""
    count = int(random.integers(1, MARKS + 1))
    upright = count if random.random() < 0.2 else min(count, MARKS - 1)
    width = random.uniform(0.03, 0.08)
    gap = random.uniform(max(0.09, 1.6 * width), 0.2)
    left, top = random.uniform(0.04, 0.96 - gap * (upright - 1)), random.uniform(0.05, 0.4)
    height, slant = random.uniform(0.35, 0.95 - top), random.normal(0, 0.12)
    heads = left + gap * (np.arange(upright) + random.normal(0, 0.1, upright))
    tops = top + random.normal(0, 0.04, (2, upright))
    strokes = [((x + slant, y), (x + random.normal(0, 0.15 * gap), y1 + height)) for x, y, y1 in zip(heads, *tops, strict=True)]
    if count > upright:
        rise, middle = random.choice([-1, 1]) * random.uniform(0.1, 0.5) * height, top + height / 2
        across = sorted((heads.min() + random.normal(0, 0.5 * gap), heads.max() + slant + random.normal(0, 0.7 * gap)))
        strokes.append(((across[0], middle + rise), (across[1], middle - rise)))
    return _drawn(image, strokes, width, random), count


def closed(image: Image, random: np.random.Generator) -> Image:
    """The picture with an X in it, or one or two strokes that run through it from side to side."""
    if random.random() < 0.6:
        reach, lean = random.uniform(0.25, 0.75), random.uniform(0.4, 1.1)
        angles, reaches = [lean, -lean + random.normal(0, 0.15)], [reach, reach * random.uniform(0.8, 1.2)]
    else:
        angles = [random.normal(0, 0.5) if random.random() < 0.7 else random.uniform(0, np.pi) for _ in range(int(random.integers(1, 3)))]
        reaches = [1 + 2 * RIM] * len(angles)
    strokes = []
    for angle, reach in zip(angles, reaches, strict=True):
        middle = 0.5 + random.normal(0, 0.05 if reach < 1 else 0.3, 2)
        way = np.array([np.cos(angle), np.sin(angle)]) * reach
        strokes.append((tuple(middle - way), tuple(middle + way)))
    return _drawn(image, strokes, random.uniform(0.03, 0.09), random)


def _varied(image: Image, allowed: NDArray[np.bool_], random: np.random.Generator) -> tuple[Image, NDArray[np.bool_]]:
    """A tally cell mirrored and, when it is empty, perhaps closed or marked; and what it now may be."""
    image = mirrored(image, random)
    if not allowed[0]:
        return image, allowed
    chance = random.random()
    if chance < CLOSED_SHARE:
        return closed(image, random), allowed
    if chance < CLOSED_SHARE + MARKED_SHARE:
        image, count = marked(image, random)
        return image, np.arange(len(allowed)) == count
    return image, allowed


def _drawn(image: Image, strokes: Sequence[Stroke], width: float, random: np.random.Generator) -> Image:
    """Straight strokes of one ink on a picture; positions and width in sides of the cell."""
    side, finer = image.shape[0], 4
    cell = side / (1 + 2 * RIM)
    cover = np.zeros((side * finer, side * finer), np.uint8)
    for ends in strokes:
        (x0, y0), (x1, y1) = ((round((x + RIM) * cell * finer), round((y + RIM) * cell * finer)) for x, y in ends)
        cv2.line(cover, (x0, y0), (x1, y1), 255, max(1, round(width * cell * finer)), cv2.LINE_AA)
    shape = cv2.resize(cover, (side, side), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(shape, (0, 0), random.uniform(0.3, 0.9)).astype(np.float32)[:, :, None] / 255
    hue = np.array([random.uniform(0.4, 1.0), random.uniform(0.75, 1.0), 1.0])
    ink = 1 - soft * random.uniform(0.3, 0.9) * hue
    return np.asarray(np.clip(image * ink, 0, 255), np.uint8)
