"""The committed models on real photos.

They were trained on these, so this shows that nothing is broken, not how good they are: for that see their cards.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.crosscheck.tally_numbers import row_sums_posterior, tally_posterior
from pipeline.forms import load_catalogue
from pipeline.recognition import bubbles, digits, row_sums, tally
from pipeline.recognition.bubbles import BubbleReader
from pipeline.recognition.digits import DigitReader
from pipeline.recognition.patches import cut_patches
from pipeline.recognition.row_sums import RowSumReader
from pipeline.recognition.tally import TallyReader
from pipeline.registration import RegistrationPolicy, register
from pipeline.sheet import BOX_CLASSES, Refusal
from pipeline.training.cells import number_of
from pipeline.training.placing import marked
from pipeline.training.sheets import load_sheets

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"

pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA.is_dir(), reason=f"no real photos: {DATA.name} is missing")]


def test_boxes_and_bubbles_of_real_photos_are_read_where_people_marked_them() -> None:
    catalogue = load_catalogue()
    reader, bubble_reader = DigitReader(ROOT / "models" / "digits.onnx"), BubbleReader(ROOT / "models" / "bubbles.onnx")
    right = agree = total = 0
    for sheet in load_sheets(DATA, sets=("gammafest-2024",))[::25]:
        photo = sheet.photo()
        to_photo = marked(catalogue)(sheet, photo)
        assert to_photo is not None
        for field, signs in sheet.signs.items():
            layout = sheet.fields(catalogue)[field]
            assert layout.bubbles is not None
            patches = cut_patches(photo, to_photo, layout.boxes, size=digits.PATCH_SIZE, margin=digits.MARGIN)
            read = [BOX_CLASSES[i] for i in reader.read(patches).probabilities.argmax(axis=1)]
            circles = [circle.bounds for column in layout.bubbles.columns for circle in column]
            cut = cut_patches(photo, to_photo, circles, size=bubbles.PATCH_SIZE, margin=bubbles.MARGIN)
            columns = bubble_reader.read(cut.reshape(len(layout.bubbles.columns), 10, *cut.shape[1:])).probabilities.argmax(axis=1)
            total += len(signs)
            right += sum(a == b for a, b in zip(read, signs, strict=True))
            agree += int(np.sum([str(column) == sign for column, sign in zip(columns, signs, strict=True) if sign.isdigit()]))
            agree += sum(not sign.isdigit() for sign in signs)
    assert right / total > 0.97
    assert agree / total > 0.95


def test_tally_grids_and_row_sums_of_real_photos_add_up_to_their_number() -> None:
    catalogue, policy = load_catalogue(), RegistrationPolicy()
    reader, sum_reader = TallyReader(ROOT / "models" / "tally.onnx"), RowSumReader(ROOT / "models" / "row_sums.onnx")
    right = sums_right = total = 0
    for sheet in load_sheets(DATA, sets=("gammafest-2024",))[::60]:
        photo = sheet.photo()
        found = register(photo, catalogue, policy=policy)
        if isinstance(found, Refusal):
            continue
        for field, signs in sheet.signs.items():
            layout = sheet.fields(catalogue)[field]
            assert layout.tally is not None
            assert layout.row_sums is not None
            cells = [cell for row in layout.tally.cells() for cell in row]
            patches = cut_patches(photo, found.to_photo, cells, size=tally.PATCH_SIZE, margin=tally.MARGIN)
            marks = tally_posterior(reader.read(patches).probabilities, marks=layout.tally.marks)
            boxes = [box for row in layout.row_sums.cells() for box in row]
            patches = cut_patches(photo, found.to_photo, boxes, size=row_sums.PATCH_SIZE, margin=row_sums.MARGIN)
            pairs = sum_reader.read(patches).probabilities.reshape(-1, 2, row_sums.CLASSES)
            sums = row_sums_posterior(pairs, row_capacity=layout.tally.columns * layout.tally.marks)
            total += 1
            right += marks.best().value == number_of(signs)
            sums_right += sums.best().value == number_of(signs)
    assert total >= 9
    assert right / total > 0.8
    assert sums_right / total > 0.8
