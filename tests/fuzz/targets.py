"""What is fuzzed: each target takes any bytes; a refusal or a documented error is fine, everything else is a finding.

Seeds are the forms and samples of this project: pictures as small as they go in every format that is opened, forms and their checks as they
are.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.forms import FormError, load_catalogue
from pipeline.forms.catalogue import load_form
from pipeline.forms.checks import CheckError, parse_check
from pipeline.imaging import Limits, Photo, Unopened, decode
from pipeline.regions import TableError, read_regions
from pipeline.store.manifest import read_manifest
from tests.small_form import SMALL

PROJECT = Path(__file__).resolve().parents[2]

LIMITS = Limits(max_bytes=1_000_000, max_pixels=1_000_000, max_pdf_pages=2, min_short_side_px=16, pdf_long_side_px=400)
"""Small ones, so that many inputs are tried in a second."""

FIELDS = ("dpt_l", "dpt_p", "dpt_j", "paslon_01", "paslon_02", "paslon_03", "suara_sah", "suara_tidak_sah", "suara_total")

SMALLEST_FORMS = 2
"""Forms of the package among the seeds: the largest ones take a second each."""

FOLDER = Path(tempfile.gettempdir())


@dataclass(frozen=True, slots=True)
class Target:
    """Something that is fuzzed: `longest` is the size of its largest inputs in bytes."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    longest: int


def open_image(data: bytes) -> None:
    for opened in decode(data, name="fuzz", limits=LIMITS):
        if isinstance(opened, Photo):
            assert opened.image.dtype == np.uint8
            assert opened.image.ndim == 3
            assert opened.image.shape[2] == 3
            assert opened.image.shape[0] * opened.image.shape[1] <= LIMITS.max_pixels
        else:
            assert isinstance(opened, Unopened)


def read_form(data: bytes) -> None:
    path = FOLDER / "fuzz.yaml"
    path.write_bytes(data)
    with suppress(FormError):
        load_form(path)


def read_check(data: bytes) -> None:
    with suppress(CheckError):
        parse_check(data.decode("utf-8", "replace"), FIELDS)


def read_tables(data: bytes) -> None:
    path = FOLDER / "fuzz.csv"
    path.write_bytes(data)
    with suppress(TableError):
        list(read_manifest(str(path)))
    with suppress(TableError):
        read_regions(path)


def _images() -> Iterator[bytes]:
    photo = Image.open(PROJECT / "sample_forms" / "page2-scan.jpg")
    small = photo.resize((48, 64))
    turned = Image.Exif()
    turned[0x0112] = 6
    for format, mode, options in (
        ("JPEG", "RGB", {"exif": turned.tobytes()}), ("JPEG", "CMYK", {}), ("JPEG", "L", {"progressive": True}), ("PNG", "RGBA", {}),
        ("PNG", "P", {}), ("PNG", "I;16", {}), ("WEBP", "RGBA", {}), ("PDF", "RGB", {}), ("GIF", "P", {}), ("TIFF", "L", {}),
    ):  # fmt: skip
        file = io.BytesIO()
        (small.convert("L") if mode == "I;16" else small).convert(mode).save(file, format, **options)
        yield file.getvalue()
    for path in sorted((PROJECT / "tests" / "imaging" / "data").iterdir()):
        yield path.read_bytes()


def _forms() -> Iterator[bytes]:
    yield SMALL.replace("id: small", "id: fuzz").encode()
    yield b"[a, 1:30, 2024-02-14, 0x1f, 1.5e3, !!int 1, !!float 1, !!bool yes, &x {<<: {? [a] : *y}}]"
    for path in sorted((PROJECT / "pipeline" / "forms").glob("*.yaml"), key=lambda path: path.stat().st_size)[:SMALLEST_FORMS]:
        yield path.read_bytes().replace(f"id: {path.stem}".encode(), b"id: fuzz", 1)


def _checks() -> Iterator[bytes]:
    for form in load_catalogue().forms.values():
        for check in form.checks:
            yield check.expression.encode()
    yield b"2 * dpt_j - sum(paslon_*, suara_sah) >= -3"
    yield b"sum(" + b"*".join([b"s"] * 200) + b") == " + b"9" * 5_000


def _tables() -> Iterator[bytes]:
    yield "path,tps,page\na.jpg,1805082001010,1\n\"é, b.jpg\",,\nsub/../c.jpg,1.805E+12,2\n".encode()
    yield b"\xef\xbb\xbfpath,tps\r\n1805082001010.jpg,\r\n../x,1805082001010\r\n"
    yield b"kode,nama,tingkat,tps\n18,LAMPUNG,1,\n1805,TULANG BAWANG,2,\n180508,BANJAR AGUNG,3,\n1805082001,BANJAR AGUNG,4,11\n"


TARGETS = {
    "images": Target(open_image, _images, 20_000),
    "forms": Target(read_form, _forms, 12_000),
    "checks": Target(read_check, _checks, 6_000),
    "tables": Target(read_tables, _tables, 4_000),
}
