"""Regions and results of a whole nation to measure with: a real table and real numbers where they are at hand, made ones where not.

The numbers are those of 2019, when the commission and a crowd wrote down what stood on the same papers: where the two agree a sheet counts
as checked, where they differ as decided, where only one of them has it as in doubt, and where neither has it nothing came.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.regions import Level, Region, read_regions
from pipeline.store.results import Evidence

PROVINCES, REGENCIES, DISTRICTS = 38, 14, 14
"""Provinces, and the regencies and districts in each region above them, where there is no table."""

FIRST_MADE = 9001
"""Last four digits of the first village that is made in a district; real ones begin with 1 or 2."""

NUMBERS = {"pas1": "paslon_1", "pas2": "paslon_2", "sah": "suara_sah", "tSah": "suara_tidak_sah", "jum": "suara_total"}
"""What the columns of the results are on the form."""


def made_regions(table: Path | None, *, villages: int, stations: int) -> list[Region]:
    """Regions with so many villages and polling stations at least: those of a table, and what it lacks shared out evenly.

    Raises
    ------
    TableError
        The table cannot be read.
    """
    known = read_regions(table)[0] if table is not None else list(_made_districts())
    districts = [one.code for one in known if one.level is Level.DISTRICT]
    named = {one.code: one.stations or 0 for one in known if one.level is Level.VILLAGE}
    more = (f"{code}{FIRST_MADE + turn}" for turn in range(10_000 - FIRST_MADE) for code in districts)
    while len(named) < villages:
        named[next(more)] = 0
    each, left = divmod(max(stations - sum(named.values()), 0), len(named))
    counts = {code: count + each + (place < left) for place, (code, count) in enumerate(named.items())}
    names = {one.code: one.name for one in known}
    above = [one for one in known if one.level is not Level.VILLAGE]
    return above + [Region(code, names.get(code, f"DESA {code[6:]}"), count) for code, count in counts.items()]


def _made_districts() -> Sequence[Region]:
    found = []
    for province in range(11, 11 + PROVINCES):
        found.append(Region(f"{province}", f"PROVINSI {province}", None))
        for regency in range(1, REGENCIES + 1):
            found.append(Region(f"{province}{regency:02d}", f"KABUPATEN {regency}", None))
            found += [Region(f"{province}{regency:02d}{place:02d}", f"KECAMATAN {place}", None) for place in range(1, DISTRICTS + 1)]
    return found


def made_results(source: Path | None, regions: Sequence[Region], *, seed: int = 1) -> pd.DataFrame:
    """What came of the polling stations of some regions: a row a station with its `tps`, `evidence` and the numbers of `NUMBERS`."""
    codes = [f"{one.code}{number:03d}" for one in regions for number in range(1, min(one.stations or 0, 999) + 1)]
    found = _drawn(len(codes), seed) if source is None else _written_down(source)
    found = found.iloc[np.arange(len(codes)) % len(found)].assign(tps=codes)
    return found[found["evidence"].notna()].astype(dict.fromkeys(NUMBERS.values(), int))


def _written_down(source: Path) -> pd.DataFrame:
    table = pd.read_csv(source, usecols=[f"{who}_{column}" for who in ("kpu", "kp") for column in NUMBERS])
    commission, crowd = (table[[f"{who}_{column}" for column in NUMBERS]].set_axis(list(NUMBERS.values()), axis=1) for who in ("kpu", "kp"))
    both, either = commission.notna().all(axis=1) & crowd.notna().all(axis=1), commission.notna().all(axis=1) | crowd.notna().all(axis=1)
    agree = (commission == crowd).all(axis=1)
    evidence = np.select([agree, both, either], [Evidence.CHECKED.value, Evidence.DECIDED.value, Evidence.READ.value], default="")
    return crowd.where(crowd.notna().all(axis=1), commission).assign(evidence=pd.Series(evidence).replace("", None))


def _drawn(count: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    votes = draw.multinomial(draw.integers(80, 290, count), (0.53, 0.44, 0.03))
    valid = votes[:, 0] + votes[:, 1]
    kinds, shares = [*(one.value for one in Evidence), None], (0.03, 0.93, 0.01, 0.03)
    columns = (votes[:, 0], votes[:, 1], valid, votes[:, 2], valid + votes[:, 2])
    evidence = np.array(kinds, dtype=object)[draw.choice(len(kinds), count, p=shares)]
    return pd.DataFrame(dict(zip(NUMBERS.values(), columns, strict=True))).assign(evidence=evidence)
