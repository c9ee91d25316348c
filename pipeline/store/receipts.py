"""What somebody who sent a photo holds in hand: that exactly these bytes are in the ledger, at which row, and since when.

The receipt repeats what the row of the photo says and carries this server's signature. The row's hash stands in every hash after it, so a
ledger that was made anew no longer has it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.store.ledger import START, canonical, chained
from pipeline.store.schema import ledger, photos
from pipeline.store.signing import Purpose, Signer


@dataclass(frozen=True, slots=True)
class Receipt:
    """A photo in the ledger.

    Attributes
    ----------
    position, hash
        Its row, and the hash of that row.
    sha256
        Of the bytes of the photo.
    at
        When it was recorded.
    tps
        The polling station that it was recorded for, None when it was not certain.
    sound
        Whether the row still has the hash of what it says, and the table of photos says the same.
    """

    position: int
    hash: str
    sha256: str
    at: str
    tps: str | None
    sound: bool

    def said(self) -> dict[str, object]:
        """What is signed."""
        return {"at": self.at, "hash": self.hash, "position": self.position, "sha256": self.sha256, "tps": self.tps}


def receipt_at(connection: Connection, position: int) -> Receipt | None:
    """The receipt of the photo that a row of the ledger tells of, None when it tells of none."""
    return _receipt(connection, photos.c.position == position)


def receipt_of(connection: Connection, sha256: str) -> Receipt | None:
    """The receipt of a photo by the SHA-256 of its bytes, None when it is not in the ledger."""
    return _receipt(connection, photos.c.sha256 == sha256)


def token_of(receipt: Receipt, signer: Signer) -> str:
    """What the link to a receipt carries: the row, and the signature on what the receipt says."""
    return f"{receipt.position}.{signer.sign(Purpose.RECEIPT, receipt.said())}"


def receipt_by(connection: Connection, token: str, signer: Signer) -> Receipt | None:
    """The receipt whose token this is, None when this server did not give it or the ledger says something else now."""
    position, _, signature = token.partition(".")
    if not (position.isascii() and position.isdecimal() and len(position) <= 18):
        return None
    receipt = receipt_at(connection, int(position))
    if receipt is None or not receipt.sound or not signer.has_signed(Purpose.RECEIPT, receipt.said(), signature):
        return None
    return receipt


def _receipt(connection: Connection, which: sa.ColumnElement[bool]) -> Receipt | None:
    before = ledger.alias()
    previous = sa.select(before.c.hash).where(before.c.position == ledger.c.position - 1).scalar_subquery()
    query = (
        sa.select(ledger, photos.c.sha256, previous.label("previous"))
        .join_from(photos, ledger, ledger.c.position == photos.c.position)
        .where(which)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    body = json.loads(row.body)
    made_anew = chained(row.previous or START, row.position, row.at, row.kind, canonical(body))
    sound = made_anew == row.hash and body.get("sha256") == row.sha256
    return Receipt(row.position, row.hash, row.sha256, row.at, body.get("tps"), sound)
