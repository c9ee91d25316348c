"""Train one network on batches that are a pure function of the step.

A network, a function `batch(step)` and a loss come in; the trained network (an average over its last weights) comes out. The
idea: a batch depends on nothing but the seed and its number, so a run that was stopped goes on from its checkpoint as if it had
never stopped.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

log = logging.getLogger(__name__)

Batch = tuple[Tensor, ...]
"""Inputs first, targets after."""

Loss = Callable[[Tensor, Batch], Tensor]

HALF = bool(torch.cpu.get_capabilities().get("amx_bf16"))
"""Whether layers are computed in bfloat16: twice as fast on a processor that multiplies tiles of it, slower on every other. Weights,
their average and the loss stay in float32."""

AVERAGE_DECAY = 0.998
"""Weights are averaged over about the last 500 steps: steadier than the last step alone on so little data."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to train."""

    steps: int
    rate: float
    warm_up: float = 0.15
    weight_decay: float = 0.02
    log_every: int = 200
    checkpoint_every: int = 400

    def scaled(self, share: float) -> Schedule:
        """The same schedule with a part of its steps."""
        return replace(self, steps=max(4, round(self.steps * share)))


class _Steps(Dataset[Batch]):
    def __init__(self, batch: Callable[[int], Batch], first: int, last: int) -> None:
        self.batch, self.first, self.last = batch, first, last

    def __len__(self) -> int:
        return self.last - self.first

    def __getitem__(self, item: int) -> Batch:
        return self.batch(self.first + item)


def fit(
    network: nn.Module, batch: Callable[[int], Batch], loss: Loss, *, schedule: Schedule, name: str, checkpoint: Path | None = None
) -> nn.Module:
    """Train `network` in place for the steps of the schedule and give its averaged copy.

    `checkpoint` is where the state is kept between steps; when it exists, training goes on from it.
    """
    network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=schedule.weight_decay)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=schedule.rate, total_steps=schedule.steps, pct_start=schedule.warm_up, cycle_momentum=False
    )
    average = copy.deepcopy(network)
    first = _resume(checkpoint, network, average, optimiser, pace)
    if first:
        log.info("%s: going on from step %d", name, first)
    network.train()
    started, running = time.monotonic(), 0.0
    for step, tensors in enumerate(_batches(batch, first, schedule.steps), start=first + 1):
        torch.manual_seed(step)  # dropout too depends on the step alone
        inputs = tensors[0].to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=HALF):
            outputs = network(inputs)
        value = loss(outputs.float(), tensors)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        optimiser.step()
        pace.step()
        _follow(average, network, min(AVERAGE_DECAY, step / (step + 20.0)))
        running += (float(value.detach()) - running) / min(step, 100)
        if step % schedule.log_every == 0 or step == schedule.steps:
            log.info("%s: step %d of %d, loss %.4f, %.0f s", name, step, schedule.steps, running, time.monotonic() - started)
        if checkpoint is not None and (step % schedule.checkpoint_every == 0 or step == schedule.steps):
            _save(checkpoint, step, network, average, optimiser, pace)
    return average.eval()


def _batches(batch: Callable[[int], Batch], first: int, last: int) -> Iterator[Batch]:
    loader: DataLoader[Any] = DataLoader(_Steps(batch, first, last), batch_size=None, num_workers=1, prefetch_factor=8)
    return iter(loader)


def _follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for mine, theirs in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


def _save(path: Path, step: int, network: nn.Module, average: nn.Module, optimiser: Any, pace: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    state = {
        "step": step, "network": network.state_dict(), "average": average.state_dict(),
        "optimiser": optimiser.state_dict(), "pace": pace.state_dict(),
    }
    torch.save(state, part)
    part.replace(path)


def _resume(path: Path | None, network: nn.Module, average: nn.Module, optimiser: Any, pace: Any) -> int:
    if path is None or not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    pace.load_state_dict(state["pace"])
    return int(state["step"])
