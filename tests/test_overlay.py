"""The picture of the result: its size, that it stands upright, that it is drawn where the boxes are, and its colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.forms import load_catalogue
from pipeline.lettering import Mark, wrapped
from pipeline.overlay import MAX_SIDE, MIN_WIDTH, draw_overlay
from pipeline.registration.model import CorrectionField, Registration, RegistrationMethod
from pipeline.sheet import (
    Field,
    FieldState,
    Finding,
    FindingCode,
    Refusal,
    RefusalCode,
    RegistrationSummary,
    Severity,
    Sheet,
    SourceKind,
    Text,
    ValueProbability,
    Verdict,
    quad_of,
    refused,
)

CORNERS = ((0.0, 0.0), (599.0, 0.0), (599.0, 399.0), (0.0, 399.0))
QUAD = np.array([[300.0, 100.0], [500.0, 100.0], [500.0, 160.0], [300.0, 160.0]])


def field_at(quad, *, value=24, state=FieldState.NUMBER, raw="x24"):
    return Field(
        value=value, state=state, raw=raw, corrected=False, probability=0.98, alternatives=(ValueProbability(value, 0.98),),
        quad=quad_of(quad), sources={SourceKind.BOXES: ValueProbability(value, 0.95)},
    )


def sheet_of(fields, *, rotation=0.0, findings=(), verdict=Verdict.ACCEPTED):
    return Sheet(
        source="folder/photo.jpg", sha256="0" * 64, form="c-hasil-ppwp-2024", form_version="1", page="2", tps=None, verdict=verdict,
        probability=0.9, fields=fields, checks=(), findings=findings, refusal=None,
        registration=RegistrationSummary(method="tag", residual_mm=0.3, rotation=rotation, corners=CORNERS), seconds=0.1, software="test",
    )


def drawn(picture, mark):
    """Rows and columns of the pixels in exactly the colour of a mark."""
    return np.argwhere((picture == np.array(mark.colour[::-1])).all(axis=2))


def outline(picture, mark, width=MIN_WIDTH):
    """Rows and columns of the outlines in the photo, below the banner."""
    found = drawn(picture[:, :width], mark)
    return found[found[:, 0] > 90]


@pytest.mark.parametrize("size", [(240, 180), (180, 240), (400, 600), (3000, 4000), (4000, 3000), (900, 200)])
def test_any_photo_gives_a_picture_that_fits_a_screen(size):
    image = np.full((*size, 3), 200, np.uint8)
    picture = draw_overlay(image, sheet_of({"paslon_1": field_at(QUAD * np.array([size[1] / 600, size[0] / 400]))}))
    assert picture.dtype == np.uint8
    assert picture.shape[1] <= 2000
    assert max(picture.shape[:2]) >= MIN_WIDTH
    assert min(size[1], MAX_SIDE) <= picture.shape[1] or size[1] > size[0]


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_turned_photo_is_drawn_upright_with_its_outline_in_place(turns):
    upright = np.full((400, 600, 3), 255, np.uint8)
    upright[100:161, 300:501] = (120, 60, 20)
    image = np.ascontiguousarray(np.rot90(upright, -turns))
    x, y = QUAD[:, 0], QUAD[:, 1]
    quad = np.stack({0: (x, y), 1: (399 - y, x), 2: (599 - x, 399 - y), 3: (y, 599 - x)}[turns], axis=1)
    rotation = {0: 0.0, 1: 90.0, 2: 180.0, 3: -90.0}[turns]
    picture = draw_overlay(image, sheet_of({"paslon_1": field_at(quad)}, rotation=rotation + 3.0))
    ink = np.argwhere((picture == np.array([120, 60, 20])).all(axis=2))
    found = outline(picture, Mark.SURE)
    assert np.abs(found.min(axis=0) - ink.min(axis=0)).max() <= 8
    assert np.abs(found.max(axis=0) - ink.max(axis=0)).max() <= 8
    assert np.abs(ink.max(axis=0) - ink.min(axis=0) - np.array([90, 300])).max() <= 4


def test_nothing_is_drawn_over_the_ink():
    image = np.full((400, 600, 3), 255, np.uint8)
    image[100:161, 300:501] = (120, 60, 20)
    picture = draw_overlay(image, sheet_of({"paslon_1": field_at(QUAD)}))
    is_ink = (picture == np.array([120, 60, 20])).all(axis=2)
    top, left = np.argwhere(is_ink).min(axis=0)
    bottom, right = np.argwhere(is_ink).max(axis=0)
    assert is_ink[top + 2 : bottom - 1, left + 2 : right - 1].all()
    assert (bottom - top, right - left) == pytest.approx((1.5 * 61, 1.5 * 201), abs=7)


@pytest.mark.parametrize(
    ("number", "findings", "mark"),
    [
        (field_at(QUAD), (), Mark.SURE),
        (field_at(QUAD), (Finding(FindingCode.CORRECTED, Severity.WARNING, ("paslon_1",), Text("Ada.", "Yes.")),), Mark.DOUBT),
        (field_at(QUAD), (Finding(FindingCode.CHECK_FAILED, Severity.ERROR, ("paslon_1", "paslon_2"), Text("Ada.", "Yes.")),), Mark.DOUBT),
        (field_at(QUAD), (Finding(FindingCode.SOURCES_DISAGREE, Severity.ERROR, ("paslon_1",), Text("Ada.", "Yes.")),), Mark.ERROR),
        (field_at(QUAD), (Finding(FindingCode.BOUND_EXCEEDED, Severity.INFO, ("paslon_1",), Text("Ada.", "Yes.")),), Mark.SURE),
        (field_at(QUAD, value=None, state=FieldState.BLANK, raw="___"), (), Mark.ERROR),
        (field_at(QUAD, value=None, state=FieldState.ILLEGIBLE, raw="1?3"), (), Mark.ERROR),
        (field_at(QUAD, value=0, state=FieldState.CROSSED, raw="xxx"), (), Mark.SURE),
    ],
)
def test_the_colour_says_how_sure_a_number_is(number, findings, mark):
    image = np.full((400, 600, 3), 200, np.uint8)
    picture = draw_overlay(image, sheet_of({"paslon_1": number}, findings=findings, verdict=Verdict.REVIEW))
    body = picture[90 : 90 + 600, :740]
    assert {m for m in Mark if len(drawn(body, m)) > 100} == {mark}


def test_single_boxes_are_outlined_when_the_page_is_known():
    page = load_catalogue()["c-hasil-ppwp-2024"].pages["2"]
    registration = Registration(
        units_per_mm=1.0,
        form="c-hasil-ppwp-2024", page="2", homography=np.diag([1.0, 1.0, 1.0]), correction=CorrectionField.none(page.paper_mm),
        method=RegistrationMethod.TAG, residual_mm=0.1, found=1.0, explained=1.0, corners=page.paper.corners(), frames={},
    )
    image = np.full((900, 600, 3), 255, np.uint8)
    fields = {name: field_at(layout.box_row.corners()) for name, layout in page.fields.items()}
    plain = draw_overlay(image, sheet_of(fields))
    boxed = draw_overlay(image, sheet_of(fields), registration=registration, page=page)
    changed = np.argwhere((boxed != plain).any(axis=2))
    scale, banner = MIN_WIDTH / 600, boxed.shape[0] - 900 * MIN_WIDTH // 600
    for layout in page.fields.values():
        for box in layout.boxes:
            x0, y0, x1, y1 = box.x * scale - 2, box.y * scale + banner - 2, box.x1 * scale + 2, box.y1 * scale + banner + 2
            inside = (changed[:, 0] > y0) & (changed[:, 0] < y1) & (changed[:, 1] > x0) & (changed[:, 1] < x1)
            assert inside.sum() > 3 * box.width * scale
    middle = page.fields["paslon_1"].boxes[0].centre
    assert (boxed[round(middle[1] * scale + banner), round(middle[0] * scale)] == 255).all()


def test_a_refused_photo_says_why_and_what_to_do():
    image = np.full((300, 300, 3), 200, np.uint8)
    refusal = Refusal(RefusalCode.TOO_BLURRED, "sharpness 3")
    picture = draw_overlay(image, refused("a.jpg", "0" * 64, refusal, seconds=0.1, software="test", models={}))
    assert picture.shape[1] == MIN_WIDTH
    assert len(drawn(picture[:90], Mark.ERROR)) > 500
    assert len(drawn(picture[-40:], Mark.ERROR)) > 100


def test_many_findings_are_all_written():
    image = np.full((400, 600, 3), 200, np.uint8)
    finding = Finding(FindingCode.UNCONFIRMED, Severity.WARNING, ("paslon_1",), Text("Kalimat yang panjang sekali " * 10, "Long."))
    one, ten = (draw_overlay(image, sheet_of({"paslon_1": field_at(QUAD)}, findings=(finding,) * n)) for n in (1, 10))
    assert ten.shape[0] - one.shape[0] >= 9 * 40


def test_the_picture_is_the_same_every_time_and_leaves_the_photo_alone():
    image = np.full((400, 600, 3), 200, np.uint8)
    sheet = sheet_of({"paslon_1": field_at(QUAD)})
    first, second = draw_overlay(image, sheet), draw_overlay(image, sheet)
    assert (first == second).all()
    assert (image == 200).all()
    large = np.full((1000, 1400, 3), 200, np.uint8)
    draw_overlay(large, replace(sheet, registration=None))
    assert (large == 200).all()


def test_text_is_broken_between_words_only():
    lines = wrapped("satu dua tiga empat lima enam tujuh", 16, 120)
    assert len(lines) > 1
    assert " ".join(lines) == "satu dua tiga empat lima enam tujuh"
