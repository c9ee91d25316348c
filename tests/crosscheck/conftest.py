"""Readings made from the signs one would write: `x24` in the boxes, `024` in the bubbles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.crosscheck import FieldReading
from pipeline.crosscheck.reading import BUBBLE_NONE, BUBBLE_SEVERAL
from pipeline.crosscheck.tally_numbers import ROW_SUM_CLASSES, ROW_SUM_CLOSED, TALLY_CLASSES
from pipeline.forms import Bounds, Check, FieldLayout, Form, FormStatus, Guide, Ink, Page, Rect, parse_check
from pipeline.sheet import BOX_CLASSES, RegistrationSummary, Severity, Text

QUAD = ((0.0, 0.0), (90.0, 0.0), (90.0, 30.0), (0.0, 30.0))

NAMES = ("sah", "tidak_sah", "total", "dpt")
LABELS = (Text("Suara sah", "Valid"), Text("Tidak sah", "Invalid"), Text("Seluruh suara", "All votes"), Text("DPT", "Voters"))
CHECKS = (
    ("E1", "sah + tidak_sah == total", Severity.ERROR),
    ("B1", "total <= dpt", Severity.ERROR),
    ("B2", "dpt >= 1", Severity.ERROR),
    ("W1", "dpt <= 300", Severity.WARNING),
    ("W2", "100 * total <= 102 * dpt", Severity.INFO),
    ("A1", "total == elsewhere", Severity.ERROR),
)


def box_rows(signs: str, sharpness: float = 0.999) -> np.ndarray:
    rows = np.full((len(signs), len(BOX_CLASSES)), (1 - sharpness) / (len(BOX_CLASSES) - 1))
    rows[range(len(signs)), [BOX_CLASSES.index(sign) for sign in signs]] = sharpness
    return rows


def bubble_rows(signs: str, sharpness: float = 0.999) -> np.ndarray:
    """Digits as filled, _ for none, s for several."""
    columns = [{"_": BUBBLE_NONE, "s": BUBBLE_SEVERAL}[sign] if sign in "_s" else int(sign) for sign in signs]
    rows = np.full((len(signs), BUBBLE_SEVERAL + 1), (1 - sharpness) / BUBBLE_SEVERAL)
    rows[range(len(signs)), columns] = sharpness
    return rows


def tally_cells(number: int, sharpness: float = 0.999) -> np.ndarray:
    """60 cells filled one after the other."""
    marks = np.clip(number - 5 * np.arange(60), 0, 5)
    cells = np.full((60, TALLY_CLASSES), (1 - sharpness) / (TALLY_CLASSES - 1))
    cells[range(60), marks] = sharpness
    return cells


def row_sum_boxes(number: int, sharpness: float = 0.999) -> np.ndarray:
    """Five rows of two boxes; those after the last row are closed."""
    boxes = np.full((5, 2, ROW_SUM_CLASSES), (1 - sharpness) / (ROW_SUM_CLASSES - 1))
    for row in range(5):
        held = min(max(number - 60 * row, 0), 60)
        signs = (ROW_SUM_CLOSED, ROW_SUM_CLOSED) if held == 0 else divmod(held, 10)
        boxes[row, [0, 1], signs] = sharpness
    return boxes


def reading_of(
    boxes: str | np.ndarray,
    bubbles: str | np.ndarray | None = None,
    *,
    sharpness: float = 0.9995,
    illegible: tuple[float, ...] | None = None,
    corrected: tuple[float, ...] | None = None,
    bubbles_corrected: tuple[float, ...] | None = None,
    tally: int | None = None,
    row_sums: int | None = None,
) -> FieldReading:
    rows = box_rows(boxes, sharpness) if isinstance(boxes, str) else boxes
    columns = bubble_rows(bubbles, 0.999) if isinstance(bubbles, str) else bubbles
    nothing = None if columns is None else np.zeros(len(columns))
    return FieldReading(
        boxes=rows,
        illegible=np.zeros(len(rows)) if illegible is None else np.array(illegible),
        corrected=np.zeros(len(rows)) if corrected is None else np.array(corrected),
        bubbles=columns,
        bubbles_corrected=nothing if bubbles_corrected is None else np.array(bubbles_corrected),
        quad=QUAD,
        tally=None if tally is None else tally_cells(tally),
        row_sums=None if row_sums is None else row_sum_boxes(row_sums),
    )


def layout_of(name: str, label: Text, *, required: bool = True) -> FieldLayout:
    boxes = tuple(Rect(20.0 * k, 0.0, 18.0, 18.0) for k in range(3))
    return FieldLayout(
        id=name, label=label, boxes=boxes, ink=Ink.BLACK, guide=Guide.NONE, bubbles=None, tally=None, row_sums=None, words=None,
        required=required
    )


def page_of(number: str, fields: dict[str, FieldLayout]) -> Page:
    return Page(
        number=number, paper_mm=(210.0, 297.0), tag=None, fiducials=(), lines=(), circles=(), texts=(), fields=fields
    )


@pytest.fixture(scope="session")
def reading() -> Callable[..., FieldReading]:
    return reading_of


@pytest.fixture(scope="session")
def boxes() -> Callable[..., np.ndarray]:
    return box_rows


@pytest.fixture(scope="session")
def bubbles() -> Callable[..., np.ndarray]:
    return bubble_rows


@pytest.fixture(scope="session")
def form() -> Form:
    """Four numbers on page 1 with a sum, bounds and a rule that reaches over to page 2."""
    first = page_of("1", {name: layout_of(name, label) for name, label in zip(NAMES, LABELS, strict=True)})
    second = page_of("2", {"elsewhere": layout_of("elsewhere", Text("Lainnya", "Elsewhere"), required=False)})
    ids = (*NAMES, "elsewhere")
    checks = tuple(
        Check(id=name, expression=rule, text=Text(f"Aturan {name}.", f"Rule {name}."), constraint=parse_check(rule, ids), severity=severity)
        for name, rule, severity in CHECKS
    )
    return Form(
        id="test", version="1", hash="0" * 64, status=FormStatus.DRAFT, title=Text("Uji", "Test"), paper_mm=(210.0, 297.0),
        pages={"1": first, "2": second}, checks=checks, bounds=Bounds(0, 999),
    )


@pytest.fixture(scope="session")
def registration() -> RegistrationSummary:
    return RegistrationSummary(method="tag", residual_mm=0.3, rotation=0.0, corners=QUAD)
