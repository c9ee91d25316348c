"""Contact sheets of what went wrong, to look at: rows of boxes read wrongly, and photos that were refused or taken for another page.

They show real sheets, so they are never written into the project.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.bench.judging import NumberOutcome, Outcome, Place
from pipeline.imaging import Limits, Photo, open_images
from pipeline.settings import Settings
from pipeline.sheet import Point, rounded
from pipeline.trace import jpeg_bytes
from pipeline.writing import write_whole

Picture = NDArray[np.uint8]

ROW_SIZE = (420, 160)
"""Pixels of one row of boxes: digits 90 pixels high."""
PHOTO_SIZE = (420, 560)
MARGIN = 0.3
"""Share of the height of a row of boxes shown around it: what spills over the frame tells corrections from digits."""
CAPTION = 36
ACROSS = 4
ROWS_A_SHEET, PHOTOS_A_SHEET = 40, 12


def write_contact_sheets(outcomes: Sequence[Outcome], folder: Path) -> list[Path]:
    """Write `numbers-N.jpg` and `photos-N.jpg` into a folder and give their paths; none when nothing went wrong."""
    rows: list[Picture] = []
    photos: list[Picture] = []
    for outcome in outcomes:
        failed = _failed_numbers(outcome)
        misplaced = outcome.place is Place.WRONG or (outcome.known and outcome.place is Place.REFUSED)
        if not failed and not misplaced:
            continue
        image = _photo(outcome)
        if image is None:
            continue
        if misplaced:
            said = str(outcome.sheet.refusal.code) if outcome.sheet.refusal else f"page {outcome.sheet.page}"
            photos.append(_captioned(_fitted(image, PHOTO_SIZE), outcome.truth.image, said))
        rows += [
            _captioned(_row(image, number.read.quad), outcome.truth.image, _told(number, outcome)) for number in failed if number.read
        ]
    written = []
    for kind, cells, count in (("numbers", rows, ROWS_A_SHEET), ("photos", photos, PHOTOS_A_SHEET)):
        for number, sheet in enumerate(_sheets(cells, count), start=1):
            path = folder / f"{kind}-{number}.jpg"
            write_whole(path, jpeg_bytes(sheet))
            written.append(path)
    return written


def _failed_numbers(outcome: Outcome) -> tuple[NumberOutcome, ...]:
    if outcome.place is not Place.RIGHT:
        return ()
    return (*outcome.wrong, *(outcome.unsure if outcome.wrong_accepted else ()))


def _photo(outcome: Outcome) -> Picture | None:
    opened = next(iter(open_images(outcome.truth.path, name=outcome.truth.image, limits=Limits.of(Settings()))))
    return opened.image if isinstance(opened, Photo) else None


def _row(image: Picture, quad: Sequence[Point]) -> Picture:
    """A row of boxes upright, with some of its surroundings."""
    width, height = ROW_SIZE
    inner = height / (1 + 2 * MARGIN)
    rim = inner * MARGIN
    target = np.array([[rim, rim], [width - rim, rim], [width - rim, rim + inner], [rim, rim + inner]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.array(quad, np.float32), target)
    return np.asarray(cv2.warpPerspective(image, matrix, ROW_SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _fitted(image: Picture, size: tuple[int, int]) -> Picture:
    """A picture made to fit into (width, height), on black."""
    scale = min(size[0] / image.shape[1], size[1] / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[: size[1], : size[0]]
    fitted = np.zeros((size[1], size[0], 3), np.uint8)
    fitted[: small.shape[0], : small.shape[1]] = small
    return fitted


def _captioned(picture: Picture, *lines: str) -> Picture:
    caption = np.zeros((CAPTION, picture.shape[1], 3), np.uint8)
    for number, line in enumerate(lines):
        cv2.putText(caption, line, (4, 14 + 16 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return np.concatenate([caption, picture])


def _told(number: NumberOutcome, outcome: Outcome) -> str:
    assert number.read is not None
    written = "nothing" if number.truth is None else number.truth
    accepted = " ACCEPTED" if outcome.accepted else ""
    return f"{number.field}: {written}, read {number.read.raw} p {rounded(number.read.probability):.6f}{accepted}"


def _sheets(cells: Sequence[Picture], count: int) -> Iterator[Picture]:
    for first in range(0, len(cells), count):
        page = list(cells[first : first + count])
        page += [np.zeros_like(page[0])] * (-len(page) % ACROSS)
        yield np.concatenate([np.concatenate(page[start : start + ACROSS], axis=1) for start in range(0, len(page), ACROSS)])
