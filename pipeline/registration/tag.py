"""Which page is it, by its printed tag: AprilTag 36h10, one id a page.

A tag names the page and fixes a point, a scale and a turn. It is 32 mm on a page of 900: far too small to place the other end of
the page, so it only anchors the search for the printed lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Catalogue, Form, Page
from pipeline.registration.model import project
from pipeline.registration.propose import Anchor

DICTIONARIES = {"36h10": cv2.aruco.DICT_APRILTAG_36h10}


@dataclass(frozen=True, slots=True)
class SeenTag:
    """A tag in the photo: its family and id, and (4, 2) float64 corners in pixels of the photo."""

    family: str
    id: int
    corners: NDArray[np.float64]


def find_tags(grey: NDArray[np.uint8], to_photo: NDArray[np.float64]) -> list[SeenTag]:
    """Every known tag in an (H, W) grey picture, largest first; `to_photo` (3, 3) maps its pixels to the photo's."""
    parameters = cv2.aruco.DetectorParameters()
    parameters.adaptiveThreshWinSizeStep = 20
    parameters.minMarkerPerimeterRate = 0.02
    parameters.errorCorrectionRate = 0.3
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    found: list[SeenTag] = []
    for family, dictionary in DICTIONARIES.items():
        detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(dictionary), parameters)
        corners, ids, _ = detector.detectMarkers(grey)
        if ids is not None:
            found += [
                SeenTag(family, int(i), project(to_photo, c.reshape(4, 2).astype(np.float64)))
                for c, i in zip(corners, ids.ravel(), strict=True)
            ]
    found.sort(key=lambda tag: -cv2.contourArea(tag.corners.astype(np.float32)))
    return found


def pages_of(tags: Sequence[SeenTag], catalogue: Catalogue) -> list[tuple[SeenTag, Form, Page]]:
    """The pages of the catalogue that carry one of the tags."""
    return [(tag, form, page) for tag in tags for form, page in catalogue.with_tag(family=tag.family, id=tag.id)]


def anchor_of(tag: SeenTag, page: Page, to_view: NDArray[np.float64]) -> Anchor:
    """What the tag says of the page's place in a view; `to_view` (3, 3) maps the photo's pixels to the view's."""
    if page.tag is None:
        raise ValueError(f"page {page.number} has no tag")
    printed = np.asarray(page.tag.corners(), dtype=np.float64)
    seen = project(to_view, tag.corners)
    design = np.column_stack([printed - printed.mean(axis=0), np.ones(4)])
    solution = np.linalg.lstsq(design, seen, rcond=None)[0]
    return Anchor(millimetres=printed.mean(axis=0), pixels=solution[2], x_axis=solution[0], y_axis=solution[1])


def middle_of(tag: SeenTag, page: Page) -> NDArray[np.float64]:
    """(1, 2) photo pixels of the middle of the page, as far as its tag tells: to some 40 mm on curled paper 390 mm from the tag."""
    anchor = anchor_of(tag, page, np.eye(3))
    across, down = np.array(page.paper_mm) / 2 - anchor.millimetres
    return np.asarray([anchor.pixels + across * anchor.x_axis + down * anchor.y_axis])
