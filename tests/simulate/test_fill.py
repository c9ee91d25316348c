import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.forms import Page, Rect, load_catalogue
from pipeline.forms.drawing import draw_page
from pipeline.simulate.fill import Mistake, fill_page, plan_writing
from pipeline.simulate.hands import PEN_COLOURS, Closing, DigitKind, Filler, Hand, write_sign
from pipeline.simulate.header import sign_page, write_header
from pipeline.simulate.pack import load_pack
from pipeline.simulate.pen import Paper, Pen
from pipeline.simulate.stations import invent_station

FORM = load_catalogue()["c-hasil-ppwp-2024"]
PACK = load_pack()
SCALE = 2.0


def hand_with(**changes: object) -> Hand:
    usual = {
        "pen": Pen(colour=PEN_COLOURS["blue"], width_mm=1.2, strength=0.95),
        "digits": DigitKind.SEGMENTS,
        "font": "patrick-hand",
        "filler": Filler.CROSS,
        "closing": Closing.ZED,
    }
    return Hand(**(usual | changes))


def written_page(page: Page, values: dict[str, int], hand: Hand, mistakes: dict[str, Mistake] | None = None):
    rng = np.random.default_rng(0)
    blank = draw_page(page, pixels_per_mm=SCALE)
    paper = Paper.from_drawing(blank, pixels_per_mm=SCALE)
    plans = {name: plan_writing(page.fields[name], value, hand, rng, mistake=(mistakes or {}).get(name)) for name, value in values.items()}
    fill_page(paper, page, plans, hand, PACK, rng)
    return plans, ink_between(blank, paper)


def ink_between(blank, paper: Paper):
    return np.abs(paper.image.astype(int) - blank[..., None].astype(int)).max(axis=2)


def ink_in(ink, rect: Rect) -> float:
    left, top, right, bottom = (round(side * SCALE) for side in (rect.x, rect.y, rect.x1, rect.y1))
    return float((ink[top:bottom, left:right] > 60).mean())


@settings(deadline=None)
@given(value=st.integers(0, 999), filler=st.sampled_from(Filler), seed=st.integers(0, 50))
def test_signs_say_the_number(value, filler, seed):
    layout = FORM.pages["2"].fields["paslon_1"]
    plan = plan_writing(layout, value, hand_with(filler=filler), np.random.default_rng(seed))
    assert len(plan.signs) == len(layout.boxes)
    assert int("".join(sign if sign.isdigit() else "0" for sign in plan.signs)) == value
    filled = [column for column in plan.bubbles if column]
    assert all(len(column) == 1 for column in filled)
    assert int("".join(str(column[0]) for column in filled)) == value


def test_a_number_too_long_for_its_boxes_is_an_error():
    with pytest.raises(ValueError, match="does not fit"):
        plan_writing(FORM.pages["2"].fields["paslon_1"], 1000, hand_with(), np.random.default_rng(0))


def test_bubbles_cannot_disagree_where_there_are_none():
    with pytest.raises(ValueError, match="needs a number with bubbles"):
        plan_writing(FORM.pages["3"].fields["suara_sah"], 12, hand_with(), np.random.default_rng(0), mistake=Mistake.TWO_BUBBLES)


@pytest.mark.parametrize("digits", list(DigitKind))
@pytest.mark.parametrize("sign", list("0123456789x-"))
def test_a_sign_stays_near_its_box(digits, sign):
    box = Rect(20.0, 20.0, 20.0, 20.0)
    for seed in range(5):
        paper = Paper(image=np.full((120, 120, 3), 255, np.uint8), pixels_per_mm=SCALE)
        write_sign(paper, box, sign, hand_with(digits=digits), PACK, np.random.default_rng(seed))
        ink = paper.image.min(axis=2) < 160
        assert ink.any()
        around = ink.copy()
        around[34:86, 34:86] = False
        assert not around.any()


