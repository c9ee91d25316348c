"""Which form and page does a line of the printed header name?

Lines as an OCR program read them come in; what they say about the page they were cut from goes out. The idea: a line is compared with
everything that is printed in such a place on any known page, and counts only when one of these texts is much nearer than all that would
say something else. "Halaman 2 dari 3" and "Halaman 3 dari 3" are one sign apart, and a blurred 2 was read as 3 with a confidence of 89
on a real photo; so texts that are that near count only when every word was read without a doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.forms import Catalogue, Identity
from pipeline.sheet import Refusal, RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPolicy:
    """When a line of the header counts. Chosen on 13 real photos of whole pages and on 120 simulated ones.

    Attributes
    ----------
    min_similarity
        Least similarity (1 is equal) of a line with the text it names. Of 11 real headings in focus ten were read with 0.85 or more.
    clear_margin
        Edits by which such a line must be nearer to the text it names than to every text that would say something else.
    exact_margin
        The same for a line that is the named text sign for sign: DPR and PPWP are three edits apart.
    sure_confidence
        A page number is one edit from another: it must be read sign for sign, each word with this confidence (0 to 100). The 2 of
        a real photo was read as 3 with 89; sharp page numbers have 90 to 96.
    leaning_similarity
        A line this near to what the page should have printed, and nearer to it than to all else, keeps a sheet from being refused.
    """

    min_similarity: float = 0.8
    clear_margin: int = 6
    exact_margin: int = 3
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

    @property
    def forms(self) -> set[str]:
        return {form for form, _ in self.owners}

    def page_of(self, form: str) -> str | None:
        """The one page of a form that has it."""
        pages = [page for owner, page in self.owners if owner == form]
        return pages[0] if len(pages) == 1 else None


@dataclass(frozen=True, slots=True)
class _Claim:
    """A line and the text it is nearest to, beyond doubt (`sure`) or only nearer than to what says something else."""

    line: HeaderLine
    printed: _Printed
    sure: bool


def judge_header(lines: Sequence[HeaderLine], catalogue: Catalogue, form: str, page: str, *, policy: HeaderPolicy) -> HeaderEvidence:
    """What the lines of a header say of a sheet that was found to be this page of this form."""
    texts = _texts(catalogue, form)
    # Held against all texts first: a heading that only tells the page may be nearly the one by which another form is known.
    forming = [claim for claim in _claims(lines, texts, (form, page), policy) if claim.printed.tells is not Identity.PAGE]
    paging = _claims(lines, [text for text in texts if text.tells is not Identity.FORM], (form, page), policy)
    # A heading names the election, which several forms share: where the model's name can be read, it alone says which form it is.
    models = [claim for claim in forming if claim.printed.tells is Identity.FORM] or forming
    against = [claim for claim in models if claim.sure and form not in claim.printed.forms]
    if against:
        # A line that only leans to the expected form is enough not to believe those that speak against it; so with pages.
        leaning = any(claim.printed.forms == {form} for claim in models)
        return UNREADABLE if leaning else HeaderEvidence(_quoted(against), None, False)
    named = {claim: claim.printed.page_of(form) for claim in paging if claim.sure or claim.printed.page_of(form) == page}
    pages = set(named.values()) - {None}
    page_read = pages.pop() if len(pages) == 1 else None
    of_form = [claim for claim in forming if claim.sure and claim.printed.forms == {form}]
    of_page = [claim for claim in named if claim.sure and page_read is not None and named[claim] == page_read]
    return HeaderEvidence(_quoted([*of_form, *of_page]), page_read if of_page else None, True if of_form else None)


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


def _claims(lines: Sequence[HeaderLine], texts: Sequence[_Printed], expected: tuple[str, str], policy: HeaderPolicy) -> list[_Claim]:
    """The lines that are near enough to one of the texts, each with it; `expected` is the (form, page) that the sheet was found to be."""
    claims = []
    for line in lines:
        read = _letters(line.text)
        edits = {text: edit_distance(read, text.letters) for text in texts if _within_reach(read, text.letters, policy)}
        alike = {text: 1 - found / max(len(read), len(text.letters)) for text, found in edits.items()}
        nearest = max(alike, key=lambda text: alike[text], default=None)
        if nearest is None or alike[nearest] < policy.leaning_similarity:
            continue
        # Of two texts that both stand on the expected page, or both do not, either would do: they are no rivals.
        rivals = [text for text in edits if (expected in text.owners) != (expected in nearest.owners)]
        if any(alike[rival] >= alike[nearest] for rival in rivals):
            continue
        # A text out of reach differs in more than this share of the line.
        farthest = int((1 - policy.leaning_similarity) * len(read))
        margin = min((edits[rival] for rival in rivals), default=farthest) - edits[nearest]
        if edits[nearest] == 0:
            sure = margin >= policy.exact_margin or line.confidence >= policy.sure_confidence
        else:
            sure = alike[nearest] >= policy.min_similarity and margin >= policy.clear_margin
        claims.append(_Claim(line, nearest, sure))
    return claims


def _within_reach(read: str, printed: str, policy: HeaderPolicy) -> bool:
    """Whether a line can lean to a text, by their lengths alone: saves comparing a heading with a page number."""
    shorter, longer = sorted((len(read), len(printed)))
    return shorter > 0 and shorter >= policy.leaning_similarity * longer


def _letters(text: str) -> str:
    """Letters and digits in capitals: spaces, dots and dashes come and go in OCR, and frames turn up as bars."""
    return "".join(sign for sign in text.upper() if sign.isalnum())


def _quoted(claims: Sequence[_Claim]) -> str:
    return "; ".join(dict.fromkeys(claim.line.text for claim in claims))
