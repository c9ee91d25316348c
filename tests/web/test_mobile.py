"""Sirekap Mobile in a real browser with a camera that shows a photo: from the link to the receipt, whatever breaks off in between."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pypdfium2
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route, expect, sync_playwright

from pipeline.regions import TpsCode
from pipeline.settings import Settings
from pipeline.sheet import Field, FieldState
from pipeline.store import accounts
from pipeline.store.confirmations import confirmations_of
from pipeline.store.decisions import Typed
from pipeline.store.links import links_of, make_link, revoke, token_of
from pipeline.store.readings import ReadSheet, StoredPhoto, record
from pipeline.store.schema import confirmations, notes, photos, queue, readings, sessions
from pipeline.store.signing import Signer
from pipeline.store.standing import settle
from pipeline.store.times import WIB, time_of
from pipeline.web.pages import mobile
from tests.serving import health, serving
from tests.sheets import make_field
from tests.stores import add_photo, add_reading, sheet_saying
from tests.web.conftest import STATION
from tests.web.servers import FORM, Running, running

SAMPLES = Path(__file__).parents[2] / "sample_forms"
PHOTO = SAMPLES / "page2-photo.jpg"
FRAME = (1440, 1920)
SMALLEST = 320
NEIGHBOUR = "1805082001004"
SENT = "terkirim, sedang dibaca"
SEND_SECONDS = READ_SECONDS = 60_000
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
REAL_PHOTO = "chasil-2024-whole/TPS_0631.jpg"

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium: scripts/system-packages tests")

KEEP_WITHOUT_HASH = """([tps, photo]) => new Promise((done, fail) => {
  const blob = new Blob([Uint8Array.from(atob(photo), (sign) => sign.charCodeAt(0))], { type: "image/jpeg" });
  const record = {
    tps, name: "foto.jpg", type: blob.type, size: blob.size, form: "c-hasil-ppwp-2024", page: "2", asked: "2", taken_at: 1707912345678,
    state: "draft", checks: null, sha256: null, receipt: null, refusal: null,
  };
  const opening = indexedDB.open("sirekap-mobile");
  opening.onerror = () => fail(opening.error);
  opening.onsuccess = () => {
    const transaction = opening.result.transaction(["photos", "blobs"], "readwrite");
    const added = transaction.objectStore("photos").add(record);
    added.onsuccess = () => transaction.objectStore("blobs").add(blob, added.result);
    transaction.oncomplete = () => { opening.result.close(); done(); };
    transaction.onabort = () => fail(transaction.error);
  };
})"""
"""Leaves a photo in the phone as a tab does that is killed right after it was kept."""

Phone = Callable[..., Page]


def film_of(picture: NDArray[np.uint8], file: Path) -> None:
    """A film of a picture that stands still, as the camera of the browser wants it."""
    width, height = FRAME
    scale = min(0.94 * width / picture.shape[1], 0.94 * height / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    table = np.full((height, width, 3), 60, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    table[top : top + small.shape[0], left : left + small.shape[1]] = small
    frame = cv2.cvtColor(table, cv2.COLOR_BGR2YUV_I420).tobytes()
    head = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n"
    file.write_bytes(head.encode() + 3 * (b"FRAME\n" + frame))


def chromium_with(playwright: Playwright, film: Path) -> Browser:
    """A browser whose camera shows a film."""
    options = [
        "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}",
        "--host-resolver-rules=MAP sirekap.test 127.0.0.1",
    ]  # fmt: skip
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("film") / "page2.y4m"
    picture = cv2.imread(str(PHOTO))
    assert picture is not None
    film_of(picture, file)
    return file


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright, film: Path) -> Iterator[Browser]:
    with chromium_with(playwright, film) as chromium:
        yield chromium


@pytest.fixture(scope="module", autouse=True)
def _quick_hashes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """A server that keeps what is sent, and leaves it unread."""
    with running(Settings(home=tmp_path / "home"), reads=False) as found:
        yield found


@pytest.fixture
def reading_server(tmp_path: Path) -> Iterator[Running]:
    """A server that also reads what is sent."""
    with running(Settings(home=tmp_path / "home"), reads=True) as found:
        yield found


@pytest.fixture
def phone(browser: Browser) -> Iterator[Phone]:
    """Another phone, which has opened the link of the station unless it is not to; scripts that fail end the test."""
    with phones(browser) as opened:
        yield opened


@contextmanager
def phones(browser: Browser) -> Iterator[Phone]:
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(server: Running, *, enters: bool = True, width: int = 360, script: str = "", language: str = "id") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 700}, color_scheme="dark", base_url=server.address, permissions=["camera"], locale=language
        )
        contexts.append(context)
        chosen = f"localStorage.getItem('sirekap-language') ?? localStorage.setItem('sirekap-language', '{language}');"
        context.add_init_script(chosen + script)
        page = watched(context)
        page.goto(f"/m#masuk={token(server)}" if enters else "/m")
        if enters:
            expect(page.locator("h1")).to_have_text("TPS 3" if language == "id" else "Station 3", timeout=15_000)
        return page

    def watched(context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def token(server: Running, tps: str = STATION) -> str:
    """What the link of a station carries; the same one for every phone."""
    signer = Signer(server.settings.signing_file)
    with server.store.begin() as connection:
        found = [link for link in links_of(connection, tps) if link.revoked is None]
        return token_of(found[0] if found else make_link(connection, TpsCode.parse(tps), made_by="budi", now=datetime.now(UTC)), signer)


def kept_offline(page: Page) -> None:
    """Wait until the app is kept on the phone."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")


