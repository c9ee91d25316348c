"""What several pages say: roles, verdicts, states, writings, and the names of regions."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.regions import Level
from pipeline.regions.codes import TPS_LENGTH
from pipeline.sheet import Severity, SourceKind, Text
from pipeline.store.accounts import Role
from pipeline.store.schema import regions

ROLES: Mapping[Role, Text] = {
    Role.KPPS: Text("KPPS (petugas TPS)", "KPPS (polling station officer)"),
    Role.PPS: Text("PPS (desa/kelurahan)", "PPS (village)"),
    Role.PPK: Text("PPK (kecamatan)", "PPK (district)"),
    Role.REGENCY: Text("KPU kabupaten/kota", "KPU of a regency or city"),
    Role.PROVINCE: Text("KPU provinsi", "KPU of a province"),
    Role.NATIONAL: Text("KPU RI", "KPU of the nation"),
    Role.AUDITOR: Text("Pemeriksa", "Auditor"),
    Role.ADMIN: Text("Pengelola akun", "Account administrator"),
}

SOURCES: Mapping[SourceKind, Text] = {
    SourceKind.BOXES: Text("kotak", "boxes"),
    SourceKind.BUBBLES: Text("bulatan", "bubbles"),
    SourceKind.TALLY: Text("turus", "tally"),
    SourceKind.ROW_SUMS: Text("jumlah baris", "row sums"),
    SourceKind.WORDS: Text("huruf", "words"),
}

SEVERITIES: Mapping[Severity, Text] = {
    Severity.ERROR: Text("kesalahan", "error"),
    Severity.WARNING: Text("keraguan", "doubt"),
    Severity.INFO: Text("catatan", "note"),
}

PHOTO_LOST = Text(
    "Foto ini hilang dari penyimpanan atau tidak dapat dibuka. Laporkan kepada pengelola.",
    "This photo is missing from the store, or cannot be opened. Report it to an administrator.",
)


def named(connection: Connection, code: str) -> str:
    """A region or polling station with the names of all that contain it, the smallest first; empty for the whole country."""
    codes = [code[:level] for level in Level if level <= len(code)]
    found = connection.execute(sa.select(regions.c.code, regions.c.name).where(regions.c.code.in_(codes)))
    names = {row.code: row.name for row in found}
    station = [f"TPS {int(code[Level.VILLAGE :])}"] if len(code) == TPS_LENGTH else []
    return ", ".join([*station, *(names.get(one, one) for one in reversed(codes))])
