"""Every sentence the command line says, in Indonesian and in English."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.settings import Language
from pipeline.sheet import FieldState, Text, Verdict

SHEET = Text("Lembar", "Sheet")
PAGE = Text("halaman", "page")
PAGES = Text("Halaman", "Pages")
STATUS = Text("Status", "Status")
TITLE = Text("Judul", "Title")
FIELD = Text("Angka", "Number")
LABEL = Text("Arti", "Meaning")
WRITINGS = Text("Ditulis sebagai", "Written as")
CHECK = Text("Aturan", "Check")
MEANING = Text("Bunyi", "Sentence")
NUMBERS = Text("Angka", "Numbers")
DOUBTS = Text("Keraguan", "Doubts")

VERDICTS: Mapping[Verdict, Text] = {
    Verdict.ACCEPTED: Text("diterima", "accepted"),
    Verdict.REVIEW: Text("perlu diperiksa", "for review"),
    Verdict.REFUSED: Text("ditolak", "refused"),
}

STATES: Mapping[FieldState, Text] = {
    FieldState.BLANK: Text("kosong", "empty"),
    FieldState.CROSSED: Text("disilang", "crossed"),
    FieldState.ILLEGIBLE: Text("tak terbaca", "illegible"),
}

COUNT = Text(
    "{sheets} lembar: {accepted} diterima, {review} perlu diperiksa, {refused} ditolak ({seconds:.1f} detik)",
    "{sheets} sheets: {accepted} accepted, {review} for review, {refused} refused ({seconds:.1f} s)",
)
MORE_ROWS = Text("Tabel ini memuat {shown} dari {all} lembar.", "This table shows {shown} of {all} sheets.")
MORE_LINES = Text("… dan {count} lagi", "… and {count} more")
RESULTS_AT = Text("Hasil ada di {folder}", "Results are in {folder}")
PICTURES_AT = Text("Gambar ada di {folder}", "Pictures are in {folder}")
STAGES_AT = Text("Gambar setiap tahap ada di {folder}", "Pictures of every stage are in {folder}")
READING = Text("Membaca", "Reading")
RATE = Text("{rate:.1f} berkas/detik", "{rate:.1f} files/s")

EMPTY_FOLDER = Text(
    "{folder}: not_found: tidak ada foto atau PDF di folder ini. Periksa nama folder.",
    "{folder}: not_found: there is no photo or PDF in this folder. Check the name of the folder.",
)
OVERLAY_NEEDS_OUT = Text("--overlay membutuhkan --out DIR untuk gambarnya.", "--overlay needs --out DIR for its pictures.")
UNKNOWN_FORM = Text("Formulir {form} tidak dikenal. Yang dikenal: {known}", "Form {form} is not known. Known ones: {known}")
UNKNOWN_PAGE = Text("Halaman {page} tidak ada pada {form}. Yang ada: {known}", "Page {page} is not one of {form}. It has: {known}")
CANNOT_START = Text("Pembaca tidak dapat dimulai: {reason}", "The reader cannot start: {reason}")
CANNOT_WRITE = Text(
    "cannot_write: {error}. Hasil sebelumnya tidak berubah; beri ruang atau izin tulis, lalu ulangi.",
    "cannot_write: {error}. Earlier results are unchanged; make room or give permission to write, then run again.",
)
NO_TESSERACT = Text("Tesseract tidak terpasang: judul cetak tidak dibaca.", "Tesseract is not installed: printed headers are not read.")
NOTHING_WRONG = Text("{count} formulir diperiksa, tidak ada kesalahan.", "{count} forms checked, nothing is wrong.")
WRITTEN = Text("Gambar ditulis ke {path}", "The picture is in {path}")


def said(text: Text, language: Language, **values: object) -> str:
    """A sentence in one language, with its values filled in when there are any."""
    sentence = text.id if language is Language.INDONESIAN else text.en
    return sentence.format(**values) if values else sentence
