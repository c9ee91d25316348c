"""What the phone says of a photo before it is sent: the real worker with the real OpenCV, in a real browser."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

from pipeline.forms import load_catalogue
from pipeline.registration import Registration, RegistrationPolicy, register_in_stages
from pipeline.web.language import FOLDER
from pipeline.web.pages.mobile import WORKER_POLICY
from pipeline.web.security import HEADERS

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_forms"
DATA = ROOT.parent / "shared" / "data"
STATIC = FOLDER / "static"
OPENCV = STATIC / "vendor" / "opencv-4.12.0-release.1.js.gz"
FORM = "c-hasil-ppwp-2024"
CATALOGUE = load_catalogue()
PAGE_POLICY = HEADERS["content-security-policy"]
TAGS = [
    {
        "family": page.tag.family, "id": page.tag.id, "form": FORM, "page": page.number, "paper": list(page.paper_mm),
        "centre": list(page.tag.centre_mm), "side": page.tag.side_mm, "rotation": page.tag.rotation,
    }
    for page in CATALOGUE[FORM].pages.values() if page.tag is not None
]  # fmt: skip
START = """() => new Promise((done, fail) => {
  Object.assign(window, { worker: new Worker("/m/check-worker.js"), asked: new Map(), answers: [], last: 0 });
  worker.onerror = ({ message }) => fail(new Error(message));
  worker.onmessage = ({ data }) => {
    if (data.ready) return done();
    answers.push(data);
    asked.get(data.id)?.(data);
  };
  window.ask = (kind, bitmap, tags) => new Promise((resolve) => {
    last += 1;
    asked.set(last, resolve);
    worker.postMessage({ id: last, kind, bitmap, tags }, bitmap ? [bitmap] : []);
  });
  window.bitmapOf = async (path) => createImageBitmap(await (await fetch(path)).blob());
})"""
PROBE = """() => {
  const mat = new cv.Mat(1000, 1000, cv.CV_8UC1);
  const place = mat.data.byteOffset;
  mat.delete();
  return [cv.HEAP8.length, place];
}"""
"""The size of the memory of WebAssembly, and where a large picture finds room in it: farther up when something below was not freed."""

Image = NDArray[np.uint8]
Answer = dict[str, Any]

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium: scripts/system-packages tests")


class Answers(BaseHTTPRequestHandler):
    """Page, worker, scripts and the pictures under test, with the headers that the phone gets."""

    pictures: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        kind, policy, encoding = "text/javascript", PAGE_POLICY, None
        if self.path == "/m":
            kind, body = "text/html", b"<!doctype html><title>Photos</title>"
        elif self.path == f"/static/vendor/{OPENCV.stem}":
            body, encoding = OPENCV.read_bytes(), "gzip"
        elif self.path == "/m/check-worker.js":
            body, policy = (STATIC / "mobile" / "check-worker.js").read_bytes(), WORKER_POLICY
        elif self.path in self.pictures:
            kind, body = "image/jpeg", self.pictures[self.path]
        elif (file := STATIC / self.path.removeprefix("/static/")).is_file():
            body = file.read_bytes()
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Phone:
    """A page with the worker that has begun."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def put(self, picture: Image) -> str:
        """The address of a picture."""
        path = f"/pictures/{len(Answers.pictures)}"
        Answers.pictures[path] = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
        return path

    def look(self, picture: Image, kind: str = "photo", tags: Sequence[dict[str, Any]] = TAGS) -> Answer:
        answer: Answer = self.page.evaluate(
            "async ([path, kind, tags]) => ask(kind, await bitmapOf(path), tags)", [self.put(picture), kind, list(tags)]
        )
        return answer


@pytest.fixture(scope="module")
def phone() -> Iterator[Phone]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/m")
        page.evaluate(START)
        yield Phone(page)
        browser.close()
    server.shutdown()
    server.server_close()
    Answers.pictures.clear()


def picture_of(path: Path) -> Image:
    picture = cv2.imread(str(path))
    assert picture is not None
    return np.asarray(picture, np.uint8)


def sample(name: str) -> Image:
    return picture_of(SAMPLES / name)


def blurred(picture: Image, sigma: float) -> Image:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def shaken(picture: Image, length: int, degrees: float) -> Image:
    kernel = np.zeros((length + 2, length + 2), np.uint8)
    middle, reach = (length + 1) / 2, length / 2 * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    ends = [np.round(middle + sign * reach).astype(int).tolist() for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), dtype=np.uint8)


def darkened(picture: Image, factor: float) -> Image:
    grain = np.random.default_rng(1).normal(0, 3, picture.shape)
    return np.asarray(np.clip(picture * factor + grain, 0, 255), np.uint8)


