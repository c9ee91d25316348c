"""The readers give distributions, the same for a box whatever is read beside it, and refuse what they cannot use."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.recognition.bubbles import CHANNELS, NONE, SEVERAL, BubbleReader, beside_field, read_columns
from pipeline.recognition.bubbles import PATCH_SIZE as BUBBLE_SIZE
from pipeline.recognition.digits import PATCH_SIZE, DigitReader
from pipeline.recognition.model_file import MODEL_NAMES, ModelError
from pipeline.recognition.row_sums import CLASSES as ROW_SUM_CLASSES
from pipeline.recognition.row_sums import RowSumReader
from pipeline.recognition.tally import MARKS, TallyReader
from pipeline.recognition.tally import PATCH_SIZE as CELL_SIZE
from pipeline.sheet import BOX_CLASSES
from tests.recognition.test_patches import drawn_box

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def digit_reader() -> DigitReader:
    return DigitReader(MODELS / "digits.onnx")


@pytest.fixture(scope="module")
def bubble_reader() -> BubbleReader:
    return BubbleReader(MODELS / "bubbles.onnx")


def noisy(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def test_box_readings_are_distributions_that_are_never_certain(digit_reader: DigitReader) -> None:
    readings = digit_reader.read(noisy(12, PATCH_SIZE, PATCH_SIZE, 3))
    assert readings.probabilities.shape == (12, len(BOX_CLASSES))
    np.testing.assert_allclose(readings.probabilities.sum(axis=1), 1, atol=1e-5)
    for values in (readings.probabilities, readings.illegible):
        assert ((values > 0) & (values < 1)).all()


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 20), place=st.integers(0, 19), seed=st.integers(0, 99))
def test_a_box_reads_the_same_bits_whatever_its_neighbours(count: int, place: int, seed: int) -> None:
    reader = DigitReader(MODELS / "digits.onnx")
    patches = noisy(count, PATCH_SIZE, PATCH_SIZE, 3, seed=seed)
    place %= count
    alone, together = reader.read(patches[place : place + 1]), reader.read(patches)
    assert (alone.probabilities[0] == together.probabilities[place]).all()
    assert alone.illegible[0] == together.illegible[place]


def test_an_empty_frame_reads_empty_and_a_cross_reads_crossed(digit_reader: DigitReader) -> None:
    empty, crossed = drawn_box(sign=False), drawn_box(sign=True)
    crossed = np.minimum(crossed, crossed[:, ::-1])
    readings = digit_reader.read(np.stack([empty, crossed]))
    assert [BOX_CLASSES[i] for i in readings.probabilities.argmax(axis=1)] == ["_", "x"]


def test_no_boxes_give_no_readings(digit_reader: DigitReader) -> None:
    assert digit_reader.read(np.empty((0, PATCH_SIZE, PATCH_SIZE, 3), np.uint8)).probabilities.shape == (0, len(BOX_CLASSES))


@pytest.mark.parametrize(
    "patches",
    [
        np.full((1, PATCH_SIZE, PATCH_SIZE, 3), np.nan, np.float32),
        np.zeros((1, PATCH_SIZE - 1, PATCH_SIZE, 3), np.uint8),
        np.zeros((PATCH_SIZE, PATCH_SIZE, 3), np.uint8),
    ],
)
def test_patches_of_another_kind_are_refused(digit_reader: DigitReader, patches: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="patches must be"):
        digit_reader.read(patches)


def test_bubbles_of_another_shape_are_refused(bubble_reader: BubbleReader) -> None:
    with pytest.raises(ValueError, match="bubbles of a field"):
        bubble_reader.read(np.zeros((3, 9, BUBBLE_SIZE, BUBBLE_SIZE, 3), np.uint8))


def drawn_field(filled: dict[int, int], *, ink: float = 60, paper: float = 210) -> NDArray[np.uint8]:
    """Three columns of printed rings, with one filled digit in each column that `filled` names."""
    yy, xx = np.mgrid[:BUBBLE_SIZE, :BUBBLE_SIZE] - (BUBBLE_SIZE - 1) / 2
    radius = np.hypot(xx, yy)
    ring = np.where(np.abs(radius - 5) < 0.6, paper - 50, paper)
    disc = np.where(radius < 5, ink, ring)
    field = np.broadcast_to(ring[None, None, :, :, None], (3, 10, BUBBLE_SIZE, BUBBLE_SIZE, 3)).copy()
    for column, digit in filled.items():
        field[column, digit] = disc[:, :, None]
    return field.astype(np.uint8)


@pytest.mark.parametrize("paper", [230.0, 120.0, 60.0])
def test_the_filled_bubble_is_read_in_light_and_dark(bubble_reader: BubbleReader, paper: float) -> None:
    readings = bubble_reader.read(drawn_field({0: 0, 1: 7, 2: 3}, paper=paper, ink=paper * 0.3))
    assert readings.probabilities.argmax(axis=1).tolist() == [0, 7, 3]
    assert (readings.corrected < 0.5).all()


def test_an_empty_column_reads_none(bubble_reader: BubbleReader) -> None:
    readings = bubble_reader.read(drawn_field({1: 4, 2: 9}))
    assert readings.probabilities.argmax(axis=1).tolist() == [NONE, 4, 9]


def test_a_bubble_is_shown_beside_the_typical_and_the_darkest_one() -> None:
    inputs = beside_field(drawn_field({1: 4}).reshape(30, BUBBLE_SIZE, BUBBLE_SIZE, 3))
    own, typical, darkest = inputs[:, :3], inputs[:, 3:6], inputs[:, 6:]
    assert inputs.shape == (30, CHANNELS, BUBBLE_SIZE, BUBBLE_SIZE)
    assert (typical == own[0]).all()
    assert (darkest == own[14]).all()
    assert not (own[14] == own[0]).all()


def test_what_is_left_of_a_rubbed_out_bubble_is_no_second_one(bubble_reader: BubbleReader) -> None:
    field = drawn_field({0: 2, 1: 4, 2: 9}).astype(float)
    left = drawn_field({0: 6}).astype(float)[0, 6]
    field[0, 6] = 0.3 * left + 0.7 * field[0, 6]
    readings = bubble_reader.read(field.round().astype(np.uint8))
    assert readings.probabilities.argmax(axis=1).tolist() == [2, 4, 9]
    assert readings.corrected[0] > readings.corrected[1:].max()


def test_the_fields_of_a_page_are_read_as_each_by_itself(bubble_reader: BubbleReader) -> None:
    fields = [drawn_field({0: 1, 1: 4}), drawn_field({2: 9}, paper=120, ink=50)[:2], drawn_field({0: 6, 1: 6, 2: 6})]
    together = bubble_reader.read_page(fields)
    for field, read in zip(fields, together, strict=True):
        alone = bubble_reader.read(field)
        assert np.array_equal(read.probabilities, alone.probabilities)
        assert np.array_equal(read.corrected, alone.corrected)
    assert bubble_reader.read_page([]) == []
    assert bubble_reader.read(np.empty((0, 10, BUBBLE_SIZE, BUBBLE_SIZE, 3), np.uint8)).probabilities.shape == (0, NONE + 2)


def states_of(filled: dict[int, float], erased: dict[int, float] | None = None) -> NDArray[np.float64]:
    """One column, empty but for the bubbles named with their probability to be filled or erased."""
    states = np.tile([0.998, 0.001, 0.001], (1, 10, 1))
    for place, marks in ((1, filled), (2, erased or {})):
        for digit, probability in marks.items():
            states[0, digit, place] = probability
            states[0, digit, 0] = max(1e-6, 1 - states[0, digit, 1:].sum())
    return np.asarray(states / states.sum(axis=2, keepdims=True), np.float64)


@given(st.lists(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=10, max_size=10), min_size=1, max_size=4))
def test_a_column_is_always_a_distribution(marks: list[list[tuple[float, float]]]) -> None:
    filled, erased = np.moveaxis(np.array(marks), 2, 0)
    states = np.stack([(1 - filled) * (1 - erased), filled, (1 - filled) * erased], axis=2)
    columns = read_columns(states)
    np.testing.assert_allclose(columns.probabilities.sum(axis=1), 1)
    assert (columns.probabilities > 0).all()
    assert (columns.probabilities < 1).all()
    assert ((columns.corrected >= 0) & (columns.corrected <= 1)).all()


def test_two_filled_bubbles_read_several() -> None:
    columns = read_columns(states_of({3: 0.999, 8: 0.999}))
    assert columns.probabilities.argmax() == SEVERAL
    assert columns.corrected[0] < 0.1


def test_a_doubtful_second_mark_is_rather_what_is_left_of_an_erased_one() -> None:
    columns = read_columns(states_of({3: 0.999, 8: 0.6}, {8: 0.39}))
    assert columns.probabilities.argmax() == 3
    assert columns.probabilities[0, 3] > 0.9
    assert columns.corrected[0] > 0.8


def test_one_filled_bubble_says_nothing_of_corrections() -> None:
    columns = read_columns(states_of({3: 0.998}))
    assert columns.probabilities[0, 3] > 0.98
    assert columns.corrected[0] < 0.02


@pytest.fixture(scope="module", params=["tally", "row_sums"])
def cell_reader(request: pytest.FixtureRequest) -> TallyReader | RowSumReader:
    return TallyReader(MODELS / "tally.onnx") if request.param == "tally" else RowSumReader(MODELS / "row_sums.onnx")


def test_cells_and_row_sums_are_distributions_and_read_the_same_alone(cell_reader: TallyReader | RowSumReader) -> None:
    patches = noisy(9, CELL_SIZE, CELL_SIZE, 3)
    found = cell_reader.read(patches).probabilities
    assert found.shape == (9, MARKS + 1 if isinstance(cell_reader, TallyReader) else ROW_SUM_CLASSES)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert ((found > 0) & (found < 1)).all()
    assert (cell_reader.read(patches[4:5]).probabilities[0] == found[4]).all()
    assert cell_reader.read(patches[:0]).probabilities.shape == (0, found.shape[1])


def test_cells_of_another_kind_are_refused(cell_reader: TallyReader | RowSumReader) -> None:
    with pytest.raises(ValueError, match="patches must be"):
        cell_reader.read(np.zeros((1, CELL_SIZE, CELL_SIZE + 1, 3), np.uint8))
    with pytest.raises(ModelError, match="wanted 'tally'"):
        TallyReader(MODELS / "row_sums.onnx")


def drawn_cell(marks: int, *, paper: float = 210, ink: float = 70) -> NDArray[np.uint8]:
    """A printed cell with upright strokes, the fifth across them, as soft as a camera makes them."""
    cell = np.full((CELL_SIZE, CELL_SIZE), paper, np.float32)
    cell[[4, -5], :] = cell[:, [4, -5]] = paper - 50
    for stroke in range(min(marks, 4)):
        cell[9:23, 9 + 4 * stroke] = ink
    if marks == MARKS:
        cv2.line(cell, (6, 21), (25, 11), ink, 1, cv2.LINE_AA)
    cell = cv2.GaussianBlur(cell, (0, 0), 0.7)
    return np.repeat(cell[:, :, None], 3, axis=2).astype(np.uint8)


def test_drawn_marks_are_counted_and_a_closing_stroke_is_not() -> None:
    cells = np.stack([drawn_cell(marks) for marks in range(MARKS + 1)])
    closed = np.ascontiguousarray(drawn_cell(0))
    cv2.line(closed, (0, 15), (CELL_SIZE, 17), (90, 60, 40), 1, cv2.LINE_AA)
    reader = TallyReader(MODELS / "tally.onnx")
    read = reader.read(cells).probabilities.argmax(axis=1)
    assert read.tolist() == list(range(MARKS + 1))
    assert reader.read(closed[None]).probabilities.argmax() == 0


def test_a_missing_model_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.onnx.*sirekap train digits"):
        DigitReader(tmp_path / "none.onnx")


def test_a_damaged_model_is_named_with_the_remedy(tmp_path: Path) -> None:
    damaged = tmp_path / "digits.onnx"
    damaged.write_bytes((MODELS / "digits.onnx").read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"digits\.onnx.*not a readable ONNX model.*sirekap train"):
        DigitReader(damaged)


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(ModelError, match="kind 'bubbles', wanted 'digits'"):
        DigitReader(MODELS / "bubbles.onnx")


def test_a_model_of_another_layout_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.recognition.digits.LAYOUT", "boxes-0")
    with pytest.raises(ModelError, match="this reader needs 'boxes-0'"):
        DigitReader(MODELS / "digits.onnx")


def test_models_are_small_and_have_cards() -> None:
    for kind in MODEL_NAMES:
        assert (MODELS / f"{kind}.onnx").stat().st_size < 2_500_000
        assert (MODELS / f"{kind}.md").exists()
