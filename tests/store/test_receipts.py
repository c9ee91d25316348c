"""A receipt is what the ledger says of a photo; one that was changed, and a ledger that was, are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.store.ledger import entries
from pipeline.store.receipts import receipt_at, receipt_by, receipt_of, token_of
from pipeline.store.schema import photos
from pipeline.store.signing import Signer
from tests.sheets import make_sheet
from tests.stores import add_photo, add_reading

STATION = "1805082001003"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "signing.pem")


def test_receipt_says_what_the_ledger_says(store: sa.Engine, signer: Signer) -> None:
    with store.begin() as connection:
        first, second = (add_photo(connection, name, tps=STATION) for name in ("a.jpg", "b.jpg"))
        receipt = receipt_of(connection, second.sha256)
        assert receipt is not None
        row = list(entries(connection))[1]
        assert (receipt.position, receipt.hash, receipt.at, receipt.tps, receipt.sound) == (2, row.hash, row.at, STATION, True)
        assert receipt_by(connection, token_of(receipt, signer), signer) == receipt
        assert receipt_at(connection, first.position) != receipt
        add_reading(connection, second, make_sheet())
        assert receipt_at(connection, 3) is None, "a reading is no photo"
        assert receipt_of(connection, "00" * 32) is None


def test_receipt_cannot_be_made_up(store: sa.Engine, signer: Signer, tmp_path: Path) -> None:
    with store.begin() as connection:
        photo = add_photo(connection, "a.jpg", tps=STATION)
        receipt = receipt_at(connection, photo.position)
        assert receipt is not None
        other_key = token_of(receipt, Signer(tmp_path / "other.pem"))
        other_station = token_of(replace(receipt, tps="1805082001004"), signer)
        for token in (other_key, other_station, "1.", "1", "", "x.y", f"{'9' * 30}.a", "²." + "A" * 86):
            assert receipt_by(connection, token, signer) is None, token


def test_ledger_that_was_edited_no_longer_bears_its_receipts_out(store: sa.Engine, signer: Signer) -> None:
    with store.begin() as connection:
        receipt = receipt_at(connection, add_photo(connection, "a.jpg", tps=STATION).position)
        assert receipt is not None
        token = token_of(receipt, signer)
        _drop_triggers(connection)
        connection.execute(photos.update().values(sha256="00" * 32))
        found = receipt_at(connection, receipt.position)
        assert found is not None
        assert not found.sound
        assert receipt_by(connection, token, signer) is None


def _drop_triggers(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("DROP TRIGGER photos_append_only ON photos"))
        return
    for name in connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'photos'")).all():
        connection.execute(sa.text(f"DROP TRIGGER {name}"))
