"""Development sheets read through the pipeline: which models, what is written, and how a stopped run goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.bench import reading
from pipeline.bench.accuracy import AccuracyOptions, kept_beside, measure_accuracy
from pipeline.bench.judging import Place
from pipeline.bench.truth import TruthError, load_truth
from pipeline.recognition.model_file import MODEL_NAMES
from pipeline.sheet import RefusalCode
from pipeline.training.folds import FOLDS, fold_of
from tests.bench.sheets import write_set

PHOTOS = {"set-a/1.png": 125, "set-a/2.png": 99, "set-b/3.png": 125}


@pytest.fixture
def options(tmp_path: Path, colour_bench: list[str]) -> AccuracyOptions:
    data = write_set(tmp_path / "data", PHOTOS)
    return AccuracyOptions(data, ("set-a", "set-b"), tmp_path / "models", None, tmp_path / "out" / "sheets.jsonl")


def lines(options: AccuracyOptions) -> list[dict[str, object]]:
    return [json.loads(line) for line in options.out.read_text("utf-8").splitlines()]


def test_every_sheet_is_read_and_judged(options: AccuracyOptions) -> None:
    outcomes = measure_accuracy(options).outcomes
    assert [outcome.truth.image for outcome in outcomes] == list(PHOTOS)
    assert [len(outcome.wrong) for outcome in outcomes] == [0, 1, 0]
    assert [outcome.wrong_accepted for outcome in outcomes] == [False, True, False]
    sources = [str(line["source"]) for line in lines(options)]
    assert sources == sorted(sources)
    assert all(source.endswith(image) for source, image in zip(sources, PHOTOS, strict=True))


def test_only_the_sets_asked_for_are_read(options: AccuracyOptions) -> None:
    outcomes = measure_accuracy(replace(options, sets=("set-b",))).outcomes
    assert [outcome.truth.image for outcome in outcomes] == ["set-b/3.png"]


def test_out_of_fold_every_sheet_is_read_by_its_fold(options: AccuracyOptions, tmp_path: Path) -> None:
    for fold in range(FOLDS):
        for kind in MODEL_NAMES:
            (tmp_path / f"{kind}-fold{fold}.onnx").touch()
    measure_accuracy(replace(options, folds=tmp_path))
    used = {str(line["source"]).split("/sheets/")[1]: line["models"] for line in lines(options)}
    assert used == {image: {kind: f"{kind}-fold{fold_of(image)}" for kind in MODEL_NAMES} for image in PHOTOS}


def test_second_run_reads_nothing_and_writes_the_same(options: AccuracyOptions, colour_bench: list[str]) -> None:
    measure_accuracy(options)
    first = options.out.read_bytes()
    colour_bench.clear()
    measure_accuracy(options)
    assert colour_bench == []
    assert options.out.read_bytes() == first


def test_stopped_run_goes_on_where_it_was(options: AccuracyOptions, colour_bench: list[str]) -> None:
    measure_accuracy(options)
    kept = kept_beside(options.out)
    whole = kept.read_bytes().splitlines(keepends=True)
    kept.write_bytes(whole[0] + whole[1][:40])
    options.out.unlink()
    colour_bench.clear()
    measure_accuracy(options)
    assert [name.rsplit("/", 1)[1] for name in colour_bench] == ["2.png", "3.png"]
    assert len(lines(options)) == 3
    assert len(kept.read_bytes().splitlines()) == 3


def test_other_models_photos_or_code_are_read_anew(
    options: AccuracyOptions, colour_bench: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    measure_accuracy(options)
    colour_bench.clear()
    write_set(options.data, PHOTOS | {"set-a/2.png": 125})
    measure_accuracy(options)
    assert len(colour_bench) == 1
    for fold in range(FOLDS):
        for kind in MODEL_NAMES:
            (tmp_path / f"{kind}-fold{fold}.onnx").touch()
    measure_accuracy(replace(options, folds=tmp_path))
    assert len(colour_bench) == 4
    monkeypatch.setattr("pipeline.bench.accuracy.stages_digest", lambda: "other")
    measure_accuracy(options)
    assert len(colour_bench) == 7
    assert len(kept_beside(options.out).read_bytes().splitlines()) == 3


def test_equal_photos_are_marked_as_by_the_read_command(options: AccuracyOptions) -> None:
    measure_accuracy(options)
    codes = [[finding["code"] for finding in line["findings"]] for line in lines(options)]
    assert codes == [[], [], ["duplicate"]]


def test_bug_and_damaged_photo_are_failures_of_one_sheet(options: AccuracyOptions) -> None:
    write_set(options.data, {"set-a/1.png": 125, "set-a/2.png": 125, "set-b/3.png": 125})
    (options.data / "sheets/set-a/1.png").write_text("no picture")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "read_photo", lambda photo, reader: 1 / 0)
        outcomes = measure_accuracy(options).outcomes
    refusals = [outcome.sheet.refusal for outcome in outcomes]
    assert [refusal.code for refusal in refusals if refusal] == [
        RefusalCode.UNSUPPORTED_FORMAT, RefusalCode.CRASHED_READER, RefusalCode.CRASHED_READER,
    ]  # fmt: skip


def test_sheet_of_a_form_that_is_not_known_must_be_refused(options: AccuracyOptions) -> None:
    write_set(options.data, {"set-a/1.png": 125, "set-b/2.png": 255}, form="c1-1999", page="1")
    outcomes = measure_accuracy(options).outcomes
    assert [outcome.known for outcome in outcomes] == [False, False]
    assert [outcome.place for outcome in outcomes] == [Place.WRONG, Place.WRONG]


def test_truth_that_is_missing_or_lacks_a_set_is_said(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match="--data DIR"):
        load_truth(tmp_path / "nowhere", sets=["set-a"])
    data = write_set(tmp_path / "data", PHOTOS)
    with pytest.raises(TruthError, match="no set set-c; there are: set-a, set-b"):
        load_truth(data, sets=["set-a", "set-c"])


def test_photos_of_a_simulated_set_lie_beside_their_truth(tmp_path: Path) -> None:
    data = write_set(tmp_path, {"1.png": 125}, set="simulated", group="1.png")
    (data / "sheets/1.png").rename(data / "1.png")
    assert load_truth(data, sets=["simulated"])[0].path == data / "1.png"
