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
SETTING = Text("Pengaturan", "Setting")
VALUE = Text("Nilai", "Value")
ORIGIN = Text("Dari", "From")
DEFAULT = Text("bawaan", "default")

CODE = Text("Kode", "Code")
NAME = Text("Nama", "Name")
STATIONS = Text("TPS", "Polling stations")

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

SETTINGS_IN_INDONESIAN: Mapping[str, str] = {
    "max_file_megabytes": "Berkas terbesar yang dibuka, dalam MB (10^6 bita); yang lebih besar ditolak sebagai too_large.",
    "max_megapixels": "Gambar terbesar yang dibuka, dalam juta piksel menurut kepala berkasnya; yang lebih besar ditolak sebagai "
    "too_many_pixels.",
    "max_pdf_pages": "Jumlah halaman terbanyak dalam PDF; yang lebih panjang ditolak sebagai too_many_pages.",
    "min_short_side_px": "Sisi terpendek gambar yang dibaca, dalam piksel; yang lebih kecil ditolak sebagai too_small. "
    "Foto asli terkecil dengan angka terbaca yang kami ketahui bersisi 214.",
    "pdf_long_side_px": "Piksel pada sisi panjang halaman PDF yang digambar (halaman yang berupa satu gambar tetap berukuran gambar itu). "
    "3500 setara 300 titik per inci pada A4, dan 3,9 piksel per milimeter pada poster 600 x 900 mm, seperti dari ponsel 12 megapiksel.",
    "models": "Folder model ONNX yang dipakai pembaca.",
    "workers": "Jumlah proses `sirekap read`; 1 berarti membaca di dalam proses perintah itu sendiri.",
    "language": "Bahasa baris perintah: id atau en.",
    "home": "Folder basis data dan foto bila tidak ditentukan lain.",
    "database": "Basis data sebagai URL SQLAlchemy; bila kosong, SQLite dalam berkas sirekap.db di `home`.",
    "photos": "Folder foto, atau URL fsspec-nya; bila kosong, folder photos di `home`.",
}
"""The meaning of every setting; in English it stands beside its default, in `pipeline.settings`."""

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
CONFIG_FILE = Text("Berkas TOML: {file}", "TOML file: {file}")
CONFIG_FILE_MISSING = Text("Berkas TOML: {file} (tidak ada)", "TOML file: {file} (does not exist)")
NO_CONFIG_FILE = Text(
    "Berkas TOML: tidak ada, karena {variable} tidak diisi dan folder pengguna tidak diketahui.",
    "TOML file: none, since {variable} is not set and the folder of the user is not known.",
)
WRITTEN = Text("Gambar ditulis ke {path}", "The picture is in {path}")


TAKING_IN = Text("memasukkan", "taking in")
TAKEN_IN = Text(
    "{added} foto masuk, {known} sudah ada, {refused} ditolak, {left_out} baris manifes tidak masuk",
    "{added} photos taken in, {known} known already, {refused} refused, {left_out} rows of the manifest left out",
)
NOT_TAKEN_IN = Text("{name}: {code}: {detail}", "{name}: {code}: {detail}")
STATION_NOT_BELIEVED = Text(
    "{name}: TPS tidak dipercaya: {detail}", "{name}: its polling station is not believed: {detail}"
)
READ_SO_FAR = Text(
    "{photos} foto dalam simpanan, {pending} belum dibaca; lembar: {verdicts}",
    "{photos} photos in the store, {pending} not yet read; sheets: {verdicts}",
)
STOPPED = Text(
    "Dihentikan; `sirekap run` melanjutkan dari sini.", "Stopped; `sirekap run` goes on from here."
)
PHOTO_LOST = Text("{name}: menunggu: {detail}", "{name}: waits: {detail}")
READS_THE_SAME = Text("Bacaan {reading} ({name}): sama persis", "Reading {reading} ({name}): exactly the same")
READS_DIFFERENTLY = Text("Bacaan {reading} ({name}): berbeda pada {parts}", "Reading {reading} ({name}): differs in {parts}")
OTHER_VERSIONS = Text(
    "Dibuat dengan {versions} lain; perbedaan tidak membuktikan apa pun.",
    "Made with other {versions}; a difference proves nothing.",
)
LEDGER_HOLDS = Text(
    "Buku besar utuh: {rows} baris, kepala {hash}", "The ledger is what was written: {rows} rows, head {hash}"
)
LEDGER_TAMPERED = Text(
    "Buku besar tidak utuh ({code}): {detail}. Simpan basis data ini apa adanya dan bandingkan dengan salinan.",
    "The ledger is not what was written ({code}): {detail}. Keep this database as it is and compare it with a copy.",
)
NO_STORE = Text(
    "{url}: belum ada simpanan di sini; `sirekap ingest` membuatnya", "{url}: there is no store here; `sirekap ingest` makes one"
)
KEY_NEEDS_HEAD = Text("--key memeriksa tanda tangan kepala: beri juga --head", "--key checks the signature of a head: give --head too")
ALREADY_THERE = Text("{path}: sudah ada; kunci tidak pernah ditimpa", "{path}: is there already; a key is never overwritten")
REGIONS_IMPORTED = Text(
    "{added} wilayah baru, {changed} diubah, {same} tetap, {left_out} baris tidak masuk",
    "{added} regions added, {changed} changed, {same} as they were, {left_out} rows left out",
)
ROW_LEFT_OUT = Text("baris {line}: {detail}", "line {line}: {detail}")
AND_MORE = Text("dan {count} lagi", "and {count} more")
NO_SUCH_REGION = Text("tidak ada wilayah {code}; lihat `sirekap regions show`", "there is no region {code}; see `sirekap regions show`")


def said(text: Text, language: Language, **values: object) -> str:
    """A sentence in one language, with its values filled in when there are any."""
    sentence = text.id if language is Language.INDONESIAN else text.en
    return sentence.format(**values) if values else sentence
