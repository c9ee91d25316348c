"""Each sheet gets the models of its own fold, or a message that says how to make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.bench.models import FoldModelError, Models, default_folds, models_out_of_fold
from pipeline.recognition.model_file import MODEL_NAMES
from pipeline.training.folds import FOLDS, fold_of
from tests.bench.sheets import true_sheet


@pytest.fixture
def folds(tmp_path: Path) -> Path:
    for fold in range(FOLDS):
        for kind in MODEL_NAMES:
            (tmp_path / f"{kind}-fold{fold}.onnx").touch()
    return tmp_path


def test_models_of_a_sheet_are_those_of_the_fold_of_its_paper(folds: Path) -> None:
    sheets = [true_sheet(f"set-a/{number}.png", group=f"paper {number % 7}") for number in range(20)]
    chosen = models_out_of_fold(sheets, folds)
    for sheet in sheets:
        fold = fold_of(sheet.group)
        assert chosen[sheet.image] == Models(*(folds / f"{name}-fold{fold}.onnx" for name in MODEL_NAMES))
    assert len(set(chosen.values())) > 1


def test_missing_fold_names_the_command_that_makes_it(folds: Path) -> None:
    sheet = true_sheet()
    (folds / f"bubbles-fold{fold_of(sheet.group)}.onnx").unlink()
    with pytest.raises(FoldModelError, match="`sirekap train bubbles` first") as error:
        models_out_of_fold([sheet], folds)
    assert "train digits" not in str(error.value)


def test_fold_that_no_sheet_needs_may_be_missing(folds: Path) -> None:
    sheet = true_sheet()
    (folds / f"digits-fold{(fold_of(sheet.group) + 1) % FOLDS}.onnx").unlink()
    assert sheet.image in models_out_of_fold([sheet], folds)


def test_models_are_looked_for_where_training_leaves_them() -> None:
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    from pipeline.training.commands import OUT
    from pipeline.training.run import fold_model

    assert Models.of_fold(default_folds(), 3) == Models(*(fold_model(OUT, name, 3) for name in MODEL_NAMES))
