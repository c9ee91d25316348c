"""The printed header of a page, read with Tesseract: a second opinion on which form and page a photo without a tag shows.

A photo and the place of a page in it come in; what the header says of form and page goes out. The identity texts of the form are laid
out flat, one below the other, in one small picture, and Tesseract runs once on it. The table lines have decided before; the header may
only contradict them, so whatever goes wrong here (no Tesseract, a crash, a blurred line) means that nothing was read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Catalogue, Form, Page, Rect
from pipeline.recognition.header_match import UNREADABLE, HeaderEvidence, HeaderLine, HeaderPolicy, judge_header
from pipeline.recognition.patches import ToPhoto

CAPITAL_PIXELS = 24
"""Height of a capital letter in the picture that Tesseract gets. It was trained on letters of about 30; 24 reads the same lines of real
photos as 28 and 36, and a heading of 280 mm stays within 1,600 pixels."""

MARGIN_MM = 6.0
"""Paper kept around a text. The placement ends at the tables: in 11 real photos of curled paper the header lay up to 6 mm off."""

MIN_PIXELS_PER_MM = 1.2
"""Below it a printed capital (3.6 mm) has four pixels or fewer, which nobody reads."""

MESH_MM = 6.0
"""Step of the mesh on which the placement is evaluated; a page bends over 30 mm or more."""

TIMEOUT_SECONDS = 20.0
"""Tesseract needs 0.2 s for a header; on a machine so busy that this is not enough, nothing is read."""

PAPER_PERCENTILE, INK_PERCENTILE = 80.0, 2.0
"""Brightness of bare paper and of full ink in a strip, relative to the paper around each point: print covers about a tenth of it."""

LANGUAGES = ("ind", "eng")
"""Trained data, best first: Indonesian reads more of the headings of real photos, English comes with every Tesseract."""


class PictureSink(Protocol):
    """Where debug pictures go: a `pipeline.trace.Trace`."""

    def picture(self, name: str, image: NDArray[np.uint8]) -> None: ...


@dataclass(frozen=True, slots=True)
class HeaderReader:
    """Reads headers where Tesseract is installed, and says nothing where it is not."""

    catalogue: Catalogue
    policy: HeaderPolicy = field(default_factory=HeaderPolicy)
    available: bool = field(default_factory=lambda: tesseract_installed())

    def read(
        self, image: NDArray[np.uint8], to_photo: ToPhoto, form: str, page: str, *, trace: PictureSink | None = None
    ) -> HeaderEvidence:
        """What the printed header says of a sheet that was found to be this page of this form.

        Parameters
        ----------
        image
            (H, W, 3) uint8 photo, BGR.
        to_photo
            Mapping from page millimetres to pixel positions in `image`.
        trace
            Gets the picture that Tesseract reads.
        """
        if not self.available:
            return UNREADABLE
        picture = header_picture(image, to_photo, self.catalogue[form], self.catalogue[form].pages[page])
        if picture is None:
            return UNREADABLE
        if trace is not None:
            trace.picture("header", picture)
        return judge_header(recognise(picture), self.catalogue, form, page, policy=self.policy)


def tesseract_installed() -> bool:
    """Whether the `tesseract` program is on the path."""
    return shutil.which("tesseract") is not None


def header_picture(image: NDArray[np.uint8], to_photo: ToPhoto, form: Form, page: Page) -> NDArray[np.uint8] | None:
    """The identity texts of a page in one picture, black on white, or None when the photo does not show them or is too small.

    Returns
    -------
    (H, W) uint8, 255 = paper; capitals are `CAPITAL_PIXELS` high.
    """
    strips = [
        _strip(image, to_photo, block.rect, CAPITAL_PIXELS / block.capital_mm)
        for block in _blocks(form, page)
        if _is_readable(image, to_photo, block.rect)
    ]
    if not strips:
        return None
    gap = CAPITAL_PIXELS
    width = max(strip.shape[1] for strip in strips) + 2 * gap
    picture = np.full((sum(strip.shape[0] + gap for strip in strips) + gap, width), 255, np.uint8)
    top = gap
    for strip in strips:
        picture[top : top + strip.shape[0], gap : gap + strip.shape[1]] = strip
        top += strip.shape[0] + gap
    return picture


def recognise(picture: NDArray[np.uint8]) -> list[HeaderLine]:
    """The lines of text that Tesseract finds in a (H, W) uint8 picture; none when it fails in whatever way."""
    # Imported where it is needed: it loads pandas, and most photos have a tag and never come here.
    import pytesseract

    try:
        with _one_thread():
            found = pytesseract.image_to_data(
                picture,
                lang=_language(),
                config="--psm 6 --dpi 200",
                output_type=pytesseract.Output.DICT,
                timeout=TIMEOUT_SECONDS,
            )
    except (RuntimeError, OSError, ValueError, subprocess.SubprocessError):
        return []
    return _lines(found)


@dataclass(frozen=True, slots=True)
class _Block:
    """Identity texts that stand close together, cut as one piece, and the height of their capitals in mm."""

    rect: Rect
    capital_mm: float


def _blocks(form: Form, page: Page) -> list[_Block]:
    """Where the identity texts of a page stand, wide enough for what other pages of the form have in the same place."""
    blocks: list[_Block] = []
    for text in (text for text in page.texts if text.identity):
        rect = text.box
        for other in (other for sibling in form.pages.values() for other in sibling.texts if other.identity):
            if other.box.overlaps(text.box):
                rect = _union(rect, other.box)
        block = _Block(rect, text.box.height)
        near = [known for known in blocks if known.rect.overlaps(_grown(rect, 2 * MARGIN_MM))]
        for known in near:
            block = _Block(_union(block.rect, known.rect), min(block.capital_mm, known.capital_mm))
        blocks = [known for known in blocks if known not in near] + [block]
    return blocks


def _is_readable(image: NDArray[np.uint8], to_photo: ToPhoto, rect: Rect) -> bool:
    """Whether the photo shows all of a rectangle, finely enough."""
    corners = to_photo(rect.corners())
    height, width = image.shape[:2]
    inside = np.isfinite(corners).all() and (corners >= 0).all() and (corners <= (width - 1, height - 1)).all()
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1) / (rect.width, rect.height, rect.width, rect.height)
    return bool(inside and sides.min() >= MIN_PIXELS_PER_MM)


def _strip(image: NDArray[np.uint8], to_photo: ToPhoto, rect: Rect, pixels_per_mm: float) -> NDArray[np.uint8]:
    """A rectangle with its margin laid out flat: (H, W) uint8, the light taken out, stretched from ink to paper."""
    area = _grown(rect, MARGIN_MM)
    x = np.linspace(area.x, area.x1, int(np.ceil(area.width / MESH_MM)) + 1)
    y = np.linspace(area.y, area.y1, int(np.ceil(area.height / MESH_MM)) + 1)
    nodes = to_photo(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)).reshape(len(y), len(x), 2)
    across = _weights(round(area.width * pixels_per_mm), len(x))
    down = _weights(round(area.height * pixels_per_mm), len(y))
    at = np.einsum("ri,ijk,cj->rck", down, nodes, across, optimize=True).astype(np.float32)
    sampled = cv2.remap(image, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return _evenly_lit(np.asarray(cv2.cvtColor(sampled, cv2.COLOR_BGR2GRAY), np.uint8))


def _weights(pixels: int, nodes: int) -> NDArray[np.float64]:
    """(pixels, nodes): how much each node of an even mesh counts at the middle of each pixel."""
    at = (np.arange(pixels) + 0.5) * ((nodes - 1) / pixels)
    return np.asarray(np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(nodes))), np.float64)


def _evenly_lit(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey print on unevenly lit paper as black on white."""
    around = np.ones((CAPITAL_PIXELS, CAPITAL_PIXELS), np.uint8)
    paper = cv2.blur(cv2.dilate(grey, around), (2 * CAPITAL_PIXELS + 1, 2 * CAPITAL_PIXELS + 1)).astype(np.float32)
    relative = grey / np.maximum(paper, 1.0)
    ink, bare = np.percentile(relative, (INK_PERCENTILE, PAPER_PERCENTILE))
    return np.asarray(np.clip((relative - ink) / max(bare - ink, 1e-3), 0.0, 1.0) * 255, np.uint8)


