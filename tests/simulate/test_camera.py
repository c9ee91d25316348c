import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.simulate.camera import Sensor, Shot, photograph
from pipeline.simulate.light import Background, Light
from pipeline.simulate.pen import Paper
from pipeline.simulate.relief import Relief, TrueMapping, height_field, look_at
from pipeline.simulate.shots import ShotKind, app_shot, random_shot

PAPER_MM = (600.0, 900.0)
SPOTS = np.array([(x, y) for x in (60.0, 210.0, 390.0, 540.0) for y in (80.0, 330.0, 570.0, 820.0)])
CURLED = Relief(curl=12, waves=4, wave_length=220, creases=5, crumple=1.0)
SHOTS = {
    "flat": Shot(),
    "tilted": Shot(tilt=(20, -15), roll=3, distance=1.2),
    "curled": Shot(tilt=(10, 8), relief=CURLED),
    "upside_down": Shot(roll=180, relief=CURLED, background=Background.TILES),
    "on_its_side": Shot(size=(1500, 1000), roll=90, tilt=(5, 5), relief=CURLED),
    "stretched": Shot(size=(1400, 1500), stretched=True, margin=0.0, relief=CURLED),
}


def spotted_paper() -> Paper:
    image = np.full((1800, 1200, 3), 255, np.uint8)
    for x, y in SPOTS:
        cv2.circle(image, (round((2 * x - 0.5) * 16), round((2 * y - 0.5) * 16)), 10 * 16, (0, 0, 0), -1, cv2.LINE_AA, 4)
    return Paper(image=image, pixels_per_mm=2.0)


@pytest.mark.parametrize("name", SHOTS)
def test_true_mapping_points_at_the_ink(name):
    photo = photograph(spotted_paper(), SHOTS[name], np.random.default_rng(4))
    grey = photo.image.min(axis=2).astype(np.float64)
    for x, y in photo.mapping.to_photo(SPOTS):
        left, top = round(x) - 14, round(y) - 14
        patch = 255 - grey[top : top + 29, left : left + 29]
        patch = np.clip(patch - 128, 0, None)
        rows, columns = np.mgrid[0 : patch.shape[0], 0 : patch.shape[1]]
        found = np.array([(patch * columns).sum(), (patch * rows).sum()]) / patch.sum() + (left, top)
        assert np.linalg.norm(found - (x, y)) < 0.6


def mapping_of(relief: Relief, seed: int, tilt: tuple[float, float]) -> TrueMapping:
    corners = np.array([(0.0, 0.0), (600.0, 0.0), (600.0, 900.0), (0.0, 900.0)])
    projection = look_at(corners, size=(1000, 1500), tilt=tilt, roll=7.0, distance=1.3, margin=0.03, stretched=False)
    return TrueMapping(projection=projection, heights=height_field(relief, PAPER_MM, np.random.default_rng(seed)))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), across=st.floats(-20, 20), down=st.floats(-20, 20))
def test_to_page_undoes_to_photo(seed, across, down):
    mapping = mapping_of(CURLED, seed, (across, down))
    points = np.random.default_rng(seed).uniform((0, 0), PAPER_MM, (200, 2))
    np.testing.assert_allclose(mapping.to_page(mapping.to_photo(points)), points, atol=0.01)


def test_error_is_the_distance_on_the_paper():
    mapping = mapping_of(CURLED, 1, (12, 6))
    moved = mapping.error_mm(lambda points: mapping.to_photo(points + np.array([3.0, 4.0])), SPOTS)
    np.testing.assert_allclose(moved, 5.0, atol=0.05)


@pytest.mark.parametrize("roll", [-170.0, -90.0, 0.0, 30.0, 179.0])
def test_rotation_is_clockwise_degrees(roll):
    corners = np.array([(0.0, 0.0), (600.0, 0.0), (600.0, 900.0), (0.0, 900.0)])
    projection = look_at(corners, size=(1000, 1500), tilt=(0, 0), roll=roll, distance=2.0, margin=0.0, stretched=False)
    flat = TrueMapping(projection=projection, heights=height_field(Relief(), PAPER_MM, np.random.default_rng(0)))
    assert flat.rotation == pytest.approx(roll, abs=0.01)


def test_whole_page_is_in_the_frame():
    photo = photograph(spotted_paper(), SHOTS["tilted"], np.random.default_rng(0))
    corners = photo.mapping.to_photo(np.array([(0.0, 0.0), (600.0, 0.0), (600.0, 900.0), (0.0, 900.0)]))
    assert (corners > 0).all()
    assert (corners < (1000, 1500)).all()


@pytest.mark.parametrize("kind", list(ShotKind))
def test_same_seed_gives_the_same_bytes(kind):
    def taken() -> bytes:
        rng = np.random.default_rng(9)
        return photograph(spotted_paper(), random_shot(kind, PAPER_MM, rng), rng).jpeg

    assert taken() == taken()


def test_app_photos_are_stretched_in_width():
    for seed in range(20):
        shot = app_shot(PAPER_MM, np.random.default_rng(seed))
        left, top, right, bottom = shot.window_mm
        stretch = (shot.size[0] / (right - left)) / (shot.size[1] / (bottom - top))
        assert 1.04 <= stretch <= 1.46


@pytest.mark.parametrize(
    "light",
    [Light(exposure=0.3), Light(shadow=0.5), Light(gradient=0.4, vignette=0.3), Light(fog=0.3)],
    ids=["dark", "shadow", "uneven", "fog"],
)
def test_bad_light_only_takes_light_away(light):
    fair = photograph(spotted_paper(), Shot(), np.random.default_rng(2)).image.mean()
    assert photograph(spotted_paper(), Shot(light=light), np.random.default_rng(2)).image.mean() < fair


def test_blur_removes_detail():
    def detail(sensor: Sensor) -> float:
        image = photograph(spotted_paper(), Shot(sensor=sensor), np.random.default_rng(3)).image
        return float(cv2.Laplacian(image, cv2.CV_64F).std())

    assert detail(Sensor(blur=2.0, motion=6.0)) < 0.5 * detail(Sensor(blur=0.3))
