"""Corrections, blanks and scribbles made out of real boxes.

Few boxes of the development set are corrected or illegible, so they are made: two real boxes laid over each other, a digit over
correction fluid, struck through, gone over, erased, blotted, initialled. The idea: ink only takes light away, so laying one picture over
another is the darker of the two, each relative to its own paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.boxes import FRAME_SHARE, UNKNOWN

Image = NDArray[np.uint8]

FADE_PIXELS = 4


class Correction(StrEnum):
    """The ways in which a box is corrected."""

    OVERWRITTEN = "overwritten"
    FLUID = "fluid"
    STRUCK = "struck"
    RETRACED = "retraced"
    HEAVIER = "heavier"
    BLOT = "blot"
    ERASED = "erased"
    CROWDED = "crowded"


@dataclass(frozen=True, slots=True)
class Made:
    """A made box: its picture and what a reader should say (UNKNOWN = not asked)."""

    image: Image
    label: int
    illegible: int
    corrected: int


def make(kind: Correction, below: Image, above: Image, *, label_below: int, label_above: int, random: np.random.Generator) -> Made:
    """Make a corrected or crowded box out of two boxes, `above` written last."""
    if kind is Correction.OVERWRITTEN:
        image = overlaid(below, _moved(above, random), random)
        return Made(image, label_above if label_above == label_below else UNKNOWN, UNKNOWN, 1)
    if kind is Correction.FLUID:
        covered = _fluid(below, random)
        return Made(overlaid(covered, _moved(above, random), random), label_above, 0, 1)
    if kind is Correction.ERASED:
        return Made(overlaid(_erased(below, random), _moved(above, random), random), label_above, 0, 1)
    if kind is Correction.STRUCK:
        return Made(_struck(below, random), UNKNOWN, 1, 1)
    if kind is Correction.RETRACED:
        image = overlaid(below, _moved(below, random, shift=0.03, turn=0.10), random)
        return Made(image, label_below, UNKNOWN, 1)
    if kind is Correction.HEAVIER:
        return Made(_heavier(below, random), label_below, 0, 1)
    if kind is Correction.BLOT:
        return Made(_blotted(below, random), label_below, UNKNOWN, 1)
    return Made(_crowded(below, above, random), UNKNOWN, 1, UNKNOWN)


def blank_of(one: Image) -> Image | None:
    """An empty box out of a box with a 1: its clean half and the mirror of it; None when neither half is clean."""
    paper = np.percentile(one.reshape(-1, 3), 75, axis=0)
    dark = 1 - (one / paper).mean(axis=2)
    side = one.shape[0]
    near, far = (round(share * side) for share in FRAME_SHARE)
    frame = np.median(dark[near - 1 : near + 2].max(axis=0)[near + 4 : far - 4])
    columns = dark[near + 4 : far - 4].mean(axis=0)
    half = side // 2
    if columns[near + 4 : half + 2].max() < 0.22 * frame:
        return np.concatenate([one[:, :half], one[:, :half][:, ::-1]], axis=1)
    if columns[half - 2 : far - 4].max() < 0.22 * frame:
        return np.concatenate([one[:, half:][:, ::-1], one[:, half:]], axis=1)
    return None


def dashed(blank: Image, random: np.random.Generator) -> Image:
    """An empty box with a dash across it, in a pen as dark as the frame or lighter."""
    side = blank.shape[0]
    near, far = _interior(side, 0.12)
    paper = np.percentile(blank.reshape(-1, 3), 75, axis=0)
    frame = np.percentile(blank.reshape(-1, 3), 3, axis=0)
    share = random.uniform(0.0, 0.5)
    ink = [float(c) for c in np.clip((frame * (1 - share) + paper * share) * np.exp(random.normal(0, 0.08, 3)), 0, 255)]
    middle = (near + far) / 2 + random.normal(0, 0.07 * side, 2)
    reach = random.uniform(0.14, 0.42) * (far - near)
    slope = random.normal(0, 0.12) * reach
    start = (round(middle[0] - reach), round(middle[1] + slope))
    end = (round(middle[0] + reach), round(middle[1] - slope))
    drawn = blank.copy()
    cv2.line(drawn, start, end, ink, int(random.integers(1, 4)), cv2.LINE_AA)
    return drawn


def squat(image: Image, random: np.random.Generator) -> Image:
    """What stands in the box pressed flat: the boxes of 2014 are twice as high as wide, and a patch is square."""
    near, far = _interior(image.shape[0])
    paper = np.percentile(image.reshape(-1, 3), 75, axis=0)
    height = round((far - near) * random.uniform(0.45, 0.8))
    top = near + int(random.integers(0, far - near - height + 1))
    pressed = image.copy()
    pressed[near:far, near:far] = paper
    pressed[top : top + height, near:far] = cv2.resize(image[near:far, near:far], (far - near, height), interpolation=cv2.INTER_AREA)
    return pressed


def small(image: Image, random: np.random.Generator) -> Image:
    """What stands in the box written small, anywhere in it: some officers fill a third of a box, and few of the sheets are theirs."""
    near, far = _interior(image.shape[0])
    inside = image[near:far, near:far]
    scale = random.uniform(0.42, 0.8)
    width, height = (min(far - near, max(8, round((far - near) * scale * np.exp(random.normal(0, 0.08))))) for _ in range(2))
    left, top = (near + int(random.integers(0, far - near - length + 1)) for length in (width, height))
    shrunk = image.copy()
    shrunk[near:far, near:far] = _bare(inside)
    shrunk[top : top + height, left : left + width] = cv2.resize(inside, (width, height), interpolation=cv2.INTER_AREA)
    return shrunk


def _bare(inside: Image) -> Image:
    """The paper under what is written: the brightest around each pixel, smoothed."""
    brightest = cv2.dilate(inside, np.ones((13, 13), np.uint8))
    return np.asarray(cv2.GaussianBlur(brightest, (0, 0), 4), np.uint8)


def _interior(side: int, inset: float = 0.10) -> tuple[int, int]:
    near, far = FRAME_SHARE
    return round((near + inset * (far - near)) * side), round((far - inset * (far - near)) * side)


def overlaid(below: Image, above: Image, random: np.random.Generator) -> Image:
    """The ink inside the frame of `above` laid on `below`."""
    side = below.shape[0]
    near, far = _interior(side)
    paper_below = np.percentile(below.reshape(-1, 3), 75, axis=0)
    paper_above = np.percentile(above.reshape(-1, 3), 75, axis=0)
    image = below.astype(np.float64)
    ink = np.clip(above[near:far, near:far] / paper_above, 0, 1)
    # The frame of the box above must not come along: ink fades out towards the edge.
    ramp = np.clip((np.minimum(np.arange(far - near), np.arange(far - near)[::-1]) - 1) / FADE_PIXELS, 0, 1)
    fading = np.minimum(ramp[:, None], ramp[None, :])[:, :, None]
    clean = np.where(ink > 0.93, 1.0, 1 - (1 - ink) * fading)
    inside = image[near:far, near:far]
    strength = random.uniform(0.8, 1.0)
    # Bare paper is left as it is, grain and shade: a flattened square would tell a made box from a real one.
    image[near:far, near:far] = np.where(clean < 1, np.minimum(inside, paper_below * (1 - strength * (1 - clean))), inside)
    return np.clip(image, 0, 255).astype(np.uint8)


def _moved(image: Image, random: np.random.Generator, *, shift: float = 0.025, turn: float = 0.05) -> Image:
    side = image.shape[0]
    degrees, scale = float(np.degrees(random.normal(0, turn))), float(np.exp(random.normal(0, 0.05)))
    matrix = np.asarray(cv2.getRotationMatrix2D((side / 2, side / 2), degrees, scale), np.float64)
    matrix[:, 2] += random.normal(0, shift * side, 2)
    return np.asarray(cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _fluid(image: Image, random: np.random.Generator) -> Image:
    """A patch of correction fluid or tape: brighter than paper, ragged, print under it gone or nearly."""
    side = image.shape[0]
    mask = _blob(side, random, reach=(0.25, 0.6), soft=random.uniform(0.5, 1.5)) * random.uniform(0.75, 1.0)
    paper = np.percentile(image.reshape(-1, 3), 75, axis=0)
    white = np.clip(paper * random.uniform(1.0, 1.22) + random.uniform(-4, 12), 0, 255)
    texture = cv2.GaussianBlur(random.normal(0, 6, (side, side, 1)).astype(np.float32), (0, 0), 1.2)[:, :, None]
    return np.asarray(np.clip(image * (1 - mask) + (white + texture) * mask, 0, 255), np.uint8)


def _erased(image: Image, random: np.random.Generator) -> Image:
    """What stood in the box rubbed out: a smeared ghost of it, on paper that is a little darker or lighter there."""
    bare = _bare(image).astype(np.float64)
    smeared = cv2.GaussianBlur(image, (0, 0), random.uniform(0.6, 2.2)).astype(np.float64)
    ghost = (bare + (smeared - bare) * random.uniform(0.15, 0.5)) * (1 + random.uniform(-0.07, 0.05))
    mask = _blob(image.shape[0], random, reach=(0.3, 0.5), soft=2.5)
    return np.asarray(np.clip(image * (1 - mask) + ghost * mask, 0, 255), np.uint8)


def _blob(side: int, random: np.random.Generator, *, reach: tuple[float, float], soft: float) -> NDArray[np.float32]:
    """(side, side, 1) float32 mask of a round patch with a wavy rim over a box, its radius `reach` in sides of the box."""
    near, far = FRAME_SHARE
    centre = side / 2 + random.normal(0, 0.04 * side, 2)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    waves = np.zeros(len(angles))
    for wave in range(1, 6):
        waves += random.normal(0, 0.14 / wave) * np.cos(wave * angles + random.uniform(0, 2 * np.pi))
    radius = (far - near) * side * random.uniform(*reach) * np.exp(waves)
    shape = random.uniform(0.65, 1.0), 1.0
    outline = centre + np.stack([np.cos(angles) * radius * shape[0], np.sin(angles) * radius * shape[1]], axis=1)
    mask = np.zeros((side, side), np.float32)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 1.0, cv2.LINE_AA, shift=4)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), soft)[:, :, None], np.float32)


def _ink(image: Image, random: np.random.Generator) -> list[float]:
    """An ink colour as dark as the writing in the box."""
    side = image.shape[0]
    near, far = _interior(side, 0.12)
    inside = image[near:far, near:far].reshape(-1, 3)
    order = np.argsort(inside.sum(axis=1))
    colour = inside[order[: max(3, len(order) // 50)]].mean(axis=0) * random.uniform(0.85, 1.1)
    return [float(c) for c in np.clip(colour, 0, 255)]


def _struck(image: Image, random: np.random.Generator) -> Image:
    """One to four strokes through what is written."""
    side = image.shape[0]
    near, far = _interior(side, 0.15)
    drawn, ink = image.copy(), _ink(image, random)
    slope = random.uniform(-0.5, 0.5)
    if random.random() < 0.3:
        points = np.stack([np.linspace(near, far, 9), np.where(np.arange(9) % 2, near, far)], axis=1)
        points += random.normal(0, 0.03 * side, (9, 2))
        cv2.polylines(drawn, [np.round(points).astype(np.int32)], False, ink, int(random.integers(1, 3)), cv2.LINE_AA)
        return drawn
    for _ in range(int(random.integers(1, 4))):
        middle = random.uniform(near + 0.25 * (far - near), far - 0.25 * (far - near))
        reach = random.uniform(0.35, 0.55) * (far - near)
        start = (round(side / 2 - reach), round(middle + slope * reach))
        end = (round(side / 2 + reach), round(middle - slope * reach))
        cv2.line(drawn, start, end, ink, int(random.integers(1, 4)), cv2.LINE_AA)
    return drawn


def _blotted(image: Image, random: np.random.Generator) -> Image:
    side = image.shape[0]
    near, far = _interior(side, 0.15)
    drawn, ink = image.copy(), _ink(image, random)
    centre = tuple(int(v) for v in random.uniform(near, far, 2))
    axes = tuple(int(v) for v in np.maximum(2, random.uniform(0.05, 0.14, 2) * side))
    cv2.ellipse(drawn, centre, axes, float(random.uniform(0, 180)), 0, 360, ink, -1, cv2.LINE_AA)
    return drawn


def _heavier(image: Image, random: np.random.Generator) -> Image:
    """What is written gone over again and again in the same place: broader, darker, with an edge of its own."""
    near, far = _interior(image.shape[0])
    inside = image[near:far, near:far]
    bare = _bare(inside).astype(np.float64)
    reach = int(random.integers(2, 5))
    broad = cv2.erode(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))).astype(np.float64)
    ink = (1 - np.clip(broad / np.maximum(bare, 1), 0, 1)) * random.uniform(1.1, 2.0)
    heavier = image.copy()
    drawn = np.minimum(inside, bare * (1 - np.clip(ink, 0, random.uniform(0.75, 0.95))))
    heavier[near:far, near:far] = np.clip(drawn, 0, 255).astype(np.uint8)
    return heavier


def initialled(image: Image, random: np.random.Generator) -> Image:
    """Initials beside the box: a scribble over, under or beside its frame."""
    side = image.shape[0]
    near, far = (share * side for share in FRAME_SHARE)
    length, height = random.uniform(0.5, 1.0) * (far - near), random.uniform(0.12, 0.3) * (far - near)
    count = int(random.integers(6, 14))
    along = np.linspace(-0.5, 0.5, count) * length + random.normal(0, 0.05 * side, count)
    across = random.normal(0, 0.5, count) * height
    outside = near - random.uniform(0.0, 0.25) * (far - near) if random.random() < 0.7 else far + random.uniform(0.0, 0.25) * (far - near)
    points = np.stack([side / 2 + random.normal(0, 0.12 * side) + along, outside + across], axis=1)
    if random.random() < 0.35:
        points = points[:, ::-1]
    drawn, ink, width = image.copy(), _ink(image, random), int(random.integers(1, 3))
    cv2.polylines(drawn, [np.round(points * 8).astype(np.int32)], False, ink, width, cv2.LINE_AA, shift=3)
    return drawn


def _crowded(first: Image, second: Image, random: np.random.Generator) -> Image:
    """Two numbers squeezed into one box."""
    side = first.shape[0]
    near, far = _interior(side)
    paper = np.percentile(first.reshape(-1, 3), 75, axis=0)
    image = first.copy()
    image[near:far, near:far] = paper
    width = (far - near) // 2
    for place, source in enumerate((first, second)):
        relative = source[near:far, near:far] / np.percentile(source.reshape(-1, 3), 75, axis=0)
        column = relative[:, round(0.15 * len(relative)) : round(0.85 * len(relative))]
        height = round((far - near) * random.uniform(0.55, 1.0))
        squeezed = cv2.resize(np.clip(column, 0, 1), (width, height), interpolation=cv2.INTER_AREA)
        top = near + int(random.integers(0, far - near - height + 1))
        left = near + place * width
        region = image[top : top + height, left : left + width]
        image[top : top + height, left : left + width] = np.clip(np.minimum(region, squeezed * paper), 0, 255).astype(np.uint8)
    return image