def take_photo(page: Page, *, number: int = 2) -> None:
    """Open the camera for a page and take its photo; the app then looks at it."""
    page.locator(".row", has_text=f"Halaman {number}").click()
    page.locator(".shutter:not([disabled])").click(timeout=15_000)
    expect(page.locator(".bottom .button").first).to_be_visible(timeout=30_000)


def stored(server: Running) -> list[tuple[str, str | None]]:
    with server.store.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(photos.c.sha256, photos.c.tps))]


def read_by_hand(server: Running, **fields: Field) -> int:
    """What was read of page 2 on the photo that came last; gives the row of the reading."""
    sheet = replace(sheet_saying(FORM, "2"), fields=fields)
    with server.store.begin() as connection:
        row = connection.execute(sa.select(photos).order_by(photos.c.position.desc())).first()
        assert row is not None
        record(connection, StoredPhoto(row.position, row.sha256, row.name), [ReadSheet(sheet, "5a" * 128)])
        settle(connection, row.position)
        return connection.scalar(sa.select(sa.func.max(readings.c.position))) or 0


def send_photo(page: Page, file: Path = PHOTO) -> None:
    """Pick a photo of page 2 and send it."""
    page.locator(".row", has_text="Halaman 2").click()
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name=re.compile("^Kirim")).click()
    expect(page.locator(".state")).to_have_text(SENT, timeout=SEND_SECONDS)


def wait_until(page: Page, holds: Callable[[], bool], seconds: int = 60) -> None:
    for _ in range(seconds * 10):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come to be")


IN_SIGHT = """(one) => {
    const at = one.getBoundingClientRect();
    return one.contains(document.elementFromPoint(at.x + at.width / 2, at.bottom - 4));
}"""
"""Whether the lower edge of an element is what one sees there, without scrolling."""


def problems_of(page: Page) -> list[str]:
    """Serious barriers, parts that are wider than the window, and targets that a thumb misses."""
    found = [one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("wider than its window")
    small = "[...document.querySelectorAll('button, .button, summary')].filter((one) => one.offsetHeight && one.offsetHeight < 44).length"
    return [*found, *(["a target is lower than 44 px"] if page.evaluate(small) else [])]


def test_from_the_link_to_the_receipt(reading_server: Running, phone: Phone, tmp_path_factory: pytest.TempPathFactory) -> None:
    shots = tmp_path_factory.getbasetemp() / "screenshots"
    shots.mkdir(exist_ok=True)
    problems: list[str] = []

    def look(name: str) -> None:
        page.screenshot(path=shots / f"mobile-{name}.png", full_page=name != "camera")
        problems.extend(f"{name}: {one}" for one in problems_of(page))

    page = phone(reading_server, width=SMALLEST)
    assert "masuk" not in page.url, "the token stays in no history"
    expect(page.locator(".row")).to_have_count(3)
    look("list")
    page.locator(".row", has_text="Halaman 2").click()
    expect(page.locator(".hint")).to_have_text("Bagus. Ambil fotonya.", timeout=30_000)
    look("camera")
    page.locator(".shutter").click()
    expect(page.locator(".notice.good")).to_have_text("Foto ini bagus.", timeout=30_000)
    assert page.locator(".notice.good").evaluate(IN_SIGHT), "what was found lies under the buttons, or further down"
    look("draft")
    page.get_by_role("button", name="Kirim", exact=True).click()
    expect(page.locator(".state")).to_have_text("sudah dibaca: cocokkan", timeout=READ_SECONDS)
    expect(page.locator(".numbers tr")).to_have_count(3)
    look("read")
    page.get_by_role("button", name="Tidak sesuai").click()
    first = page.locator(".numbers input").first
    read = first.input_value()
    first.fill("x")
    page.get_by_role("button", name="Simpan koreksi").click()
    expect(page.get_by_role("alert")).to_contain_text("0 sampai 99999")
    first.fill("999")
    look("correcting")
    page.get_by_role("button", name="Simpan koreksi").click()
    expect(page.locator(".state")).to_have_text("dikoreksi, akan diperiksa")
    expect(page.locator(".numbers tr").first).to_contain_text(re.compile(rf"{read}.*kertas: 999"))
    look("corrected")
    wait_until(page, lambda: count(reading_server, confirmations) == 1)
    wait_until(page, lambda: count(reading_server, queue) == 1)
    page.get_by_role("button", name="Kembali").click()
    page.get_by_role("button", name="Kejadian khusus").click()
    page.get_by_label("Catatan").fill("listrik padam pukul 15")
    look("notes")
    page.get_by_role("button", name="Simpan").click()
    expect(page.get_by_text("Tersimpan.")).to_be_visible()
    page.get_by_role("button", name="Kembali").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Salinan PDF").click()
    text = text_of(download.value.path())
    ((sha256, tps),) = stored(reading_server)
    assert tps == STATION
    for said in (sha256[:16], "999", "listrik padam pukul 15"):
        assert said in text, said
    page.locator(".row", has_text="Halaman 2").click()
    link = page.locator(".receipt a").get_attribute("href")
    assert link is not None
    witness = phone(reading_server, enters=False, width=SMALLEST)
    witness.goto(link)
    expect(witness.locator("main")).to_contain_text("Tanda terima ini sah")
    expect(witness.locator("main")).to_contain_text("999")
    expect(witness.locator("main")).to_contain_text("listrik padam pukul 15")
    assert witness.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="English").click()
    expect(page.locator(".state")).to_have_text("corrected, will be reviewed")
    look("english")
    assert problems == []


