"""Where the numbers of a sheet lie on the picture of its flat page, in the unit square that the page fills."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.sheet import Sheet

_FLAT = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
"""Corners of the flat page, in the order of `RegistrationSummary.corners`."""


def outlines_of(sheet: Sheet) -> dict[str, str]:
    """The outline of the boxes of each number as `points` of an SVG polygon; none when the page was not found."""
    if sheet.registration is None:
        return {}
    flatten = cv2.getPerspectiveTransform(np.array(sheet.registration.corners, np.float32), _FLAT)
    corners = {name: cv2.perspectiveTransform(np.array([field.quad], np.float32), flatten)[0] for name, field in sheet.fields.items()}
    return {name: " ".join(f"{x:.4f},{y:.4f}" for x, y in points) for name, points in corners.items()}