def _lines(found: Mapping[str, list[Any]]) -> list[HeaderLine]:
    """Tesseract's words put together to lines, top to bottom."""
    words: dict[tuple[int, int, int], list[tuple[str, float]]] = {}
    columns = ("block_num", "par_num", "line_num", "text", "conf")
    for block, paragraph, line, text, confidence in zip(*(found[name] for name in columns), strict=True):
        if any(sign.isalnum() for sign in text):
            words.setdefault((block, paragraph, line), []).append((text, float(confidence)))
    return [HeaderLine(" ".join(text for text, _ in line), min(confidence for _, confidence in line)) for line in words.values()]


@cache
def _language() -> str:
    """The best trained data that is installed."""
    listed = subprocess.run(
        ["tesseract", "--list-langs"], capture_output=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS, check=True
    )
    installed = listed.stdout.decode(errors="replace").split()
    return next((language for language in LANGUAGES if language in installed), LANGUAGES[-1])


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep a Tesseract that is started now to one thread: the other cores read other photos, and sums keep their order."""
    name = "OMP_THREAD_LIMIT"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _grown(rect: Rect, margin: float) -> Rect:
    return Rect(rect.x - margin, rect.y - margin, rect.width + 2 * margin, rect.height + 2 * margin)


def _union(one: Rect, other: Rect) -> Rect:
    x, y = min(one.x, other.x), min(one.y, other.y)
    return Rect(x, y, max(one.x1, other.x1) - x, max(one.y1, other.y1) - y)