def lit(picture: Image, radius: float, x: float, y: float) -> Image:
    """A lamp mirrored at (x, y), in shares of the picture; `radius` in shares of its long side."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width]
    distance = np.hypot(columns - x * width, rows - y * height) / (radius * max(height, width))
    return np.asarray(np.clip(picture + (408 * np.exp(-1.2 * distance**2))[..., None], 0, 255), np.uint8)


def small_on_floor(picture: Image, share: float) -> Image:
    floor = np.full_like(picture, (60, 80, 90))
    small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    floor[200 : 200 + len(small), 150 : 150 + small.shape[1]] = small
    return floor


def floor() -> Image:
    grain = np.random.default_rng(2).normal(90, 12, (900, 700, 3))
    return np.clip(cv2.GaussianBlur(grain, (0, 0), 2), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("page", ["1", "2", "3"])
def test_clear_photo_is_named_by_its_tag_and_outlined(phone: Phone, page: str) -> None:
    picture = sample(f"page{page}-photo.jpg")
    answer = phone.look(picture)
    assert answer["codes"] == []
    assert answer["page"] == {"form": FORM, "page": page}
    assert answer["tag"] == {"family": "36h10", "id": 100 + int(page)}
    found, _ = register_in_stages(picture, CATALOGUE, policy=RegistrationPolicy(), form=FORM)
    assert isinstance(found, Registration)
    true = found.corners / picture.shape[1::-1]
    assert np.abs(np.array(answer["outline"]) - true).max() < 0.03


def test_outline_begins_at_the_top_left_of_the_paper_however_it_lies(phone: Phone) -> None:
    (x, y), *_ = phone.look(sample("page2-upside-down.jpg"))["outline"]
    assert x > 0.9
    assert y > 0.9


@pytest.mark.parametrize("name", ["page1-scan.jpg", "page2-scan.jpg", "page2-shadow.jpg", "page2-blank-form.jpg", "page3-broken-sum.jpg"])
def test_nothing_is_wrong_with_other_clear_samples(phone: Phone, name: str) -> None:
    assert phone.look(sample(name))["codes"] == []


@pytest.mark.parametrize("page", ["1", "2", "3"])
def test_frame_names_the_page_as_well(phone: Phone, page: str) -> None:
    answer = phone.look(sample(f"page{page}-photo.jpg"), "frame")
    assert (answer["codes"], answer["page"]) == ([], {"form": FORM, "page": page})


SPOILT: dict[str, tuple[str, Callable[[Image], Image]]] = {
    "out-of-focus": ("blurred", lambda picture: blurred(picture, 4)),
    "far-out-of-focus": ("blurred", lambda picture: blurred(picture, 6)),
    "shaken-across": ("blurred", lambda picture: shaken(picture, 14, 0)),
    "shaken-down": ("blurred", lambda picture: shaken(picture, 14, 90)),
    "shaken-askew": ("blurred", lambda picture: shaken(picture, 16, 35)),
    "dark": ("dark", lambda picture: darkened(picture, 0.22)),
    "lamp-on-the-boxes": ("glare", lambda picture: lit(picture, 0.06, 0.75, 0.4)),
    "large-lamp": ("glare", lambda picture: lit(picture, 0.15, 0.5, 0.5)),
    "ends-left": ("cut_off", lambda picture: picture[:, 260:]),
    "ends-below": ("cut_off", lambda picture: picture[:1150]),
    "far": ("far", lambda picture: small_on_floor(picture, 0.4)),
}


@pytest.mark.parametrize(("name", "spoilt"), [*zip(cycle(["page1-photo.jpg", "page2-photo.jpg"]), SPOILT, strict=False)])
def test_spoilt_photo_has_its_code(phone: Phone, name: str, spoilt: str) -> None:
    code, spoil = SPOILT[spoilt]
    codes = phone.look(spoil(sample(name)))["codes"]
    assert code in codes
    assert not {"blurred", "dark", "glare", "far", "cut_off"} & set(codes) - {code}


def on_a_screen(picture: Image, *, fineness: float, degrees: float, gap: float) -> Image:
    """A photo of a screen: every dot three stripes with a gap between the dots, `fineness` of them on a pixel of the camera."""
    dot = np.full((6, 6, 3), gap, np.float32)  # red, green and blue beside one another
    for stripe in range(3):
        dot[:5, 2 * stripe : 2 * stripe + 2, stripe] = 1
    shown = cv2.resize(picture, None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA)
    dots = np.repeat(np.repeat(shown, 6, 0), 6, 1) * np.tile(dot / dot.mean(), (*shown.shape[:2], 1))
    height, width = dots.shape[:2]
    scale = fineness / 6
    turned = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    turned[:, 2] += (np.array([width, height]) * scale - (width, height)) / 2
    size = round(width * scale), round(height * scale)
    seen = cv2.warpAffine(cv2.GaussianBlur(np.clip(dots, 0, 255), (0, 0), 0.4 / scale), turned, size, flags=cv2.INTER_LINEAR)
    return np.asarray(np.clip(seen + np.random.default_rng(3).normal(0, 2, seen.shape), 0, 255), np.uint8)


def test_photo_of_a_screen_is_said_to_be_one(phone: Phone) -> None:
    answer = phone.look(on_a_screen(sample("page2-photo.jpg"), fineness=2.4, degrees=4, gap=0.3))
    assert "screen" in answer["codes"], answer["measures"]
    same = phone.look(on_a_screen(sample("page2-photo.jpg"), fineness=2.4, degrees=4, gap=1))
    assert "screen" not in same["codes"], "the same without gaps and stripes is no screen"


def test_tag_of_no_known_page_is_said(phone: Phone) -> None:
    answer = phone.look(sample("page2-photo.jpg"), tags=[tag for tag in TAGS if tag["page"] != "2"])
    assert answer["codes"] == ["unknown_page"]
    assert answer["tag"] == {"family": "36h10", "id": 102}
    assert answer["page"] is None


def test_paper_without_a_tag_is_outlined_but_not_named(phone: Phone) -> None:
    answer = phone.look(sample("not-a-form.jpg"))
    assert answer["codes"] == ["no_tag"]
    assert answer["page"] is None
    assert len(answer["outline"]) == 4


def test_part_of_a_page_is_cut_off(phone: Phone) -> None:
    assert "cut_off" in phone.look(sample("page2-cut-off.jpg"))["codes"]


@pytest.mark.parametrize(
    "picture", [floor(), np.zeros((900, 700, 3), np.uint8), np.full((900, 700, 3), 200, np.uint8)], ids=["floor", "black", "wall"]
)
def test_no_paper_is_said(phone: Phone, picture: Image) -> None:
    answer = phone.look(picture)
    assert "no_page" in answer["codes"]
    assert answer["outline"] is None


def test_twelve_megapixels_give_what_the_small_photo_gives(phone: Phone) -> None:
    picture = cv2.resize(sample("page3-photo.jpg"), (2828, 4242), interpolation=cv2.INTER_CUBIC)
    answer = phone.look(np.asarray(picture, np.uint8))
    assert (answer["codes"], answer["page"]) == ([], {"form": FORM, "page": "3"})


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (40, 40)])
def test_tiny_picture_is_answered(phone: Phone, size: tuple[int, int]) -> None:
    assert "no_page" in phone.look(np.full((*size, 3), 128, np.uint8))["codes"]


def test_bad_picture_is_an_error_and_no_end(phone: Phone) -> None:
    assert "error" in phone.page.evaluate("() => ask('photo', null, [])")
    assert "error" in phone.page.evaluate("async (path) => ask('film', await bitmapOf(path), [])", phone.put(floor()))
    assert phone.look(sample("page3-photo.jpg"))["page"] == {"form": FORM, "page": "3"}


def test_photo_overtakes_frames_and_the_newest_frame_others(phone: Phone) -> None:
    answered = phone.page.evaluate(
        """async (path) => {
          const bitmaps = await Promise.all(Array.from({ length: 5 }, () => bitmapOf(path)));
          answers.length = 0;
          const kinds = ["photo", "frame", "frame", "photo", "frame"];
          await Promise.all(kinds.map((kind, i) => ask(kind, bitmaps[i], [])));
          return answers.filter((answer) => !answer.error).map((answer) => answer.id - last + kinds.length);
        }""",
        phone.put(sample("page2-photo.jpg")),
    )
    assert answered == [1, 4, 5]


def test_many_frames_leave_the_memory_as_it_was(phone: Phone) -> None:
    small = cv2.resize(sample("page2-photo.jpg"), None, fx=0.12, fy=0.12, interpolation=cv2.INTER_AREA)
    path = phone.put(np.asarray(small, np.uint8))
    phone.look(sample("page2-photo.jpg"))
    (worker,) = phone.page.workers
    frames = """async ([path, tags, count]) => {
      for (let i = 0; i < count; i += 1) await ask("frame", await bitmapOf(path), tags);
    }"""
    phone.page.evaluate(frames, [path, TAGS, 5])
    large = phone.put(sample("page2-photo.jpg"))
    before = worker.evaluate(PROBE)
    phone.page.evaluate(frames, [path, TAGS, 120])
    phone.page.evaluate(frames, [large, TAGS, 5])
    assert worker.evaluate(PROBE) == before


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the real photos are not at hand: ../shared/data is missing")
def test_real_photos_of_a_screen_are_known_for_what_they_are(phone: Phone) -> None:
    screens = sorted((DATA / "sheets" / "screen-2024").iterdir())
    assert [("screen" in phone.look(picture_of(file))["codes"]) for file in screens] == [True] * len(screens)


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the real photos are not at hand: ../shared/data is missing")
def test_clear_real_photos_are_seldom_doubted(phone: Phone) -> None:
    sheets = json.loads((DATA / "truth.json").read_text("utf-8"))["sheets"]
    crops = [sheet["image"] for sheet in sheets if sheet["set"] == "gammafest-2024"][::60]
    whole = [sheet["image"] for sheet in sheets if sheet["set"] == "chasil-2024-whole"][::2]
    codes = [code for image in crops + whole for code in phone.look(picture_of(DATA / "sheets" / image))["codes"]]
    for code in ("blurred", "dark", "glare"):
        assert codes.count(code) <= 1, code
    assert "screen" not in codes