def test_every_writing_of_a_number_is_written_and_nothing_else():
    page = FORM.pages["2"]
    plans, ink = written_page(page, {"paslon_2": 67}, hand_with())
    layout = page.fields["paslon_2"]
    assert all(ink_in(ink, box) > 0.03 for box in layout.boxes)
    for column, filled in zip(layout.bubbles.columns, plans["paslon_2"].bubbles, strict=True):
        dark = [index for index, circle in enumerate(column) if ink_in(ink, circle.bounds) > 0.4]
        assert dark == list(filled)
    cells = [cell for row in layout.tally.cells() for cell in row]
    assert all(ink_in(ink, cell) > 0.03 for cell in cells[:14])
    assert all(ink_in(ink, cell) > 0.01 for row in layout.row_sums.cells()[:2] for cell in row)
    assert ink_in(ink, layout.words) > 0.005
    untouched = page.fields["paslon_1"]
    assert ink_in(ink, untouched.box_row) == 0
    assert ink_in(ink, untouched.words) == 0


def test_tally_without_closing_leaves_unused_cells_empty():
    page = FORM.pages["2"]
    _, ink = written_page(page, {"paslon_1": 23}, hand_with(closing=Closing.NONE))
    cells = [cell for row in page.fields["paslon_1"].tally.cells() for cell in row]
    inner = [Rect(cell.x + 2, cell.y + 2, cell.width - 4, cell.height - 4) for cell in cells]
    assert all(ink_in(ink, cell) > 0.05 for cell in inner[:5])
    assert all(ink_in(ink, cell) == 0 for cell in inner[5:])


@pytest.mark.parametrize("closing", [Closing.ZED, Closing.CROSS, Closing.CELLS])
def test_unused_cells_are_closed(closing):
    page = FORM.pages["2"]
    _, ink = written_page(page, {"paslon_1": 23}, hand_with(closing=closing))
    rows = page.fields["paslon_1"].tally.cells()
    last = Rect(rows[1][0].x, rows[1][0].y, rows[0][-1].x1 - rows[0][0].x, rows[-1][0].y1 - rows[1][0].y)
    assert ink_in(ink, last) > 0.01


@settings(deadline=None, max_examples=15)
@given(value=st.integers(0, 300))
def test_every_count_up_to_the_capacity_can_be_tallied(value):
    written_page(FORM.pages["2"], {"paslon_3": value}, hand_with())


@pytest.mark.parametrize("mistake", list(Mistake))
def test_a_mistake_changes_what_is_written(mistake):
    page = FORM.pages["2"]
    plans, ink = written_page(page, {"paslon_1": 126}, hand_with(), {"paslon_1": mistake})
    _, clean = written_page(page, {"paslon_1": 126}, hand_with())
    plan = plans["paslon_1"]
    assert (ink != clean).any()
    if mistake is Mistake.EMPTY:
        assert plan.signs == "___"
        assert not (ink > 0).any()
    elif mistake is Mistake.SCRAWL:
        assert "?" in plan.signs
        assert plan.value is None
        assert not plan.readable
    else:
        assert plan.value == 126
    if mistake is Mistake.BUBBLES_DISAGREE:
        assert [column[0] for column in plan.bubbles] != [1, 2, 6]
    if mistake is Mistake.TWO_BUBBLES:
        assert sorted(len(column) for column in plan.bubbles) == [1, 1, 2]


def test_places_and_signatures_stay_clear_of_the_numbers():
    for page in FORM.pages.values():
        rng = np.random.default_rng(3)
        blank = draw_page(page, pixels_per_mm=SCALE)
        paper = Paper.from_drawing(blank, pixels_per_mm=SCALE)
        write_header(paper, page, invent_station(rng), hand_with(), PACK, rng)
        sign_page(paper, page, hand_with(), rng)
        ink = ink_between(blank, paper)
        assert (ink > 60).sum() > 1000
        for layout in page.fields.values():
            assert ink_in(ink, layout.box_row) == 0


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_invented_stations_break_no_rule(seed):
    station = invent_station(np.random.default_rng(seed))
    assert len(station.code) == 13
    assert station.code.startswith("1805")
    for check in FORM.checks:
        assert check.constraint.holds(station.values) is True, check.id
