"""Read one photo: the recipe, stage by stage.

photo → where the page lies → its printed code and header, when no tag named it → every writing cut → signs and marks read →
numbers cross-checked → sheet.
Each stage lives in its own package; here is only their order, and what happens when one of them refuses.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline import __version__
from pipeline.crosscheck import FieldReading, VerdictPolicy, crosscheck
from pipeline.forms import Catalogue, FieldLayout, Page, Rect, load_catalogue
from pipeline.imaging import Photo, QualityPolicy, explain, measure_quality
from pipeline.recognition import bubbles, corrections, digits, row_sums, tally
from pipeline.recognition.bubbles import BubbleReader, ColumnReadings
from pipeline.recognition.cells import CellReader
from pipeline.recognition.codes import code_contradiction, read_codes, station_in
from pipeline.recognition.corrections import CorrectionReader
from pipeline.recognition.digits import DigitReader
from pipeline.recognition.frames import covered
from pipeline.recognition.header import HeaderReader
from pipeline.recognition.header_match import contradiction
from pipeline.recognition.model_file import MODEL_NAMES
from pipeline.recognition.patches import cut_patches
from pipeline.recognition.row_sums import RowSumReader
from pipeline.recognition.tally import TallyReader
from pipeline.registration import Registration, RegistrationMethod, RegistrationPolicy, register_in_stages
from pipeline.registration.pictures import draw_stages
from pipeline.settings import Settings
from pipeline.sheet import Refusal, RefusalCode, RegistrationSummary, Sheet, quad_of, refused
from pipeline.trace import Trace

Grid = tuple[tuple[Rect, ...], ...]
"""Rows of cells."""


SOFTWARE = f"sirekap {__version__}"


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Everything a reading depends on besides the photo: forms, models, policies. Loaded once a process."""

    catalogue: Catalogue
    digits: DigitReader
    corrections: CorrectionReader
    bubbles: BubbleReader
    tally: TallyReader
    row_sums: RowSumReader
    header: HeaderReader
    registration: RegistrationPolicy = field(default_factory=RegistrationPolicy)
    quality: QualityPolicy = field(default_factory=QualityPolicy)
    verdict: VerdictPolicy = field(default_factory=VerdictPolicy)

    @classmethod
    def load(cls, settings: Settings) -> Reader:
        """The reader with the models of `settings`; `ModelError` or `FormError` when a file is missing or damaged."""
        return cls.of_models(*(settings.models / f"{name}.onnx" for name in MODEL_NAMES))

    @classmethod
    def of_models(cls, digits: Path, corrections: Path, bubbles: Path, tally: Path, row_sums: Path) -> Reader:
        """The reader with these model files, such as those of a fold."""
        catalogue = load_catalogue()
        return cls(
            catalogue,
            DigitReader(digits),
            CorrectionReader(corrections),
            BubbleReader(bubbles),
            TallyReader(tally),
            RowSumReader(row_sums),
            HeaderReader(catalogue),
        )

    @property
    def models(self) -> Mapping[str, str]:
        """Version of each model, as recorded with every reading."""
        return {name: getattr(self, name).model.version for name in MODEL_NAMES}


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A sheet, and what it was made of.

    Attributes
    ----------
    registration, page
        Where which page was found; None when the photo was refused.
    fields
        What the models saw in the boxes and bubbles of each number, before the cross-check; empty when the photo was refused.
    """

    sheet: Sheet
    registration: Registration | None = None
    page: Page | None = None
    fields: Mapping[str, FieldReading] = field(default_factory=dict)


def read_sheet(photo: Photo, reader: Reader, *, form: str | None = None, trace: Trace | None = None) -> Sheet:
    """Read a photo of one page; `form` is the only form it may be, `trace` takes a picture of every stage."""
    return read_photo(photo, reader, form=form, trace=trace).sheet


def read_photo(photo: Photo, reader: Reader, *, form: str | None = None, trace: Trace | None = None) -> Reading:
    """As `read_sheet`, with the place of the page."""
    started = time.perf_counter()
    found, stages = register_in_stages(photo.image, reader.catalogue, policy=reader.registration, form=form)
    if trace:
        draw_stages(photo.image, stages, trace)
    codes: tuple[str, ...] = ()
    if isinstance(found, Registration):
        codes = read_codes(photo.image, found.to_photo, reader.catalogue[found.form].pages[found.page], trace=trace)
        found = _unless_code_contradicts(found, codes, reader)
    if isinstance(found, Registration):
        found = _unless_header_contradicts(found, photo, reader, trace)
    if isinstance(found, Refusal):
        refusal = _explained(found, photo, reader)
        seconds = time.perf_counter() - started
        sheet = refused(photo.name, photo.sha256, refusal, seconds=seconds, software=SOFTWARE, models=reader.models)
        return Reading(sheet)
    known = reader.catalogue[found.form]
    page = known.pages[found.page]
    readings = read_fields(photo.image, found, page, reader, trace=trace)
    where = RegistrationSummary(str(found.method), found.residual_mm, found.rotation, quad_of(found.corners.tolist()))
    result = crosscheck(known, page, readings, registration=where, policy=reader.verdict, beside=found.beside)
    sheet = Sheet(
        source=photo.name,
        sha256=photo.sha256,
        form=known.id,
        form_version=known.version,
        page=page.number,
        tps=station_in(codes),
        verdict=result.verdict,
        probability=result.probability,
        fields=result.fields,
        checks=result.checks,
        findings=result.findings,
        refusal=None,
        registration=where,
        seconds=time.perf_counter() - started,
        software=SOFTWARE,
        models=reader.models,
    )
    return Reading(sheet, found, page, readings)


def read_fields(
    image: NDArray[np.uint8], registration: Registration, page: Page, reader: Reader, *, trace: Trace | None = None
) -> dict[str, FieldReading]:
    """What stands in the writings of every number of a page that is in the picture, as distributions."""
    layouts = {name: layout for name, layout in page.fields.items() if name in registration.frames}
    boxes = [box for layout in layouts.values() for box in layout.boxes]
    patches = cut_patches(image, registration.to_photo, boxes, size=digits.PATCH_SIZE, margin=digits.MARGIN)
    beside = cut_patches(image, registration.to_photo, boxes, size=corrections.PATCH_SIZE, margin=corrections.MARGIN)
    if trace:
        trace.picture("boxes", _contact_sheet(patches))
        trace.picture("corrections", _contact_sheet(beside))
    signs = reader.digits.read(patches)
    # The network learnt what corrections look like; that print is gone is seen without it.
    corrected = np.maximum(reader.corrections.read(beside), covered(patches))
    grids = {name: layout.tally.cells() for name, layout in layouts.items() if layout.tally and layout.tally.marks == tally.MARKS}
    tallies, marks = _read_cells(image, registration, grids, reader.tally, size=tally.PATCH_SIZE, margin=tally.MARGIN)
    columns = {name: layout.row_sums.cells() for name, layout in layouts.items() if layout.row_sums and layout.row_sums.digits == 2}
    sums, totals = _read_cells(image, registration, columns, reader.row_sums, size=row_sums.PATCH_SIZE, margin=row_sums.MARGIN)
    if trace and grids:
        trace.picture("tally", _contact_sheet(marks, across=12))
    if trace and columns:
        trace.picture("row-sums", _contact_sheet(totals, across=10))
    filled = _read_bubbles(image, registration, layouts, reader, trace)
    readings: dict[str, FieldReading] = {}
    first = 0
    for name, layout in layouts.items():
        row = slice(first, first + len(layout.boxes))
        first = row.stop
        seen = filled.get(name)
        corners = registration.to_photo(_row_corners(layout.boxes[0].corners(), layout.boxes[-1].corners()))
        readings[name] = FieldReading(
            boxes=signs.probabilities[row],
            illegible=signs.illegible[row],
            corrected=corrected[row],
            bubbles=None if seen is None else seen.probabilities,
            bubbles_corrected=None if seen is None else seen.corrected,
            quad=quad_of(corners.tolist()),
            frames=registration.frames[name],
            tally=tallies.get(name),
            row_sums=sums[name].reshape(-1, 2, row_sums.CLASSES) if name in sums else None,
        )
    return readings


def _read_bubbles(
    image: NDArray[np.uint8], registration: Registration, layouts: Mapping[str, FieldLayout], reader: Reader, trace: Trace | None
) -> dict[str, ColumnReadings]:
    """What the bubble columns of each number that has some say."""
    cut = {}
    for name, layout in layouts.items():
        if layout.bubbles is not None:
            circles = [circle.bounds for column in layout.bubbles.columns for circle in column]
            patches = cut_patches(image, registration.to_photo, circles, size=bubbles.PATCH_SIZE, margin=bubbles.MARGIN)
            cut[name] = patches.reshape(len(layout.bubbles.columns), bubbles.DIGITS, *patches.shape[1:])
            if trace:
                trace.picture(f"bubbles-{name}", _contact_sheet(patches, across=bubbles.DIGITS))
    return dict(zip(cut, reader.bubbles.read_page(list(cut.values())), strict=True))


def _read_cells(
    image: NDArray[np.uint8], registration: Registration, grids: Mapping[str, Grid], reader: CellReader, *, size: int, margin: float
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.uint8]]:
    """For each number the (cells, classes) distributions of its cells, row by row, and the patches of all that were read."""
    cells = {name: [cell for row in grid for cell in row] for name, grid in grids.items()}
    patches = cut_patches(image, registration.to_photo, [cell for some in cells.values() for cell in some], size=size, margin=margin)
    read = reader.read(patches).probabilities
    ends = np.cumsum([0, *map(len, cells.values())])
    return {name: read[first:last] for name, first, last in zip(cells, ends, ends[1:], strict=False)}, patches


def _unless_code_contradicts(found: Registration, codes: Sequence[str], reader: Reader) -> Registration | Refusal:
    """The page as it was found, or the refusal of one that only its lines named and whose printed code names another."""
    if found.method is RegistrationMethod.TAG:
        return found
    return code_contradiction(codes, reader.catalogue, found.form, found.page) or found


def _unless_header_contradicts(found: Registration, photo: Photo, reader: Reader, trace: Trace | None) -> Registration | Refusal:
    """The page as it was found, or the refusal of one that only its lines named and whose printed header names another."""
    if found.method is RegistrationMethod.TAG:
        return found
    evidence = reader.header.read(photo.image, found.to_photo, found.form, found.page, trace=trace)
    return contradiction(evidence, found.form, found.page) or found


def _row_corners(first: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of a row of boxes from those of its first and last one, clockwise from top left."""
    return np.array([first[0], last[1], last[2], first[3]])


def _explained(refusal: Refusal, photo: Photo, reader: Reader) -> Refusal:
    """A page that was not found, put down to the picture's quality where that is bad enough to be the reason."""
    if refusal.code is not RefusalCode.PAGE_NOT_FOUND:
        return refusal
    reason = explain(measure_quality(photo.image), policy=reader.quality)
    return refusal if reason is None else Refusal(reason.code, f"{reason.detail}; {refusal.detail}")


def _contact_sheet(patches: NDArray[np.uint8], *, across: int = 9) -> NDArray[np.uint8]:
    """(N, S, S, 3) patches as one picture, `across` a row."""
    size = patches.shape[1]
    rows = -(-len(patches) // across)
    sheet = np.zeros((rows * across, size, size, 3), np.uint8)
    sheet[: len(patches)] = patches
    return np.ascontiguousarray(sheet.reshape(rows, across, size, size, 3).transpose(0, 2, 1, 3, 4).reshape(rows * size, across * size, 3))
