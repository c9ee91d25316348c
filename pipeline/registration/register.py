"""Find the page in a photo and say how well it was found, or refuse.

Identity first: a tag names the page; without one the photo may be the window of a page that an app keeps, else every page of the
catalogue is tried. Each hypothesis is pulled onto the photo's lines in an upright view, the best are laid out flat at a fixed scale,
refined there as curled paper, and weighed both ways. These tables repeat: a page laid one row off finds nearly all of its lines, so no
hypothesis is believed before the photo's own lines are explained too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Catalogue, Form, Page, Rect
from pipeline.registration.bend import boxes_of
from pipeline.registration.evidence import (
    CLOSER_SIDE,
    SMALLEST_WINDOW,
    WINDOW_SIDE,
    WORKING_SIDE,
    RidgeMaps,
    WorkingPicture,
    grey_picture,
    ridge_maps,
    straight_segments,
    working_picture,
)
from pipeline.registration.flat import Candidate, Hypothesis, lay_flat
from pipeline.registration.model import Registration, RegistrationMethod, project
from pipeline.registration.policy import RegistrationPolicy
from pipeline.registration.propose import Proposal, Search
from pipeline.registration.rectify import UprightView, upright_view
from pipeline.registration.refine import COARSE_RADII_MM, Placement, refine
from pipeline.registration.tag import SeenTag, anchor_of, find_tags, middle_of, pages_of
from pipeline.registration.unit import in_units, units_per_mm
from pipeline.sheet import Refusal, RefusalCode

WITHIN_REACH_MM = 6.0
SAME_HYPOTHESIS_MM = 4.0
"""A proposal this near to one that was pulled onto the lines would be pulled there too; two that settled this near are one."""

SAME_PLACE_MM = 9.0
"""Two placements whose boxes lie nearer than this are one hypothesis that settled better or worse, not rivals: half a box."""


@dataclass(frozen=True, slots=True)
class Stages:
    """What registration saw on its way, for the debug pictures and the tests."""

    working: WorkingPicture
    segments: NDArray[np.float64]
    view: UprightView | None
    ridges: RidgeMaps | None
    tags: tuple[SeenTag, ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class _Looking:
    """What is looked for in what: the photo's pictures and size, the tags seen on it, the pages it may show.

    Of the pages, so many of the `likeliest` are looked for when no tag names one; all of them where it is None.
    """

    fine: WorkingPicture
    working: WorkingPicture
    tags: tuple[SeenTag, ...]
    catalogue: Catalogue
    policy: RegistrationPolicy
    width: int
    height: int
    likeliest: int | None = None


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
    grey, to_photo = grey_picture(image)
    fine = working_picture(grey, to_photo)
    tags = tuple(find_tags(grey, to_photo))
    looking = _Looking(fine, fine, tags, catalogue, policy, width=image.shape[1], height=image.shape[0])
    if not tags and (kept := _kept_by_app(looking, form)) is not None:
        return kept
    looking = replace(looking, working=working_picture(grey, to_photo, side=WORKING_SIDE))
    outcome, stages = _attempt(replace(looking, likeliest=policy.likeliest), form)
    if isinstance(outcome, Refusal) and not tags:
        outcome, stages = _attempt(looking, form)
    if isinstance(outcome, Refusal) and outcome.code is RefusalCode.PAGE_NOT_FOUND and max(fine.size) > WORKING_SIDE:
        again, closer = _attempt(replace(looking, working=working_picture(grey, to_photo, side=CLOSER_SIDE)), form)
        if isinstance(again, Registration):
            outcome, stages = again, closer
    if isinstance(outcome, Registration):
        outcome = replace(outcome, beside=_beside(outcome, stages, looking))
    return outcome, stages


def _kept_by_app(looking: _Looking, form: str | None) -> tuple[Registration, Stages] | None:
    """The photo as the window of a page that an app keeps; None unless all of it shows that page beyond doubt.

    No other place is looked for, so this one must be seen in all there is: the frame of every digit box in its place and none clearer
    near it, which a table laid a row off cannot have, and nearly every line. Nor is another sheet beside it: the page fills the photo.
    """
    policy, stretch = looking.policy, looking.width / looking.height
    windows = [
        (form_, page, page.window)
        for form_ in looking.catalogue
        for page in map(in_units, form_.pages.values())
        if page.window and policy.window_stretch[0] < stretch * page.window.height / page.window.width < policy.window_stretch[1]
    ]
    if not windows or min(looking.fine.size) < SMALLEST_WINDOW:
        return None
    working = looking.fine.reduced(WINDOW_SIDE)
    width, height = working.size
    view = UprightView(np.eye(3), working.size)
    search = Search(ridge_maps(working.darkness), np.ones((height, width), np.uint8))
    for form_, page, window in windows:
        hypothesis = _in_window(search, form_, page, window, policy)
        if hypothesis is None:
            continue
        candidate = lay_flat(hypothesis, looking.fine, working.to_photo, looking.width, looking.height)
        found = _judge((candidate,), looking, form)
        frame = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64) * (looking.width - 1, looking.height - 1)
        if isinstance(found, Registration) and candidate.frames.all() and _within(found.corners, frame).all():
            return found, Stages(working, np.empty((0, 4)), view, search.ridges, (), (candidate,))
    return None


def _in_window(search: Search, form: Form, page: Page, window: Rect, policy: RegistrationPolicy) -> Hypothesis | None:
    """The page so laid that its window fills the view, as printed or upside down, and pulled onto the lines there."""
    height, width = search.seen.shape
    x, y = width / window.width, height / window.height
    upright = np.array([[x, 0, -x * window.x - 0.5], [0, y, -y * window.y - 0.5], [0, 0, 1.0]])
    half_turn = np.array([[-1, 0, width - 1.0], [0, -1, height - 1.0], [0, 0, 1.0]])
    for to_view in (upright, half_turn @ upright):
        placement = refine(search.ridges, search.seen, Placement(page, to_view), COARSE_RADII_MM)
        score = float(search.scores(placement.to_view[None], page)[0])
        if score >= policy.window_score:
            return Hypothesis(form, placement, RegistrationMethod.WINDOW, score)
    return None


def _attempt(looking: _Looking, form: str | None) -> tuple[Registration | Refusal, Stages]:
    """What comes of one working picture."""
    stages = _search(looking, straight_segments(looking.working.darkness))
    if stages.view is None:
        return Refusal(RefusalCode.PAGE_NOT_FOUND, "no straight lines to be seen"), stages
    if stages.ridges is None:
        tag = stages.tags[0]
        return Refusal(RefusalCode.UNKNOWN_FORM, f"tag {tag.family} {tag.id} belongs to no known form"), stages
    return _judge(stages.candidates, looking, form), stages


def _search(looking: _Looking, segments: NDArray[np.float64]) -> Stages:
    """Everything up to the candidates, best first; no view when there are no lines, no ridges when a tag is of no known form."""
    working, policy = looking.working, looking.policy
    view = upright_view(segments, working.size)
    known = pages_of(looking.tags, looking.catalogue)
    if view is None or (looking.tags and not known):
        return Stages(working, segments, view, None, looking.tags, ())
    ridges = ridge_maps(view.warp(working.darkness))
    view_to_photo = working.to_photo @ view.to_working
    hypotheses = _hypotheses(Search(ridges, view.shown(working.size)), view_to_photo, known, looking)
    best_score = hypotheses[0].score if hypotheses else 0.0
    candidates = [
        lay_flat(hypothesis, looking.fine, view_to_photo, looking.width, looking.height)
        for hypothesis in hypotheses[: policy.laid_flat]
        if hypothesis.score >= max(policy.worth_laying_flat * best_score, policy.least_score)
    ]
    candidates.sort(key=lambda candidate: -candidate.standing)
    return Stages(working, segments, view, ridges, looking.tags, tuple(candidates))


def _beside(found: Registration, stages: Stages, looking: _Looking) -> str | None:
    """Form and page of another sheet in the photo, looked for where lines outside the page that was found give reason to.

    A known tag out there names it when half of its page is in the picture; else its lines must stand up as those of a page of the same
    form: sheets that lie side by side are of one station.
    """
    outline, working = found.corners, stages.working
    middles = project(working.to_photo, (stages.segments[:, :2] + stages.segments[:, 2:]) / 2)
    outside = ~_within(outline, middles)
    lengths = np.hypot(*(stages.segments[:, 2:] - stages.segments[:, :2]).T)
    if lengths[outside].sum() < looking.policy.lines_beside * lengths.sum():
        return None
    tags = tuple(tag for tag in stages.tags if not _within(outline, tag.corners.mean(axis=0, keepdims=True)).all())
    frame = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64) * (looking.width, looking.height)
    for tag, form, page in pages_of(tags, looking.catalogue):
        if _within(frame, middle_of(tag, in_units(page))).all():
            return f"{form.id} {page.number}"
    rest = replace(
        looking,
        fine=_without(looking.fine, outline),
        working=_without(working, outline),
        tags=tags,
        catalogue=Catalogue({found.form: looking.catalogue[found.form]}),
        policy=looking.policy.for_sheet_beside(),
    )
    other = _judge(_search(rest, stages.segments[outside]).candidates, rest, None)
    return f"{other.form} {other.page}" if isinstance(other, Registration) else None


def _within(outline: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,) for each of (N, 2) points whether it lies within an outline."""
    polygon = outline.astype(np.float32)
    return np.array([cv2.pointPolygonTest(polygon, (float(x), float(y)), False) >= 0 for x, y in points])


