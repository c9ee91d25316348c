"""Bubble fields drawn from nothing: crisp rings, printed digits, discs of ink.

A generator of random numbers comes in, `BubbleFields` come out. Real photos are soft and noisy; a reader that has seen only
them takes the clean print of a scan or of a simulated sheet for something strange, so a part of the training is clean.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.recognition.bubbles import DIGITS, NONE, SEVERAL
from pipeline.training.bubbles import CROP_SIZE, EMPTY, FILLED, RIM, BubbleFields

COLUMNS = 3
SUPERSAMPLING = 4
DIAMETER = CROP_SIZE / (1 + 2 * RIM) * SUPERSAMPLING


def drawn_bubbles(count: int, *, random: np.random.Generator) -> BubbleFields:
    """`count` fields of three columns; in most columns one bubble is filled."""
    images = np.empty((count, COLUMNS, DIGITS, CROP_SIZE, CROP_SIZE, 3), np.uint8)
    states = np.full((count, COLUMNS, DIGITS), EMPTY, np.int64)
    for number in range(count):
        style = _Style(random)
        for column in range(COLUMNS):
            marks = int(random.choice(3, p=(0.12, 0.8, 0.08)))
            filled = random.choice(DIGITS, marks, replace=False)
            states[number, column, filled] = FILLED
            images[number, column] = _column(style, set(filled.tolist()), random)
    marked = (states == FILLED).sum(axis=2)
    columns = np.where(marked == 1, states.argmax(axis=2), np.where(marked == 0, NONE, SEVERAL))
    names = np.array([f"drawn:{number}" for number in range(count)])
    return BubbleFields(images, states, columns.astype(np.int64), names, names)


class _Style:
    """What the bubbles of one field share: paper, print, pen, pitch."""

    def __init__(self, random: np.random.Generator) -> None:
        self.paper = np.clip(random.normal(225, 25) + random.normal(0, 8, 3), 60, 255)
        self.print = self.paper * random.uniform(0.2, 0.85)
        self.pen = self.paper * (
            random.uniform(0.05, 0.6) if random.random() < 0.5 else np.array([random.uniform(0.4, 0.9), *random.uniform(0.05, 0.5, 2)])
        )
        self.pitch = random.uniform(1.2, 1.5) * DIAMETER
        self.line = max(1, round(random.uniform(0.03, 0.09) * DIAMETER))
        self.font = random.uniform(0.35, 0.6)
        self.has_digits = random.random() < 0.85


def _column(style: _Style, filled: set[int], random: np.random.Generator) -> NDArray[np.uint8]:
    """(10, S, S, 3) crops out of one strip of paper."""
    side = CROP_SIZE * SUPERSAMPLING
    height = round(side + style.pitch * (DIGITS - 1))
    strip = np.ones((height, side, 3), np.float32) * style.paper.astype(np.float32)
    for digit in range(DIGITS):
        centre = np.array([side / 2, side / 2 + digit * style.pitch])
        place = (round(centre[0]), round(centre[1]))
        cv2.circle(strip, place, round(DIAMETER / 2), [float(c) for c in style.print], style.line, cv2.LINE_AA)
        if style.has_digits:
            scale = style.font * DIAMETER / 22
            (width, tall), _ = cv2.getTextSize(str(digit), cv2.FONT_HERSHEY_SIMPLEX, scale, style.line)
            corner = (round(centre[0] - width / 2), round(centre[1] + tall / 2))
            ink = [float(c) for c in style.print]
            cv2.putText(strip, str(digit), corner, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, style.line, cv2.LINE_AA)
        if digit in filled:
            _fill(strip, centre, style, random)
    tops = [round(digit * style.pitch) for digit in range(DIGITS)]
    crops = [cv2.resize(strip[top : top + side], (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_AREA) for top in tops]
    return np.clip(np.stack(crops), 0, 255).astype(np.uint8)


def _fill(strip: NDArray[np.float32], centre: NDArray[np.float64], style: _Style, random: np.random.Generator) -> None:
    """A disc of ink with a hand's edge, laid over the print; sometimes a scribble that leaves paper between its lines."""
    cover = np.zeros(strip.shape[:2], np.float32)
    if random.random() < 0.3:
        count = int(random.integers(10, 22))
        angles = random.uniform(0, 2 * np.pi, count)
        points = centre + np.stack([np.cos(angles), np.sin(angles)], axis=1) * DIAMETER * random.uniform(0.3, 0.52, (count, 1))
        cv2.polylines(cover, [np.round(points).astype(np.int32)], False, 1.0, max(2, round(0.11 * DIAMETER)), cv2.LINE_AA)
    else:
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        reach = DIAMETER * random.uniform(0.36, 0.56) * np.exp(random.normal(0, 0.05, 24))
        points = centre + random.normal(0, 0.05 * DIAMETER, 2) + np.stack([np.cos(angles), np.sin(angles)], axis=1) * reach[:, None]
        cv2.fillPoly(cover, [np.round(points).astype(np.int32)], 1.0, cv2.LINE_AA)
    cover = cover[:, :, None] * random.uniform(0.75, 1.0)
    np.copyto(strip, np.minimum(strip, strip * (1 - cover) + style.pen.astype(np.float32) * cover))
