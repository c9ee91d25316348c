"""Batches of boxes to train on: real and made ones, damaged anew each time.

Pools of crops with their shares come in; `batch(step)` gives patches as the reader sees them and what it should say. Of each
batch a part is corrected, crowded or emptied on the way, made out of the boxes of the same pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pipeline.recognition.digits import MARGIN, PATCH_SIZE
from pipeline.recognition.patches import normalise
from pipeline.sheet import BOX_CLASSES
from pipeline.training.augment import Damage, damaged
from pipeline.training.boxes import RIM, UNKNOWN, BoxCrops
from pipeline.training.corrections import Correction, blank_of, dashed, make, overlaid, small, squat
from pipeline.training.fit import Batch

Image = NDArray[np.uint8]

CLASSES = len(BOX_CLASSES)
INNER = (1 + 2 * MARGIN) / (1 + 2 * RIM)
"""Share of a training crop that the reader's patch shows."""

MADE_SHARE = 0.2
"""Share of a batch that is made corrected or crowded: enough for some 25 a batch, few enough to leave the digits to real boxes."""

EMPTIED_SHARE = 0.05
DASHED_SHARE = 0.4
"""Share of a batch emptied, and of those given a dash: both are rare on the sheets at hand and will not be on others."""

SQUAT_SHARE = 0.08
"""Share of a batch pressed flat: the 13 sheets with tall boxes show too few digits to learn them from."""

SMALL_SHARE = 0.12
"""Share of a batch written small: eight of nine wrong boxes on a fold's first pages of 2019 stood on one sheet written so."""

UNWRITTEN_SHARE = 0.25
"""Share of the boxes of blank forms that stay empty."""

DAMAGE = Damage()

REAL_CORRECTIONS = 6.0
"""How many times more often a box known to be corrected is drawn than another."""

KINDS = (
    Correction.OVERWRITTEN, Correction.FLUID, Correction.ERASED, Correction.STRUCK, Correction.RETRACED, Correction.BLOT,
    Correction.CROWDED,
)  # fmt: skip
KIND_SHARES = (0.24, 0.24, 0.14, 0.11, 0.11, 0.08, 0.08)


@dataclass(frozen=True, slots=True)
class Pool:
    """Crops of one kind, the share of a batch drawn from them, and empty boxes made out of them.

    Attributes
    ----------
    chances
        (N,) float64, cumulated chance of each crop to be drawn.
    """

    crops: BoxCrops
    share: float
    blanks: list[Image]
    chances: NDArray[np.float64]

    @staticmethod
    def of(crops: BoxCrops, share: float, *, balanced: bool = False) -> Pool:
        """A pool with the empty boxes that can be made out of its ones.

        Balanced, a sign of a set is drawn as often as the square root of its number says: between as often as it was written, which
        drowns the few sheets of a form under the crosses of another, and equally often, which learns two boxes by heart.
        """
        ones = crops.images[crops.labels == 1]
        blanks = [blank for blank in map(blank_of, ones) if blank is not None]
        weights = np.where(crops.corrected == 1, REAL_CORRECTIONS, 1.0)
        if balanced:
            kinds = np.char.add(crops.sets, crops.labels.astype(str))
            _, kind, count = np.unique(kinds, return_inverse=True, return_counts=True)
            weights = weights / np.sqrt(count[kind])
        return Pool(crops, share, blanks, np.cumsum(weights) / weights.sum())

    def draw(self, random: np.random.Generator) -> int:
        """The number of one crop."""
        return min(int(np.searchsorted(self.chances, random.random(), side="right")), len(self.crops) - 1)


