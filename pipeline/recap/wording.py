"""Every sentence of a report, in Indonesian and in English, and how each language writes numbers."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.settings import Language
from pipeline.sheet import FindingCode, Text, Verdict

WORDS: Mapping[str, Text] = {
    "title": Text("Laporan pembacaan formulir C.Hasil", "Report on the reading of C.Hasil forms"),
    "not_official": Text(
        "Bukan hasil resmi. Angka dibaca mesin dari foto; hasil resmi ditetapkan KPU.",
        "Not an official result. A machine read these numbers from photos; official results are declared by KPU.",
    ),
    "made": Text("Dibuat", "Made"),
    "in_short": Text("Ringkasan", "In short"),
    "photos": Text("Foto diterima", "Photos received"),
    "waiting": Text("Belum dibaca", "Not yet read"),
    "sheets": Text("Lembar yang berlaku", "Sheets that stand"),
    "sheets_note": Text(
        "Dari beberapa foto halaman yang sama, hanya yang terakhir berlaku. Lembar yang perlu diperiksa menunggu keputusan orang.",
        "Of several photos of the same page only the last one stands. Sheets for review wait for a person to decide.",
    ),
    "progress": Text("Kemajuan per wilayah", "Progress by region"),
    "within": Text("di dalam", "within"),
    "region": Text("Wilayah", "Region"),
    "stations": Text("TPS", "Stations"),
    "expected": Text("Lembar seharusnya", "Sheets expected"),
    "received": Text("Foto diterima", "Photos received"),
    "read": Text("Foto dibaca", "Photos read"),
    "no_station": Text("TPS tidak diketahui", "Station not known"),
    "expected_unknown": Text(
        "Belum ada pemilu atau TPS yang didaftarkan, jadi jumlah lembar yang seharusnya datang tidak diketahui.",
        "No election or no stations are defined, so how many sheets should come is not known.",
    ),
    "no_regions": Text(
        "Tabel wilayah masih kosong: masukkan dengan sirekap regions import.",
        "There is no table of regions yet: give one to sirekap regions import.",
    ),
    "progress_chart": Text("Lembar per wilayah menurut status", "Sheets by region and status"),
    "refusals": Text("Foto yang ditolak", "Photos that were refused"),
    "no_refusals": Text("Tidak ada.", "None."),
    "refusal": Text("Yang perlu dilakukan, dan alasannya", "What to do, and the reason"),
    "doubts": Text("Keraguan yang paling sering", "Most common doubts"),
    "no_doubts": Text("Tidak ada.", "None."),
    "doubt": Text("Keraguan", "Doubt"),
    "crops": Text("Contoh dari foto", "Examples from photos"),
    "crops_note": Text(
        "Contoh dipilih acak. Yang tampak hanya kotak angkanya, karena formulir juga memuat nama dan tanda tangan.",
        "Examples are drawn at random. Only the boxes of the number are shown, since the forms also bear names and signatures.",
    ),
    "lost": Text("foto hilang", "photo lost"),
    "row": Text("baris", "row"),
    "speed": Text("Kecepatan", "Speed"),
    "rate": Text("Laju", "Rate"),
    "pages_a_second": Text("halaman per detik per inti", "pages a second per core"),
    "median": Text("Median", "Median"),
    "slowest": Text("95 % selesai dalam", "95 % take at most"),
    "seconds": Text("detik", "seconds"),
    "speed_chart": Text("Lembar menurut lama membaca, dalam detik", "Sheets by the time they took to read, in seconds"),
    "nothing_read": Text("Belum ada yang dibaca.", "Nothing has been read yet."),
    "provenance": Text("Asal laporan ini", "What this report was made of"),
    "head": Text("Kepala buku besar", "Head of the ledger"),
    "head_note": Text(
        "Siapa pun yang memegang buku besar dapat memeriksa dengan sirekap ledger verify bahwa baris ini belum diubah.",
        "Whoever has the ledger can check with sirekap ledger verify that this row was not changed.",
    ),
    "software": Text("Program", "Software"),
    "model": Text("Model", "Model"),
    "count": Text("Lembar", "Sheets"),
}

VERDICTS: Mapping[Verdict, Text] = {
    Verdict.ACCEPTED: Text("Diterima", "Accepted"),
    Verdict.REVIEW: Text("Perlu diperiksa", "For review"),
    Verdict.REFUSED: Text("Ditolak", "Refused"),
}

DOUBTS: Mapping[FindingCode, Text] = {
    FindingCode.BLANK_FORM: Text("Formulir kosong", "Blank form"),
    FindingCode.FIELD_BLANK: Text("Kotak kosong", "Empty boxes"),
    FindingCode.ILLEGIBLE: Text("Angka tak terbaca", "Illegible number"),
    FindingCode.UNSURE: Text("Bacaan tidak yakin", "Unsure reading"),
    FindingCode.CORRECTED: Text("Angka tampak diperbaiki", "Number looks corrected"),
    FindingCode.FILLER_AFTER_DIGIT: Text("Tanda pengisi setelah angka", "Filler after a digit"),
    FindingCode.PARTLY_CROSSED: Text("Sebagian disilang", "Partly crossed"),
    FindingCode.SOURCES_DISAGREE: Text("Kotak dan bulatan berbeda", "Writings of a number disagree"),
    FindingCode.BUBBLES_UNCLEAR: Text("Bulatan tidak jelas", "Unclear bubbles"),
    FindingCode.UNCONFIRMED: Text("Tidak ada tulisan lain yang memastikan", "Confirmed by no other writing"),
    FindingCode.CHECK_FAILED: Text("Jumlah tidak cocok", "A sum does not add up"),
    FindingCode.BOUND_EXCEEDED: Text("Melewati batas", "A limit is exceeded"),
    FindingCode.OUTSIDE_PICTURE: Text("Di luar foto", "Outside the picture"),
    FindingCode.ANOTHER_SHEET: Text("Ada lembar lain dalam foto", "Another sheet in the photo"),
    FindingCode.REGISTRATION_DOUBTFUL: Text("Letak halaman meragukan", "Doubtful place of the page"),
    FindingCode.FORM_NOT_CALIBRATED: Text("Formulir belum dikalibrasi", "Form not calibrated"),
    FindingCode.DUPLICATE: Text("Berkas yang sama", "Same file"),
    FindingCode.NEAR_DUPLICATE: Text("Gambar yang sama", "Same picture"),
    FindingCode.TPS_CONTRADICTED: Text("TPS bertentangan", "Station contradicted"),
    FindingCode.PAGE_MIXED_UP: Text("Halaman tertukar", "Page mixed up"),
    FindingCode.PAGE_MISSING: Text("Halaman belum ada", "Page missing"),
    FindingCode.DOCUMENTS_DIFFER: Text("Dokumen berbeda", "Documents differ"),
    FindingCode.OFFICER_DIFFERS: Text("Petugas TPS menyebut angka lain", "The officers say another number"),
}


def say(text: Text, language: Language) -> str:
    """A text in one language."""
    return text.id if language is Language.INDONESIAN else text.en


def counted(number: int, language: Language) -> str:
    """A count with its thousands apart."""
    return _local(f"{number:,}", language)


def measured(number: float, language: Language) -> str:
    """A measure with two significant digits, or all before the decimal sign."""
    return _local(f"{number:,.0f}" if number >= 10 else f"{number:#.2g}", language)


def exact(number: float, language: Language) -> str:
    """A number with all its digits, of which it has few."""
    return _local(f"{number:g}", language)


def percent(share: float, language: Language) -> str:
    """A share in per cent; near 0 and 100 as many digits as tell it from them."""
    rest = min(share, 1 - share)
    digits = 0 if rest > 0.1 else 1 if rest > 0.001 else 2
    return _local(f"{min(100 * share, 99.99):.{digits}f}", language) + " %"


def _local(number: str, language: Language) -> str:
    return number.translate(str.maketrans(",.", ".,")) if language is Language.INDONESIAN else number