def text_of(file: Path) -> str:
    with pypdfium2.PdfDocument(file) as document:
        return "".join(part.get_textpage().get_text_range() for part in document)


def count(server: Running, table: sa.Table) -> int:
    with server.store.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_everything_goes_on_while_the_server_is_gone(server: Running, phone: Phone) -> None:
    page = phone(server)
    kept_offline(page)
    server.stop()
    page.close()
    page = page.context.new_page()
    page.goto("/m")
    expect(page.get_by_text("Tidak ada sinyal")).to_be_visible(timeout=15_000)
    take_photo(page)
    expect(page.locator(".notice.good")).to_have_text("Foto ini bagus.", timeout=30_000)
    page.get_by_role("button", name="Kirim", exact=True).click()
    expect(page.locator(".state")).to_have_text("menunggu sinyal", timeout=15_000)
    expect(page.get_by_text("Belum terkirim: belum ada tanda terima.")).to_be_visible()
    page.get_by_role("button", name="Kembali").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Salinan PDF").click()
    assert "belum terkirim" in text_of(download.value.path()).lower(), "the copy is made without a line"
    page.close()  # the battery is empty
    page = page.context.new_page()
    page.goto("/m")
    expect(page.locator(".row", has_text="Halaman 2")).to_contain_text("menunggu sinyal")
    assert stored(server) == []
    server.start()
    expect(page.locator(".row", has_text="Halaman 2")).to_contain_text(SENT, timeout=SEND_SECONDS)
    assert [tps for _, tps in stored(server)] == [STATION]
    page.locator(".row", has_text="Halaman 2").click()
    expect(page.locator(".receipt dd").nth(1)).to_have_text("1")


def test_tab_that_is_killed_in_the_middle_goes_on_where_it_was(server: Running, phone: Phone) -> None:
    page = phone(server)
    sent: list[str] = []

    def first_only(route: Route) -> None:
        if sent:
            route.abort()  # the line is gone after the first piece
        else:
            sent.append(route.request.url)
            route.continue_()

    page.route("**/m/api/uploads/*/*/*", first_only)
    take_photo(page)
    page.get_by_role("button", name="Kirim", exact=True).click()
    wait_until(page, lambda: len(sent) == 1 and len(list(server.settings.uploads_folder.glob("*/*/0*"))) == 1)
    page.close()
    again: list[str] = []
    page = page.context.new_page()
    page.on("request", lambda request: again.append(request.url) if request.method == "PUT" else None)
    page.goto("/m")
    expect(page.locator(".row", has_text="Halaman 2")).to_contain_text(SENT, timeout=SEND_SECONDS)
    assert len(stored(server)) == 1
    assert again
    assert sent[0] not in again, "what had come is not sent again"


def test_server_that_is_killed_in_the_middle_of_a_photo_has_it_in_the_end(server: Running, phone: Phone) -> None:
    """The process itself, with a piece on its way; what it had written is there when it is started again."""
    home, at = server.settings.home, SimpleNamespace(settings=server.settings, store=server.store, address="")
    server.stop()
    with serving(home) as (process, at.address):
        health(at.address)
        page = phone(at)
        kept_offline(page)
        take_photo(page)
        line = page.context.new_cdp_session(page)
        slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 100_000}
        line.send("Network.enable")
        line.send("Network.emulateNetworkConditions", slow)
        with page.expect_request(lambda request: request.method == "PUT" and request.url.endswith("/1")):
            page.get_by_role("button", name="Kirim", exact=True).click()
        page.wait_for_timeout(500)
        process.kill()
        process.wait()
    expect(page.locator(".state")).to_have_text("menunggu sinyal", timeout=15_000)
    assert [path.name for path in server.settings.uploads_folder.glob("*/*/0*")] == ["00000"]
    line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    with serving(home, port=int(at.address.rpartition(":")[2])):
        wait_until(page, lambda: [tps for _, tps in stored(server)] == [STATION], seconds=90)
        expect(page.locator(".receipt dd").nth(1)).to_have_text("1")
    assert not list(server.settings.uploads_folder.glob("*/*"))


def test_piece_that_is_altered_on_its_way_is_sent_again(server: Running, phone: Phone) -> None:
    page = phone(server)
    statuses: list[int] = []

    def alter_often(route: Route) -> None:
        body = route.request.post_data_buffer or b""
        route.continue_(post_data=body if len(statuses) > 2 else bytes(len(body)))

    page.on("response", lambda answer: statuses.append(answer.status) if answer.request.method == "PUT" else None)
    page.route("**/m/api/uploads/*/*/*", alter_often)
    take_photo(page)
    page.get_by_role("button", name="Kirim", exact=True).click()
    expect(page.locator(".state")).to_have_text(SENT, timeout=SEND_SECONDS)
    assert statuses[0] == 409
    assert statuses[:3] == [409] * 3, "a line that alters is no reason to give a photo up"
    assert set(statuses[3:]) == {200}
    assert len(stored(server)) == 1


def test_two_phones_of_one_station_see_the_same(reading_server: Running, phone: Phone) -> None:
    one, other = phone(reading_server), phone(reading_server)
    for page in (one, other):
        page.locator(".row", has_text="Halaman 2").click()
        page.set_input_files("input[type=file]", PHOTO)
        page.locator(".bottom .button").first.click(timeout=30_000)
    for page in (one, other):
        expect(page.locator(".state")).to_have_text("sudah dibaca: cocokkan", timeout=READ_SECONDS)
    assert len(stored(reading_server)) == 1
    one.get_by_role("button", name="Sesuai", exact=True).click()
    expect(one.locator(".state")).to_have_text("sesuai")
    wait_until(one, lambda: count(reading_server, confirmations) == 1)
    other.reload()
    expect(other.locator(".state")).to_have_text("sesuai", timeout=15_000)


