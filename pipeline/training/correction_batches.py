"""Batches of boxes to learn corrections from: whole pages, some boxes of which are corrected anew each time.

Crops of the boxes of labelled sheets come in; `batch(step)` gives the boxes of a few pages as the reader sees them, and which were
corrected. What was written over a box is mostly taken from the same page, because the hand and the pen are the same; a page is damaged as
one, because its boxes share one light and one camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pipeline.recognition.corrections import MARGIN, PATCH_SIZE, beside_page
from pipeline.sheet import BOX_CLASSES
from pipeline.training.augment import Damage, damaged
from pipeline.training.boxes import RIM, UNKNOWN, BoxCrops
from pipeline.training.corrections import Correction, initialled, make
from pipeline.training.fit import Batch
from pipeline.training.sheets import FAMILIES

Image = NDArray[np.uint8]

INNER = (1 + 2 * MARGIN) / (1 + 2 * RIM)
"""Share of a training crop that the reader's patch shows."""

SHARES = {"2024": 0.55, "febriyan": 0.22, "C1 2019": 0.12, "C1 2014": 0.03, "posters 2015-2019": 0.05, "C.Digital": 0.03}
"""Part of the pages from each family: nearly all known corrections are on the poster of 2024. Those put together of boxes of febriyan show
three times as many corrections as the sheets, on pages that are pages no more than nearly."""

BOXES_OF_A_PAGE = 12
"""Most boxes of a page in a batch: the 102 of a page of 2019 would drown all others."""

CORRECTED_SHARE = 0.2
"""Share of the boxes of a page that are made corrected: more than on sheets, few enough that the median box of a page is a clean one."""

LEFT_AS_THEY_ARE = 0.3
"""Share of the pages nothing is done to: of what is made alone a network would learn how it is made."""

INITIALLED = 0.15
"""Share of the made corrections with initials beside the box."""

SAME_PAGE = 0.8
"""Share of the made corrections whose new sign is of the same page, so by the same hand."""

REAL_CORRECTIONS = 6.0
"""How many times more often a page with a box known to be corrected is drawn than another."""

DAMAGE = Damage(stray=0.0, recolour=0.05, noise=0.0, coarse=0.35, coarsest=24, blur=0.25, overexpose=0.05)
"""Milder than for digits: where nothing of a correction is left to see, nothing can be learnt."""

NOISY_SHARE = 0.6
"""Share of the pages with noise, which differs from box to box as no other damage does; it is added by itself."""

UNNOTICED = 0.01
"""Share of the labels taken as wrong: some boxes labelled clean look corrected when looked at, and not every made correction shows."""

PLACED_APART = 0.012
"""Standard deviation of the error of place that a box has beside that of its page, in sides of a crop."""

KINDS = (
    Correction.FLUID, Correction.OVERWRITTEN, Correction.HEAVIER, Correction.RETRACED, Correction.ERASED, Correction.BLOT,
    Correction.STRUCK,
)  # fmt: skip
KIND_SHARES = (0.30, 0.24, 0.16, 0.07, 0.09, 0.07, 0.07)


@dataclass(frozen=True, slots=True)
class Pages:
    """Crops of the boxes of whole pages, and where each page's are.

    Attributes
    ----------
    places
        For each page the (K,) positions of its boxes among the crops.
    chances
        (P,) float64, how likely each page is drawn, sums to 1.
    """

    crops: BoxCrops
    places: Sequence[NDArray[np.int64]]
    chances: NDArray[np.float64]

    @staticmethod
    def of(crops: BoxCrops) -> Pages:
        """The pages of crops named `sheet:field:box`, each family of sets (or set by itself) with its share of a batch."""
        places = places_of_pages(crops.names)
        sets = np.array([crops.sets[some[0]] for some in places])
        weights = np.array([REAL_CORRECTIONS if (crops.corrected[some] == 1).any() else 1.0 for some in places])
        for family, share in SHARES.items():
            if (mine := np.isin(sets, FAMILIES.get(family, (family,)))).any():
                weights[mine] *= share / weights[mine].sum()
        return Pages(crops, places, weights / weights.sum())