def _without(picture: WorkingPicture, outline: NDArray[np.float64]) -> WorkingPicture:
    """The picture with bare paper inside an outline in the photo."""
    darkness = picture.darkness.copy()
    inside = project(np.asarray(np.linalg.inv(picture.to_photo), np.float64), outline)
    cv2.fillPoly(darkness, [np.round(np.clip(inside, -30_000, 30_000)).astype(np.int32)], 0.0)
    return replace(picture, darkness=darkness)


def _hypotheses(
    search: Search, view_to_photo: NDArray[np.float64], known: Sequence[tuple[SeenTag, Form, Page]], looking: _Looking
) -> list[Hypothesis]:
    """Placements in the view, pulled onto its lines, best first."""
    catalogue, policy = looking.catalogue, looking.policy
    proposals: list[tuple[Proposal, Form, RegistrationMethod]] = []
    photo_to_view = np.asarray(np.linalg.inv(view_to_photo), dtype=np.float64)
    for tag, form, page in known:
        laid = in_units(page)
        anchor = anchor_of(tag, laid, photo_to_view)
        proposals += [(p, form, RegistrationMethod.TAG) for p in search.propose(laid, anchor=anchor, keep=policy.refined)]
    if not known:
        owner = {in_units(page): form for form in catalogue for page in form.pages.values()}
        pages = [in_units(page) for form in catalogue for page in form.pages.values()]
        if looking.likeliest is not None:
            pages = search.likeliest(pages, keep=looking.likeliest)
        proposals += [(p, owner[p.page], RegistrationMethod.LINES) for p in search.propose_among(pages, keep=policy.refined)]
    proposals.sort(key=lambda item: -item[0].score)
    found: list[Hypothesis] = []
    for proposal, form, method in proposals[: policy.refined]:
        start = Placement(proposal.page, proposal.to_view)
        if any(_near(start, other.placement, WITHIN_REACH_MM) for other in found):
            continue
        placement = refine(search.ridges, search.seen, start, COARSE_RADII_MM)
        score = float(search.scores(placement.to_view[None], proposal.page)[0])
        found.append(Hypothesis(form, placement, method, score))
    found.sort(key=lambda hypothesis: -hypothesis.score)
    return _distinct(found)


