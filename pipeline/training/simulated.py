"""Boxes that never were on paper: public handwritten digits and drawn strokes in drawn frames.

Digit sets (MNIST, ARDIS, USPS) and a random generator come in; `BoxCrops` with class, illegible and corrected come out, to
train on before any real box is seen. The idea: the officers of 2024 traced a seven-segment guide and crossed boxes out, which
no digit set has, so traced digits, crosses, dashes and empty boxes are drawn as strokes.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.sheet import BOX_CLASSES
from pipeline.simulate.pack import HandwritingPack, load_pack
from pipeline.training.boxes import CROP_SIZE, FRAME_SHARE, BoxCrops

SUPERSAMPLING = 2
SEGMENTS = {
    "a": ((0, 0), (1, 0)), "b": ((1, 0), (1, 1)), "c": ((1, 1), (1, 2)), "d": ((0, 2), (1, 2)),
    "e": ((0, 1), (0, 2)), "f": ((0, 0), (0, 1)), "g": ((0, 1), (1, 1)),
}
"""Ends of the segments of a calculator digit in a grid one wide and two high."""

TRACES = {
    "0": ((0, 0), (1, 0), (1, 2), (0, 2), (0, 0)), "1": ((1, 0), (1, 2)), "2": ((0, 0), (1, 0), (1, 1), (0, 1), (0, 2), (1, 2)),
    "3": ((0, 0), (1, 0), (1, 1), (0.1, 1), (1, 1), (1, 2), (0, 2)), "4": ((0, 0), (0, 1), (1, 1), (1, 0), (1, 2)),
    "5": ((1, 0), (0, 0), (0, 1), (1, 1), (1, 2), (0, 2)), "6": ((1, 0), (0, 0), (0, 2), (1, 2), (1, 1), (0, 1)),
    "7": ((0, 0), (1, 0), (1, 2)), "8": ((0, 0), (1, 0), (1, 2), (0, 2), (0, 0), (0, 1), (1, 1)),
    "9": ((1, 1), (0, 1), (0, 0), (1, 0), (1, 2), (0, 2)),
}
"""How a pen traces them."""

Stroke = tuple[tuple[float, float], ...]

VARIANTS: dict[str, tuple[tuple[Stroke, ...], ...]] = {
    "1": (
        (((0.25, 0.55), (0.7, 0), (0.7, 2)),),
        (((0.1, 0.9), (0.65, 0), (0.6, 2)),),
        (((0.3, 0.45), (0.6, 0), (0.6, 2)), ((0.15, 2), (1.0, 2))),
    ),
    "7": ((((0, 0), (1, 0), (0.35, 2)), ((0.2, 1.05), (0.95, 0.95))), (((0, 0.3), (0, 0), (1, 0), (0.5, 2)),)),
    "4": (
        (((0.7, 2), (0.7, 0), (0, 1.3), (1.1, 1.3)),),
        (((0.1, 0), (0, 1.1), (1, 1.1)), ((0.75, 0.2), (0.75, 2))),
        (((0.15, 0.1), (0, 1.0), (0.55, 1.05)), ((0.7, 0), (0.65, 2))),
        (((0, 0.3), (0.35, 0), (0.1, 1.15), (0.65, 1.1)), ((0.75, 0.1), (0.8, 2))),
    ),
    "0": ((((0.5, 0), (0, 0.5), (0, 1.5), (0.5, 2), (1, 1.5), (1, 0.5), (0.5, 0)), ((1, 0.1), (0, 1.9))),),
}
"""Other ways to write a digit that most officers do not use and the guide does not suggest, each in strokes: a 1 with its flag,
which a reader of traced digits takes for a 4, a crossed 7, a 4 of two strokes, a slashed 0."""

SIGN_SHARES = np.array([9, 20, 7, 7, 15, 7, 7, 14, 7, 7]) / 100
"""How often each digit is drawn: those with variants more often, since a flagged 1 and a 4 are told apart by little."""


DigitSet = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""((N, S, S) uint8, ink bright; (N,) digit)."""


