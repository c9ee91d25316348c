"""Facts of the 2024 presidential poster, as counted and measured on the blank."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.forms import Form, Guide, Ink, Line, Relation, lint_form, load_catalogue
from pipeline.sheet import Severity, SourceKind


@pytest.fixture(scope="module")
def form() -> Form:
    return load_catalogue()["c-hasil-ppwp-2024"]


def test_three_pages_hold_28_numbers_in_84_boxes(form: Form) -> None:
    assert [len(page.fields) for page in form.pages.values()] == [22, 3, 3]
    assert len(form.fields) == 28
    assert sum(len(field.boxes) for field in form.fields.values()) == 84


def test_other_sources_are_counted(form: Form) -> None:
    fields = form.fields.values()
    assert sum(len(column) for field in fields if field.bubbles for column in field.bubbles.columns) == 90
    assert sum(len(row) for field in fields if field.tally for row in field.tally.cells()) == 240
    assert sum(len(row) for field in fields if field.row_sums for row in field.row_sums.cells()) == 40
    assert [name for name, field in form.fields.items() if field.words] == [
        *("paslon_1", "paslon_2", "paslon_3"), *("suara_sah", "suara_tidak_sah", "suara_total"),
    ]  # fmt: skip
    assert form.fields["paslon_2"].sources == tuple(SourceKind)
    assert form.fields["suara_total"].sources == (SourceKind.BOXES, SourceKind.WORDS)
    assert all(field.tally.capacity == 300 for field in fields if field.tally)


def test_numbers_come_in_reading_order(form: Form) -> None:
    assert list(form.pages["3"].fields) == ["suara_sah", "suara_tidak_sah", "suara_total"]
    assert list(form.pages["1"].fields)[:4] == ["pemilih_dpt_l", "pemilih_dpt_p", "pemilih_dpt_j", "pengguna_dpt_l"]
    assert form.page_of("suara_tidak_sah") == "3"
    with pytest.raises(KeyError):
        form.page_of("paslon_4")


@pytest.mark.parametrize(
    ("field", "index", "x", "y", "side"),
    [
        ("pemilih_dpt_l", 0, 307.5, 386.44, 18),
        ("pengguna_total_j", 2, 503.5, 498.44, 18),
        ("surat_suara_sisa", 1, 480.5, 640.53, 18),
        ("disabilitas_p", 0, 382.5, 710.45, 18),
        ("paslon_1", 0, 455, 184.56, 20),
        ("paslon_2", 1, 478.5, 336.56, 20),
        ("paslon_3", 2, 502, 488.56, 20),
        ("suara_sah", 0, 455, 166, 20),
        ("suara_tidak_sah", 2, 502, 237.23, 20),
        ("suara_total", 1, 478.5, 312, 20),
    ],
)
def test_boxes_lie_where_the_blank_has_them(form: Form, field: str, index: int, x: float, y: float, side: float) -> None:
    box = form.fields[field].boxes[index]
    assert (box.x, box.y, box.width, box.height) == pytest.approx((x, y, side, side), abs=0.01)


def test_bubbles_repeat_every_152_mm(form: Form) -> None:
    first, third = form.fields["paslon_1"].bubbles, form.fields["paslon_3"].bubbles
    assert first is not None
    assert third is not None
    zero, nine = first.columns[0][0], first.columns[2][9]
    assert (zero.x, zero.y, zero.diameter, zero.sign) == pytest.approx((465, 214.06, 8, "0"))
    assert (nine.x, nine.y, nine.sign) == pytest.approx((512, 308.56, "9"))
    assert third.columns[1][5].y - first.columns[1][5].y == pytest.approx(304)


def test_only_the_boxes_of_the_candidates_have_dotted_guides(form: Form) -> None:
    assert [name for name, field in form.fields.items() if field.guide is Guide.SEVEN_SEGMENT] == ["paslon_1", "paslon_2", "paslon_3"]


def test_tags_are_printed_upside_down_at_the_top_right(form: Form) -> None:
    tags = [page.tag for page in form.pages.values()]
    assert [tag.id for tag in tags if tag] == [101, 102, 103]
    for tag in tags:
        assert tag is not None
        assert tag.family == "36h10"
        assert tag.corners()[0] == pytest.approx([526.07, 139.3], abs=0.01)
        assert tag.corners()[2] == pytest.approx([494.07, 107.3], abs=0.01)


def test_corner_marks_are_pairs_of_squares(form: Form) -> None:
    for page in form.pages.values():
        assert len(page.fiducials) == 8
        assert {square.width for square in page.fiducials} == {7.2}
        assert np.mean([square.centre for square in page.fiducials], axis=0) == pytest.approx([300, 470], abs=0.01)


def test_every_printed_line_is_there_once(form: Form) -> None:
    def close(line: Line, other: Line) -> bool:
        gap = max(line.x0, other.x0) - min(line.x1, other.x1), max(line.y0, other.y0) - min(line.y1, other.y1)
        return line.horizontal == other.horizontal and line.ink is other.ink and max(gap) < 0.05

    for page in form.pages.values():
        pairs = [(a, b) for index, a in enumerate(page.lines) for b in page.lines[index + 1 :] if close(a, b)]
        assert pairs == []


def test_black_frames_hide_the_edge_of_the_grey_grids(form: Form) -> None:
    grey = [line for line in form.pages["2"].lines if line.ink is Ink.GREY]
    # Inside each of three tally grids 4 rows and 11 columns; beside it 4 rows and all 3 columns of the row sums.
    assert len(grey) == 3 * (4 + 11 + 4 + 3)
    frame = Line(73, 178, 527, 178, 0.88, Ink.BLACK)
    assert [line for line in form.pages["2"].lines if line.horizontal and line.y0 == 178] == [frame]


def test_fourteen_equations_of_rank_13(form: Form) -> None:
    equations = [check for check in form.checks if check.constraint.relation is Relation.EQUAL]
    assert [check.id for check in equations] == [f"E{number:02}" for number in range(1, 15)]
    assert {check.severity for check in equations} == {Severity.ERROR}
    matrix = np.array([[check.constraint.coefficients.get(name, 0) for name in form.fields] for check in equations])
    assert matrix.shape == (14, 28)
    assert np.linalg.matrix_rank(matrix) == 13
    assert np.all(np.any(matrix != 0, axis=0))


def test_a_station_that_adds_up_breaks_no_rule(form: Form) -> None:
    values: dict[str, int | None] = {
        "pemilih_dpt_l": 120, "pemilih_dpt_p": 130, "pemilih_dpt_j": 250,
        "pengguna_dpt_l": 100, "pengguna_dpt_p": 110, "pengguna_dpt_j": 210,
        "pengguna_dptb_l": 1, "pengguna_dptb_p": 2, "pengguna_dptb_j": 3,
        "pengguna_non_dpt_l": 0, "pengguna_non_dpt_p": 1, "pengguna_non_dpt_j": 1,
        "pengguna_total_l": 101, "pengguna_total_p": 113, "pengguna_total_j": 214,
        "surat_suara_diterima": 255, "surat_suara_digunakan": 214, "surat_suara_rusak": 1, "surat_suara_sisa": 40,
        "disabilitas_l": 2, "disabilitas_p": 0, "disabilitas_j": 2,
        "paslon_1": 86, "paslon_2": 100, "paslon_3": 20, "suara_sah": 206, "suara_tidak_sah": 8, "suara_total": 214,
    }  # fmt: skip
    assert [check.id for check in form.checks if not check.constraint.holds(values)] == []
    misread = {**values, "paslon_1": 886}
    broken = [check.id for check in form.checks if check.constraint.holds(misread) is False]
    assert broken == ["E11", "B03-1", "W01-paslon", "W03"]
    assert next(check for check in form.checks if check.id == "E11").constraint.holds({**values, "paslon_3": None}) is None


def test_soft_bounds_never_are_errors(form: Form) -> None:
    for check in form.checks:
        assert (check.severity is Severity.ERROR) == (not check.id.startswith("W")), check.id


def test_the_form_has_no_lint(form: Form) -> None:
    assert lint_form(form) == ()
