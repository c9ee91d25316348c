"""Every sentence the command line says, in Indonesian and in English."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.settings import Language
from pipeline.sheet import Text, Verdict

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
    "photo_seconds": "Waktu terlama proses pembaca untuk satu berkas; lewat itu prosesnya diakhiri, dan berkasnya dicoba sekali lagi "
    "sendirian. Satu halaman perlu sekitar satu detik pada inti yang lambat, PDF sepuluh halaman sepuluh detik.",
    "worker_megabytes": "Memori terbanyak proses pembaca, dalam MB (10^6 bita); lewat itu prosesnya diakhiri, dan berkasnya dicoba sekali "
    "lagi sendirian. Gambar 60 megapiksel perlu 550.",
    "language": "Bahasa baris perintah: id atau en.",
    "home": "Folder basis data dan foto bila tidak ditentukan lain.",
    "database": "Basis data sebagai URL SQLAlchemy; bila kosong, SQLite dalam berkas sirekap.db di `home`.",
    "database_patience": "Lama `sirekap run` menunggu, dalam detik, basis data yang hilang atau dikunci pihak lain sebelum menyerah.",
    "photos": "Folder foto, atau URL fsspec-nya; bila kosong, folder photos di `home`.",
    "signing_key": "Berkas kunci (Ed25519, PEM) yang menandatangani tautan petugas dan tanda terima; bila kosong, berkas signing.pem dalam "
    "`home`. Dibuat bila belum ada.",
    "known_share": "Bagian lembar untuk diketik orang yang sebenarnya sudah diputuskan, untuk mengukur ketelitiannya.",
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
    "{added} foto masuk, {known} sudah ada, {moved} kini dengan TPS dari manifes, {refused} ditolak, {left_out} baris manifes tidak masuk",
    "{added} photos taken in, {known} known already, {moved} now with the manifest's station, {refused} refused, "
    "{left_out} rows of the manifest left out",
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
SCHEDULER_OR_WORKERS = Text("Beri --scheduler atau --workers, tidak keduanya.", "Give --scheduler or --workers, not both.")
CLUSTER_LOST = Text(
    "{reason}. Yang sudah dibaca tersimpan; periksa klaster, lalu ulangi.",
    "{reason}. What was read is kept; check the cluster, then run again."
)
WAITING_FOR_DATABASE = Text(
    "Basis data tidak dapat dipakai ({reason}); menunggu paling lama {seconds:g} detik.",
    "The database cannot be used ({reason}); waiting for at most {seconds:g} s.",
)
DATABASE_LOST = Text(
    "{url}: basis data tidak dapat dipakai lagi ({reason}). Yang sudah dicatat aman; periksa basis data, lalu ulangi.",
    "{url}: the database can no longer be used ({reason}). What was recorded is safe; check the database, then run again.",
)
DISK_FULL = Text(
    "Diska penuh ({reason}). Yang sudah dicatat aman; beri ruang, lalu ulangi.",
    "The disk is full ({reason}). What was recorded is safe; make room, then run again.",
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
ELECTION = Text("Pemilu", "Election")
DAY = Text("Hari", "Day")
SHEETS_OF_STATION = Text("Lembar tiap TPS", "Sheets of each station")
NO_SUCH_SHEET = Text(
    "{sheet}: bukan lembar yang dikenal; tulis FORM/HALAMAN, lihat `sirekap form list`",
    "{sheet}: not a sheet that is known; write FORM/PAGE, see `sirekap form list`",
)
NOT_A_DAY = Text("{day}: bukan tanggal; tulis seperti 2024-02-14", "{day}: not a day; write it like 2024-02-14")
ELECTION_ADDED = Text("{election}: {sheets} lembar tiap TPS", "{election}: {sheets} sheets of each station")
PHOTO = Text("Foto", "Photo")
STATION = Text("TPS", "Station")
READING_ROW = Text("Bacaan", "Reading")
FINDINGS = Text("Temuan", "Findings")
STANDS = Text("berlaku", "stands")
SUPERSEDED = Text("diganti ({reason})", "superseded ({reason})")
NO_SUCH_PHOTO = Text(
    "tidak ada foto dengan SHA-256 yang diawali {sha256}, atau ada beberapa; tulis lebih panjang",
    "there is no photo whose SHA-256 begins with {sha256}, or there are several; give more of it",
)
NO_SUCH_VILLAGE = Text(
    "tidak ada desa/kelurahan {code} dalam tabel wilayah; lihat `sirekap regions show`",
    "there is no village {code} in the table of regions; see `sirekap regions show`",
)
PHOTO_MOVED = Text("{name}: kini foto TPS {tps}", "{name}: now a photo of station {tps}")
NO_STATION = Text("yang tidak diketahui", "unknown")

NO_SUCH_REGION = Text("tidak ada wilayah {code}; lihat `sirekap regions show`", "there is no region {code}; see `sirekap regions show`")
EXPORTING = Text("mengekspor", "exporting")
EXPORTED = Text(
    "{numbers} angka dari {sheets} lembar ada di {folder}; {waiting} foto belum dibaca; kepala buku besar: baris {position}, {hash}",
    "{numbers} numbers of {sheets} sheets are in {folder}; {waiting} photos not yet read; head of the ledger: row {position}, {hash}",
)
NOT_AN_EXPORT = Text(
    "{folder}: berisi {name}, yang bukan dari ekspor. Beri folder baru atau kosong, atau folder ekspor sebelumnya.",
    "{folder}: holds {name}, which is of no export. Give a new or empty folder, or that of an earlier export.",
)
REPORTING = Text("membuat laporan", "making the report")
REPORTED = Text(
    "Laporan tentang {sheets} lembar ada di {path}", "The report on {sheets} sheets is in {path}"
)


def said(text: Text, language: Language, **values: object) -> str:
    """A sentence in one language, with its values filled in when there are any."""
    sentence = text.id if language is Language.INDONESIAN else text.en
    return sentence.format(**values) if values else sentence
