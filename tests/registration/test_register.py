"""A page is found where it lies, or refused: simulated photos with known mapping, and pictures that show no page."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from pipeline.forms import draw_page, load_catalogue
from pipeline.registration import Registration, RegistrationMethod, RegistrationPolicy, register, register_in_stages
from pipeline.registration.bend import boxes_of
from pipeline.registration.evidence import grey_picture, ridge_maps, working_picture
from pipeline.registration.model import CorrectionField
from pipeline.registration.propose import Search
from pipeline.registration.refine import Placement
from pipeline.registration.unit import in_units
from pipeline.registration.verify import verify
from pipeline.sheet import Refusal, RefusalCode
from pipeline.simulate.pack import load_pack
from pipeline.simulate.sheets import simulate_sheet
from pipeline.simulate.shots import ShotKind, random_shot

CATALOGUE = load_catalogue()
FORM = CATALOGUE["c-hasil-ppwp-2024"]
PACK = load_pack()
POLICY = RegistrationPolicy()
WITHOUT_WINDOWS = RegistrationPolicy(window_stretch=(0.0, 0.0))
LARGEST_ERROR_MM = 2.5
"""Half of the 5 mm between a box's frame and the guide of its digit."""


def simulated(page: str, kind: ShotKind, seed: int):
    rng = np.random.default_rng(seed)
    return simulate_sheet(FORM, page, random_shot(kind, FORM.paper_mm, rng), rng, PACK, name="a.jpg").photo


def largest_error_mm(found: Registration, photo) -> float:
    centres = np.array([box.centre for box in boxes_of(FORM.pages[found.page])])
    return float(photo.mapping.error_mm(found.to_photo, centres).max())


@pytest.mark.parametrize(
    ("page", "kind", "seed"),
    [
        ("1", ShotKind.PHONE, 1000),
        ("1", ShotKind.HARSH, 1003),
        ("2", ShotKind.PHONE, 1001),
        ("2", ShotKind.HARSH, 1002),
        ("2", ShotKind.APP, 1000),
        ("2", ShotKind.APP, 1001),
        ("3", ShotKind.PHONE, 1002),
        ("3", ShotKind.HARSH, 1000),
    ],
)
def test_every_box_lands_within_half_a_margin(page, kind, seed):
    photo = simulated(page, kind, seed)
    found = register(photo.image, CATALOGUE, policy=POLICY)
    assert isinstance(found, Registration)
    assert (found.form, found.page) == (FORM.id, page)
    assert largest_error_mm(found, photo) < LARGEST_ERROR_MM


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_a_turned_photo_gives_the_same_boxes_turned(quarter_turns):
    photo = simulated("2", ShotKind.APP, 1002)
    turned = np.ascontiguousarray(np.rot90(photo.image, quarter_turns))
    straight = register(photo.image, CATALOGUE, policy=POLICY)
    found = register(turned, CATALOGUE, policy=POLICY)
    assert isinstance(straight, Registration)
    assert isinstance(found, Registration)
    assert found.page == "2"
    height, width = photo.image.shape[:2]
    centres = np.array([box.centre for box in boxes_of(FORM.pages["2"])])
    x, y = straight.to_photo(centres).T
    expected = {1: (y, width - 1 - x), 2: (width - 1 - x, height - 1 - y), 3: (height - 1 - y, x)}[quarter_turns]
    assert np.abs(found.to_photo(centres) - np.column_stack(expected)).max() < 3.0


def test_the_tag_names_the_page():
    photo = simulated("3", ShotKind.PHONE, 1001)
    found, stages = register_in_stages(photo.image, CATALOGUE, policy=POLICY)
    assert isinstance(found, Registration)
    assert found.method is RegistrationMethod.TAG
    assert [tag.id for tag in stages.tags] == [103]


def test_without_its_tag_the_lines_name_the_page():
    photo = simulated("1", ShotKind.PHONE, 1001)
    image = photo.image.copy()
    corners = photo.mapping.to_photo(FORM.pages["1"].tag.corners())
    cv2.fillConvexPoly(image, np.round(corners).astype(np.int32), (200, 205, 210))
    found = register(image, CATALOGUE, policy=POLICY)
    assert isinstance(found, Registration)
    assert (found.method, found.page) == (RegistrationMethod.LINES, "1")
    assert largest_error_mm(found, photo) < LARGEST_ERROR_MM


