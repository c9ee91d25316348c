"""The copy that a phone makes for witnesses and supervisors: a PDF and its codes, without a network and under the site's policy."""

from __future__ import annotations

import base64
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect, sync_playwright

from pipeline.web.language import FOLDER
from pipeline.web.security import HEADERS

SAMPLES = Path(__file__).parents[2] / "sample_forms"
POLICY = HEADERS["content-security-policy"]
BARE = b'<!doctype html><html lang="id"><meta charset="utf-8"><title>-</title><script type="module" src="/bare.js"></script></html>'
BARE_SCRIPT = b"""
import { makeCopy } from "/static/mobile/copy.js";
import { copyOf } from "/static/mobile/copy-content.js";
import { photos } from "/static/mobile/keep.js";
import { qrModules, qrSvg } from "/static/mobile/qr.js";
Object.assign(globalThis, { makeCopy, copyOf, photos, qrModules, qrSvg, refused: [] });
document.addEventListener("securitypolicyviolation", (event) => refused.push(event.violatedDirective));
"""
MAKE = """async (copy) => {
  for (const page of copy.pages) page.photo = new Blob([Uint8Array.from(atob(page.photo), (sign) => sign.charCodeAt(0))]);
  const made = await makeCopy(copy);
  const reader = new FileReader();
  await new Promise((done) => { reader.onload = done; reader.readAsDataURL(made); });
  return { type: made.type, data: reader.result.split(",")[1], refused };
}"""
COPY_OF = """async ([numbers, others]) => {
  const id = await photos.add({}, new Blob(["photo"]));
  const sheet = { page: "2", refusal: null, superseded: false, numbers, findings: [] };
  const seen = { here: { id, taken_at: 0 }, there: { sheets: [sheet], receipt: null }, state: "corrected", sha256: "" };
  const pages = { 1: { ...seen, here: null, there: { sheets: [] } }, 2: seen, 3: null };
  const elections = [{ name: "", pages: ["1", "2", "3"].map((page) => ({ title: { id: "C.HASIL" }, page })) }];
  const model = {
    me: { officer: { tps: "1", number: 3 }, regions: [], elections },
    ofPage: ({ page }) => pages[page], others: [], notes: [], saidOf: () => ({ others }),
  };
  const { pages: [{ numbers: said }], missing } = await copyOf(model);
  return { numbers: said, missing };
}"""
LINK = "https://sirekap.example.org/cek/1805082001003/2/" + "5f" * 32
A4 = (595, 842)

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium: scripts/system-packages tests")

Copy = dict[str, Any]
Make = Callable[[Copy], bytes]


