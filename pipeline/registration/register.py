"""Find the page in a photo and say how well it was found, or refuse.

Identity first: a tag names the page, else every page of the catalogue is tried. Each hypothesis is pulled onto the photo's lines in an
upright view, the best are laid out flat at a fixed scale, refined there as curled paper, and weighed both ways. These tables repeat: a
page laid one row off finds nearly all of its lines, so no hypothesis is believed before the photo's own lines are explained too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Catalogue, Form, Page
from pipeline.registration.bend import bend, boxes_of, frames_seen
from pipeline.registration.evidence import RidgeMaps, WorkingPicture, ridge_maps, straight_segments, working_picture
from pipeline.registration.model import CorrectionField, Registration, RegistrationMethod, project
from pipeline.registration.policy import RegistrationPolicy
from pipeline.registration.propose import Proposal, propose
from pipeline.registration.rectify import UprightView, upright_view
from pipeline.registration.refine import Placement, refine
from pipeline.registration.tag import SeenTag, anchor_of, find_tags, pages_of
from pipeline.registration.verify import Evidence, verify
from pipeline.sheet import Refusal, RefusalCode

FINE_SIDE = 1900
"""Long side in pixels of the picture the page is laid out flat from: at 2 pixels a millimetre more would not be seen."""
SAME_PLACE_MM = 9.0
"""Two placements whose boxes lie nearer than this are one hypothesis that settled better or worse, not rivals: half a box."""
FLAT_SCALE = 2.0
"""Pixels per millimetre of the flat page: a 0.9 mm table line is two pixels wide."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hypothesis after refinement on the flat page.

    Attributes
    ----------
    to_photo
        (3, 3) float64 homography from page millimetres (corrected) to photo pixels.
    frames
        (B,) for each digit box of the page, whether its printed frame was seen in its place.
    """

    form: Form
    page: Page
    method: RegistrationMethod
    to_photo: NDArray[np.float64]
    correction: CorrectionField
    evidence: Evidence
    frames: NDArray[np.bool_]

    def place(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        return project(self.to_photo, points_mm + self.correction.at(points_mm))


@dataclass(frozen=True, slots=True)
class Stages:
    """What registration saw on its way, for the debug pictures and the tests."""

    working: WorkingPicture
    view: UprightView | None
    ridges: RidgeMaps | None
    tags: tuple[SeenTag, ...]
    candidates: tuple[Candidate, ...]


def register(
    image: NDArray[np.uint8], catalogue: Catalogue, *, policy: RegistrationPolicy, form: str | None = None
) -> Registration | Refusal:
    """Where which page of `catalogue` lies in a (H, W, 3) BGR photo; `form` limits the search to one form."""
    outcome, _ = register_in_stages(image, catalogue, policy=policy, form=form)
    return outcome


def register_in_stages(
    image: NDArray[np.uint8], catalogue: Catalogue, *, policy: RegistrationPolicy, form: str | None = None
) -> tuple[Registration | Refusal, Stages]:
    """As `register`, with what was seen at each stage."""
    working = working_picture(image)
    fine = working if working.scale >= 1.0 or working.scale * max(image.shape[:2]) >= FINE_SIDE else working_picture(image, side=FINE_SIDE)
    tags = _tags_of(image)
    known = pages_of(tags, catalogue)
    view = upright_view(straight_segments(working.darkness), (working.darkness.shape[1], working.darkness.shape[0]))
    if view is None:
        stages = Stages(working, None, None, tuple(tags), ())
        return Refusal(RefusalCode.PAGE_NOT_FOUND, "no straight lines to be seen"), stages
    if tags and not known:
        stages = Stages(working, view, None, tuple(tags), ())
        return Refusal(RefusalCode.UNKNOWN_FORM, f"tag {tags[0].family} {tags[0].id} belongs to no known form"), stages
    ridges = ridge_maps(view.warp(working.darkness))
    seen = view.warp(np.ones_like(working.darkness))
    hypotheses = _hypotheses(ridges, seen, view, working, known, catalogue, policy)
    candidates = [
        _laid_flat(placement, evidence, owner, method, image, working, fine, view)
        for placement, evidence, owner, method in hypotheses[: policy.laid_flat]
    ]
    candidates.sort(key=lambda candidate: -candidate.evidence.score)
    stages = Stages(working, view, ridges, tuple(tags), tuple(candidates))
    return _judge(candidates, image, policy, form), stages


def _tags_of(image: NDArray[np.uint8]) -> list[SeenTag]:
    """Tags of a photo, corners in photo pixels; looked for at a size at which a page-filling photo's tag is about 65 pixels."""
    scale = min(1.0, FINE_SIDE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return [SeenTag(tag.family, tag.id, (tag.corners + 0.5) / scale - 0.5) for tag in find_tags(np.asarray(grey, dtype=np.uint8))]


Hypothesis = tuple[Placement, Evidence, Form, RegistrationMethod]


def _hypotheses(
    ridges: RidgeMaps,
    seen: NDArray[np.float32],
    view: UprightView,
    working: WorkingPicture,
    known: Sequence[tuple[SeenTag, Form, Page]],
    catalogue: Catalogue,
    policy: RegistrationPolicy,
) -> list[Hypothesis]:
    """Placements in the view, pulled onto its lines, best first."""
    proposals: list[tuple[Proposal, Form, RegistrationMethod]] = []
    photo_to_view = np.asarray(np.linalg.inv(view.to_working) @ np.diag([working.scale, working.scale, 1.0]), dtype=np.float64)
    for tag, form, page in known:
        anchor = anchor_of(tag, page, photo_to_view)
        proposals += [(p, form, RegistrationMethod.TAG) for p in propose(ridges, seen, page, anchor=anchor, keep=policy.refined)]
    if not known:
        for form in catalogue:
            for page in form.pages.values():
                proposals += [(p, form, RegistrationMethod.LINES) for p in propose(ridges, seen, page, keep=policy.refined)]
    proposals.sort(key=lambda item: -item[0].score)
    found: list[Hypothesis] = []
    for proposal, form, method in proposals[: policy.refined]:
        start = Placement(proposal.page, proposal.to_view, CorrectionField.none(proposal.page.paper_mm))
        placement = refine(ridges, seen, start)
        found.append((placement, verify(ridges, seen, placement), form, method))
    found.sort(key=lambda item: -item[1].score)
    return _distinct(found)


def _distinct(found: list[Hypothesis]) -> list[Hypothesis]:
    """Without those that lay the same page within 4 mm of a better one."""
    kept: list[Hypothesis] = []
    for item in found:
        page = item[0].page
        probe = np.array([[0.2, 0.2], [0.8, 0.2], [0.5, 0.5], [0.2, 0.8], [0.8, 0.8]]) * page.paper_mm
        here = item[0].place(probe)
        scale = float(np.sqrt(abs(np.linalg.det(item[0].to_view[:2, :2]))))
        if all(other[0].page is not page or np.abs(other[0].place(probe) - here).max() > 4.0 * scale for other in kept):
            kept.append(item)
    return kept


def _laid_flat(
    placement: Placement,
    evidence: Evidence,
    form: Form,
    method: RegistrationMethod,
    image: NDArray[np.uint8],
    working: WorkingPicture,
    fine: WorkingPicture,
    view: UprightView,
) -> Candidate:
    """The placement refined on the page laid flat at a fixed scale, where tolerances in mm mean the same on every photo."""
    page = placement.page
    to_working = view.to_working @ placement.to_view
    to_photo = np.diag([1 / working.scale, 1 / working.scale, 1.0]) @ to_working
    window = _visible_window(to_photo, page, image.shape[1], image.shape[0])
    if window is None:
        return Candidate(form, page, method, to_photo, placement.correction, evidence, np.zeros(len(boxes_of(page)), bool))
    left, top, right, bottom = window
    flat_to_page = np.array([[1 / FLAT_SCALE, 0, left], [0, 1 / FLAT_SCALE, top], [0, 0, 1.0]])
    size = (int((right - left) * FLAT_SCALE), int((bottom - top) * FLAT_SCALE))
    flat_to_fine = np.diag([fine.scale, fine.scale, 1.0]) @ to_photo @ flat_to_page
    flat = UprightView(to_working=flat_to_fine, size=size)
    ridges = ridge_maps(flat.warp(fine.darkness))
    seen = flat.warp(np.ones_like(fine.darkness))
    start = Placement(page, np.linalg.inv(flat_to_page), CorrectionField.none(page.paper_mm))
    laid = bend(ridges, seen, refine(ridges, seen, start, fine=True))
    return Candidate(
        form, page, method, to_photo @ flat_to_page @ laid.to_view, laid.correction, verify(ridges, seen, laid), frames_seen(ridges, laid)
    )


def _visible_window(to_photo: NDArray[np.float64], page: Page, width: int, height: int) -> tuple[float, float, float, float] | None:
    """The part of the page in mm (left, top, right, bottom) that the photo shows, or None when it is next to nothing."""
    columns, rows = np.meshgrid(np.linspace(0, page.paper_mm[0], 41), np.linspace(0, page.paper_mm[1], 61))
    points = np.column_stack([columns.ravel(), rows.ravel()])
    mapped = points @ to_photo[:, :2].T + to_photo[:, 2]
    ahead = mapped[:, 2] * np.sign(mapped[:, 2].mean()) > 1e-6
    photo = mapped[:, :2] / np.where(ahead, mapped[:, 2], 1.0)[:, None]
    inside = ahead & (photo >= 0).all(axis=1) & (photo[:, 0] < width) & (photo[:, 1] < height)
    if inside.sum() < 25:
        return None
    low, high = points[inside].min(axis=0), points[inside].max(axis=0)
    margin = 16.0
    return (
        max(0.0, float(low[0]) - margin),
        max(0.0, float(low[1]) - margin),
        min(page.paper_mm[0], float(high[0]) + margin),
        min(page.paper_mm[1], float(high[1]) + margin),
    )


def _judge(
    candidates: Sequence[Candidate], image: NDArray[np.uint8], policy: RegistrationPolicy, form: str | None
) -> Registration | Refusal:
    """The best candidate if it stands up to the policy, else why not."""
    if not candidates:
        return Refusal(RefusalCode.PAGE_NOT_FOUND, "no page of any known form fits the lines of the photo")
    best = candidates[0]
    evidence = best.evidence
    seen = f"form {best.form.id} page {best.page.number}: lines found {evidence.found:.2f}, explained {evidence.explained:.2f}"
    limits = policy.with_tag if best.method is RegistrationMethod.TAG else policy.without_tag
    if evidence.found < limits.found or evidence.explained < limits.explained or evidence.score < limits.score:
        return Refusal(RefusalCode.PAGE_NOT_FOUND, f"{seen}, not enough to be sure where the page lies")
    if evidence.residual_mm > policy.max_residual_mm:
        return Refusal(RefusalCode.PAGE_NOT_FOUND, f"{seen}, but the lines are {evidence.residual_mm:.1f} mm off")
    rivals = [c for c in candidates[1:] if not _same_place(best, c)]
    if rivals and rivals[0].evidence.score > policy.max_rival * evidence.score:
        rival = rivals[0]
        return Refusal(
            RefusalCode.PAGE_NOT_FOUND, f"{seen}, but page {rival.page.number} fits nearly as well elsewhere ({rival.evidence.score:.2f})"
        )
    if form is not None and best.form.id != form:
        return Refusal(RefusalCode.WRONG_FORM, f"the photo shows {best.form.id}, asked for {form}")
    height, width = image.shape[:2]
    for field in best.page.fields.values():
        for box in field.boxes:
            corners = best.place(box.corners())
            if (corners < -0.5).any() or (corners[:, 0] > width - 0.5).any() or (corners[:, 1] > height - 0.5).any():
                return Refusal(RefusalCode.CUT_OFF, f"the boxes of {field.id} are not all in the picture")
    if best.frames.mean() < policy.min_frames:
        return Refusal(RefusalCode.PAGE_NOT_FOUND, f"{seen}, but only {best.frames.mean():.0%} of the digit boxes are where they should be")
    paper = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64) * best.page.paper_mm
    return Registration(
        form=best.form.id,
        page=best.page.number,
        homography=best.to_photo,
        correction=best.correction,
        method=best.method,
        residual_mm=evidence.residual_mm,
        found=evidence.found,
        explained=evidence.explained,
        corners=best.place(paper),
        frames=_frames_by_field(best),
    )


def _frames_by_field(candidate: Candidate) -> dict[str, float]:
    shares: dict[str, float] = {}
    first = 0
    for name, layout in candidate.page.fields.items():
        shares[name] = float(candidate.frames[first : first + len(layout.boxes)].mean())
        first += len(layout.boxes)
    return shares


def _same_place(one: Candidate, other: Candidate) -> bool:
    if one.page is not other.page:
        return False
    boxes = np.array([box.centre for box in boxes_of(one.page)], dtype=np.float64)
    per_mm = float(np.linalg.norm(one.place(boxes + np.array([1.0, 0.0])) - one.place(boxes), axis=1).mean())
    return bool(np.median(np.linalg.norm(one.place(boxes) - other.place(boxes), axis=1)) < SAME_PLACE_MM * max(per_mm, 1e-6))
