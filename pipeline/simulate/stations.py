"""Invented polling stations: numbers that add up as the rules of a C.Hasil ask, under public names of one regency.

Only names of provinces, districts and villages are used, never a person's; the stations themselves do not exist.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

RESERVE_BALLOTS = 0.02
"""Ballots beyond the number of registered voters (Law 7/2017): two percent, rounded up."""

_PLACES = (
    ("1805082024", "BANJAR AGUNG", "BANJAR DEWA"),
    ("1805292006", "BANJAR BARU", "BALAI MURNI JAYA"),
    ("1805202007", "BANJAR MARGO", "AGUNG DALAM"),
    ("1805252007", "DENTE TELADAS", "BRATASENA ADIWARNA"),
    ("1805062024", "GEDUNG AJI", "AJI MESIR"),
    ("1805272005", "GEDUNG AJI BARU", "BATU AMPAR"),
    ("1805112007", "GEDUNG MENENG", "BAKUNG ILIR"),
    ("1805022001", "MENGGALA", "BUJUNG TENUK"),
    ("1805302008", "MENGGALA TIMUR", "BEDARO INDAH"),
    ("1805262005", "MERAKSA AJI", "BINA BUMI"),
    ("1805132010", "PENAWAR TAMA", "BOGA TAMA"),
    ("1805122009", "RAWA JITU SELATAN", "BUMI RATU"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Station:
    """One invented polling station.

    Attributes
    ----------
    code
        13 digits: the public code of the village and the number of the station.
    values
        Number of every field that a form may ask for, by field id.
    """

    province: str
    regency: str
    district: str
    village: str
    number: int
    code: str
    values: Mapping[str, int]


def invent_station(rng: np.random.Generator, *, candidates: int = 3) -> Station:
    """A station of at most 300 registered voters whose numbers satisfy all equations of the form."""
    code, district, village = _PLACES[int(rng.integers(len(_PLACES)))]
    number = int(rng.integers(1, 4))
    voters = _voters(rng)
    votes = _votes(voters["pengguna_total_j"], candidates, rng)
    return Station(
        province="LAMPUNG", regency="TULANG BAWANG", district=district, village=village, number=number,
        code=f"{code}{number:03d}", values={**voters, **votes},
    )  # fmt: skip


def _voters(rng: np.random.Generator) -> dict[str, int]:
    """Registered voters, those who voted, and the ballots used for it."""
    registered = rng.integers(70, 151, 2)
    turnout = rng.uniform(0.65, 0.97)
    counts = {
        "pemilih_dpt": registered,
        "pengguna_dpt": rng.binomial(registered, turnout),
        "pengguna_dptb": rng.poisson(0.8, 2),
        "pengguna_non_dpt": rng.poisson(1.2, 2),
        "disabilitas": rng.poisson(0.5, 2),
    }
    counts["pengguna_total"] = counts["pengguna_dpt"] + counts["pengguna_dptb"] + counts["pengguna_non_dpt"]
    values: dict[str, int] = {}
    for name, (men, women) in counts.items():
        values |= {f"{name}_l": int(men), f"{name}_p": int(women), f"{name}_j": int(men + women)}
    received = values["pemilih_dpt_j"] + math.ceil(RESERVE_BALLOTS * values["pemilih_dpt_j"])
    used, spoilt = values["pengguna_total_j"], int(rng.poisson(0.4))
    received = max(received, used + spoilt)
    values |= {
        "surat_suara_diterima": received,
        "surat_suara_digunakan": used,
        "surat_suara_rusak": spoilt,
        "surat_suara_sisa": received - used - spoilt,
    }
    return values


def _votes(total: int, candidates: int, rng: np.random.Generator) -> dict[str, int]:
    """The votes of everyone who voted."""
    invalid = int(rng.binomial(total, rng.uniform(0.0, 0.08)))
    shares = rng.multinomial(total - invalid, rng.dirichlet([1.5] * candidates))
    votes = {f"paslon_{index}": int(share) for index, share in enumerate(shares, start=1)}
    return {**votes, "suara_sah": total - invalid, "suara_tidak_sah": invalid, "suara_total": total}
