"""Which models read a sheet: those of the package, or those of its fold, which have never seen its paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.bench.truth import TrueSheet
from pipeline.recognition.model_file import MODEL_NAMES
from pipeline.settings import default_models
from pipeline.training.folds import fold_of


class FoldModelError(Exception):
    """A fold has no model; the message names the command that makes it."""


@dataclass(frozen=True, slots=True)
class Models:
    """The model files of a reader."""

    digits: Path
    corrections: Path
    bubbles: Path
    tally: Path
    row_sums: Path

    @classmethod
    def of_folder(cls, folder: Path) -> Models:
        """The models of a folder such as `models/`."""
        return cls(*(folder / f"{kind}.onnx" for kind in MODEL_NAMES))

    @classmethod
    def of_fold(cls, folder: Path, fold: int) -> Models:
        """The models that training kept of one fold."""
        return cls(*(folder / f"{kind}-fold{fold}.onnx" for kind in MODEL_NAMES))


def default_folds() -> Path:
    """Where `sirekap train` writes the models of the folds when nothing else is said."""
    return default_models() / "folds"


def models_out_of_fold(sheets: Iterable[TrueSheet], folder: Path) -> Mapping[str, Models]:
    """Image to the models of the fold of its paper.

    Raises
    ------
    FoldModelError
        When a model of a fold that is needed is not in `folder`.
    """
    chosen = {sheet.image: Models.of_fold(folder, fold_of(sheet.group)) for sheet in sheets}
    needed = sorted(set(chosen.values()), key=lambda models: models.digits)
    missing = {kind: [path.name for models in needed if not (path := getattr(models, kind)).is_file()] for kind in MODEL_NAMES}
    if any(missing.values()):
        names = ", ".join(name for kind in MODEL_NAMES for name in missing[kind])
        commands = " and ".join(f"`sirekap train {kind.replace('_', '-')}`" for kind in MODEL_NAMES if missing[kind])
        raise FoldModelError(f"{folder}: no {names}; run {commands} first, which leaves the fold models there, or give --folds DIR")
    return chosen
