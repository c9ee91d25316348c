"""A store with readings of two provinces, of a station that is not known, one that was replaced and one that was refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.regions import Region
from pipeline.sheet import Finding, FindingCode, Severity, Text, Verdict
from pipeline.store.elections import Election, add_election
from pipeline.store.regions import import_regions
from tests.sheets import make_field, make_refused, make_sheet
from tests.stores import add_photo, add_reading

FORM = "c-hasil-ppwp-2024"
LAMPUNG, PAPUA = "1805082001010", "9203011002010"
HOSTILE = '<script>alert("1")</script> & =1+1.jpg'

REGIONS = [
    Region("18", "LAMPUNG", None),
    Region("1805", "TULANG BAWANG", None),
    Region("180508", "BANJAR AGUNG", None),
    Region("1805082001", "BANJAR <b>AGUNG</b>", 11),
    Region("92", "PAPUA BARAT", None),
    Region("9203", "FAKFAK", None),
    Region("920301", "FAKFAK", None),
    Region("9203011002", "WAGOM", 4),
]


@pytest.fixture
def election(store: sa.Engine) -> Election:
    """The regions and an election of two pages a station."""
    pilpres = Election("pilpres-2024", "Presiden 2024", "2024-02-14", ((FORM, "2"), (FORM, "3")))
    with store.begin() as connection:
        import_regions(connection, REGIONS)
        add_election(connection, pilpres)
    return pilpres


@pytest.fixture
def filled(store: sa.Engine, election: Election) -> sa.Engine:
    """Six photos, one of which waits; their sheets are those of `tests.sheets` with other numbers."""
    unsure = Finding(FindingCode.UNSURE, Severity.WARNING, ("paslon_1",), Text("Ragu", "Unsure"))
    with store.begin() as connection:
        for name, value, tps in (("first.jpg", 7, LAMPUNG), ("second.jpg", 125, LAMPUNG), ("papua.jpg", 80, PAPUA), (HOSTILE, 60, None)):
            photo = add_photo(connection, name, tps=tps)
            sheet = make_sheet(
                tps=None, fields={"paslon_1": make_field(value, probability=0.95), "paslon_2": make_field(None)}, findings=(unsure,),
                verdict=Verdict.REVIEW,
            )  # fmt: skip
            add_reading(connection, photo, sheet, likeness=None)
        add_reading(connection, add_photo(connection, "blurred.jpg", tps=PAPUA), make_refused(), likeness=None)
        add_photo(connection, "waits.jpg", tps=PAPUA)
    return store


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / "export"
