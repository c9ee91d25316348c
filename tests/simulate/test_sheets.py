import json

import cv2
import numpy as np
import pytest

from pipeline.forms import load_catalogue
from pipeline.sheet import Verdict
from pipeline.simulate.camera import Shot
from pipeline.simulate.fill import Mistake
from pipeline.simulate.pack import load_pack
from pipeline.simulate.samples import SAMPLE_DIRECTORY, samples
from pipeline.simulate.sheets import SheetPlan, simulate_set, simulate_sheet
from pipeline.simulate.shots import ShotKind, app_shows

FORM = load_catalogue()["c-hasil-ppwp-2024"]
PACK = load_pack()
TRUTH = json.loads((SAMPLE_DIRECTORY / "truth.json").read_text(encoding="utf-8"))["sheets"]
LARGEST_SAMPLE_BYTES = 250_000
LARGEST_FOLDER_BYTES = 3_000_000


def sheet_of(page: str, *, plan: SheetPlan | None = None, shot: Shot | None = None, seed: int = 1):
    small = Shot(size=(500, 750))
    return simulate_sheet(FORM, page, shot or small, np.random.default_rng(seed), PACK, name="a.jpg", plan=plan)


@pytest.mark.parametrize("page", list(FORM.pages))
def test_the_tag_lies_where_the_mapping_says(page):
    sheet = sheet_of(page, shot=Shot(tilt=(8, -6), roll=4))
    tag = FORM.pages[page].tag
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h10))
    corners, ids, _ = detector.detectMarkers(sheet.photo.image)
    assert ids.ravel().tolist() == [tag.id]
    assert np.abs(corners[0].reshape(4, 2) - sheet.photo.mapping.to_photo(tag.corners())).max() < 1.5


def test_a_clean_sheet_is_to_be_accepted():
    truth = sheet_of("1").truth
    assert truth.expect is Verdict.ACCEPTED
    assert set(truth.fields) == set(FORM.pages["1"].fields)
    assert not truth.unsure


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (SheetPlan(blank=True), "empty field"),
        (SheetPlan(mistakes={"paslon_1": Mistake.FLUID}), "overwritten"),
        (SheetPlan(mistakes={"paslon_1": Mistake.STRUCK_OUT}), "scratched out"),
        (SheetPlan(mistakes={"paslon_2": Mistake.SCRAWL}), "illegible or uncertain"),
        (SheetPlan(mistakes={"paslon_3": Mistake.BUBBLES_DISAGREE}), "paper inconsistent"),
    ],
)
def test_a_spoilt_sheet_is_to_be_reviewed(plan, reason):
    truth = sheet_of("2", plan=plan).truth
    assert truth.expect is Verdict.REVIEW
    assert truth.must_review == [reason]


def test_an_illegible_number_is_nobodys_to_tell():
    truth = sheet_of("2", plan=SheetPlan(mistakes={"paslon_2": Mistake.SCRAWL})).truth
    assert truth.unsure == {"paslon_2": None}
    assert "paslon_2" not in truth.fields


def test_a_broken_sum_names_its_check():
    truth = sheet_of("3", plan=SheetPlan(shifts={"suara_total": 10})).truth
    assert "check E12 does not hold" in truth.notes
    assert truth.to_dict()["paper_inconsistent"]


def test_a_photo_without_a_whole_number_is_to_be_refused():
    truth = sheet_of("2", shot=Shot(size=(500, 700), window_mm=(60, 100, 470, 700), margin=0.0)).truth
    assert truth.expect is Verdict.REFUSED
    assert not truth.fields
    assert not truth.unsure


def test_a_photo_without_some_numbers_is_to_be_looked_at():
    below = FORM.pages["2"].fields["paslon_3"].boxes[0].centre[1]
    truth = sheet_of("2", shot=Shot(size=(900, 700), window_mm=(0, 0, 600, below), margin=0.0)).truth
    assert truth.expect is Verdict.REVIEW
    assert set(truth.fields) == {"paslon_1", "paslon_2"}
    assert truth.must_review == ["cut off"]


def test_page_1_does_not_fit_into_the_crop_of_the_app():
    assert [number for number, page in FORM.pages.items() if app_shows(page)] == ["2", "3"]


def test_a_set_depends_on_its_seed_alone(tmp_path):
    def photos(count: int) -> list[bytes]:
        sheets = simulate_set(FORM, tmp_path / str(count), PACK, pages=["2"], kinds=[ShotKind.APP], count=count, seed=6)
        return [sheet.photo.jpeg for sheet in sheets]

    first, longer = photos(1), photos(2)
    assert longer[0] == first[0]
    assert longer[1] != longer[0]
    truth = json.loads((tmp_path / "2" / "truth.json").read_text(encoding="utf-8"))["sheets"]
    assert [(tmp_path / "2" / sheet["image"]).read_bytes() for sheet in truth] == longer


def test_sample_folder_is_small_and_complete():
    photos = sorted(SAMPLE_DIRECTORY.glob("*.jpg"))
    assert sorted(truth["image"] for truth in TRUTH) == [photo.name for photo in photos]
    assert all(photo.stat().st_size < LARGEST_SAMPLE_BYTES for photo in photos)
    assert sum(file.stat().st_size for file in SAMPLE_DIRECTORY.iterdir()) < LARGEST_FOLDER_BYTES
    readme = (SAMPLE_DIRECTORY / "README.md").read_text(encoding="utf-8")
    assert all(f"`{photo.name}`" in readme for photo in photos)


def test_sample_truth_is_what_the_samples_would_be_made_with():
    sample = next(sample for sample in samples() if sample.name == "page3-broken-sum")
    rng = np.random.default_rng(sample.seed)
    sheet = simulate_sheet(FORM, sample.page, sample.shot, rng, PACK, name=f"{sample.name}.jpg", plan=sample.plan, hand=sample.hand)
    assert sheet.truth.to_dict() == next(truth for truth in TRUTH if truth["image"] == "page3-broken-sum.jpg")
    committed = cv2.imread(str(SAMPLE_DIRECTORY / "page3-broken-sum.jpg"))
    assert np.abs(committed.astype(int) - sheet.photo.image).mean() < 1.0


def test_samples_use_only_fields_of_their_page():
    for truth in TRUTH:
        if truth["form"] is not None:
            known = set(FORM.pages[truth["page"]].fields)
            assert set(truth["fields"]) | set(truth["unsure"]) == known
