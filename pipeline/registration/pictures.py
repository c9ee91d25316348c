"""Pictures of registration, for `--debug`: the evenly lit photo, its lines in the upright view, and every page laid on it."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Ink
from pipeline.registration.flat import Candidate
from pipeline.registration.register import Stages

LONG_SIDE = 1600


class PictureSink(Protocol):
    """Where pictures go: a `pipeline.trace.Trace`."""

    def picture(self, name: str, image: NDArray[np.uint8]) -> None: ...


def draw_stages(image: NDArray[np.uint8], stages: Stages, sink: PictureSink) -> None:
    """Draw what registration saw on its way to `sink`."""
    sink.picture("darkness", _levels(stages.working.darkness))
    if stages.ridges is not None:
        blue = np.zeros_like(stages.ridges.horizontal)
        sink.picture("upright-lines", np.dstack([_levels(m) for m in (blue, stages.ridges.horizontal, stages.ridges.vertical)]))
    for number, candidate in enumerate(stages.candidates, start=1):
        evidence = candidate.evidence
        name = f"candidate-{number}-page-{candidate.page.number}-found-{evidence.found:.2f}-explained-{evidence.explained:.2f}"
        sink.picture(name, draw_candidate(image, candidate))


def draw_candidate(image: NDArray[np.uint8], candidate: Candidate) -> NDArray[np.uint8]:
    """The photo with the candidate's printed lines laid on it: magenta where they must show, orange where they may fade."""
    scale = min(1.0, LONG_SIDE / max(image.shape[:2]))
    picture = np.ascontiguousarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    for line in candidate.page.lines:
        if line.ink is Ink.LIGHT:
            continue
        steps = np.linspace(0, 1, 15)[:, None]
        points = candidate.place(np.array([line.x0, line.y0]) + steps * np.array([line.x1 - line.x0, line.y1 - line.y0])) * scale
        if np.isfinite(points).all() and np.abs(points).max() < 1e5:
            colour = (255, 0, 255) if line.ink is Ink.BLACK else (0, 160, 255)
            cv2.polylines(picture, [np.round(points).astype(np.int32)], False, colour, 1, cv2.LINE_AA)
    return picture.astype(np.uint8, copy=False)


def _levels(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)
