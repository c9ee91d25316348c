"""The pages of a PDF as pictures, drawn by PDFium.

A PDF from a scanner or a phone holds one picture a page: such a page is drawn at that picture's own resolution, so nothing is lost
and nothing invented. Any other page is drawn at a size at which handwriting on a form is readable.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from pypdfium2 import raw

from pipeline.imaging.photo import Limits, refuse_size
from pipeline.imaging.pixels import bgr_bytes
from pipeline.sheet import Refusal, RefusalCode

WHOLE_PAGE = 0.5
"""A picture over more than this share of its page is what the page shows; letterheads and stamps stay far below."""


def render_pages(data: bytes, *, limits: Limits) -> Iterator[NDArray[np.uint8] | Refusal] | Refusal:
    """The pages of a PDF, first to last, each (H, W, 3) uint8 BGR or its own refusal; or one refusal for the whole file."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            return Refusal(RefusalCode.ENCRYPTED, "the PDF asks for a password")
        return Refusal(RefusalCode.DAMAGED_FILE, "the PDF cannot be opened")
    if len(document) > limits.max_pdf_pages:
        pages = len(document)
        document.close()
        return Refusal(RefusalCode.TOO_MANY_PAGES, f"{pages} pages, more than {limits.max_pdf_pages}")
    return _render(document, limits)


def _render(document: pypdfium2.PdfDocument, limits: Limits) -> Iterator[NDArray[np.uint8] | Refusal]:
    try:
        for index in range(len(document)):
            try:
                yield _render_page(document[index], limits)
            except pypdfium2.PdfiumError:
                yield Refusal(RefusalCode.DAMAGED_FILE, f"page {index + 1} of the PDF cannot be drawn")
    finally:
        document.close()


def _render_page(page: pypdfium2.PdfPage, limits: Limits) -> NDArray[np.uint8] | Refusal:
    width, height = page.get_size()
    if not (0 < width < math.inf and 0 < height < math.inf):  # no number either
        return Refusal(RefusalCode.DAMAGED_FILE, f"the page says it is {width:g} x {height:g} points large")
    scale = limits.pdf_long_side_px / max(width, height)
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
        columns, rows = picture.get_px_size()
        # PDFium decodes a picture whole to draw it, however small the page is drawn; a small stamp is no reason to refuse.
        refusal = refuse_size((columns, rows), limits=limits)
        if refusal and refusal.code is RefusalCode.TOO_MANY_PIXELS:
            return refusal
        left, bottom, right, top = picture.get_bounds()
        area = max((right - left) * (top - bottom), 0.0)
        # One that cannot be decoded has no pixels, and one may say that it is as large as can be, or not even that.
        if WHOLE_PAGE * width * height < area < math.inf and columns and rows:
            scale = math.sqrt(columns * rows / area)
    scale = min(scale, _largest_scale(width, height, limits.max_pixels))
    # PDFium rounds up; a hair less keeps a page of exactly 1000 pixels from becoming 1001 by a rounding error.
    bitmap = page.render(scale=scale * (1 - 1e-6), may_draw_forms=False)
    try:
        return bgr_bytes(bitmap.to_numpy().copy())
    finally:
        bitmap.close()
        page.close()


def _largest_scale(width: float, height: float, max_pixels: int) -> float:
    """The scale at which the page, its sides rounded up, still has `max_pixels`: (width s + 1) (height s + 1) = max_pixels."""
    around, area = width + height, width * height
    return (math.sqrt(around**2 + 4 * area * (max_pixels - 1)) - around) / (2 * area)
