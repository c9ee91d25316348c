"""The printed codes of a page: a second opinion on which form and page a photo without a tag shows.

A photo and the place of a page in it come in; what the QR codes printed on that page say goes out, and whether that names another
page. The table lines have decided before; a code may only contradict them. A code corrects its own errors and so is read right
or not at all, but it is small: out of focus, cut off or covered, it says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import MappingProxyType

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from pipeline.forms import Catalogue, CodeKind, Page
from pipeline.recognition.header import PictureSink
from pipeline.recognition.patches import ToPhoto, cut_patches
from pipeline.regions import CodeError, TpsCode
from pipeline.sheet import Refusal, RefusalCode, StationCode

FORMATS = MappingProxyType({CodeKind.QR: zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)})

PATCH_SIZE = 320
"""Side of the picture a code is read from, pixels: 7 to a module of the smallest QR code (21 a side). The three real photos are read
at every size tried from 200 to 640; at 192 and at 128 the one that is out of focus is not."""

MARGIN = 0.5
"""Paper kept around a code, as a share of its side. On the real photos codes of 25 and 28 mm lie up to 6.5 mm off: the paper is curled
there, and the editions of a form differ."""

STATION = re.compile(r"(?<![0-9A-Za-z])[0-9]{2}[0-9A-Z]{2}[0-9]{9}(?![0-9A-Za-z])")

STATION_PROBABILITY = 0.99
"""A code that was read is read right; that it is of this sheet was not measured, since no form at hand names its station in a code."""


def read_codes(image: NDArray[np.uint8], to_photo: ToPhoto, page: Page, *, trace: PictureSink | None = None) -> tuple[str, ...]:
    """The contents of the codes that are printed in the places this page has for them; empty when none can be read.

    Parameters
    ----------
    image
        (H, W, 3) uint8 photo, BGR.
    to_photo
        Mapping from page millimetres to pixel positions in `image`.
    trace
        Gets the pictures the codes are read from.
    """
    contents: list[str] = []
    for code in page.codes:
        try:
            (picture,) = cut_patches(image, to_photo, [code.box], size=PATCH_SIZE, margin=MARGIN)
            if trace is not None:
                trace.picture("code", picture)
            contents += [found.text for found in zxingcpp.read_barcodes(picture, formats=FORMATS[code.kind])]
        except (ValueError, RuntimeError):
            # A place that cannot be cut, or bytes in no known alphabet.
            continue
    return tuple(contents)


def code_contradiction(contents: Iterable[str], catalogue: Catalogue, form: str, page: str) -> Refusal | None:
    """The refusal of a sheet whose codes name another form or page than its lines, or None; a code that names no page says nothing."""
    named = {(other.id, found.number): content for content in contents for other, found in catalogue.with_code(content)}
    if not named or (form, page) in named:
        return None
    other_form, other_page = min(named)
    content = named[other_form, other_page]
    if other_form != form:
        return Refusal(RefusalCode.UNKNOWN_FORM, f"the lines fit {form}, but the printed code is that of {other_form}: {content!r}")
    detail = f"the lines fit page {page} of {form}, but the printed code is that of page {other_page}: {content!r}"
    return Refusal(RefusalCode.WRONG_PAGE, detail)


def station_in(contents: Iterable[str]) -> StationCode | None:
    """The polling station that the codes of a page name by its 13-digit code; None when they name none, or several."""
    named = {code for content in contents for code in STATION.findall(content) if _is_station(code)}
    return StationCode(named.pop(), "qr", STATION_PROBABILITY) if len(named) == 1 else None


def _is_station(code: str) -> bool:
    try:
        TpsCode.parse(code)
    except CodeError:
        return False
    return True