@pytest.mark.parametrize("half_turns", [0, 1])
def test_what_the_app_kept_is_found_by_its_window(half_turns):
    photo = simulated("2", ShotKind.APP, 1003)
    image = np.ascontiguousarray(np.rot90(photo.image, 2 * half_turns))
    found, stages = register_in_stages(image, CATALOGUE, policy=POLICY)
    assert isinstance(found, Registration)
    assert (found.method, found.page, len(stages.candidates)) == (RegistrationMethod.WINDOW, "2", 1)
    by_search = register(image, CATALOGUE, policy=WITHOUT_WINDOWS)
    assert isinstance(by_search, Registration)
    assert by_search.method is RegistrationMethod.LINES
    centres = np.array([box.centre for box in boxes_of(FORM.pages["2"])])
    assert np.abs(found.to_photo(centres) - by_search.to_photo(centres)).max() < 1.5
    assert abs(abs(found.rotation) - 180 * half_turns) < 10


@pytest.mark.parametrize(("tag", "code"), [(7, RefusalCode.UNKNOWN_FORM), (103, RefusalCode.PAGE_NOT_FOUND)])
def test_window_in_which_a_tag_names_another_page_is_refused(tag, code):
    image = simulated("2", ShotKind.APP, 1003).image.copy()
    marker = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h10), tag, 80)
    image[20:120, 20:120] = 255
    image[30:110, 30:110] = marker[:, :, None]
    found = register(image, CATALOGUE, policy=POLICY)
    assert isinstance(found, Refusal)
    assert found.code is code


def test_picture_too_small_for_a_window_is_refused():
    found = register(np.random.default_rng(0).integers(0, 256, (5, 5, 3)).astype(np.uint8), CATALOGUE, policy=POLICY)
    assert isinstance(found, Refusal)


@pytest.mark.parametrize(("page", "kind", "seed"), [("1", ShotKind.APP, 1001), ("3", ShotKind.APP, 1001), ("2", ShotKind.PHONE, 1001)])
def test_what_is_not_the_window_of_a_page_is_not_taken_for_it(page, kind, seed):
    image = cv2.resize(simulated(page, kind, seed).image, (800, 950), interpolation=cv2.INTER_AREA)
    found = register(image, CATALOGUE, policy=POLICY)
    if isinstance(found, Registration):
        assert found.method is not RegistrationMethod.WINDOW
        assert found.page == page


def test_window_of_another_form_than_the_one_asked_for_is_refused():
    found = register(simulated("2", ShotKind.APP, 1003).image, CATALOGUE, policy=POLICY, form="c1-ppwp-2019")
    assert isinstance(found, Refusal)
    assert found.code is RefusalCode.WRONG_FORM


def test_the_same_photo_gives_the_same_placement():
    photo = simulated("2", ShotKind.APP, 1003)
    one, other = (register(photo.image, CATALOGUE, policy=POLICY) for _ in range(2))
    assert np.array_equal(one.homography, other.homography)
    assert np.array_equal(one.correction.shifts, other.correction.shifts)


@pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3])
def test_the_right_page_is_among_those_looked_for_first_in_every_turn(monkeypatch, quarter_turns):
    photo = simulated("2", ShotKind.APP, 1001)
    looked_for = []
    likeliest = Search.likeliest

    def kept(search, pages, *, keep):
        looked_for.append(likeliest(search, pages, keep=keep))
        return looked_for[-1]

    monkeypatch.setattr(Search, "likeliest", kept)
    found = register(np.ascontiguousarray(np.rot90(photo.image, quarter_turns)), CATALOGUE, policy=WITHOUT_WINDOWS)
    assert isinstance(found, Registration)
    assert found.page == "2"
    assert [len(pages) for pages in looked_for] == [POLICY.likeliest]
    assert in_units(FORM.pages["2"]) in looked_for[0]


def test_a_page_that_was_not_looked_for_first_is_found_among_all(monkeypatch):
    photo = simulated("2", ShotKind.APP, 1001)
    first = register(photo.image, CATALOGUE, policy=WITHOUT_WINDOWS)
    others = [page for form in CATALOGUE for page in map(in_units, form.pages.values()) if page.number != "2"][:2]
    monkeypatch.setattr(Search, "likeliest", lambda search, pages, *, keep: others)
    found = register(photo.image, CATALOGUE, policy=WITHOUT_WINDOWS)
    assert isinstance(first, Registration)
    assert isinstance(found, Registration)
    assert (found.form, found.page) == (FORM.id, "2")
    assert np.array_equal(found.homography, first.homography)


