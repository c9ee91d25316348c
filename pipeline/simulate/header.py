"""What else stands on a filled page: place and date on the dotted lines, and scribbles where people sign.

The dotted lines are found among the printed texts of the page: a line of dots right of its label is written on, a line of dots below
"TANDA TANGAN" is signed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.forms import Page, PrintedText, Rect
from pipeline.forms.number_words import number_to_words
from pipeline.simulate.hands import Hand, write_text
from pipeline.simulate.marks import sign_name
from pipeline.simulate.pack import HandwritingPack
from pipeline.simulate.pen import Paper
from pipeline.simulate.stations import Station

_SIGNED = "TANDA TANGAN"
_SIGNATURE_HEIGHT_MM = 18.0
_LETTER_HEIGHT_MM = 5.5


def write_header(paper: Paper, page: Page, station: Station, hand: Hand, pack: HandwritingPack, rng: np.random.Generator) -> None:
    """Write where the station is, and when it was, on the dotted lines that ask for it."""
    dotted = [text for text in page.texts if _is_dotted(text)]
    for label, answer in _answers(station).items():
        for asked in (text for text in page.texts if text.text.strip(" :") == label):
            lines = [line for line in dotted if line.box.x > asked.box.x1 - 2 and abs(line.box.y - asked.box.y1) < asked.box.height]
            for line, part in zip(sorted(lines, key=lambda text: text.box.x), answer, strict=False):
                pen = replace(hand.pen, width_mm=min(hand.pen.width_mm, 0.9))
                write_text(
                    paper, part, replace(hand, pen=pen), pack, rng, left=line.box.x + 2, baseline=line.box.y - 0.5,
                    height=_LETTER_HEIGHT_MM * rng.uniform(0.85, 1.1), room=line.box.width - 6,
                )  # fmt: skip


def sign_page(paper: Paper, page: Page, hand: Hand, rng: np.random.Generator) -> None:
    """Scribble on every line for a signature, each with another pen."""
    titles = [text.box.y for text in page.texts if _SIGNED in text.text]
    for text in page.texts:
        if titles and _is_dotted(text) and text.box.y > min(titles):
            width = min(text.box.width, 45.0)
            left = text.box.x + rng.uniform(0, text.box.width - width + 0.1)
            place = Rect(left, text.box.y - _SIGNATURE_HEIGHT_MM, width, _SIGNATURE_HEIGHT_MM)
            pen = replace(hand.pen, width_mm=float(rng.uniform(0.5, 1.1)), strength=float(rng.uniform(0.7, 0.95)))
            sign_name(paper, place, pen, rng)


def _answers(station: Station) -> dict[str, tuple[str, ...]]:
    """What is written after each printed label, one part for each dotted line that follows it."""
    return {
        "Provinsi": (station.province,),
        "Kabupaten / Kota": (station.regency,),
        "Kecamatan": (station.district,),
        "Kelurahan / Desa *)": (station.village,),
        "Nomor TPS": (f"{station.number:02d}", f" {number_to_words(station.number).upper()}"),
        "Pada hari ini": ("RABU",),
        "tanggal": ("EMPAT BELAS",),
        "bulan": ("FEBRUARI",),
        "tahun": ("DUA RIBU DUA PULUH EMPAT",),
        "DITETAPKAN DI": (station.village,),
    }


def _is_dotted(text: PrintedText) -> bool:
    return set(text.text) <= {".", " "} and text.text.count(".") >= 5
