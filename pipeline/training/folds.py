"""Which fold a paper belongs to: a hash of its group, so that no new sheet moves an old one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

FOLDS = 5


def fold_of(group: str, *, folds: int = FOLDS) -> int:
    """Fold, 0 to `folds` - 1, of all photos and pages of one paper."""
    return int.from_bytes(hashlib.sha256(group.encode("utf-8")).digest()[:8], "big") % folds


def folds_of(groups: Iterable[str], *, folds: int = FOLDS) -> NDArray[np.int64]:
    return np.array([fold_of(group, folds=folds) for group in groups], np.int64)
