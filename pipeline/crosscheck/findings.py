"""The sentences of the findings, in Indonesian and English, for an operator at midnight: where, what is seen, what to do.

One function a kind of finding; each takes the numbers it has to show. A percentage is never shown as 100: nothing is that sure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.sheet import Field, FieldState, Finding, FindingCode, Severity, SourceKind, Text, ValueProbability

_WRITINGS: Mapping[SourceKind, Text] = {
    SourceKind.BUBBLES: Text("bulatan", "bubbles"),
    SourceKind.TALLY: Text("turus", "tally marks"),
    SourceKind.ROW_SUMS: Text("jumlah tiap baris", "row sums"),
}

LISTED = 4
"""Most numbers that a sentence lists by name."""


def blank_form(names: tuple[str, ...]) -> Finding:
    return Finding(FindingCode.BLANK_FORM, Severity.ERROR, names, Text(
        "Formulir ini masih kosong: tidak ada satu angka pun yang diisi. Periksa apakah foto yang benar sudah dikirim.",
        "This form is empty: not one number is filled in. Check whether the right photo was sent.",
    ))


def field_blank(name: str, label: Text, *, required: bool) -> Finding:
    return Finding(FindingCode.FIELD_BLANK, Severity.ERROR if required else Severity.WARNING, (name,), Text(
        f"{label.id}: kotak angka kosong. Lihat foto; jika memang kosong, catat sebagai tidak diisi, bukan nol.",
        f"{label.en}: the boxes are empty. Look at the photo; if they are, record the number as missing, not as zero.",
    ))


def illegible(name: str, label: Text, number: Field) -> Finding:
    bubbles = number.sources.get(SourceKind.BUBBLES)
    hint = Text("", "")
    if bubbles is not None and bubbles.value is not None:
        hint = Text(f" Bulatan menunjukkan {bubbles.value}.", f" The bubbles show {bubbles.value}.")
    return Finding(FindingCode.ILLEGIBLE, Severity.ERROR, (name,), Text(
        f"{label.id}: angka tidak terbaca ({_signs(number.raw)}).{hint.id} Lihat foto dan ketik angka yang tertulis.",
        f"{label.en}: the number cannot be read ({_signs(number.raw)}).{hint.en} Look at the photo and type the number that is written.",
    ))


def unsure(name: str, label: Text, number: Field, seen: Sequence[ValueProbability], *, settled: bool = False) -> Finding:
    """`seen` are the readings of the number, the best first; the runner-up is shown with it. `settled`: the sums bear the number out."""
    hint = Text(f" Penjumlahan cocok dengan {number.value}.", f" The sums close with {number.value}.") if settled else Text("", "")
    seen_id = " atau ".join(f"{_value_id(number.state, reading)} ({percent(reading.probability)})" for reading in seen[:2])
    seen_en = " or ".join(f"{_value_en(number.state, reading)} ({percent(reading.probability)})" for reading in seen[:2])
    return Finding(FindingCode.UNSURE, Severity.WARNING, (name,), Text(
        f"{label.id}: tulisan dalam kotak kurang jelas, terbaca {seen_id}.{hint.id} Lihat foto dan pastikan angkanya.",
        f"{label.en}: the writing in the boxes is not clear, read as {seen_en}.{hint.en} Look at the photo and settle the number.",
    ))


def corrected(name: str, label: Text) -> Finding:
    return Finding(FindingCode.CORRECTED, Severity.WARNING, (name,), Text(
        f"{label.id}: ada bekas perbaikan (coretan, timpaan, tip-ex, atau paraf) pada kotak angka. "
        "Lihat foto dan pastikan angka yang berlaku.",
        f"{label.en}: the boxes were corrected (struck out, written over, whitened or initialled). "
        "Look at the photo and settle which number stands.",
    ))


def bubbles_corrected(name: str, label: Text, counted: int | None) -> Finding:
    """`counted` is the number when tally marks or row sums clearly say it as the boxes do: then the bubbles are no reason for doubt."""
    if counted is not None:
        seen = Text("ada bekas perbaikan pada bulatan", "the bubbles were corrected")
        return _borne_out(FindingCode.CORRECTED, name, label, seen, counted)
    return Finding(FindingCode.CORRECTED, Severity.WARNING, (name,), Text(
        f"{label.id}: ada bekas perbaikan (coretan, kerokan, atau tip-ex) pada bulatan. Lihat foto dan pastikan angka yang berlaku.",
        f"{label.en}: the bubbles were corrected (struck out, scraped or whitened). Look at the photo and settle which number stands.",
    ))


def filler_after_digit(name: str, label: Text, number: Field) -> Finding:
    return Finding(FindingCode.FILLER_AFTER_DIGIT, Severity.WARNING, (name,), Text(
        f"{label.id}: ada X, strip, atau kotak kosong setelah angka ({_signs(number.raw)}), dibaca {number.value}. "
        "Lihat foto dan pastikan maksudnya.",
        f"{label.en}: an X, a dash or an empty box follows a digit ({_signs(number.raw)}), read as {number.value}. "
        "Look at the photo and settle what is meant.",
    ))


def partly_crossed(name: str, label: Text, number: Field) -> Finding:
    return Finding(FindingCode.PARTLY_CROSSED, Severity.WARNING, (name,), Text(
        f"{label.id}: hanya sebagian kotak yang dicoret ({_signs(number.raw)}), dibaca 0. Lihat foto dan pastikan maksudnya.",
        f"{label.en}: only some of the boxes are crossed out ({_signs(number.raw)}), read as 0. "
        "Look at the photo and settle what is meant.",
    ))


def sources_disagree(name: str, label: Text, number: Field, kind: SourceKind) -> Finding:
    """`kind` is the writing that says another number than the boxes."""
    boxes, other = number.sources[SourceKind.BOXES], number.sources[kind]
    writing = _WRITINGS[kind]
    return Finding(FindingCode.SOURCES_DISAGREE, Severity.ERROR, (name,), Text(
        f"{label.id}: kotak angka {_value_id(number.state, boxes)}, tetapi {writing.id} {_value_id(number.state, other)}. "
        "Bandingkan keduanya pada foto.",
        f"{label.en}: the boxes say {_value_en(number.state, boxes)}, but the {writing.en} {_value_en(number.state, other)}. "
        "Compare the two on the photo.",
    ))


def bubbles_unclear(name: str, label: Text, counted: int | None) -> Finding:
    """`counted` as for `bubbles_corrected`."""
    if counted is not None:
        seen = Text("bulatan tidak jelas", "the bubbles are not clear")
        return _borne_out(FindingCode.BUBBLES_UNCLEAR, name, label, seen, counted)
    return Finding(FindingCode.BUBBLES_UNCLEAR, Severity.WARNING, (name,), Text(
        f"{label.id}: bulatan tidak jelas (ganda, terlewat, atau samar). Bandingkan dengan kotak angka pada foto.",
        f"{label.en}: the bubbles are not clear (two in a column, one missing, or faint). Compare them with the boxes on the photo.",
    ))


def unconfirmed(name: str, label: Text, value: int) -> Finding:
    return Finding(FindingCode.UNCONFIRMED, Severity.WARNING, (name,), Text(
        f"{label.id}: {value} belum dikuatkan oleh bulatan atau penjumlahan di halaman ini. Cocokkan dengan foto.",
        f"{label.en}: {value} is not borne out by bubbles or by a sum on this page. Compare it with the photo.",
    ))


def outside_picture(names: Sequence[str], labels: Sequence[Text]) -> Finding:
    listed, more = labels[:LISTED], len(labels) - LISTED
    rest = Text(f", dan {more} lainnya", f", and {more} more") if more > 0 else Text("", "")
    return Finding(FindingCode.OUTSIDE_PICTURE, Severity.ERROR, tuple(names), Text(
        f"Tidak seluruhnya ada di foto: {'; '.join(label.id for label in listed)}{rest.id}. Foto ulang seluruh halaman.",
        f"Not wholly in the picture: {'; '.join(label.en for label in listed)}{rest.en}. Take the photo again with the whole page in view.",
    ))


def another_sheet(form: str, page: str, beside: str) -> Finding:
    return Finding(FindingCode.ANOTHER_SHEET, Severity.WARNING, (), Text(
        f"Foto ini memuat lembar lain ({beside}) di samping yang dibaca ({form} {page}). Foto ulang setiap lembar sendiri-sendiri.",
        f"The photo shows another sheet ({beside}) beside the one that was read ({form} {page}). Take a photo of each sheet by itself.",
    ))


def registration_doubtful(residual_mm: float) -> Finding:
    return Finding(FindingCode.REGISTRATION_DOUBTFUL, Severity.WARNING, (), Text(
        f"Letak halaman pada foto kurang tepat (meleset {residual_mm:.1f} mm). Pastikan garis bantu tepat pada kotak angka.",
        f"The page was not placed exactly in the photo ({residual_mm:.1f} mm off). Make sure the outlines fall on the boxes.",
    ))


def boxes_doubtful(name: str, label: Text) -> Finding:
    return Finding(FindingCode.REGISTRATION_DOUBTFUL, Severity.WARNING, (name,), Text(
        f"{label.id}: bingkai kotak angka tidak terlihat di tempatnya. Pastikan garis bantu tepat pada kotak angka.",
        f"{label.en}: the frames of the digit boxes were not seen in their place. Make sure the outlines fall on the boxes.",
    ))


def form_not_calibrated(title: Text) -> Finding:
    return Finding(FindingCode.FORM_NOT_CALIBRATED, Severity.WARNING, (), Text(
        f"{title.id}: ketepatan pembacaan formulir ini belum cukup diukur. Cocokkan semua angka dengan foto.",
        f"{title.en}: how well this form is read has not been measured on enough sheets. Compare every number with the photo.",
    ))


def _borne_out(code: FindingCode, name: str, label: Text, seen: Text, counted: int) -> Finding:
    """A note of what was seen on bubbles beside which boxes and count say the same."""
    return Finding(code, Severity.INFO, (name,), Text(
        f"{label.id}: {seen.id}; kotak angka dan turus sama-sama menunjukkan {counted}.",
        f"{label.en}: {seen.en}; the boxes and what was counted both say {counted}.",
    ))


def percent(probability: float) -> str:
    """A probability for people: whole percent, never 0 or 100."""
    return f"{min(max(round(100 * probability), 1), 99)} %"


def _value_id(state: FieldState, reading: ValueProbability) -> str:
    if reading.value is not None:
        return str(reading.value)
    return "kosong" if state is FieldState.BLANK else "tanpa angka"


def _value_en(state: FieldState, reading: ValueProbability) -> str:
    if reading.value is not None:
        return str(reading.value)
    return "nothing" if state is FieldState.BLANK else "no number"


def _signs(raw: str) -> str:
    """The signs in the boxes with a space between: empty boxes stay visible as _."""
    return " ".join(raw.upper())
