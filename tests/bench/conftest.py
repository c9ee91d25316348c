"""A bench whose reader goes by the colour of a photo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.bench import reading
from pipeline.recognition.model_file import MODEL_NAMES
from tests.sheets import ColourReader, read_by_colour


class FileReader(ColourReader):
    """The reader that goes by colour, made from model files of which only the names matter."""

    def __init__(self, *models: Path) -> None:
        self.models = dict(zip(MODEL_NAMES, (model.stem for model in models), strict=True))

    @classmethod
    def of_models(cls, *models: Path) -> FileReader:
        return cls(*models)


@pytest.fixture
def colour_bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The sources that were really read, in order."""
    read: list[str] = []

    def read_photo(photo, reader):
        read.append(photo.name)
        result = read_by_colour(photo, reader)
        object.__setattr__(result.sheet, "models", reader.models)
        return result

    monkeypatch.setattr(reading, "Reader", FileReader)
    monkeypatch.setattr(reading, "read_photo", read_photo)
    reading._reader_of.cache_clear()
    yield read
    reading._reader_of.cache_clear()
