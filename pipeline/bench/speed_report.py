"""The speed of a run as it is printed, and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import cv2
from rich.table import Table

from pipeline.bench.speed import GroupSpeed, Scaling, Speed, Spread
from pipeline.bench.stages import STAGES
from pipeline.read import SOFTWARE

ELECTIONS = (("Pilkada 2024", 2.5e6), ("Pemilu 2024", 60e6))
"""Pages of result forms of the two elections, as the commission's own figures give them to the nearest half million."""

CORES = (16, 64, 256)

SHARED = 0.9
"""Part of the speed of one core alone that each of many is counted with: memory and disk are shared; no more than two were measured."""


def speed_table(speed: Speed) -> Table:
    """A row a group of photos: reading beside the bare decode."""
    table = Table(title="Reading beside the bare decode on one core, median (least to greatest)", title_justify="left")
    for title in ("photos", "Mpx", "decode ms", "read ms", "read / decode", "target", "refused"):
        table.add_column(title, justify="left" if title == "photos" else "right")
    for one in speed.groups:
        target = "-" if one.group.target is None else f"{one.group.target:g}x {'met' if one.ratio.median <= one.group.target else 'MISSED'}"
        table.add_row(
            one.group.name, f"{one.megapixels:.1f}", _spread(one.decode_ms), _spread(one.read_ms), _spread(one.ratio), target,
            f"{one.refused} of {len(one.group.paths)}",
        )  # fmt: skip
    return table


def stage_table(speed: Speed) -> Table:
    """A row a stage, a column a group of photos: median milliseconds."""
    table = Table(title="By stage, median ms", title_justify="left")
    table.add_column("")
    for one in speed.groups:
        table.add_column(one.group.name, justify="right")
    for stage in STAGES:
        table.add_row(stage, *(f"{one.stages_ms[stage].median:.1f}" for one in speed.groups))
    return table


def cost_table(speed: Speed) -> Table:
    """A row a group of photos and election: pages a second and core, core-hours, and hours on several cores, from the measured medians."""
    table = Table(title=f"What an election costs, {SHARED:.0%} of one core's speed on each", title_justify="left")
    for title in ("photos like", "pages/s and core", "election", "core-hours", *(f"hours on {cores} cores" for cores in CORES)):
        table.add_column(title, justify="left" if title in ("photos like", "election") else "right")
    for one in speed.groups:
        rate = SHARED * 1000 / one.read_ms.median
        for name, pages in ELECTIONS:
            hours = pages / rate / 3600
            table.add_row(one.group.name, f"{rate:.2f}", name, f"{hours:,.0f}", *(f"{hours / cores:,.1f}" for cores in CORES))
    return table


def speed_remarks(speed: Speed) -> Iterator[str]:
    """What stands under the tables."""
    if isinstance(speed.scaling, Scaling):
        one = speed.scaling
        yield (
            f"Two workers read {one.gain.median:.2f} times as fast as one ({one.gain.least:.2f} to {one.gain.greatest:.2f}): "
            f"{one.one.median:.1f} and {one.two.median:.1f} photos a second, {one.photos} photos a round"
        )
    else:
        yield f"Two workers beside one: {speed.scaling}"
    yield f"Load of the machine at the start: {speed.load:.2f}"


def speed_json(speed: Speed) -> bytes:
    """Everything measured, with what it was measured on."""
    content = {
        "software": SOFTWARE,
        "models": speed.models,
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "opencv": cv2.__version__,
            "cores": os.cpu_count(),
            "load": round(speed.load, 2),
        },
        "photos": [_group(one) for one in speed.groups],
        "scaling": {"refused": speed.scaling} if isinstance(speed.scaling, str) else _rounded(asdict(speed.scaling)),
    }
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _group(one: GroupSpeed) -> dict[str, Any]:
    times = {"decode_ms": one.decode_ms, "read_ms": one.read_ms, "read_to_decode": one.ratio}
    return {
        "name": one.group.name,
        "photos": len(one.group.paths),
        "megapixels": round(one.megapixels, 2),
        "refused": one.refused,
        "target": one.group.target,
        **{name: _rounded(asdict(spread)) for name, spread in times.items()},
        "stages_ms": {stage: _rounded(asdict(spread)) for stage, spread in one.stages_ms.items()},
    }


def _spread(spread: Spread) -> str:
    digits = 1 if spread.median < 100 else 0
    return f"{spread.median:.{digits}f} ({spread.least:.{digits}f} to {spread.greatest:.{digits}f})"


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _rounded(value) if isinstance(value, dict) else round(value, 3) for name, value in values.items()}
