"""Rates with their uncertainty, and how far stated probabilities can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Z95 = 1.959964

TAIL_LEVELS = (0.9, 0.99, 0.999)
SURE_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `count`."""

    hits: int
    count: int

    def interval(self) -> tuple[float, float]:
        """Two-sided 95 % interval of Wilson (1927): sound for rates near 1 and for small samples."""
        if self.count == 0:
            return 0.0, 1.0
        share, n, z2 = self.hits / self.count, self.count, Z95**2
        centre = (share + z2 / (2 * n)) / (1 + z2 / n)
        half = Z95 / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
        return max(0.0, float(centre - half)), min(1.0, float(centre + half))

    def __str__(self) -> str:
        if self.count == 0:
            return "none"
        low, high = self.interval()
        return f"{self.hits}/{self.count} = {100 * self.hits / self.count:.2f} % [{100 * low:.2f}, {100 * high:.2f}]"


def tail(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> dict[str, Rate | str]:
    """How far stated probabilities hold: how many are wrong of the surest answers; and the log loss.

    Parameters
    ----------
    probabilities
        (N, K) float64.
    truth
        (N,) int64.

    Returns
    -------
    Rows of a card by their titles; the log loss is the mean of -ln of what was stated for the truth.
    """
    answers, stated = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = answers != truth
    rows: dict[str, Rate | str] = {
        f"≥ {level}": Rate(int(wrong[stated >= level].sum()), int((stated >= level).sum())) for level in TAIL_LEVELS
    }
    surest = np.argsort(-stated, kind="stable")[: int(SURE_SHARE * len(truth))]
    rows[f"the surest {SURE_SHARE:.0%}"] = Rate(int(wrong[surest].sum()), len(surest))
    rows["log loss"] = f"{-np.log(probabilities[np.arange(len(truth)), truth]).mean():.4f}" if len(truth) else "none"
    return rows


def best_temperature(logits: Tensor, truth: Tensor) -> float:
    """The temperature, 0.5 to 4 in steps of 5 %, with the least cross entropy on predictions out of fold.

    Below 1 is usual here: the nets are trained on damaged boxes, so on the photos as they are they are less sure than they could be.

    Parameters
    ----------
    logits
        (N, K) float, or (N, 1) for a yes/no output.
    truth
        (N,) int64.
    """

    def loss(temperature: float) -> float:
        if logits.shape[1] == 1:
            return float(functional.binary_cross_entropy_with_logits(logits[:, 0] / temperature, truth.float()))
        return float(functional.cross_entropy(logits / temperature, truth))

    grid = [float(value) for value in torch.exp(torch.arange(-0.7, 1.4, 0.05))]
    return min(grid, key=loss)


def best_flag_scale(logits: Tensor, truth: Tensor) -> tuple[float, float]:
    """Temperature and shift (Platt 1999) with the least cross entropy of a yes/no output on predictions out of fold.

    Parameters
    ----------
    logits
        (N,) float.
    truth
        (N,) int64, 0 or 1, both of them present.

    Returns
    -------
    What divides a logit, and what is added to it after that.
    """
    inputs, answers = logits.double(), truth.double()
    slope, shift = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (1.0, 0.0))
    optimiser = torch.optim.LBFGS([slope, shift], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = functional.binary_cross_entropy_with_logits(inputs * slope + shift, answers)
        value.backward()
        return value

    optimiser.step(loss)
    return 1 / float(slope.detach()), float(shift.detach())
