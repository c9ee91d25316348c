"""Pages put together out of boxes of which nobody knows the page.

The boxes of febriyan come in, of which about a hundred were seen to be corrected; pages come out, each a box and the clean boxes that look
most as if they were of the same photo and by the same pen. The idea: what a correction stands out from are the other boxes of its page, and
of thousands of boxes some are of that page, or of one that looks just like it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.boxes import FEBRIYAN, BoxCrops, read_picture

MATES = 8
"""Other boxes of a page: with the box itself the nine of a page of three candidates."""

CLEAN_EVERY = 20
"""One of so many clean boxes has a page made around it as each corrected one has, so that to be the first of a page means nothing."""

PAPER_UNIT, CONTRAST_UNIT, SIZE_UNIT, GRAIN_UNIT, HUE_UNIT, INK_UNIT = 10.0, 0.17, 0.04, 0.33, 0.07, 0.33
"""What counts as one step of unlikeness: grey levels of paper; logarithms of the frame's contrast, of a side in pixels, of the grain;
shares of the frame's darkness for the colour and the strength of ink, which may differ within a page."""

NEAREST, SEEDS, PEN_WEIGHT = 24, 6, 4.0
"""Of the nearest boxes those with ink as strong as the very nearest's median are taken: one page, one pen."""


def pages_of_febriyan(data: Path, boxes: BoxCrops) -> BoxCrops:
    """Pages around every box known to be corrected and around some clean ones, named `febriyan-page-<number>:<file>:1`."""
    pictures = [read_picture(data / FEBRIYAN / name) for name in boxes.names]
    looks, ink = _looks(pictures)
    clean = np.flatnonzero((boxes.corrected == 0) & (boxes.labels >= 0))
    first = np.concatenate([np.flatnonzero(boxes.corrected == 1), clean[::CLEAN_EVERY]])
    places = [np.append(box, _mates(int(box), clean, looks, ink)) for box in first]
    pages = boxes.take(np.concatenate(places))
    names = [f"febriyan-page-{number}:{boxes.names[box]}:1" for number, page in enumerate(places) for box in page]
    return replace(pages, names=np.array(names))


def _mates(box: int, clean: NDArray[np.int64], looks: NDArray[np.float64], ink: NDArray[np.float64]) -> NDArray[np.int64]:
    """The clean boxes that look most as if they were of the page of `box`."""
    others = clean[clean != box]
    unlikeness = np.linalg.norm(looks[others] - looks[box], axis=1)
    nearest = np.argsort(unlikeness, kind="stable")[:NEAREST]
    pen = np.abs(ink[others[nearest]] - np.median(ink[others[nearest[:SEEDS]]]))
    best = np.argsort(unlikeness[nearest] + PEN_WEIGHT * pen, kind="stable")[:MATES]
    return np.asarray(others[nearest[best]], np.int64)


def _looks(pictures: list[NDArray[np.uint8]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, 11) how each crop looks, in steps of unlikeness, and (N,) the strength of its ink as a share of its frame's."""
    rows, strengths = [], []
    for picture in pictures:
        height, width = picture.shape[:2]
        colour = picture.astype(np.float64)
        paper = np.percentile(colour.reshape(-1, 3), 75, axis=0)
        middle = colour[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4].reshape(-1, 3)
        darkest = np.argsort(middle.mean(axis=1), kind="stable")[: max(3, len(middle) // 20)]
        down, along = slice(height * 3 // 10, height * 7 // 10), slice(width * 3 // 10, width * 7 // 10)
        rims = (
            colour[: height // 5, along].min(axis=0), colour[-(height // 5) :, along].min(axis=0),
            colour[down, : width // 5].min(axis=1), colour[down, -(width // 5) :].min(axis=1),
        )
        frame = paper - np.median(np.concatenate(rims), axis=0)
        ink = (paper - middle[darkest].mean(axis=0)) / max(float(np.median(frame)), 12.0)
        grain = np.median(np.abs(colour - cv2.GaussianBlur(colour, (3, 3), 0)))
        rows.append(
            [
                *paper / PAPER_UNIT, np.log(max(float(frame.mean()), 8.0)) / CONTRAST_UNIT,
                np.log(height) / SIZE_UNIT, np.log(width) / SIZE_UNIT, np.log(grain + 0.3) / GRAIN_UNIT,
                *(ink - ink.mean()) / HUE_UNIT, ink.mean() / INK_UNIT,
            ]
        )
        strengths.append(ink.mean())
    return np.array(rows), np.array(strengths)