def _distinct(found: list[Hypothesis]) -> list[Hypothesis]:
    """Without those that lay the same page where a better one does."""
    kept: list[Hypothesis] = []
    for hypothesis in found:
        if not any(_near(hypothesis.placement, other.placement, SAME_HYPOTHESIS_MM) for other in kept):
            kept.append(hypothesis)
    return kept


def _near(one: Placement, other: Placement, within_mm: float) -> bool:
    """Whether two placements lay the same page within so many millimetres."""
    if one.page is not other.page:
        return False
    probe = np.array([[0.2, 0.2], [0.8, 0.2], [0.5, 0.5], [0.2, 0.8], [0.8, 0.8]]) * one.page.paper_mm
    per_mm = float(np.sqrt(abs(np.linalg.det(one.to_view[:2, :2]))))
    return bool(np.abs(one.place(probe) - other.place(probe)).max() <= within_mm * per_mm)


def _judge(candidates: Sequence[Candidate], looking: _Looking, form: str | None) -> Registration | Refusal:
    """The best candidate if it stands up to the policy, else why not."""
    policy = looking.policy
    if not candidates:
        return Refusal(RefusalCode.PAGE_NOT_FOUND, "no page of any known form fits the lines of the photo")
    best = candidates[0]
    evidence = best.evidence
    seen = f"form {best.form.id} page {best.page.number}: lines found {evidence.found:.2f}, explained {evidence.explained:.2f}"
    limits = policy.least_evidence(best.method)
    if evidence.found < limits.found or evidence.explained < limits.explained or evidence.score < limits.score:
        return Refusal(RefusalCode.PAGE_NOT_FOUND, f"{seen}, not enough to be sure where the page lies")
    units = units_per_mm(best.form.pages[best.page.number])
    residual_mm = evidence.residual_mm / units
    if evidence.residual_mm > policy.max_residual_mm:
        return Refusal(RefusalCode.PAGE_NOT_FOUND, f"{seen}, but the lines are {residual_mm:.1f} mm off")
    rivals = [c for c in candidates[1:] if not _same_place(best, c)]
    if rivals and _is_rival(rivals[0].standing, best.standing, policy):
        rival = rivals[0]
        other = f"page {rival.page.number} of {rival.form.id} fits nearly as well"
        if _apart(best, rival):
            return Refusal(RefusalCode.PAGE_NOT_FOUND, f"the photo shows two sheets: {seen}; beside it {other} ({rival.standing:.2f})")
        return Refusal(RefusalCode.PAGE_NOT_FOUND, f"{seen}, but {other} elsewhere ({rival.standing:.2f})")
    if form is not None and best.form.id != form:
        return Refusal(RefusalCode.WRONG_FORM, f"the photo shows {best.form.id}, asked for {form}")
    shown = _boxes_shown(best, width=looking.width, height=looking.height)
    in_place = float(best.frames[shown].mean()) if shown.any() else 0.0
    if in_place < policy.min_frames:
        return Refusal(RefusalCode.PAGE_NOT_FOUND, f"{seen}, but only {in_place:.0%} of the digit boxes are where they should be")
    frames = _frames_by_field(best, shown)
    if not frames:
        missing = int((~shown).sum())
        return Refusal(RefusalCode.CUT_OFF, f"{missing} of {len(shown)} digit boxes are not in the picture, and no whole number is")
    return Registration(
        form=best.form.id,
        page=best.page.number,
        units_per_mm=units,
        homography=best.to_photo,
        correction=best.correction,
        method=best.method,
        residual_mm=residual_mm,
        found=evidence.found,
        explained=evidence.explained,
        corners=_corners(best),
        frames=frames,
    )


