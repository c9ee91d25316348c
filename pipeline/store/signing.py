"""The server's own signature: on the links that let officers in, and on the receipts that they are given.

What is signed names its purpose, so that a receipt cannot pass for a link. The idea: whoever has the database has not the key, which is a
file beside it, and whoever has the public key can hold a receipt against it without this server.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from pipeline.store.checkpoint import new_key, private_key
from pipeline.store.database import StoreError
from pipeline.store.ledger import canonical
from pipeline.writing import OutputError, write_whole


class Purpose(StrEnum):
    """What a signature is for."""

    LINK = "sirekap-link"
    RECEIPT = "sirekap-receipt"


class Signer:
    """Signs, and knows its own signatures again.

    Parameters
    ----------
    file
        The Ed25519 private key (PEM); made when there is none.

    Raises
    ------
    StoreError
        The file cannot be read or made, or is no such key.
    """

    def __init__(self, file: Path) -> None:
        self._key = private_key(_made_once(file))

    def sign(self, purpose: Purpose, said: Mapping[str, Any]) -> str:
        """The signature on what is said: 86 letters of base64url."""
        return _text(self._key.sign(_message(purpose, said)))

    def has_signed(self, purpose: Purpose, said: Mapping[str, Any], signature: str) -> bool:
        """Whether this is the key's signature on what is said."""
        try:
            self._key.public_key().verify(_bytes(signature), _message(purpose, said))
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True

    def public_pem(self) -> str:
        """The key that others can hold signatures against (PEM)."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _made_once(file: Path) -> bytes:
    """The key in a file, which of several processes that start at once the first one makes."""
    try:
        if not file.exists():
            _make(file)
        return file.read_bytes()
    except (OSError, OutputError) as error:
        raise StoreError(f"{file}: the key that signs links and receipts cannot be read or made ({error})") from error


def _make(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    made = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    write_whole(made, new_key()[0])
    try:
        made.chmod(0o600)
        with suppress(FileExistsError):
            os.link(made, file)  # appears whole, and not at all where another process was first
    finally:
        made.unlink()


def _message(purpose: Purpose, said: Mapping[str, Any]) -> bytes:
    return f"{purpose}\n{canonical(said)}".encode()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