def noise(shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.full((900, 700, 3), 190, np.uint8), id="blank wall"),
        pytest.param(np.ascontiguousarray(skimage.data.chelsea()[:, :, ::-1]), id="cat"),
        pytest.param(noise((600, 800, 3)), id="noise"),
        pytest.param(cv2.cvtColor(skimage.data.page(), cv2.COLOR_GRAY2BGR), id="page of a book"),
        pytest.param(
            np.kron(np.indices((12, 9)).sum(axis=0) % 2, np.full((80, 80), 1))[:, :, None].repeat(3, 2).astype(np.uint8) * 220,
            id="chessboard",
        ),
    ],
)
def test_what_is_no_page_is_refused(image):
    found = register(image, CATALOGUE, policy=POLICY)
    assert isinstance(found, Refusal)
    assert found.code is RefusalCode.PAGE_NOT_FOUND


def test_a_tag_of_no_known_form_is_refused_as_unknown():
    photo = simulated("2", ShotKind.SCAN, 5)
    image = photo.image.copy()
    tag = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h10), 7, 100)
    tag = cv2.cvtColor(np.pad(tag, 20, constant_values=255), cv2.COLOR_GRAY2BGR)
    seen = photo.mapping.to_photo(FORM.pages["2"].tag.corners())
    left, top = np.floor(seen.min(axis=0)).astype(int) - 12
    right, bottom = np.ceil(seen.max(axis=0)).astype(int) + 12
    image[top:bottom, left:right] = cv2.resize(tag, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    found = register(image, CATALOGUE, policy=POLICY)
    assert isinstance(found, Refusal)
    assert found.code is RefusalCode.UNKNOWN_FORM


def test_a_photo_cut_through_its_number_column_is_refused():
    photo = simulated("2", ShotKind.SCAN, 6)
    cut = int(photo.mapping.to_photo(np.array([[490.0, 350.0]]))[0, 0])
    found = register(np.ascontiguousarray(photo.image[:, :cut]), CATALOGUE, policy=POLICY)
    assert isinstance(found, Refusal)
    assert found.code in (RefusalCode.CUT_OFF, RefusalCode.PAGE_NOT_FOUND)


def test_of_a_photo_cut_below_a_row_the_numbers_in_it_are_found():
    photo = simulated("2", ShotKind.SCAN, 6)
    fields = FORM.pages["2"].fields
    third = fields["paslon_3"].boxes[0]
    cut = int(photo.mapping.to_photo(np.array([third.centre]))[0, 1])
    found = register(np.ascontiguousarray(photo.image[:cut]), CATALOGUE, policy=POLICY)
    assert not isinstance(found, Refusal), found
    assert set(found.frames) == {"paslon_1", "paslon_2"}


def test_another_form_than_the_one_asked_for_is_refused():
    photo = simulated("2", ShotKind.SCAN, 7)
    found = register(photo.image, CATALOGUE, policy=POLICY, form="some-other-form")
    assert isinstance(found, Refusal)
    assert found.code is RefusalCode.WRONG_FORM


@pytest.mark.parametrize("rows_off", [-1, 1])
def test_a_page_laid_one_candidate_row_off_does_not_stand_up(rows_off):
    page = FORM.pages["2"]
    scale = 2.0
    picture = cv2.cvtColor(draw_page(page, pixels_per_mm=scale), cv2.COLOR_GRAY2BGR)
    working = working_picture(*grey_picture(picture))
    ridges = ridge_maps(working.darkness)
    seen = np.ones(working.darkness.shape, np.uint8)
    per_mm = scale
    right = np.diag([per_mm, per_mm, 1.0])
    off = right @ np.array([[1, 0, 0], [0, 1, 152.0 * rows_off], [0, 0, 1.0]])
    there = verify(ridges, seen, Placement(page, right, CorrectionField.none(page.paper_mm)))
    beside = verify(ridges, seen, Placement(page, off, CorrectionField.none(page.paper_mm)))
    assert there.found > 0.9
    assert there.explained > 0.9
    assert beside.score < 0.6 * there.score