def written_on(blanks: BoxCrops, signs: BoxCrops, count: int, *, random: np.random.Generator) -> BoxCrops:
    """`count` boxes of blank forms: a quarter as they are, the others with a sign of `signs` laid on them.

    So that every form at hand is seen with all digits, also those of which there are three sheets.
    """
    legible = signs.take((signs.labels >= 0) & (signs.corrected != 1))
    _, form, number = np.unique(blanks.groups, return_inverse=True, return_counts=True)
    chances = 1 / number[form]
    chosen = blanks.take(random.choice(len(blanks), count, p=chances / chances.sum()))
    labels = chosen.labels.copy()
    for place in np.flatnonzero(random.random(count) >= UNWRITTEN_SHARE):
        sign = int(random.integers(len(legible)))
        chosen.images[place] = overlaid(chosen.images[place], legible.images[sign], random)
        labels[place] = legible.labels[sign]
    return replace(chosen, labels=labels)


@dataclass(frozen=True, slots=True)
class BoxBatches:
    """`batches(step)` is (patches (B, 3, S, S), class (B,), illegible (B,), corrected (B,)); UNKNOWN targets are not asked."""

    pools: Sequence[Pool]
    size: int
    seed: int
    damage: Damage = DAMAGE

    def __call__(self, step: int) -> Batch:
        random = np.random.default_rng((self.seed, step))
        shares = np.array([pool.share for pool in self.pools])
        chosen = random.choice(len(self.pools), self.size, p=shares / shares.sum())
        images = np.empty((self.size, PATCH_SIZE, PATCH_SIZE, 3), np.uint8)
        targets = np.empty((self.size, 3), np.int64)
        for place, number in enumerate(chosen):
            image, targets[place] = self._draw(self.pools[number], random)
            chance = random.random()
            if chance < SQUAT_SHARE:
                image = squat(image, random)
            elif chance < SQUAT_SHARE + SMALL_SHARE:
                image = small(image, random)
            images[place] = damaged(image, size=PATCH_SIZE, inner=INNER, damage=self.damage, random=random)
        return torch.from_numpy(normalise(images)), *(torch.from_numpy(column.copy()) for column in targets.T)

    def _draw(self, pool: Pool, random: np.random.Generator) -> tuple[Image, tuple[int, int, int]]:
        crops = pool.crops
        first = pool.draw(random)
        if random.random() < EMPTIED_SHARE and pool.blanks:
            blank = pool.blanks[int(random.integers(len(pool.blanks)))]
            if random.random() < DASHED_SHARE:
                return dashed(blank, random), (BOX_CLASSES.index("-"), 0, 0)
            return blank, (BOX_CLASSES.index("_"), 0, 0)
        if random.random() < MADE_SHARE and crops.labels[first] >= 0:
            second = int(random.integers(len(crops)))
            kind = KINDS[int(random.choice(len(KINDS), p=KIND_SHARES))]
            if crops.labels[second] >= 0 and _makes_sense(kind, BOX_CLASSES[crops.labels[first]], BOX_CLASSES[crops.labels[second]]):
                made = make(
                    kind, crops.images[first], crops.images[second],
                    label_below=int(crops.labels[first]), label_above=int(crops.labels[second]), random=random,
                )
                return made.image, (made.label, made.illegible, made.corrected)
        return crops.images[first], (int(crops.labels[first]), int(crops.illegible[first]), int(crops.corrected[first]))


def _makes_sense(kind: Correction, below: str, above: str) -> bool:
    """Nobody corrects an empty box, and an X beside a number is no crowd."""
    if kind in (Correction.STRUCK, Correction.RETRACED, Correction.BLOT):
        return below not in "_-"
    if kind is Correction.CROWDED:
        return below.isdigit() and above.isdigit()
    return below not in "_-" and above not in "_-"


def box_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross entropy of the class plus half that of the two flags, over the boxes where each is known."""
    _, label, illegible, corrected = batch
    loss = functional.cross_entropy(logits[:, :CLASSES], label, ignore_index=UNKNOWN)
    for column, target in ((CLASSES, illegible), (CLASSES + 1, corrected)):
        known = target != UNKNOWN
        loss = loss + 0.5 * functional.binary_cross_entropy_with_logits(logits[known, column], target[known].float())
    return loss


def ensemble_loss(logits: Tensor, batch: Batch) -> Tensor:
    """The sum of what each member loses, of (members, B, 15) logits: each learns as if it were alone."""
    return torch.stack([box_loss(own, batch) for own in logits]).sum()
