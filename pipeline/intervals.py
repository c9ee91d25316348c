"""How much a count says: exact intervals for a share, from the Beta distribution (Clopper and Pearson, Biometrika 26, 1934)."""

from __future__ import annotations

from scipy.special import betaincinv


def interval(right: int, all: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The two-sided Clopper-Pearson interval of a share, `right` of `all`; (0, 1) when there is nothing to go by."""
    tail = (1 - confidence) / 2
    low = 0.0 if right == 0 else float(betaincinv(right, all - right + 1, tail))
    high = 1.0 if right == all else float(betaincinv(right + 1, all - right, 1 - tail))
    return low, high


def upper_bound(wrong: int, all: int, *, confidence: float = 0.95) -> float:
    """The one-sided upper bound of a share: with `confidence`, it is not larger than this."""
    return 1.0 if wrong == all else float(betaincinv(wrong + 1, all - wrong, confidence))
