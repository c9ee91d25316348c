"""The pages in a real browser, as people use them: with a keyboard, on a phone, in both languages, and without barriers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pytest
import sqlalchemy as sa
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect, sync_playwright

from pipeline.engine.executors import SerialExecutor
from pipeline.engine.patience import Patience
from pipeline.engine.stored import read_pending
from pipeline.engine.work import WorkOrder
from pipeline.imaging.files import Item
from pipeline.regions import TpsCode
from pipeline.settings import Settings
from pipeline.store.intake import Arrival, take_in
from pipeline.store.photos import PhotoStore
from pipeline.store.receipts import receipt_at, token_of
from pipeline.store.schema import queue, readings
from pipeline.store.signing import Signer
from pipeline.web.app import create_app
from pipeline.web.policy import check_policies
from pipeline.web.visit import LANGUAGE_COOKIE, SESSION_COOKIE
from tests.web.conftest import PASSWORD, STATION
from tests.web.servers import DISTRICT, VILLAGE, Running, running

SAMPLES = Path(__file__).parents[2] / "sample_forms"
BROKEN = "page3-broken-sum.jpg"
ACCEPTED = "page2-scan.jpg"
WIDTHS = {"phone": 360, "desk": 1280}

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium: scripts/system-packages tests")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module", autouse=True)
def _quick_hashes() -> Iterator[None]:
    from argon2 import PasswordHasher

    from pipeline.store import accounts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Running]:
    """A server that reads what is sent to it."""
    with running(Settings(home=tmp_path / "home", known_share=0.0), reads=True) as server:
        yield server


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with two sheets that were read, one of them in the queue."""
    settings = Settings(home=tmp_path_factory.mktemp("web") / "home", known_share=0.0)
    with running(settings, reads=False) as server:
        arrivals = [Arrival(Item(name, SAMPLES / name), tps=TpsCode.parse(STATION)) for name in (BROKEN, ACCEPTED)]
        list(take_in(server.store, PhotoStore(settings.photos_url), arrivals, max_bytes=10**7))
        list(read_pending(server.store, order=WorkOrder(settings), executor=SerialExecutor(), patience=Patience(0.0)))
        yield server


Visiting = Callable[..., Page]