def test_photo_taken_again_counts_though_the_clock_was_set_back_between(server: Running, phone: Phone) -> None:
    page = phone(server)
    kept_offline(page)
    server.stop()
    page.locator(".row", has_text="Halaman 2").click()
    for name in (PHOTO, SAMPLES / "page2-scan.jpg"):
        page.set_input_files("input[type=file]", name)
        page.get_by_role("button", name=re.compile("^Kirim")).click()
        expect(page.locator(".state")).to_have_text("menunggu sinyal", timeout=15_000)
        page.evaluate("const now = Date.now.bind(Date); Date.now = () => now() - 5 * 3600 * 1000;")
        page.get_by_role("button", name="Foto ulang").click()
    page.get_by_role("button", name="Tutup").click()
    server.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_until(page, lambda: len(stored(server)) == 2)
    digests = [hashlib.sha256((SAMPLES / name).read_bytes()).hexdigest() for name in ("page2-photo.jpg", "page2-scan.jpg")]
    assert [sha256 for sha256, _ in stored(server)] == digests, "in the order in which they were taken"
    page.locator(".row", has_text="Halaman 2").click()
    expect(page.locator(".receipt dd").last).to_have_text(digests[1], timeout=15_000)


def test_clock_that_is_hours_off_changes_no_receipt(server: Running, phone: Phone) -> None:
    ahead = "const now = Date.now.bind(Date); Date.now = () => now() + 3 * 3600 * 1000 + 7 * 60 * 1000;"
    page = phone(server, script=ahead)
    expect(page.get_by_text("selisih 3 jam 7 menit")).to_be_visible()
    page.locator(".row", has_text="Halaman 2").click()
    page.set_input_files("input[type=file]", PHOTO)
    page.locator(".bottom .button").first.click(timeout=30_000)
    expect(page.locator(".state")).to_have_text(SENT, timeout=SEND_SECONDS)
    shown = page.locator(".receipt dd").first.inner_text()
    with server.store.connect() as connection:
        at = connection.scalar(sa.text("SELECT at FROM ledger WHERE position = 1"))
    assert f"{time_of(at).astimezone(WIB):%H.%M}" in shown


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("new DOMException('full', 'QuotaExceededError')", "Penyimpanan HP penuh: foto ini BELUM tersimpan"),
        ("new DOMException('lost', 'UnknownError')", "Penyimpanan HP tidak dapat dipakai: foto ini BELUM tersimpan"),
        ("null", "Penyimpanan HP tidak dapat dipakai: foto ini BELUM tersimpan"),
    ],
)
def test_photo_that_the_phone_cannot_keep_is_said_and_can_be_sent_at_once(server: Running, phone: Phone, error: str, said: str) -> None:
    """Browsers take a photo at first, and give the transaction up when they write it."""
    broken = (
        "const add = IDBObjectStore.prototype.add; IDBObjectStore.prototype.add = function (...given) {"
        " const request = add.apply(this, given);"
        " if (this.name === 'blobs') request.addEventListener('success', () => {"
        f" Object.defineProperty(this.transaction, 'error', {{ value: {error} }}); this.transaction.abort(); }});"
        " return request; };"
    )
    page = phone(server, script=broken)
    page.locator(".row", has_text="Halaman 2").click()
    page.locator(".shutter:not([disabled])").click(timeout=15_000)
    expect(page.get_by_text(said)).to_be_visible(timeout=15_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Simpan ke galeri").click()
    assert cv2.imread(str(download.value.path())) is not None
    page.get_by_role("button", name="Kirim sekarang").click()
    expect(page.locator(".receipt")).to_be_visible(timeout=READ_SECONDS)
    assert len(stored(server)) == 1


def test_camera_that_gives_no_picture_is_said_and_begins_again(server: Running, phone: Phone) -> None:
    page = phone(server, script="delete globalThis.ImageCapture; HTMLCanvasElement.prototype.toBlob = (given) => given(null);")
    page.locator(".row", has_text="Halaman 2").click()
    page.locator(".shutter:not([disabled])").click(timeout=15_000)
    expect(page.get_by_text("Foto gagal diambil dan tidak tersimpan")).to_be_visible()
    expect(page.locator(".shutter:not([disabled])")).to_be_visible(timeout=15_000)


def test_camera_that_another_app_took_comes_back(server: Running, phone: Phone) -> None:
    page = phone(server)
    page.locator(".row", has_text="Halaman 2").click()
    expect(page.locator(".hint")).to_have_text("Bagus. Ambil fotonya.", timeout=30_000)
    page.evaluate("document.querySelector('video').srcObject.getTracks().forEach((track) => track.stop())")
    live = "document.querySelector('video').srcObject.getTracks().every((track) => track.readyState === 'live')"
    wait_until(page, lambda: page.evaluate(live), seconds=15)
    page.locator(".shutter:not([disabled])").click(timeout=15_000)
    expect(page.locator(".bottom .button").first).to_be_visible(timeout=30_000)


def test_tab_that_is_killed_before_its_photo_has_a_hash_opens_again(server: Running, phone: Phone) -> None:
    page = phone(server)
    kept_offline(page)
    page.evaluate(KEEP_WITHOUT_HASH, [STATION, base64.b64encode(PHOTO.read_bytes()).decode()])
    page.reload()
    page.locator(".row", has_text="Halaman 2").click()
    page.get_by_role("button", name="Kirim", exact=True).click(timeout=30_000)
    expect(page.locator(".state")).to_have_text(SENT, timeout=SEND_SECONDS)
    assert [sha256 for sha256, _ in stored(server)] == [hashlib.sha256(PHOTO.read_bytes()).hexdigest()]


def test_photo_can_be_sent_while_it_is_looked_at_and_when_that_never_ends(server: Running, phone: Phone) -> None:
    page = phone(server, script="Worker.prototype.postMessage = () => {};")
    page.locator(".row", has_text="Halaman 2").click()
    page.set_input_files("input[type=file]", PHOTO)
    expect(page.get_by_text("Memeriksa foto…")).to_be_visible()
    expect(page.get_by_role("button", name="Kirim", exact=True)).to_be_visible()
    expect(page.get_by_text("Foto tidak dapat diperiksa di HP ini")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Kirim", exact=True).click()
    expect(page.locator(".state")).to_have_text(SENT, timeout=SEND_SECONDS)


def test_photo_that_was_too_much_for_the_phone_is_not_looked_at_again(server: Running, phone: Phone) -> None:
    page = phone(server, script="Worker.prototype.postMessage = () => {};")
    page.locator(".row", has_text="Halaman 2").click()
    page.set_input_files("input[type=file]", PHOTO)
    expect(page.get_by_text("Memeriksa foto…")).to_be_visible()
    page.reload()  # as after a tab that ran out of memory
    expect(page.get_by_text("Foto tidak dapat diperiksa di HP ini")).to_be_visible()
    expect(page.get_by_text("Memeriksa foto…")).to_have_count(0)


def test_app_opens_at_once_on_a_line_that_answers_nothing(server: Running, phone: Phone) -> None:
    page = phone(server)
    kept_offline(page)
    page.context.route("**/m/api/**", lambda route: None)
    page.reload()
    expect(page.locator("h1")).to_have_text("TPS 3", timeout=5_000)
    take_photo(page)


def test_slow_line_is_left_to_the_photo(server: Running, phone: Phone) -> None:
    """On a line on which every piece takes longer than the app asks, nothing else is asked beside it."""
    page = phone(server)
    asked: list[str] = []
    held: list[Route] = []
    page.route("**/m/api/uploads/*/*/*", lambda route: held.append(route))
    take_photo(page)
    page.on("request", lambda request: asked.append(request.url) if "/m/api/" in request.url else None)
    page.get_by_role("button", name="Kirim", exact=True).click()
    wait_until(page, lambda: bool(held))
    page.wait_for_timeout(6_000)
    assert len(asked) == 2, "its beginning, and its first piece"
    page.unroute("**/m/api/uploads/*/*/*")
    expect(page.locator(".state")).to_have_text(SENT, timeout=SEND_SECONDS)
    assert not [url for url in asked if url.endswith("/me")]


def test_new_version_waits_until_it_is_asked_for_and_sends_what_the_old_one_kept(
    server: Running, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = phone(server)
    kept_offline(page)
    page.reload()
    page.route("**/m/api/uploads/**", lambda route: route.abort())
    take_photo(page)
    page.get_by_role("button", name="Kirim", exact=True).click()
    expect(page.locator(".state")).to_have_text("menunggu sinyal", timeout=15_000)
    page.get_by_role("button", name="Kembali").click()
    changed = {**mobile.kept_files(), "/static/mobile/app.css": "another"}
    monkeypatch.setattr(mobile, "kept_files", lambda: changed)
    page.evaluate("navigator.serviceWorker.getRegistration('/m').then((one) => one.update()).then(() => true)")
    expect(page.get_by_text("Versi baru siap.")).to_be_visible(timeout=30_000)
    versions = "caches.keys().then((names) => names.length)"
    assert page.evaluate(versions) == 2
    with page.expect_navigation():
        page.get_by_role("button", name="Muat ulang").click()
    expect(page.locator("h1")).to_have_text("TPS 3")
    wait_until(page, lambda: page.evaluate(versions) == 1)
    assert page.get_by_text("Versi baru siap.").count() == 0
    expect(page.locator(".row", has_text="Halaman 2")).to_contain_text("menunggu sinyal")
    page.unroute("**/m/api/uploads/**")
    expect(page.locator(".row", has_text="Halaman 2")).to_contain_text(SENT, timeout=SEND_SECONDS)


def test_link_that_was_revoked_keeps_the_photos_and_a_new_one_sends_them(server: Running, phone: Phone) -> None:
    page = phone(server)
    with server.store.begin() as connection:
        for link in links_of(connection, STATION):
            revoke(connection, link.id, now=datetime.now(UTC))
    take_photo(page)
    page.get_by_role("button", name="Kirim", exact=True).click()
    expect(page.get_by_text("Minta tautan baru kepada PPS").first).to_be_visible(timeout=15_000)
    assert stored(server) == []
    page.goto(f"/m#masuk={token(server)}")
    expect(page.locator(".row", has_text="Halaman 2")).to_contain_text(SENT, timeout=SEND_SECONDS)
    assert len(stored(server)) == 1


def test_photo_of_one_station_is_never_sent_under_another(server: Running, phone: Phone) -> None:
    page = phone(server)
    kept_offline(page)
    server.stop()
    take_photo(page)
    page.get_by_role("button", name="Kirim", exact=True).click()
    expect(page.locator(".state")).to_have_text("menunggu sinyal", timeout=15_000)
    page.close()
    server.start()
    page = page.context.new_page()
    page.route("**/m/api/uploads/**", lambda route: route.abort())
    page.goto(f"/m#masuk={token(server, NEIGHBOUR)}")
    expect(page.locator("h1")).to_have_text("TPS 4", timeout=15_000)
    page.unroute("**/m/api/uploads/**")
    expect(page.get_by_text(f"foto TPS lain yang belum terkirim: {STATION}")).to_be_visible()
    page.locator(".row", has_text="Halaman 2").click()
    page.set_input_files("input[type=file]", SAMPLES / "page2-scan.jpg")
    page.locator(".bottom .button").first.click(timeout=30_000)
    expect(page.locator(".state")).to_have_text(SENT, timeout=SEND_SECONDS)
    assert [tps for _, tps in stored(server)] == [NEIGHBOUR]
    page.goto(f"/m#masuk={token(server)}")
    expect(page.locator("h1")).to_have_text("TPS 3", timeout=15_000)
    expect(page.locator(".row", has_text="Halaman 2")).to_contain_text(SENT, timeout=SEND_SECONDS)
    assert [tps for _, tps in stored(server)] == [NEIGHBOUR, STATION]


def test_file_that_is_no_photo_is_said_to_be_none(server: Running, phone: Phone, tmp_path: Path) -> None:
    file = tmp_path / "surat.jpg"
    file.write_text("Ini bukan foto.")
    page = phone(server)
    page.locator(".row", has_text="Halaman 2").click()
    page.set_input_files("input[type=file]", file)
    expect(page.get_by_text("Berkas ini bukan foto")).to_be_visible()
    page.get_by_role("button", name="Tutup").click()
    expect(page.locator(".row", has_text="Halaman 2")).to_contain_text("belum difoto")
    expect(page.locator(".row")).to_have_count(3)


def test_what_is_wrong_with_a_photo_is_said_in_words_before_it_is_sent(server: Running, phone: Phone, tmp_path: Path) -> None:
    picture = cv2.imread(str(PHOTO))
    assert picture is not None
    cv2.imwrite(str(tmp_path / "dark.jpg"), picture // 5)
    page = phone(server)
    page.locator(".row", has_text="Halaman 2").click()
    page.set_input_files("input[type=file]", tmp_path / "dark.jpg")
    expect(page.locator(".notice.doubt", has_text="Terlalu gelap. Nyalakan lampu")).to_be_visible(timeout=30_000)
    expect(page.locator("body")).not_to_contain_text("[object")
    assert problems_of(page) == []


def test_page_says_itself_which_it_is(server: Running, phone: Phone) -> None:
    page = phone(server)
    page.locator(".row", has_text="Halaman 3").click()
    page.set_input_files("input[type=file]", PHOTO)
    expect(page.get_by_text("Ini halaman 2, bukan halaman 3.")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Kembali").click()
    expect(page.locator(".row", has_text="Halaman 2")).to_contain_text("di HP, belum dikirim")
    expect(page.locator(".row", has_text="Halaman 3")).to_contain_text("belum difoto")


def test_wrong_link_is_one_sentence(server: Running, phone: Phone) -> None:
    page = phone(server, enters=False)
    page.goto("/m#masuk=1.wrong")
    expect(page.get_by_role("alert")).to_contain_text("Tautan ini tidak berlaku")
    page.get_by_label("Atau tempel tautannya di sini").fill(f"{server.address}/m#masuk={token(server)}")
    page.get_by_role("button", name="Masuk").click()
    expect(page.locator("h1")).to_have_text("TPS 3")


def test_number_that_nobody_could_read_is_blank_only_when_somebody_says_so(server: Running, phone: Phone) -> None:
    page = phone(server)
    send_photo(page)
    unread = make_field(None, state=FieldState.ILLEGIBLE, raw="?")
    reading = read_by_hand(server, paslon_1=make_field(100), paslon_2=unread, paslon_3=make_field(None))
    page.get_by_role("button", name="Tidak sesuai").click(timeout=30_000)
    page.locator(".numbers input").first.fill("106")
    page.get_by_role("button", name="English").click()
    expect(page.locator(".numbers input").first).to_have_value("106")  # another language takes nothing of what was typed
    page.get_by_role("button", name="Indonesia").click()
    page.get_by_role("button", name="Simpan koreksi").click()
    expect(page.get_by_role("alert")).to_contain_text("pilih kosong atau tak terbaca")
    assert page.locator(".numbers input[aria-invalid=true]").get_attribute("id") == "n-paslon_2"
    assert problems_of(page) == []
    page.locator(".numbers tr").nth(1).get_by_role("button", name="tak terbaca").click()
    page.get_by_role("button", name="Simpan koreksi").click()
    expect(page.locator(".state")).to_have_text("dikoreksi, akan diperiksa")
    wait_until(page, lambda: count(server, confirmations) == 1)
    with server.store.connect() as connection:
        said = confirmations_of(connection, [reading])[reading].others
    assert said == {"paslon_1": Typed(FieldState.NUMBER, 106)}


def test_agreement_of_a_phone_that_was_away_does_not_take_back_what_another_corrected(server: Running, phone: Phone) -> None:
    one, away = phone(server), phone(server)
    send_photo(one)
    reading = read_by_hand(server, paslon_1=make_field(100))
    away.reload()
    read = away.locator(".row", has_text="Halaman 2")
    expect(read).to_contain_text("sudah dibaca", timeout=15_000)  # drawn before the server has answered, it is a page without a photo
    read.click()
    expect(away.locator(".state")).to_have_text("sudah dibaca: cocokkan")
    away.context.set_offline(True)
    away.get_by_role("button", name="Sesuai", exact=True).click()
    expect(away.get_by_text("dikirim begitu ada sinyal")).to_be_visible()
    one.get_by_role("button", name="Tidak sesuai").click(timeout=30_000)
    one.locator(".numbers input").first.fill("106")
    one.get_by_role("button", name="Simpan koreksi").click()
    wait_until(one, lambda: count(server, confirmations) == 1)
    away.context.set_offline(False)
    held = away.locator(".notice.bad", has_text="HP lain sudah menyatakan sesuatu")
    expect(held).to_contain_text("Pernyataan Anda, belum terkirim: Sesuai", timeout=15_000)
    expect(away.locator(".state")).to_have_text("dikoreksi, akan diperiksa")
    assert count(server, confirmations) == 1
    assert problems_of(away) == []
    held.get_by_role("button", name="Kirim lagi").click()
    wait_until(away, lambda: count(server, confirmations) == 2)
    expect(away.locator(".state")).to_have_text("sesuai")
    with server.store.connect() as connection:
        assert confirmations_of(connection, [reading])[reading].others == {}


def test_correction_of_a_replaced_reading_is_kept_until_its_officer_drops_it(server: Running, phone: Phone) -> None:
    page = phone(server)
    send_photo(page)
    read_by_hand(server, paslon_1=make_field(100))
    page.get_by_role("button", name="Tidak sesuai").click(timeout=30_000)
    with server.store.begin() as connection:
        again = add_photo(connection, "again.jpg", tps=STATION)
        add_reading(connection, again, sheet_saying(FORM, "2", paslon_1=100), likeness="00" * 128)
        settle(connection, again.position)
    page.locator(".numbers input").first.fill("106")
    page.get_by_role("button", name="Simpan koreksi").click()
    page.get_by_role("button", name="Kembali").click()
    expect(page.get_by_text("1 pernyataan atau catatan Anda yang belum diterima server")).to_be_visible(timeout=15_000)
    page.reload()
    page.get_by_role("button", name="Lihat").click()
    expect(page.get_by_text("belum terkirim: Suara sah pasangan calon nomor 1: 106")).to_be_visible()
    expect(page.get_by_role("button", name="Kirim lagi")).to_have_count(0)
    page.get_by_role("button", name="Buang").click()
    expect(page.get_by_text("belum terkirim:")).to_have_count(0)
    assert count(server, confirmations) == 0


def test_two_phones_send_different_photos_of_one_page_and_see_the_one_that_stands(server: Running, phone: Phone) -> None:
    one, other = phone(server), phone(server)
    send_photo(one)
    read_by_hand(server, paslon_1=make_field(100))
    expect(one.locator(".state")).to_have_text("sudah dibaca: cocokkan", timeout=30_000)
    other.goto("/m#/camera/c-hasil-ppwp-2024/2")
    other.set_input_files("input[type=file]", SAMPLES / "page2-scan.jpg")
    other.get_by_role("button", name=re.compile("^Kirim")).click()
    expect(other.locator(".state")).to_have_text(SENT, timeout=SEND_SECONDS)
    read_by_hand(server, paslon_1=make_field(106))
    assert len(stored(server)) == 2
    for page in (one, other):
        page.goto("/m#/")
        with page.expect_response("**/m/api/me"):  # until then the app shows what it knew before
            page.reload()
        page.wait_for_timeout(300)
        page.locator(".row", has_text="Halaman 2").click()
        expect(page.locator(".numbers strong").first).to_have_text("106", timeout=15_000)
        expect(page.locator(".receipt dd").nth(1)).to_have_text("3")


def test_photo_is_given_up_only_when_a_better_one_is_kept(server: Running, phone: Phone) -> None:
    page = phone(server)
    take_photo(page)
    page.get_by_role("button", name="Foto ulang").click()
    page.get_by_role("button", name="Tutup").click()
    page.locator(".row", has_text="Halaman 2").click()
    page.get_by_role("button", name="Foto ulang").click()
    page.set_input_files("input[type=file]", SAMPLES / "page2-scan.jpg")
    expect(page.get_by_role("button", name=re.compile("^Kirim"))).to_be_visible()
    kept = "new Promise((done) => { const opening = indexedDB.open('sirekap-mobile'); opening.onsuccess = () => {"
    kept += " const asked = opening.result.transaction('photos').objectStore('photos').getAll();"
    kept += " asked.onsuccess = () => { opening.result.close(); done(asked.result.map((one) => one.name)); }; }; })"
    assert page.evaluate(kept) == ["page2-scan.jpg"]


def test_link_of_another_station_that_is_opened_while_photos_are_sent_gets_none_of_them(server: Running, phone: Phone) -> None:
    page = phone(server)
    other = page.context.new_page()
    held: list[Route] = []
    page.route("**/m/api/uploads/*/*/*", lambda route: held.append(route))
    take_photo(page)
    page.get_by_role("button", name="Kirim", exact=True).click()
    wait_until(page, lambda: bool(held))
    other.goto(f"/m#masuk={token(server, NEIGHBOUR)}")
    expect(other.locator("h1")).to_have_text("TPS 4", timeout=15_000)
    page.unroute("**/m/api/uploads/*/*/*")
    expect(page.get_by_text(f"foto TPS lain yang belum terkirim: {STATION}")).to_be_visible(timeout=15_000)
    assert stored(server) == []
    page.goto(f"/m#masuk={token(server)}")
    wait_until(page, lambda: [tps for _, tps in stored(server)] == [STATION])


def test_log_out_without_a_line_ends_the_session_when_there_is_one_again(server: Running, phone: Phone) -> None:
    page = phone(server)
    kept_offline(page)
    page.get_by_role("button", name="Kejadian khusus").click()
    page.context.set_offline(True)
    page.get_by_label("Catatan").fill("hujan")
    page.get_by_role("button", name="Simpan").click()
    expect(page.locator("li", has_text="hujan")).to_contain_text("dikirim begitu ada sinyal")
    page.get_by_role("button", name="Kembali").click()
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    page.get_by_role("button", name="Keluar dari HP ini").click()
    expect(page.get_by_label("Atau tempel tautannya di sini")).to_be_visible()
    assert "catatan yang belum terkirim" in asked[0]
    assert count(server, sessions) == 1
    page.reload()
    page.context.set_offline(False)
    wait_until(page, lambda: count(server, sessions) == 0, seconds=20)
    page.reload()
    expect(page.get_by_label("Atau tempel tautannya di sini")).to_be_visible()
    page.goto(f"/m#masuk={token(server)}")
    wait_until(page, lambda: count(server, notes) == 1)


def test_what_is_open_stays_open_while_the_app_asks(server: Running, phone: Phone) -> None:
    page = phone(server)
    with page.expect_response(re.compile("/m/api/photos/")):
        send_photo(page)

    def same_after_an_answer() -> bool:
        page.evaluate("document.querySelector('.picture').dataset.same = 'yes'")
        with page.expect_response(re.compile("/m/api/photos/")):
            pass
        page.wait_for_timeout(300)
        return page.locator(".picture").get_attribute("data-same") == "yes"

    # The first answers may bring something new, and are drawn late where the machine is busy.
    page.wait_for_timeout(300)
    assert any(same_after_an_answer() for _ in range(4))


def test_button_is_pressed_though_something_changes_under_the_finger(server: Running, phone: Phone) -> None:
    page = phone(server)
    button = page.get_by_role("button", name="Kejadian khusus")
    button.hover()
    page.mouse.down()
    button.evaluate("(drawn) => { globalThis.drawn = drawn; }")
    with page.expect_response(re.compile("/m/api/me")):
        page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(300)
    assert page.evaluate("drawn.isConnected")
    page.mouse.up()
    expect(page.get_by_label("Catatan")).to_be_visible()
    page.go_back()
    expect(button).to_be_visible()
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_until(page, lambda: not page.evaluate("drawn.isConnected"))


def test_note_that_is_not_saved_survives_another_language(server: Running, phone: Phone) -> None:
    page = phone(server)
    page.get_by_role("button", name="Kejadian khusus").click()
    page.get_by_label("Catatan").fill("saksi 01 keberatan")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_label("Note")).to_have_value("saksi 01 keberatan")


def test_copy_that_took_too_long_to_be_shared_by_itself_asks_for_another_touch(server: Running, phone: Phone) -> None:
    shares = (
        "navigator.canShare = () => true; globalThis.shared = [];"
        "navigator.share = async ({ files }) => {"
        " shared.push(files[0].size); if (shared.length === 1) throw new DOMException('late', 'NotAllowedError'); };"
    )
    page = phone(server, script=shares)
    page.get_by_role("button", name="Salinan PDF").click()
    expect(page.get_by_text("PDF siap.")).to_be_visible(timeout=30_000)
    assert problems_of(page) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Unduh").click()
    page.get_by_role("button", name="Bagikan").click()
    expect(page.get_by_text("PDF siap.")).to_have_count(0)
    assert page.evaluate("shared[1]") == download.value.path().stat().st_size


def test_address_without_https_is_said_to_be_none_for_phones(server: Running, phone: Phone) -> None:
    page = phone(server, enters=False)
    page.goto(server.address.replace("127.0.0.1", "sirekap.test") + "/m")
    expect(page.get_by_role("alert")).to_contain_text("dibuka tanpa HTTPS")


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the real photos are not at hand: ../shared/data is missing")
def test_real_photo_of_a_screen_is_doubted_and_can_be_sent(server: Running, phone: Phone) -> None:
    page = phone(server)
    page.locator(".row", has_text="Halaman 2").click()
    page.set_input_files("input[type=file]", DATA / "sheets" / "screen-2024" / "p24_hal2.jpg")
    expect(page.get_by_text("Ini tampak seperti foto layar")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Kirim juga").click()
    expect(page.locator(".state")).to_have_text(SENT, timeout=SEND_SECONDS)


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the real photos are not at hand: ../shared/data is missing")
def test_real_sheet_before_the_camera_is_read_as_it_is_written(reading_server: Running, playwright: Playwright, tmp_path: Path) -> None:
    picture = cv2.imread(str(DATA / "sheets" / REAL_PHOTO))
    assert picture is not None
    film_of(picture, tmp_path / "real.y4m")
    sheets = json.loads((DATA / "truth.json").read_text("utf-8"))["sheets"]
    written = next(sheet["fields"] for sheet in sheets if sheet["image"] == REAL_PHOTO)
    with chromium_with(playwright, tmp_path / "real.y4m") as chromium, phones(chromium) as phone:
        page = phone(reading_server)
        take_photo(page, number=3)
        expect(page.get_by_text("Ini halaman 2, bukan halaman 3.")).to_be_visible(timeout=30_000)
        page.locator(".bottom .button").first.click()
        expect(page.locator(".numbers tr")).to_have_count(3, timeout=READ_SECONDS)
        shown = page.locator(".numbers strong").all_inner_texts()
    assert [int(number) for number in shown] == [written[f"paslon_{place}"] for place in (1, 2, 3)]
