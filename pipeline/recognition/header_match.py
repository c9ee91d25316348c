"""Which form and page does a line of the printed header name?

Lines as an OCR program read them come in; what they say about the page they were cut from goes out. The idea: a line is compared with
everything that is printed in such a place on any known page, and counts only when one of these texts is much nearer than all that would
say something else. "Halaman 2 dari 3" and "Halaman 3 dari 3" are one sign apart, and a blurred 2 was read as 3 with a confidence of 88
on a real photo; so texts that are that near count only when every word was read without a doubt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.forms import Catalogue, Identity
from pipeline.sheet import Refusal, RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPolicy:
    """When a line of the header counts. Chosen on 13 real photos of whole pages and on 120 simulated ones.

    Attributes
    ----------
    min_similarity
        Least similarity (1 is equal) of a line with the text it names. A heading of 60 letters may have nine wrong ones; the weakest
        reading of a real heading that a person can read has 0.83.
    clear_margin
        Edits by which a named text must be nearer than every text that would say something else. PPWP and GUBERNUR are eight apart;
        no misreading of a real line came more than three edits nearer to a text that was not there.
    sure_confidence
        A text named by fewer edits than that must be read sign for sign, each word with this confidence (0 to 100). The highest
        confidence of a wrong page number was 88; sharp ones have 90 to 96.
    leaning_similarity
        A line this near to what the page should have printed, and nearer to it than to all else, keeps a sheet from being refused.
    """

    min_similarity: float = 0.85
    clear_margin: int = 6
    sure_confidence: float = 90.0
    leaning_similarity: float = 0.5


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """A line of the header as read, and the least confidence (0 to 100) of its words."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class HeaderEvidence:
    """What the printed header says of a page.

    Attributes
    ----------
    text
        The lines that named a form or page, as read; empty when none did.
    page_read
        The page of the expected form that they name; None when they name none, or two.
    form_agrees
        Whether they name the expected form; None when they name none, or when they would fit others too.
    """

    text: str
    page_read: str | None
    form_agrees: bool | None


UNREADABLE = HeaderEvidence("", None, None)


@dataclass(frozen=True, slots=True)
class _Printed:
    """A text that may stand in a header: its letters and digits, what it tells, and the (form, page) pairs that have it, if known."""

    letters: str
    tells: Identity
    owners: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one line says of the sheet, and whether beyond doubt or only as the nearest of all texts."""

    line: HeaderLine
    form_agrees: bool | None
    page: str | None
    sure: bool


def judge_header(lines: Sequence[HeaderLine], catalogue: Catalogue, form: str, page: str, *, policy: HeaderPolicy) -> HeaderEvidence:
    """What the lines of a header say of a sheet that was found to be this page of this form."""
    texts = _texts(catalogue, form)
    claims = [claim for line in lines for claim in _claims(line, texts, form, page, policy)]
    other_form = [claim for claim in claims if claim.sure and claim.form_agrees is False]
    if other_form:
        # A line that only leans to the expected form is enough not to believe those that speak against it.
        return UNREADABLE if any(claim.form_agrees for claim in claims) else HeaderEvidence(_quoted(other_form), None, False)
    pages = {claim.page for claim in claims if claim.page is not None and (claim.sure or claim.page == page)}
    agreeing = [claim for claim in claims if claim.sure and claim.form_agrees]
    paging = [claim for claim in claims if claim.sure and {claim.page} == pages]
    deciding = [claim for claim in claims if claim in agreeing or claim in paging]
    return HeaderEvidence(_quoted(deciding), paging[0].page if paging else None, True if agreeing else None)


def contradiction(evidence: HeaderEvidence, form: str, page: str) -> Refusal | None:
    """The refusal of a sheet whose header names another form or page than its lines, or None."""
    if evidence.form_agrees is False:
        return Refusal(RefusalCode.UNKNOWN_FORM, f"the lines fit {form}, but the printed header reads {evidence.text!r}")
    if evidence.page_read not in (None, page):
        detail = f"the lines fit page {page} of {form}, but the printed header of page {evidence.page_read} reads {evidence.text!r}"
        return Refusal(RefusalCode.WRONG_PAGE, detail)
    return None


def edit_distance(one: str, other: str) -> int:
    """Levenshtein's distance: the fewest signs to insert, delete or replace."""
    above = list(range(len(other) + 1))
    for row, sign in enumerate(one, start=1):
        here = [row]
        for column, against in enumerate(other, start=1):
            here.append(min(above[column] + 1, here[-1] + 1, above[column - 1] + (sign != against)))
        above = here
    return above[-1]


def _texts(catalogue: Catalogue, form: str) -> list[_Printed]:
    """Every identity text of the catalogue and the lookalikes of the expected form, each with all pages that have it."""
    tells: dict[str, Identity] = {_letters(text): Identity.FORM for text in catalogue[form].lookalikes}
    owners: dict[str, set[tuple[str, str]]] = {letters: set() for letters in tells}
    for other in catalogue:
        for number, page in other.pages.items():
            for text in page.texts:
                if text.identity is not None:
                    letters = _letters(text.text)
                    tells[letters] = text.identity
                    owners.setdefault(letters, set()).add((other.id, number))
    return [_Printed(letters, tells[letters], frozenset(pages)) for letters, pages in owners.items()]


def _claims(line: HeaderLine, texts: Sequence[_Printed], form: str, page: str, policy: HeaderPolicy) -> Iterator[_Claim]:
    """What a line says, if it is near enough to one of the texts."""
    read = _letters(line.text)
    edits = {text: edit_distance(read, text.letters) for text in texts if _within_reach(read, text.letters, policy.leaning_similarity)}
    if not edits:
        return
    nearest = min(edits, key=lambda text: edits[text])
    similarity = 1 - edits[nearest] / max(len(read), len(nearest.letters))
    # Of two texts that both stand on the expected page, or both do not, either would do: they are no rivals. One that is out of
    # reach differs in more than this share of the line.
    expected = (form, page)
    rivals = [found for text, found in edits.items() if (expected in text.owners) != (expected in nearest.owners)]
    margin = min(rivals, default=int((1 - policy.leaning_similarity) * len(read))) - edits[nearest]
    if similarity < policy.leaning_similarity or margin < 1:
        return
    forms = {owner for owner, _ in nearest.owners}
    pages = {number for owner, number in nearest.owners if owner == form}
    agrees = None if nearest.tells is Identity.PAGE or (form in forms and len(forms) > 1) else form in forms
    clear = similarity >= policy.min_similarity and margin >= policy.clear_margin
    certain = edits[nearest] == 0 and line.confidence >= policy.sure_confidence
    yield _Claim(line, agrees, next(iter(pages)) if nearest.tells is not Identity.FORM and len(pages) == 1 else None, clear or certain)


def _within_reach(read: str, printed: str, similarity: float) -> bool:
    """Whether two texts can be that similar, by their lengths alone: saves comparing a heading with a page number."""
    shorter, longer = sorted((len(read), len(printed)))
    return shorter > 0 and shorter >= similarity * longer


def _letters(text: str) -> str:
    """Letters and digits in capitals: spaces, dots and dashes come and go in OCR, and frames turn up as bars."""
    return "".join(sign for sign in text.upper() if sign.isalnum())


def _quoted(claims: Sequence[_Claim]) -> str:
    return "; ".join(claim.line.text for claim in claims)