def places_of_pages(names: NDArray[np.str_]) -> list[NDArray[np.int64]]:
    """For each sheet the positions of its boxes, named `sheet:field:box`."""
    sheets, page = np.unique([name.rsplit(":", 2)[0] for name in names], return_inverse=True)
    return [np.flatnonzero(page == number) for number in range(len(sheets))]


@dataclass(frozen=True, slots=True)
class CorrectionBatches:
    """`batches(step)` is (inputs (B, 10, S, S), corrected (B,)); UNKNOWN targets are not asked."""

    pages: Pages
    pages_per_batch: int
    seed: int
    damage: Damage = DAMAGE

    def __call__(self, step: int) -> Batch:
        random = np.random.default_rng((self.seed, step))
        inputs, targets = [], []
        for page in random.choice(len(self.pages.places), self.pages_per_batch, p=self.pages.chances):
            images, corrected = self._page(self.pages.places[page], random)
            inputs.append(beside_page(images))
            targets.append(corrected)
        return torch.from_numpy(np.concatenate(inputs)), torch.from_numpy(np.concatenate(targets))

    def _page(self, places: NDArray[np.int64], random: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        if len(places) > BOXES_OF_A_PAGE:
            places = random.choice(places, BOXES_OF_A_PAGE, replace=False)
        page = self.pages.crops.take(places)
        if random.random() >= LEFT_AS_THEY_ARE:
            page = self._corrected(page, random)
        light = int(random.integers(2**32))
        # The same numbers drawn for each box: one light, one camera, one error of place.
        shown = [
            damaged(_moved(image, random), size=PATCH_SIZE, inner=INNER, damage=self.damage, random=np.random.default_rng(light))
            for image in page.images
        ]
        return _noisy(np.stack(shown), random), page.corrected

    def _corrected(self, page: BoxCrops, random: np.random.Generator) -> BoxCrops:
        """The page with some of its boxes corrected."""
        images, corrected = page.images.copy(), page.corrected.copy()
        for box in map(int, np.flatnonzero(random.random(len(page)) < CORRECTED_SHARE)):
            if corrected[box] != 0 or not _written(page, box):
                continue
            kind = KINDS[int(random.choice(len(KINDS), p=KIND_SHARES))]
            donors, donor = self._donor(page, box, random)
            labels = {"label_below": int(page.labels[box]), "label_above": int(donors.labels[donor])}
            images[box] = make(kind, page.images[box], donors.images[donor], **labels, random=random).image
            if random.random() < INITIALLED:
                images[box] = initialled(images[box], random)
            corrected[box] = 1
        return replace(page, images=images, corrected=corrected)

    def _donor(self, page: BoxCrops, box: int, random: np.random.Generator) -> tuple[BoxCrops, int]:
        """The crops and the place among them of what is written last in `box`, which is written in itself."""
        for _ in range(8):
            crops = page if random.random() < SAME_PAGE else self.pages.crops
            place = int(random.integers(len(crops)))
            if crops.corrected[place] == 0 and _written(crops, place):
                return crops, place
        return page, box


def _written(crops: BoxCrops, place: int) -> bool:
    """Whether a sign of known class stands in a box."""
    return bool(crops.labels[place] >= 0) and BOX_CLASSES[crops.labels[place]] not in "_-"


def _moved(image: Image, random: np.random.Generator) -> Image:
    move = np.eye(2, 3)
    move[:, 2] = random.normal(0, PLACED_APART * image.shape[0], 2)
    return np.asarray(cv2.warpAffine(image, move, image.shape[:2], borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _noisy(images: Image, random: np.random.Generator) -> Image:
    if random.random() >= NOISY_SHARE:
        return images
    noise = random.normal(0, random.uniform(0.5, 6), images.shape)
    return np.clip(images + noise, 0, 255).astype(np.uint8)


def correction_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Binary cross entropy over the boxes of which it is known, with labels as soft as they are unsure."""
    known = batch[1] != UNKNOWN
    target = batch[1][known].float() * (1 - 2 * UNNOTICED) + UNNOTICED
    return functional.binary_cross_entropy_with_logits(logits[known, 0], target)