def font_digits(pack: HandwritingPack, *, size: int = 64) -> DigitSet:
    """Digits of the pack's handwriting fonts, upright and slanted: among them the flagged 1 that no public digit set shows."""
    pictures, digits = [], []
    for name in sorted(pack.fonts):
        font = pack.font(name, size=size * 3 // 4)
        for digit in range(10):
            canvas = Image.new("L", (2 * size, 2 * size))
            ImageDraw.Draw(canvas).text((size, size), str(digit), fill=255, font=font, anchor="mm")
            for slant in (-0.15, 0.0, 0.15):
                shear = np.array([[1, slant, -slant * size], [0, 1, 0]])
                pictures.append(cv2.warpAffine(np.asarray(canvas), shear, (2 * size, 2 * size)))
                digits.append(digit)
    return np.array(pictures, np.uint8), np.array(digits, np.int64)


def digit_sets(data: Path, mnist: Path | None) -> list[DigitSet]:
    """The digit sets at hand: public ones and handwriting fonts; `mnist` is a folder with its IDX files, or None to go without."""
    with np.load(data / "digits" / "ardis.npz") as ardis, np.load(data / "digits" / "usps.npz") as usps:
        sets = [
            (ardis["x_train"], ardis["y_train"].astype(np.int64)),
            (usps["train_images"], usps["train_labels"].astype(np.int64)),
            font_digits(load_pack()),
        ]
    if mnist is not None:
        pictures = np.frombuffer((mnist / "train-images-idx3-ubyte").read_bytes(), np.uint8, offset=16).reshape(-1, 28, 28)
        digits = np.frombuffer((mnist / "train-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)
        sets.append((pictures, digits.astype(np.int64)))
    return sets


def simulated(count: int, sets: list[DigitSet], *, random: np.random.Generator) -> BoxCrops:
    """Draw `count` boxes: 62 % digits, 16 % crosses, 5 % dashes, 10 % empty, 7 % scribbles and crowded boxes."""
    images = np.empty((count, CROP_SIZE, CROP_SIZE, 3), np.uint8)
    labels = np.empty(count, np.int64)
    for number in range(count):
        images[number], labels[number] = _box(sets, random)
    illegible = (labels < 0).astype(np.int64)
    names = np.array([f"simulated:{number}" for number in range(count)])
    return BoxCrops(images, labels, illegible, np.zeros(count, np.int64), names, np.full(count, "simulated"), names)


def _box(sets: list[DigitSet], random: np.random.Generator) -> tuple[NDArray[np.uint8], int]:
    side = CROP_SIZE * SUPERSAMPLING
    near, far = (share * side for share in FRAME_SHARE)
    paper = np.clip(random.normal(215, 25) + random.normal(0, 10, 3), 90, 255)
    canvas = np.ones((side, side, 3), np.float32) * paper.astype(np.float32)
    print_ink = paper * random.uniform(0.05, 0.5)
    if random.random() < 0.75:
        _guide(canvas, near, far, paper * random.uniform(0.35, 0.9), random)
    _frame(canvas, near, far, print_ink, random)
    black, blue = random.uniform(0.1, 0.75), np.array([random.uniform(0.5, 0.95), *random.uniform(0.15, 0.6, 2)])
    pen = paper * (black if random.random() < 0.5 else blue)
    ink, label = _writing(sets, side, near, far, random)
    soft = cv2.GaussianBlur(ink, (0, 0), random.uniform(0.4, 1.0) * SUPERSAMPLING)[:, :, None]
    cover = np.minimum(soft * 1.3, 1.0) * random.uniform(0.6, 1.0)
    canvas = np.asarray(canvas * (1 - cover) + pen.astype(np.float32) * cover, np.float32)
    small = cv2.resize(canvas, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_AREA)
    return np.clip(small, 0, 255).astype(np.uint8), label


def _guide(canvas: NDArray[np.float32], near: float, far: float, grey: NDArray[np.float64], random: np.random.Generator) -> None:
    """The dotted seven-segment guide, 8.9 x 14 mm in a box of 20 mm, or the outlined one of other forms."""
    millimetre = (far - near) / 20
    left, top = near + 5.5 * millimetre, near + 3.0 * millimetre
    width, height = 8.9 * millimetre, 14 * millimetre
    double = random.random() < 0.7
    spacing = random.uniform(0.7, 1.4) * millimetre
    colour = [float(c) for c in grey]
    for start, end in SEGMENTS.values():
        first = np.array([left + start[0] * width, top + start[1] * height / 2])
        last = np.array([left + end[0] * width, top + end[1] * height / 2])
        along = (last - first) / np.linalg.norm(last - first)
        beside = np.array([-along[1], along[0]]) * (0.8 * millimetre if double else 0.0)
        for offset in (beside, -beside)[: 2 if double else 1]:
            for step in np.arange(0.5, np.linalg.norm(last - first) / spacing):
                at = first + along * step * spacing + offset
                cv2.circle(canvas, (round(at[0]), round(at[1])), max(1, round(0.25 * millimetre)), colour, -1, cv2.LINE_AA)


def _frame(canvas: NDArray[np.float32], near: float, far: float, ink: NDArray[np.float64], random: np.random.Generator) -> None:
    width = max(1, round(random.uniform(0.6, 1.5) * (far - near) / 20))
    colour = [float(c) for c in ink]
    corners = [(round(x), round(y)) for x, y in ((near, near), (far, near), (far, far), (near, far))]
    for first, last in zip(corners, corners[1:] + corners[:1], strict=True):
        cv2.line(canvas, first, last, colour, width, cv2.LINE_AA)
    if random.random() < 0.25:
        side = canvas.shape[0]
        for x in (near, far):
            cv2.line(canvas, (round(x), 0), (round(x), side), colour, width, cv2.LINE_AA)
    elif random.random() < 0.5:
        gap = 3.5 * (far - near) / 20
        for x in (near - gap, far + gap):
            cv2.line(canvas, (round(x), round(near)), (round(x), round(far)), colour, width, cv2.LINE_AA)


def _writing(
    sets: list[DigitSet], side: int, near: float, far: float, random: np.random.Generator
) -> tuple[NDArray[np.float32], int]:
    """Ink (side, side) float32 in 0..1 and the index of its class, -1 for none."""
    kind = random.random()
    ink = np.zeros((side, side), np.float32)
    if kind < 0.36:
        digit = _stamp(ink, sets, near, far, random)
        return ink, digit
    if kind < 0.62:
        sign = str(random.choice(10, p=SIGN_SHARES))
        variants = VARIANTS.get(sign, ())
        strokes = variants[int(random.integers(len(variants)))] if variants and random.random() < 0.6 else (TRACES[sign],)
        _trace(ink, strokes, near, far, random)
        return ink, int(sign)
    if kind < 0.78:
        _cross(ink, near, far, random)
        return ink, BOX_CLASSES.index("x")
    if kind < 0.83:
        middle, reach = (near + far) / 2 + random.normal(0, 0.1, 2) * (far - near), random.uniform(0.1, 0.35) * (far - near)
        slope = random.normal(0, 0.15) * reach
        _stroke(ink, np.array([(middle[0] - reach, middle[1] + slope), (middle[0] + reach, middle[1] - slope)]), random)
        return ink, BOX_CLASSES.index("-")
    if kind < 0.93:
        return ink, BOX_CLASSES.index("_")
    if kind < 0.965:
        for place in (0.0, 0.48):
            _stamp(ink, sets, near + place * (far - near), near + (place + 0.52) * (far - near), random, top=near + 0.2 * (far - near))
        return ink, -1
    points = random.uniform(near + 0.2 * (far - near), far - 0.2 * (far - near), (int(random.integers(6, 16)), 2))
    _stroke(ink, points, random)
    return ink, -1


def _stamp(
    ink: NDArray[np.float32], sets: list[DigitSet], near: float, far: float, random: np.random.Generator, *, top: float | None = None
) -> int:
    """A digit of a public set, put into the square from `near` to `far`; gives the digit."""
    pictures, digits = sets[int(random.integers(len(sets)))]
    number = int(random.integers(len(digits)))
    picture = pictures[number]
    rows, columns = np.nonzero(picture.max(axis=1) > 60)[0], np.nonzero(picture.max(axis=0) > 60)[0]
    picture = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32) / 255
    height = random.uniform(0.4, 0.85) * (far - near)
    width = np.clip(height * picture.shape[1] / picture.shape[0] * np.exp(random.normal(0, 0.12)), 2, 0.9 * (far - near))
    digit = cv2.resize(picture, (round(width), round(height)), interpolation=cv2.INTER_LINEAR)
    spare = np.array([far - near - digit.shape[1], far - near - digit.shape[0]])
    left, down = np.clip(spare / 2 + random.normal(0, 0.18, 2) * spare, 0, spare)
    x, y = round(near + left), round((near if top is None else top) + down)
    region = ink[y : y + digit.shape[0], x : x + digit.shape[1]]
    np.maximum(region, digit[: region.shape[0], : region.shape[1]], out=region)
    return int(digits[number])


def _trace(ink: NDArray[np.float32], strokes: tuple[Stroke, ...], near: float, far: float, random: np.random.Generator) -> None:
    """A calculator digit, or another drawn one, as a hand draws it over the guide."""
    millimetre = (far - near) / 20
    size = np.array([8.9, 14.0]) * millimetre * np.exp(random.normal(0, 0.08, 2))
    origin = np.array([near + far, near + far]) / 2 - size / 2 + random.normal(0, 0.5, 2) * millimetre
    slant = random.normal(0, 0.08)
    for stroke in strokes:
        points = np.array(stroke) * size * (1, 0.5) + origin
        points += random.normal(0, 0.4 * millimetre, points.shape)
        points[:, 0] -= (points[:, 1] - (near + far) / 2) * slant
        _stroke(ink, points, random, wobble=0.25 * millimetre)


def _cross(ink: NDArray[np.float32], near: float, far: float, random: np.random.Generator) -> None:
    """An X, from small in the middle to corner to corner and beyond."""
    middle = (near + far) / 2 + random.normal(0, 0.05, 2) * (far - near)
    reach = np.array([1, random.uniform(0.8, 1.4)]) * random.uniform(0.15, 0.52) * (far - near)
    for way in (-1, 1):
        ends = np.array([(-reach[0], -way * reach[1]), (reach[0], way * reach[1])]) * np.exp(random.normal(0, 0.1, (2, 1)))
        _stroke(ink, middle + ends + random.normal(0, 0.02 * (far - near), (2, 2)), random)


def _stroke(ink: NDArray[np.float32], points: NDArray[np.float64], random: np.random.Generator, *, wobble: float = 0.0) -> None:
    """Draw one pen stroke through the points."""
    if wobble > 0:
        dense = np.concatenate([*(np.linspace(a, b, 6, endpoint=False) for a, b in pairwise(points)), points[-1:]])
        points = dense + cv2.GaussianBlur(random.normal(0, wobble, dense.shape), (1, 5), 1.5)
    width = max(1, round(random.uniform(0.4, 1.5) * SUPERSAMPLING))
    cv2.polylines(ink, [np.round(points * 8).astype(np.int32)], False, 1.0, width, cv2.LINE_AA, shift=3)
