"""The clock runs the recipe as it is; times add up. How long anything takes is for the bench, not for a test."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from pipeline import read
from pipeline.bench.photos import PhotoGroup, real_groups
from pipeline.bench.speed import Scaling, Speed, Spread, one_core, refusal_to_scale, time_groups
from pipeline.bench.speed_report import cost_table, speed_json, speed_remarks, speed_table, stage_table
from pipeline.bench.stages import PROBES, STAGES, StageClock, register
from pipeline.recognition.model_file import MODEL_NAMES
from pipeline.settings import Settings
from tests.bench.sheets import write_set

SAMPLE = Path(__file__).parents[2] / "sample_forms" / "page2-photo.jpg"


@pytest.fixture(scope="module")
def speed() -> Speed:
    reader = read.Reader.load(Settings())
    measured = time_groups([PhotoGroup("sample", (SAMPLE,), 50.0)], reader, rounds=1)
    return Speed(tuple(measured), "not asked for", 0.25, dict(reader.models))


def test_every_stage_is_timed_and_they_add_up_to_the_read(speed: Speed) -> None:
    (group,) = speed.groups
    assert tuple(group.stages_ms) == STAGES
    assert all(spread.median > 0 for spread in group.stages_ms.values())
    assert sum(spread.median for spread in group.stages_ms.values()) == pytest.approx(group.read_ms.median)
    assert group.ratio.median == pytest.approx(group.read_ms.median / group.decode_ms.median)
    assert group.refused == 0


def test_clock_leaves_the_recipe_as_it_was() -> None:
    before = [getattr(place, name) for _, place, names in PROBES for name in names]
    with StageClock().running():
        assert register.grey_picture is not before[0]
    assert [getattr(place, name) for _, place, names in PROBES for name in names] == before


def test_of_nested_stages_the_outer_one_counts() -> None:
    clock = StageClock()
    inner = clock._timed("inner", lambda: None)
    clock._timed("outer", inner)()
    assert list(clock.seconds) == ["outer"]


def test_report_says_what_was_measured_and_on_what(speed: Speed) -> None:
    console = Console(width=160, no_color=True)
    with console.capture() as capture:
        console.print(speed_table(speed), stage_table(speed))
    assert "hypotheses" in capture.get()
    assert "50x" in capture.get()
    content = json.loads(speed_json(speed))
    assert content["photos"][0]["target"] == 50.0
    assert set(content["photos"][0]["stages_ms"]) == set(STAGES)
    assert content["scaling"] == {"refused": "not asked for"}
    assert set(content["models"]) == set(MODEL_NAMES)


def test_cost_of_an_election_follows_from_the_rate(speed: Speed) -> None:
    (group,) = speed.groups
    second = replace(group, read_ms=Spread(900.0, 900.0, 900.0))
    console = Console(width=200, no_color=True)
    with console.capture() as capture:
        console.print(cost_table(replace(speed, groups=(second,))))
    # 0.9 of one page in 0.9 s is one a second: 60 million seconds are 16,667 hours.
    assert all(said in capture.get() for said in ("1.00", "16,667", "1,041.7", "694"))


def test_scaling_is_told_with_its_spread() -> None:
    scaling = Scaling(20, Spread(2.0, 1.9, 2.1), Spread(3.8, 3.7, 3.9), Spread(1.9, 1.8, 2.0))
    remark = next(iter(speed_remarks(Speed((), scaling, 0.1, {}))))
    assert "1.90 times as fast as one (1.80 to 2.00)" in remark


def test_scaling_is_refused_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1})
    assert refusal_to_scale(0.1) is None
    assert "not idle (load 3.20" in str(refusal_to_scale(3.2))
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0})
    assert "need 2 cores" in str(refusal_to_scale(0.1))


def test_one_core_is_given_back() -> None:
    before = os.sched_getaffinity(0)
    with one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_real_photos_are_spread_over_their_set(tmp_path: Path) -> None:
    data = write_set(tmp_path, {f"screen-2024/{number}.png": 9 for number in range(3)})
    (group,) = real_groups(data)
    assert [path.name for path in group.paths] == ["0.png", "1.png", "2.png"]
    assert list(real_groups(tmp_path / "nowhere")) == []