class _Site(SimpleHTTPRequestHandler):
    """The static files, and a bare page that takes the modules in."""

    def do_GET(self) -> None:
        own = {"/": ("text/html", BARE), "/bare.js": ("text/javascript", BARE_SCRIPT)}.get(self.path)
        if own is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", own[0])
        self.end_headers()
        self.wfile.write(own[1])

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[Page]:
    """A phone that has loaded the modules and then lost its network."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Site, directory=str(FOLDER))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        context = browser.new_context(color_scheme="dark", viewport={"width": 360, "height": 800}, timezone_id="Europe/Berlin")
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_function("globalThis.makeCopy !== undefined")
        context.set_offline(True)
        yield page
        context.close()
        server.shutdown()


@pytest.fixture(scope="module")
def make(phone: Page) -> Make:
    def made(copy: Copy) -> bytes:
        answer = phone.evaluate(MAKE, copy)
        assert answer["type"] == "application/pdf"
        assert answer["refused"] == []
        return base64.b64decode(answer["data"])

    return made


def encoded(picture: bytes | Path) -> str:
    return base64.b64encode(picture if isinstance(picture, bytes) else picture.read_bytes()).decode()


def a_number(label: str, read: str | None, told: str | None, *, sure: bool = True) -> dict[str, Any]:
    return {"label": label, "read": read, "sure": sure, "told": told}


def a_page(page: str = "2", **changes: object) -> dict[str, Any]:
    return {
        "form_title": "C.HASIL-PPWP 2024", "page": page, "photo": encoded(SAMPLES / f"page{page}-photo.jpg"),
        "taken_at": "2024-02-14T20:31:40+07:00", "sha256": "0123456789abcdef" * 4, "state": "read",
        "receipt": {"position": 12345, "ledger_hash": "fedcba98" * 8, "received_at": "2024-02-14T13:40:00+00:00", "link": LINK},
        "numbers": [
            a_number("Suara pasangan calon 1", "123", "123"),
            a_number("Suara pasangan calon 2", "45", "46"),
            a_number("Suara pasangan calon 3", "7", None, sure=False),
            a_number("Jumlah suara sah", "XXX", "176", sure=False),
            a_number("Suara tidak sah", "", None),
            a_number("Jumlah seluruh suara", None, "180"),
        ],
        "findings": ["Jumlah suara sah tidak sama dengan jumlah suara pasangan calon."],
    } | changes  # fmt: skip


def a_waiting_page(page: str = "3") -> dict[str, Any]:
    return a_page(page, state="waiting", receipt=None, numbers=[], findings=[], sha256="abcdef0123456789" * 4)


def a_copy(*pages: dict[str, Any], **changes: object) -> Copy:
    return {
        "language": "id", "made_at": "2024-02-14T22:10:05+07:00", "election": "Presiden 2024", "pages": list(pages),
        "notes": "Hujan deras.", "origin": "https://sirekap.example.org", "missing": [],
        "station": {"tps": "1805082001003", "number": "003", "names": ["LAMPUNG", "TULANG BAWANG", "BANJAR AGUNG", "DWI WARGA"]},
    } | changes  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """A page of a PDF: its text, spaces made one, and a picture of it."""

    text: str
    image: Image.Image

    @property
    def codes(self) -> list[str]:
        return [code.text for code in zxingcpp.read_barcodes(self.image)]


def sheets_of(pdf: bytes, *, scale: float = 2) -> list[Sheet]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [
            Sheet(" ".join(page.get_textpage().get_text_bounded().split()), page.render(scale=scale).to_pil().convert("RGB"))
            for page in document
        ]


IN_WORDS = {
    "id": (
        "Salinan foto hasil TPS", "Bukan hasil resmi. Hasil resmi ditetapkan KPU melalui rekapitulasi berjenjang.", "TPS 003",
        "Provinsi LAMPUNG Kabupaten/Kota TULANG BAWANG Kecamatan BANJAR AGUNG Kelurahan/Desa DWI WARGA", "Kode TPS 1805082001003",
        "Pemilihan Presiden 2024", "Dibuat 14 Februari 2024 pukul 22.10.05 WIB", "2 angka tidak pasti, 2 angka tidak sama, 1 temuan",
        "C.HASIL-PPWP 2024, halaman 3 belum terkirim belum dibaca abcdef0123456789", "Catatan petugas tentang kejadian khusus Hujan deras.",
    ),
    "en": (
        "Copy of the photos of the results of a polling station",
        "This is no official result. The official result is determined by the KPU through recapitulation from level to level.",
        "Polling station 003", "Province LAMPUNG Regency/city TULANG BAWANG District BANJAR AGUNG Village DWI WARGA",
        "Station code 1805082001003", "Election Presiden 2024", "Made 14 February 2024, 22:10:05 WIB",
        "2 numbers not sure, 2 numbers differing, 1 finding", "C.HASIL-PPWP 2024, page 3 not sent yet not read yet abcdef0123456789",
        "Notes of the officer on special incidents Hujan deras.",
    ),
}  # fmt: skip
READ = {
    "id": (
        "Suara pasangan calon 1 123 123 sama Suara pasangan calon 2 45 46 tidak sama Suara pasangan calon 3 7 – tidak pasti "
        "Jumlah suara sah XXX 176 tidak pasti tidak sama Suara tidak sah (kosong) – "
        "Jumlah seluruh suara belum dibaca 180 hanya dari petugas",
        "– : petugas belum menjawab.", "Temuan pemeriksaan Jumlah suara sah tidak sama dengan jumlah suara pasangan calon.",
        f"SHA-256 {'0123456789abcdef' * 4}", "Baris buku besar 12345", f"Hash buku besar {'fedcba98' * 8}",
        "Diterima 14 Februari 2024 pukul 20.40.00 WIB", "Pindai kode QR", "Halaman 3 dari 5",
    ),
    "en": (
        "Suara pasangan calon 1 123 123 agrees Suara pasangan calon 2 45 46 differs Suara pasangan calon 3 7 – not sure "
        "Jumlah suara sah XXX 176 not sure differs Suara tidak sah (blank) – Jumlah seluruh suara not read yet 180 from the officer only",
        "– : the officer has not answered.", "Findings of the checks Jumlah suara sah tidak sama dengan jumlah suara pasangan calon.",
        f"SHA-256 {'0123456789abcdef' * 4}", "Ledger row 12345", f"Ledger hash {'fedcba98' * 8}",
        "Received 14 February 2024, 20:40:00 WIB", "Scan the QR code", "Page 3 of 5",
    ),
}  # fmt: skip
WAITING = {
    "id": ("Belum ada angka yang terbaca.", "Belum diperiksa.", "belum terkirim: belum ada tanda terima", "abcdef0123456789" * 4),
    "en": ("No numbers have been read yet.", "Not checked yet.", "not sent yet: there is no receipt", "abcdef0123456789" * 4),
}


@pytest.mark.parametrize("language", ["id", "en"])
def test_copy_says_everything_in_words_and_codes(make: Make, language: str) -> None:
    pdf = make(a_copy(a_page(), a_waiting_page(), language=language))
    cover, photo, read, _, waiting = sheets_of(pdf)
    for sheet, expected in ((cover, IN_WORDS), (read, READ), (waiting, WAITING)):
        assert [text for text in expected[language] if text not in sheet.text] == []
    assert "0123456789abcdef" * 4 in photo.text
    assert (photo.codes, read.codes, waiting.codes) == ([], [LINK], [f"https://sirekap.example.org/cek?hash={'abcdef0123456789' * 4}"])
    assert LINK in read.text.replace(" ", "")
    assert f"/URI ({LINK})".encode() in pdf
    with pypdfium2.PdfDocument(pdf) as document:
        assert [tuple(map(round, page.get_size())) for page in document] == [A4] * 5
        assert document.get_metadata_dict()["Title"].endswith("1805082001003")
    assert f"/Lang ({language})".encode() in pdf


def test_page_that_nobody_has_read_yet_is_not_called_good(make: Make) -> None:
    numbers = [a_number("Suara pasangan calon 1", None, "5"), {"label": "Suara pasangan calon 2", "read": None, "sure": False}]
    cover, _, read = sheets_of(make(a_copy(a_page(numbers=numbers, findings=[], state="received"))))
    assert "C.HASIL-PPWP 2024, halaman 2 sudah diterima belum dibaca 0123456789abcdef" in cover.text
    assert "calon 1 belum dibaca 5 hanya dari petugas Suara pasangan calon 2 belum dibaca – – : petugas belum menjawab." in read.text
    assert "Belum diperiksa." in read.text


@pytest.mark.parametrize(("title", "page", "named"), [("", "3", "halaman 3"), ("", "", "Foto lain")])
def test_photo_of_a_page_nobody_knows_has_a_name_too(make: Make, title: str, page: str, named: str) -> None:
    cover, *_ = sheets_of(make(a_copy(a_waiting_page() | {"form_title": title, "page": page})))
    assert f"(16 digit pertama) {named} belum terkirim" in cover.text


def test_pages_that_are_not_in_the_copy_are_named(make: Make) -> None:
    missing = [{"form_title": "C.HASIL", "page": "1", "taken": False}, {"form_title": "C.HASIL", "page": "3", "taken": True}]
    (cover, *_) = sheets_of(make(a_copy(a_page(), missing=missing)))
    said = "Tidak ada dalam salinan ini C.HASIL, halaman 1: belum difoto C.HASIL, halaman 3: fotonya tidak ada di HP ini"
    assert said in cover.text
    assert "Tidak ada dalam salinan ini" not in sheets_of(make(a_copy(a_page())))[0].text


def test_nobody_is_said_to_have_said_what_they_did_not(phone: Page) -> None:
    """An officer who agrees with a sheet says nothing of a number that could not be read."""
    states = {"a": ("number", 5), "b": ("blank", None), "c": ("illegible", None), "d": ("illegible", None), "e": ("crossed", 0)}
    texts = {"blank": "kosong", "illegible": "tak terbaca", "crossed": "disilang"}
    numbers = [
        {"id": name, "label": {"id": name}, "value": value, "state": state, "state_text": {"id": texts.get(state)}, "doubted": False}
        for name, (state, value) in states.items()
    ]
    others = {"d": {"state": "number", "value": 7}, "e": {"state": "illegible", "value": None}}
    answer = phone.evaluate(COPY_OF, [numbers, others])
    assert [(one["read"], one["told"]) for one in answer["numbers"]] == [
        ("5", "5"), ("", ""), ("tak terbaca", None), ("tak terbaca", "7"), ("0", "tak terbaca"),
    ]  # fmt: skip
    assert [(one["page"], one["taken"]) for one in answer["missing"]] == [("3", False), ("1", True)]


def test_same_description_makes_the_same_file(make: Make) -> None:
    first = make(a_copy(a_page()))
    assert make(a_copy(a_page())) == first
    with pypdfium2.PdfDocument(first) as document:
        assert document.get_metadata_dict()["CreationDate"] == "D:20240214221005+07'00'"


def test_times_are_those_of_the_polling_station(make: Make) -> None:
    text = sheets_of(make(a_copy(made_at="2024-02-14T23:30:00+09:00")))[0].text
    assert "14 Februari 2024 pukul 23.30.00 WIT" in text
    cover, photo, *_ = sheets_of(make(a_copy(a_page(taken_at="2024-02-14T23:59:00Z"), made_at="2024-02-14T20:00:00-03:30")), scale=0.2)
    assert "14 Februari 2024 pukul 20.00.00 UTC-03:30" in cover.text
    assert "14 Februari 2024 pukul 20.29.00 UTC-03:30" in photo.text


CORNERS = {(0, 0): "red", (1, 0): "lime", (0, 1): "blue", (1, 1): "yellow"}
# How a camera that says this orientation has stored an upright picture (Exif 2.32, tag 0x0112).
STORED = {
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
}  # fmt: skip


def drawn(width: int = 300, height: int = 420) -> Image.Image:
    """A picture with another colour in each corner."""
    image = Image.new("RGB", (width, height), "grey")
    draw = ImageDraw.Draw(image)
    for (x, y), colour in CORNERS.items():
        draw.rectangle((x * width // 2, y * height // 2, (x + 1) * width // 2, (y + 1) * height // 2), fill=colour)
    return image


def saved(image: Image.Image, file_format: str = "JPEG", *, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = BytesIO()
    image.save(buffer, file_format, exif=exif, quality=90)
    return buffer.getvalue()


def pictures_of(pdf: bytes) -> Iterator[Image.Image]:
    """The photos as a reader of the PDF sees them, cut out of their pages."""
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            for found in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]):
                left, bottom, right, top = found.get_bounds()
                yield page.render().to_pil().convert("RGB").crop((round(left), round(A4[1] - top), round(right), round(A4[1] - bottom)))


def assert_upright(picture: Image.Image, portrait: bool = True) -> None:
    assert (picture.height > picture.width) is portrait
    for (x, y), colour in CORNERS.items():
        found = picture.getpixel(((1 + 2 * x) * picture.width // 4, (1 + 2 * y) * picture.height // 4))
        wanted = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
        assert isinstance(found, tuple)
        assert isinstance(wanted, tuple)
        assert max(abs(one - other) for one, other in zip(found, wanted, strict=True)) < 40


def test_photo_is_upright_whatever_its_exif_says(make: Make) -> None:
    turned = {number: drawn().transpose(how) if how is not None else drawn() for number, how in STORED.items()}
    photos = [encoded(saved(image, orientation=number)) for number, image in turned.items()]
    pictures = list(pictures_of(make(a_copy(*(a_page(photo=photo, numbers=[], findings=[]) for photo in photos)))))
    assert len(pictures) == len(STORED)
    for picture in pictures:
        assert_upright(picture)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_photo_may_be_of_another_format(make: Make, file_format: str) -> None:
    image = drawn(420, 300).convert("RGBA")
    image.paste((0, 0, 0, 0), (200, 140, 220, 160))
    (picture,) = pictures_of(make(a_copy(a_page(photo=encoded(saved(image, file_format))))))
    assert_upright(picture, portrait=False)
    assert min(picture.getpixel((picture.width // 2, picture.height // 2))) > 230  # type: ignore[arg-type]


def test_landscape_photo_leaves_room_for_its_numbers(make: Make) -> None:
    sheets = sheets_of(make(a_copy(a_page(photo=encoded(saved(drawn(420, 300)))))))
    assert "Suara pasangan calon 1 123 123 sama" in sheets[1].text


def test_photo_nobody_can_show_is_said_and_the_rest_is_there(make: Make) -> None:
    _, photo, *_ = sheets = sheets_of(make(a_copy(a_page(photo=encoded(b"no photo")))))
    assert "Foto ini tidak dapat ditampilkan." in photo.text
    assert [code for sheet in sheets for code in sheet.codes] == [LINK]


def test_three_photos_are_small_even_where_they_are_full_of_noise(make: Make) -> None:
    noise = Image.effect_noise((900, 1350), 90).convert("RGB").resize((1800, 2700))
    photos = [encoded(saved(noise.rotate(180 * turn))) for turn in (0, 1)] + [encoded(SAMPLES / "page3-photo.jpg")]
    pdf = make(a_copy(*(a_page(photo=photo) for photo in photos)))
    assert len(pdf) < 2_000_000
    with pypdfium2.PdfDocument(pdf) as document:
        found = [one.get_px_size() for page in document for one in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])]
    assert found == [(1067, 1600), (1067, 1600), (1060, 1590)]


def assert_within_the_page(sheets: list[Sheet]) -> None:
    """Nothing is drawn or written on the margins, or on what parts a page from its footer."""
    for sheet in sheets:
        per_mm = sheet.image.width / 210
        ink = sheet.image.convert("L").point(lambda value: 255 if value < 200 else 0)
        left, top, right, bottom = (edge / per_mm for edge in ink.getbbox() or ())
        assert left > 13
        assert top > 9
        assert right < 197
        assert bottom < 291
        assert ink.crop((0, round(280 * per_mm), ink.width, round(283.5 * per_mm))).getbbox() is None


def test_many_numbers_and_long_findings_go_on_to_further_pages(make: Make) -> None:
    label = "Suara sah calon nomor urut {} dengan nama yang begitu panjang sehingga tidak muat dalam satu baris saja"
    many = [a_number(label.format(n), str(n * 7), str(n * 7 + n % 2), sure=n % 3 > 0) for n in range(1, 35)]
    long = [f"Temuan {n}: " + "jumlah ini tidak sama dengan jumlah itu " * 20 + f"(akhir {n})" for n in range(9)]
    sheets = sheets_of(make(a_copy(a_page(numbers=many, findings=long))))
    text = " ".join(sheet.text for sheet in sheets)
    places = [text.index(label.format(n)) for n in range(1, 35)] + [text.index(f"(akhir {n})") for n in range(9)]
    assert all(one < other for one, other in pairwise(places))
    assert f"{label.format(33)} 231 232 tidak pasti tidak sama" in text
    assert text.count("Uraian Terbaca Menurut petugas Keterangan") >= 2
    assert [sheet.text.count(f"Halaman {n} dari {len(sheets)}") for n, sheet in enumerate(sheets, start=1)] == [1] * len(sheets)
    assert all("Kode TPS 1805082001003" in sheet.text for sheet in sheets)
    assert [code for sheet in sheets for code in sheet.codes] == [LINK]
    assert_within_the_page(sheets)


def test_notes_labels_and_links_without_end_stay_on_the_paper(make: Make) -> None:
    notes = "\n".join(f"Kejadian {n}: " + "x" * 300 for n in range(70))
    link = "https://sirekap.example.org/cek/" + "a" * 700
    endless = a_page(numbers=[a_number("kata " * 2_000, "1", "2"), a_number("terakhir", "3", "3")])
    endless["receipt"]["link"] = link
    sheets = sheets_of(make(a_copy(endless, notes=notes, election="Pemilihan " * 30)), scale=3)
    text = " ".join(sheet.text for sheet in sheets)
    assert [n for n in range(70) if f"Kejadian {n}:" not in text] == []
    assert text.count("kata") == 2_000
    assert "terakhir 3 3 sama" in text
    assert sheets[-1].codes == [link]
    assert_within_the_page(sheets)


def test_signs_that_cannot_be_written_become_question_marks_and_no_others(make: Make) -> None:
    names = ["Ñusa “Baru” – €", "Cafe\u0301 (Łama)", "ÿ ☂ 北", "🗳 \\ 100% <b>"]
    text = sheets_of(make(a_copy(station={"tps": "1805082001003", "number": "003", "names": names}, notes="a\tb\r\nc\0d")))[0].text
    for written in ("Ñusa “Baru” – €", "Café (?ama)", "ÿ ? ?", "? \\ 100% <b>", "a b c?d"):
        assert written in text
    every = "".join(chr(code) for code in (*range(0x21, 0x7F), *range(0xA1, 0x100)) if code != 0xAD)
    assert every in sheets_of(make(a_copy(election=every[:60], notes=every)))[0].text.replace(" ", "")


def test_no_pages_and_no_notes_are_a_copy_too(make: Make) -> None:
    (only,) = sheets_of(make(a_copy(notes="  ")))
    assert "Tidak ada catatan." in only.text


def shown(phone: Page, text: str, label: str) -> Image.Image:
    """A code as a screenshot of a dark page."""
    phone.evaluate(
        """([text, label]) => {
          const code = qrSvg(text, { label });
          code.setAttribute("width", "340");
          document.body.replaceChildren(code);
          document.body.bgColor = "black";
        }""",
        [text, label],
    )
    expect(phone.get_by_role("img", name=label, exact=True)).to_be_visible()
    return Image.open(BytesIO(phone.locator("svg").screenshot())).convert("RGB")


@pytest.mark.parametrize("text", [LINK, "https://sirekap.example.org/cek/" + "b" * 300, "sirekap:é Ω 北"], ids=["link", "long", "utf-8"])
def test_code_on_the_screen_can_be_read_and_has_a_name(phone: Page, text: str) -> None:
    picture = shown(phone, text, "Tanda terima halaman 2")
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == text
    assert code.ec_level == "M"
    modules = phone.evaluate("(text) => qrModules(text)", text)
    assert {len(row) for row in modules} == {len(modules)}
    quiet = picture.crop((0, 0, picture.width, int(picture.width * 4 / (len(modules) + 8)) - 1))
    assert quiet.getextrema() == ((255, 255),) * 3


def test_modules_are_those_of_the_code(phone: Page) -> None:
    modules = phone.evaluate("(text) => qrModules(text)", LINK)
    image = Image.new("L", (len(modules) + 8, len(modules) + 8), 255)
    for y, row in enumerate(modules):
        for x, dark in enumerate(row):
            if dark is True:
                image.putpixel((x + 4, y + 4), 0)
    (code,) = zxingcpp.read_barcodes(image.resize((image.width * 4, image.height * 4), Image.Resampling.NEAREST))
    assert code.text == LINK


def test_text_that_no_code_holds_is_refused(phone: Page) -> None:
    assert phone.evaluate("qrModules('a'.repeat(2331)).length") == 177
    assert phone.evaluate("(() => { try { qrModules('a'.repeat(2332)); } catch (error) { return error.name; } })()") == "RangeError"
