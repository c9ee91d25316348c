"""What a registration must show to be believed. Every threshold with its unit and how it was chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.registration.model import RegistrationMethod


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
    likeliest
        How many pages of the catalogue are looked for first, those whose lines fit best at a coarse look: of 133 real sheets without a tag
        the right page was the best one on 130, and on 131 among the best three. All others are looked for when none of these stands up.
    refined, laid_flat
        How many hypotheses are pulled onto the photo's lines, and how many of these are laid out flat.
    window_stretch, window_score, in_window
        A photo is taken for the window of a page that an app keeps if its width to its height is so many times the window's (least, most;
        a phone's whole photo of 3 to 4 is once the window of the poster and is left out), if the page laid there has at least this score
        once it is pulled onto the lines, and at least this evidence when it is laid flat. Of 43 such photos the score was 0.29 to 0.82,
        found at least 0.97, explained 0.76; of 16 other photos the score was 0.11 at most, found 0.53, explained 0.35. Of blank drawings
        of other pages, cut out as an app would, one had a score of 0.19.
    with_tag, without_tag
        Least evidence when a tag names the page and when only its lines do. Without a tag the real photos of the poster have a score
        of 0.56 or more; the copy of 2024 laid on a scan of 2019, whose form was not in the catalogue, reached 0.43.
    min_frames
        Least share of the page's digit boxes whose printed frame is seen in its place: all nine on 312 of 313 real photos of the
        poster, eight on the other.
    max_residual_mm
        Largest median distance of the printed lines from their place: a box has 5 mm between its frame and the digit's guide.
    worth_laying_flat, least_score
        Of hypotheses after the first, those with less than this share of its score are dropped; of all, those with less than this.
    max_rival, max_misfit
        Another placement is a rival when its standing is more than this share of the best one's, unless what the best one leaves
        unexplained (1 less its standing) is less than this share of what the other one does: on a table of equal boxes a page laid two
        boxes off reaches 0.89 where the right place has 0.98 (seen on a scan of 2019).
    lines_beside
        Share of the photo's long straight lines outside the page from which another sheet is looked for there.
    """

    likeliest: int = 3
    refined: int = 4
    laid_flat: int = 2
    window_stretch: tuple[float, float] = (1.01, 1.45)
    window_score: float = 0.2
    in_window: EvidenceLimits = EvidenceLimits(found=0.9, explained=0.7, score=0.63)
    with_tag: EvidenceLimits = EvidenceLimits(found=0.35, explained=0.35, score=0.15)
    without_tag: EvidenceLimits = EvidenceLimits(found=0.60, explained=0.55, score=0.48)
    min_frames: float = 0.5
    max_residual_mm: float = 0.8
    worth_laying_flat: float = 0.75
    least_score: float = 0.0
    max_rival: float = 0.9
    max_misfit: float = 1 / 3
    lines_beside: float = 0.2

    def least_evidence(self, method: RegistrationMethod) -> EvidenceLimits:
        """What a placement that started from this must show at least."""
        return {
            RegistrationMethod.TAG: self.with_tag, RegistrationMethod.WINDOW: self.in_window, RegistrationMethod.LINES: self.without_tag
        }[method]  # fmt: skip

    def for_sheet_beside(self) -> RegistrationPolicy:
        """The policy by which a second sheet in the photo is looked for: a page without a tag that stands up in the end has a score of
        0.34 or more before it is laid flat (measured on 34 photos), and nobody asks which of two places it has.
        """
        return replace(self, refined=2, laid_flat=1, least_score=0.25)
