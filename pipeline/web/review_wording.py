"""What the pages of review call things: stages, reasons, outcomes, problems."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.recap.wording import DOUBTS
from pipeline.review.history import Happening
from pipeline.review.resolution import Problem
from pipeline.sheet import Text
from pipeline.store.decisions import Outcome
from pipeline.store.queue import Stage

STAGES: Mapping[Stage, Text] = {
    Stage.KEY: Text("pengetik pertama", "first person"),
    Stage.KEY_AGAIN: Text("pengetik kedua", "second person"),
    Stage.RESOLVE: Text("keputusan", "decision"),
}

VIEWS: Mapping[str, Text] = {
    "zoom-in": Text("Perbesar", "Larger"),
    "zoom-out": Text("Perkecil", "Smaller"),
    "turn-left": Text("Putar kiri", "Turn left"),
    "turn-right": Text("Putar kanan", "Turn right"),
    "contrast": Text("Kontras", "Contrast"),
    "boxes": Text("Kotak", "Boxes"),
    "words": Text("Huruf", "Words"),
    "tally": Text("Turus", "Tally"),
    "bubbles": Text("Bulatan", "Bubbles"),
    "row_sums": Text("Jumlah baris", "Row sums"),
}

HAPPENINGS: Mapping[Happening, Text] = {
    Happening.CAME: Text("foto datang", "photo came"),
    Happening.READ: Text("dibaca mesin", "read by the machine"),
    Happening.SUPERSEDED: Text("digantikan foto lain", "replaced by another photo"),
    Happening.MOVED: Text("dipindah ke TPS", "moved to station"),
    Happening.TYPED: Text("diketik", "typed"),
    Happening.AGREED: Text("disepakati", "agreed"),
    Happening.RESOLVED: Text("diputuskan", "decided"),
    Happening.DOUBTED: Text("diragukan", "doubted"),
    Happening.UNDONE: Text("keputusan dibatalkan", "decision undone"),
    Happening.CONFIRMED: Text("dinyatakan sesuai oleh petugas TPS", "confirmed by the officers of the station"),
    Happening.CORRECTED: Text("petugas TPS menyebut angka lain", "the officers of the station say another number"),
}

OUTCOMES: Mapping[Outcome, Text] = {
    Outcome.AS_WRITTEN: Text("angka seperti tertulis", "numbers as written"),
    Outcome.PAPER_WRONG: Text("kertasnya sendiri tidak cocok", "the paper itself does not add up"),
    Outcome.WRONG_TPS: Text("dari TPS lain", "of another station"),
}

PROBLEMS: Mapping[Problem, Text] = {
    Problem.REASON_MISSING: Text("Tulis alasannya.", "Write down the reason."),
    Problem.REASON_TOO_LONG: Text("Alasan paling panjang 500 huruf.", "A reason has at most 500 letters."),
    Problem.DOES_NOT_ADD_UP: Text(
        "Angka ini melanggar aturan. Periksa lagi, atau pilih bahwa kertasnya sendiri tidak cocok jumlahnya.",
        "These numbers break a rule. Look again, or choose that the paper itself does not add up.",
    ),
    Problem.ADDS_UP: Text("Angka ini cocok jumlahnya; pilih seperti tertulis.", "These numbers add up; choose as written."),
    Problem.CONTRADICTS_KEYERS: Text(
        "Angka ini tidak diketik siapa pun, atau bukan yang sudah disepakati; tulis alasan Anda.",
        "Nobody typed this number, or it is not what was agreed on; write down your reason.",
    ),
    Problem.SAME_TPS: Text("Lembar ini sudah di TPS itu; tulis TPS lain.", "The sheet is of that station already; name another."),
    Problem.OTHER_REGION: Text(
        "TPS itu bukan wilayah Anda; kosongkan TPS-nya, agar yang berwenang atas keduanya memindahkannya.",
        "That station is not of your region; leave it empty, so that whoever answers for both moves the sheet.",
    ),
    Problem.DECIDED_THERE: Text(
        "Di TPS itu halaman ini sudah diputuskan orang; batalkan dahulu keputusan di sana, atau kosongkan TPS-nya.",
        "At that station people have decided this page already; undo the decision there first, or leave the station empty.",
    ),
    Problem.NOTHING_TO_UNDO: Text("Tidak ada keputusan yang dapat dibatalkan.", "There is no decision to undo."),
    Problem.NOT_STANDING: Text(
        "Lembar ini sudah di antrean, sudah diputuskan orang, atau digantikan.",
        "This sheet is in the queue already, was decided by people, or was replaced.",
    ),
}

STALE = Text(
    "Lembar ini tidak lagi pada Anda: waktunya habis, orang lain mengambilnya, atau sudah disimpan. Buka lagi dari antrean.",
    "This sheet is no longer yours: its time has ended, somebody else has it, or it was saved already. Open it again from the queue.",
)
NO_SUCH_SIGN = Text("Tidak ada tanda seperti itu.", "There is no such sign.")
NO_SUCH_STATION = Text(
    "Tidak ada TPS dengan kode itu; tulis 13 angkanya.", "There is no polling station with that code; write its 13 digits."
)
CHOOSE_OUTCOME = Text("Pilih salah satu hasil.", "Choose an outcome.")
TYPE_EVERY_NUMBER = Text(
    "Isi setiap angka: angkanya, - kosong, * dicoret, atau / tidak terbaca.",
    "Type every number: its digits, - blank, * crossed out, or / illegible.",
)

REASONS: Mapping[str, Text] = {code.value: text for code, text in DOUBTS.items()}


def reason(code: str) -> Text:
    """Why a sheet waits: what its finding is called, or the id of the check that does not hold."""
    if code.startswith("check:"):
        check = code.removeprefix("check:")
        return Text(f"aturan {check}", f"rule {check}")
    return REASONS.get(code, Text(code, code))