def _boxes_shown(candidate: Candidate, *, width: int, height: int) -> NDArray[np.bool_]:
    """(B,) for each digit box of the page whether all of it is in a photo of this size."""
    corners = np.concatenate([box.corners() for box in boxes_of(candidate.page)])
    placed = candidate.place(corners).reshape(-1, 4, 2)
    return np.asarray(((placed >= -0.5) & (placed <= np.array([width, height]) - 0.5)).all(axis=(1, 2)))


def _is_rival(other: float, best: float, policy: RegistrationPolicy) -> bool:
    """Whether a placement of standing `other` keeps one of standing `best` from being believed."""
    return other > policy.max_rival * best and 1 - best > policy.max_misfit * (1 - other)


def _frames_by_field(candidate: Candidate, shown: NDArray[np.bool_]) -> dict[str, float]:
    """Share of frames seen in their place for each number all of whose boxes are shown."""
    shares: dict[str, float] = {}
    first = 0
    for name, layout in candidate.page.fields.items():
        row = slice(first, first + len(layout.boxes))
        first = row.stop
        if shown[row].all():
            shares[name] = float(candidate.frames[row].mean())
    return shares


def _apart(one: Candidate, other: Candidate) -> bool:
    """Whether the middle of neither page lies on the other one: two sheets of paper, not two places for one."""
    middles = [candidate.place(np.array([candidate.page.paper_mm]) / 2) for candidate in (one, other)]
    return not (_within(_corners(one), middles[1]).any() or _within(_corners(other), middles[0]).any())


def _corners(candidate: Candidate) -> NDArray[np.float64]:
    """(4, 2) corners of the page in photo pixels, top left, then clockwise as printed."""
    return candidate.place(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64) * candidate.page.paper_mm)


def _same_place(one: Candidate, other: Candidate) -> bool:
    if one.page is not other.page:
        return False
    boxes = np.array([box.centre for box in boxes_of(one.page)], dtype=np.float64)
    per_mm = float(np.linalg.norm(one.place(boxes + np.array([1.0, 0.0])) - one.place(boxes), axis=1).mean())
    return bool(np.median(np.linalg.norm(one.place(boxes) - other.place(boxes), axis=1)) < SAME_PLACE_MM * max(per_mm, 1e-6))