@pytest.fixture
def visiting(browser: Browser) -> Iterator[Visiting]:
    """Opens a window in which somebody is logged in; scripts that fail, and errors that the browser tells of, fail the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(server: Running, name: str | None = None, *, width: int = 1280, language: str = "id") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, base_url=server.address)
        contexts.append(context)
        cookies = {LANGUAGE_COOKIE: language} | ({SESSION_COOKIE: server.token(name)} if name else {})
        context.add_cookies([{"name": key, "value": value, "url": server.address} for key, value in cookies.items()])
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" and "Failed to load" not in said.text else None)
        page.on("response", lambda got: wrong.append(f"{got.status} {got.url}") if got.status >= 400 and not is_answer(got) else None)
        page.set_default_timeout(15_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


def is_answer(response: Response) -> bool:
    """Whether an answer is what the window shows, and no part of it, or says that a claim has ended."""
    ended = response.status == 409 and response.url.endswith(("/renew", "/sums"))
    return response.request.resource_type == "document" or ended


def written(sample: str) -> dict[str, str]:
    """What stands on a sample, as people type it."""
    truth = json.loads((SAMPLES / "truth.json").read_text("utf-8"))
    (sheet,) = [one for one in truth["sheets"] if one["image"] == sample]
    return {name: "-" if value is None else str(value) for name, value in sheet["fields"].items()}


def type_all(page: Page, texts: dict[str, str]) -> None:
    """Types every number with keys alone, and saves."""
    for _ in range(page.locator("input[data-field]").count()):
        page.keyboard.type(texts[page.evaluate("document.activeElement.name")])
        page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('[data-save]')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")


def reading_in_queue(server: Running) -> int:
    with server.store.connect() as connection:
        reading = connection.scalar(sa.select(queue.c.reading))
    assert reading is not None
    return reading


def test_from_the_photo_to_the_total_with_two_who_type_and_one_who_decides(live: Running, visiting: Visiting) -> None:
    officer = visiting(live)
    officer.goto("/")
    officer.fill("[name=name]", "ani")
    officer.fill("[name=password]", PASSWORD)
    officer.keyboard.press("Enter")
    officer.click("nav >> text=Unggah")
    officer.set_input_files("input[type=file]", SAMPLES / BROKEN)
    officer.click("main button.button")
    officer.goto(f"/stations/{STATION}")
    expect(officer.locator("main")).to_contain_text("Perlu diperiksa", timeout=60_000)

    texts = written(BROKEN)
    for name in ("budi", "citra"):
        keyer = visiting(live, name)
        keyer.goto("/review")
        keyer.click("text=Ketik lembar berikutnya")
        expect(keyer.locator("input[data-field]").first).to_be_focused()
        type_all(keyer, texts)

    decider = visiting(live, "dewi")
    decider.goto("/review")
    decider.click("text=Putuskan lembar berikutnya")
    hidden = decider.locator(".table").evaluate("(table) => table.scrollWidth - table.clientWidth")
    assert hidden == 0, "where the decision is typed is in sight without scrolling"
    for name, text in texts.items():
        decider.fill(f"[name={name}]", text)
    expect(decider.locator("#sums .broken").first).to_be_visible()
    decider.check("[value=as_written]")
    decider.click("text=Simpan keputusan")
    expect(decider.locator("[role=alert]:visible")).to_contain_text("melanggar aturan")
    decider.check("[value=paper_wrong]")
    decider.fill("[name=reason]", "jumlahnya salah di kertas")
    decider.click("text=Simpan keputusan")
    decider.wait_for_url("**/review")

    nation = visiting(live, "eka")
    nation.goto("/recap")
    for code in ("18", "1805", DISTRICT, VILLAGE):
        nation.click(f"table a[href='/recap/{code}']")
    nation.click("table a[href^='/sheets/']")
    expect(nation.locator(".history")).to_contain_text("jumlahnya salah di kertas")
    for link, begins in (("pdf", b"%PDF-"), ("xlsx", b"PK")):
        decider.goto(f"/recap/{DISTRICT}")
        with decider.expect_download() as download:
            decider.click(f"a[href*='d-hasil.{link}']")
        assert Path(download.value.path()).read_bytes().startswith(begins)
    nation.click("header >> text=English")
    expect(nation.locator("html")).to_have_attribute("lang", "en")
    expect(nation.locator(".history")).to_contain_text("decided")


def test_save_in_an_old_window_is_a_conflict_that_says_what_to_do(filled: Running, visiting: Visiting) -> None:
    reading = reading_in_queue(filled)
    first, second = visiting(filled, "budi"), visiting(filled, "budi")
    for page in (first, second):
        page.goto("/review")
        page.click(f"form[action='/review/{reading}/claim'] button")
        page.wait_for_url("**/key/*")
    first.fill("input[data-field] >> nth=0", "1")
    expect(first.locator("[data-stale]")).to_be_hidden()
    first.click("[data-save]")
    expect(first.locator("[data-stale]")).to_contain_text("tidak lagi pada Anda")
    expect(first.locator("input[data-field] >> nth=0")).to_have_value("1")
    second.click("text=Kembalikan")


def test_who_decides_keeps_the_sheet_while_at_work_and_what_was_typed_when_it_is_lost(filled: Running, visiting: Visiting) -> None:
    page = visiting(filled, "dewi")
    page.clock.install()
    with at_stage(filled, "resolve"):
        page.goto("/review")
        page.click("text=Putuskan lembar berikutnya")
        page.fill("[name=reason]", "ketikan yang panjang")
        page.fill(".readings input >> nth=0", "218")
        expect(page.locator("#sums")).to_contain_text("dua ratus delapan belas")  # no request goes on while the clock leaps
        before = claimed_until(filled)
        with page.expect_response("**/renew") as renewed:
            page.clock.run_for(61_000)
        assert renewed.value.status == 200
        assert claimed_until(filled) > before
        with filled.store.begin() as connection:
            connection.execute(queue.update().values(claimed_until=before))
            connection.execute(queue.update().values(claimed_by="citra", version=queue.c.version + 1))
        page.check("[value=as_written]")
        page.click("text=Simpan keputusan")
        expect(page.locator("[data-stale]")).to_contain_text("tidak lagi pada Anda")
        expect(page.locator(".readings input >> nth=0")).to_have_value("218")
        expect(page.locator("[name=reason]")).to_have_value("ketikan yang panjang")


def claimed_until(server: Running) -> str:
    with server.store.connect() as connection:
        return connection.scalar(sa.select(queue.c.claimed_until)) or ""


@contextmanager
def at_stage(server: Running, stage: str) -> Iterator[None]:
    """The sheet in the queue waits for something else, as if people had typed it, and then to be typed again; nobody has claimed it."""

    def waits_for(stage: str) -> None:
        with server.store.begin() as connection:
            connection.execute(queue.update().values(stage=stage, claimed_by=None, claimed_until=None))

    waits_for(stage)
    try:
        yield
    finally:
        waits_for("key")


def test_typing_needs_the_number_pad_only(filled: Running, visiting: Visiting) -> None:
    page = visiting(filled, "budi")
    page.goto("/review")
    page.click("text=Ketik lembar berikutnya")
    fields = page.locator("input[data-field]")
    expect(fields.first).to_be_focused()
    page.keyboard.type("12-")
    expect(fields.first).to_have_value("-")  # a sign takes the place of digits, and goes on
    expect(fields.nth(1)).to_be_focused()
    page.keyboard.press("*")
    page.keyboard.press("/")
    assert [field.input_value() for field in fields.all()] == ["-", "*", "/"]
    page.keyboard.press("+")
    assert page.evaluate("document.activeElement.matches('[data-escalate]')")
    fields.first.focus()
    crop = page.locator("[data-crop]")
    for key in (".", "8", "6", "5", "."):
        page.keyboard.press(key)
    assert "rotate(90deg) scale(1.25)" in (crop.get_attribute("style") or "")
    expect(crop).to_have_class("more-contrast")
    page.keyboard.press("F1")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.click("button[data-press='7']")
    expect(fields.first).to_have_value("7")
    for button in page.locator("button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 43.9, button.inner_text()
    page.click("text=Kembalikan")


def test_crop_and_lit_field_follow_the_focus(filled: Running, visiting: Visiting) -> None:
    page = visiting(filled, "citra")
    page.goto("/review")
    page.click("text=Ketik lembar berikutnya")
    expect(page.locator("polygon.lit")).to_be_visible()  # the page follows the focus from when its script has begun
    for field in page.locator("input[data-field]").all():
        field.focus()
        name = field.get_attribute("name")
        assert f"/crop/{name}/boxes.jpg" in (page.locator("[data-crop]").get_attribute("src") or "")
        assert page.locator("polygon.lit").get_attribute("data-mark") == name
        # What waits for a condition inside the page would evaluate a string, which its policy forbids.
        while page.evaluate("document.querySelector('[data-crop]').naturalWidth") < 100:
            page.wait_for_timeout(50)
    page.click("text=Kembalikan")


def test_live_page_follows_what_comes_by_itself(filled: Running, visiting: Visiting) -> None:
    page = visiting(filled, "eka")
    page.goto("/live")
    waiting = page.locator("#now .counts li", has_text="foto belum dibaca").locator("b")
    expect(waiting).to_have_text("0")
    arrival = Arrival(Item("not-a-form.jpg", SAMPLES / "not-a-form.jpg"))
    list(take_in(filled.store, PhotoStore(filled.settings.photos_url), [arrival], max_bytes=10**7))
    expect(waiting).to_have_text("1", timeout=15_000)


NO_PAGES = re.compile(r".*[.](jpg|js|pdf|pem|webmanifest|xlsx)|/healthz|/language/.*|/live/events|/m/api/.*|/photos/.*/original|/recap")
"""Routes that show no page: pictures, files, data, and what leads elsewhere at once."""

OF_PHONES = {"/m"}
"""Pages that are looked at where phones are tried."""


def pages_to_look_at(server: Running) -> dict[str, list[tuple[str, str]]]:
    """Who looks at which page, for every route that shows one."""
    with server.store.connect() as connection:
        sheets = list(connection.scalars(sa.select(readings.c.position).order_by(readings.c.position)))
        photo = connection.scalar(sa.select(sa.func.min(readings.c.photo)))
        receipt = receipt_at(connection, photo or 0)
    assert receipt is not None
    waiting = reading_in_queue(server)
    return {
        "/": [("ani", "/"), ("budi", "/"), ("eka", "/nowhere")],
        "/accounts": [("gita", "/accounts")],
        "/cek": [("", "/cek"), ("", f"/cek?hash={receipt.sha256}")],
        "/cek/{token}": [("", f"/cek/{token_of(receipt, Signer(server.settings.signing_file))}")],
        "/live": [("eka", "/live")],
        "/login": [("", "/login")],
        "/password": [("ani", "/password")],
        "/recap/{code}": [("eka", "/recap/id"), ("eka", f"/recap/{VILLAGE}")],
        "/review": [("budi", "/review"), ("fitri", "/review")],
        "/review/contact/{sign}": [("dewi", "/review/contact/1")],
        "/review/people": [("dewi", "/review/people")],
        "/review/{reading}/key/{version}": [("budi", "key")],
        "/review/{reading}/resolve/{version}": [("dewi", "resolve")],
        "/sheets/{reading}": [("dewi", f"/sheets/{waiting}"), ("fitri", f"/sheets/{waiting}"), ("fitri", f"/sheets/{sheets[-1]}")],
        "/stations/{tps}": [("ani", f"/stations/{STATION}")],
        "/stations/{tps}/links": [("budi", f"/stations/{STATION}/links")],
        "/upload": [("ani", "/upload"), ("eka", "/upload")],
    }


def test_every_page_is_looked_at(filled: Running) -> None:
    shown = {path for method, path in check_policies(create_app(filled.settings)) if method == "GET" and not NO_PAGES.fullmatch(path)}
    assert shown == set(pages_to_look_at(filled)) | OF_PHONES


@pytest.mark.parametrize("language", ["id", "en"])
def test_pages_have_no_barriers_and_fit_their_window(
    filled: Running, visiting: Visiting, language: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shots = tmp_path_factory.getbasetemp() / "screenshots"
    shots.mkdir(exist_ok=True)
    windows: dict[str, Page] = {}
    problems = []
    for name, path in chain.from_iterable(pages_to_look_at(filled).values()):
        if name not in windows:
            windows[name] = visiting(filled, name or None, language=language)
        page = windows[name]
        if path in ("key", "resolve"):
            with at_stage(filled, path):
                page.goto("/review")
                page.click(f"form[action='/review/{'next' if path == 'key' else 'next-decision'}'] button")
                page.wait_for_url(f"**/{path}/*")
                page.wait_for_load_state("networkidle")
        else:
            page.goto(path)
        page.wait_for_load_state()
        assert page.locator("html").get_attribute("lang") == language
        page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
        page.evaluate(AXE_SCRIPT)
        for width, pixels in WIDTHS.items():
            page.set_viewport_size({"width": pixels, "height": 800})
            called = f"{path.strip('/').replace('/', '-') or 'home'}-{name}-{width}-{language}"
            page.screenshot(path=shots / f"{called[:100]}.png", full_page=True)
            found = page.evaluate("axe.run({resultTypes: ['violations']}).then((results) => results.violations)")
            barriers = [one for one in found if one["impact"] in ("serious", "critical")]
            problems += [f"{called}: {one['id']} ({one['nodes'][0]['html'][:120]})" for one in barriers]
            if page.evaluate("document.documentElement.scrollWidth") > pixels:
                problems.append(f"{called}: wider than its window")
    assert not problems, "\n".join(problems)
