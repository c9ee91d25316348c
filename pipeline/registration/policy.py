"""What a registration must show to be believed. Every threshold with its unit and how it was chosen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """Least evidence of a placement.

    Attributes
    ----------
    found
        Share of the visible black lines found in place, chance removed (0 to 1).
    explained
        Share of the photo's long lines within the page that the layout explains (0 to 1).
    score
        Their product, reduced when little of the page is in the picture.
    """

    found: float
    explained: float
    score: float


@dataclass(frozen=True, slots=True)
class RegistrationPolicy:
    """Thresholds of `register`.

    Attributes
    ----------
    refined, laid_flat
        How many hypotheses are pulled onto the photo's lines, and how many of these are laid out flat.
    with_tag, without_tag
        Least evidence when a tag names the page and when only its lines do.
    min_frames
        Least share of the page's digit boxes whose printed frame is seen in its place: all nine on 312 of 313 real photos of the
        poster, eight on the other; at most 0.76 where another form of the same kind was laid on a scan of 2019.
    max_residual_mm
        Largest median distance of the printed lines from their place: a box has 5 mm between its frame and the digit's guide.
    worth_laying_flat
        Of hypotheses after the first, those with less than this share of its score are dropped.
    max_rival
        Largest score of another placement, as a share of the best one's.
    """

    refined: int = 4
    laid_flat: int = 2
    with_tag: EvidenceLimits = EvidenceLimits(found=0.35, explained=0.35, score=0.15)
    without_tag: EvidenceLimits = EvidenceLimits(found=0.60, explained=0.55, score=0.40)
    min_frames: float = 0.8
    max_residual_mm: float = 0.8
    worth_laying_flat: float = 0.75
    max_rival: float = 0.9
