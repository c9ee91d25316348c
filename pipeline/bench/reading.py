"""Read development sheets through the whole pipeline, and go on where a stopped run ended.

Every sheet that was read is kept at once, under a key made of everything its reading depends on: the photo, the models, and the code and
forms of the stages. So a run that was stopped goes on, a second look at the same figures is free, and no old reading passes for a new one.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from pipeline.bench.models import Models
from pipeline.bench.truth import TrueSheet
from pipeline.crosscheck import FieldReading
from pipeline.engine.batch import in_final_order
from pipeline.engine.executors import Executor
from pipeline.engine.work import single_threaded
from pipeline.imaging import Item, Limits, Photo, open_images
from pipeline.read import SOFTWARE, Reader, Reading, read_photo
from pipeline.recognition.header import tesseract_installed
from pipeline.settings import Settings
from pipeline.sheet import Refusal, RefusalCode, Sheet, refused
from pipeline.writing import write_whole

_PACKAGE = Path(__file__).resolve().parents[1]
_STAGES = ("read.py", "sheet.py", "settings.py", "forms", "imaging", "registration", "recognition", "crosscheck")


@dataclass(frozen=True, slots=True)
class Job:
    """One photo and the models to read it with. `name` is the source of its sheet, `key` stands for all that its reading depends on."""

    name: str
    path: Path
    models: Models
    key: str


class KeptReadings:
    """The readings of earlier runs with the same code, in a file of one JSON object a line.

    A line cut short by the end of a run, and readings that other code made, are taken out of the file.

    Parameters
    ----------
    code
        Hash of the code, see `stages_digest`.
    """

    def __init__(self, path: Path, *, code: str) -> None:
        self._path, self._code = path, code
        self._readings: dict[str, Reading] = {}
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        usable = [line for line in lines if self._load(line)]
        if len(usable) < len(lines):
            write_whole(path, b"".join(usable))

    def get(self, job: Job) -> Reading | None:
        return self._readings.get(job.key)

    def keep(self, job: Job, reading: Reading) -> None:
        """Write one reading down, so that it outlives this run."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fields = {name: field.to_dict() for name, field in reading.fields.items()}
        entry = {"code": self._code, "key": job.key, "sheet": reading.sheet.to_dict(), "fields": fields}
        with self._path.open("ab") as file:
            file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        self._readings[job.key] = reading

    def _load(self, line: bytes) -> bool:
        """Take over a line, and say whether it could be used."""
        try:
            entry = json.loads(line)
        except ValueError:
            return False
        if entry.get("code") != self._code or not line.endswith(b"\n"):
            return False
        fields = {name: FieldReading.from_dict(field) for name, field in entry["fields"].items()}
        self._readings[entry["key"]] = Reading(Sheet.from_dict(entry["sheet"]), fields=fields)
        return True


def jobs_of(sheets: Sequence[TrueSheet], models: Mapping[str, Models], *, code: str) -> list[Job]:
    """The work for some sheets, sorted by source.

    Raises
    ------
    ModelError
        When a model cannot be used.
    FileNotFoundError
        When a photo is missing.
    """
    jobs = []
    for sheet in sheets:
        photo = hashlib.sha256(sheet.path.read_bytes()).hexdigest()
        versions = sorted(_reader_of(models[sheet.image]).models.items())
        key = hashlib.sha256(repr((sheet.path.as_posix(), photo, versions, code)).encode()).hexdigest()
        jobs.append(Job(sheet.path.as_posix(), sheet.path, models[sheet.image], key))
    return sorted(jobs, key=lambda job: job.name)


def read_jobs(jobs: Sequence[Job], *, kept: KeptReadings, executor: Executor) -> Iterator[tuple[Reading, ...]]:
    """Readings in the order of the jobs, each step what became final with one more job (equal photos are marked as by `sirekap read`)."""
    new = [job for job in jobs if kept.get(job) is None]
    coming = executor.map(read_job, new, on_crash=crashed)
    fields: dict[str, Mapping[str, FieldReading]] = {}

    def results() -> Iterator[tuple[Item, list[Sheet]]]:
        for job in jobs:
            reading = kept.get(job)
            if reading is None:
                reading = next(coming)
                kept.keep(job, reading)
            fields[job.name] = reading.fields
            yield Item(job.name, job.path), [reading.sheet]

    for step in in_final_order(results()):
        yield tuple(Reading(sheet, fields=fields[sheet.source]) for sheet in step)


def read_job(job: Job) -> Reading:
    """Read one photo. As in the engine, a bug becomes the refusal of this photo; it then stands in the list of failures."""
    reader = _reader_of(job.models)
    started = time.perf_counter()
    opened = next(iter(open_images(job.path, name=job.name, limits=Limits.of(Settings()))))
    if not isinstance(opened, Photo):
        seconds = time.perf_counter() - started
        return Reading(refused(opened.name, opened.sha256, opened.refusal, seconds=seconds, software=SOFTWARE, models=reader.models))
    try:
        reading = read_photo(opened, reader)
    except Exception as error:
        refusal = Refusal(RefusalCode.CRASHED_READER, " ".join(f"{type(error).__name__}: {error}".split()))
        seconds = time.perf_counter() - started
        return Reading(refused(opened.name, opened.sha256, refusal, seconds=seconds, software=SOFTWARE, models=reader.models))
    return Reading(reading.sheet, fields=reading.fields)


def crashed(job: Job, detail: str) -> Reading:
    """The reading of a photo that ended the process that read it."""
    refusal = Refusal(RefusalCode.CRASHED_READER, detail)
    return Reading(refused(job.name, "", refusal, seconds=0.0, software=SOFTWARE, models=_reader_of(job.models).models))


def stages_digest() -> str:
    """One hash of the code and forms of the stages, and of the libraries whose results they are made of."""
    libraries = (cv2.__version__, np.__version__, onnxruntime.__version__, tesseract_installed())
    digest = hashlib.sha256(repr((SOFTWARE, libraries)).encode())
    for stage in _STAGES:
        place = _PACKAGE / stage
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.suffix in (".py", ".yaml"):
                digest.update(repr((path.relative_to(_PACKAGE).as_posix(), path.read_bytes())).encode())
    return digest.hexdigest()


@cache
def _reader_of(models: Models) -> Reader:
    single_threaded()
    return Reader.of_models(models.digits, models.corrections, models.bubbles, models.tally, models.row_sums)
