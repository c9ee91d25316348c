"""Heads of the ledger kept outside the database, signed so that whoever holds one can show who gave it.

A head is saved as a JSON file; with a private key (Ed25519) it is a checkpoint. The idea: a chain that was made anew as a whole is sound in
itself, and only differs from a head that somebody else has kept.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pipeline.store.database import StoreError
from pipeline.store.ledger import Head, canonical


def new_key() -> tuple[bytes, bytes]:
    """A private key and its public key, both PEM."""
    private = Ed25519PrivateKey.generate()
    return (
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    )


def private_key(pem: bytes) -> Ed25519PrivateKey:
    """The key of a PEM; a StoreError when it is no Ed25519 private key."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise StoreError("not a private key in PEM; make one with `sirekap ledger key`") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise StoreError("not an Ed25519 private key; make one with `sirekap ledger key`")
    return key


def head_text(head: Head, *, at: str, key: bytes | None = None) -> str:
    """A head as the JSON that is kept, signed when a private key (PEM) is given.

    Raises
    ------
    StoreError
        The key is not an Ed25519 private key.
    """
    said: dict[str, Any] = {"at": at, "hash": head.hash, "position": head.position}
    if key is not None:
        said["signature"] = base64.b64encode(private_key(key).sign(canonical(said).encode())).decode()
    return json.dumps(said, indent=1) + "\n"


def read_head(path: Path, *, key: bytes | None = None) -> Head:
    """The head in a file that `head_text` made; with a public key (PEM) its signature must be that key's.

    Raises
    ------
    StoreError
        The file cannot be read or is no head, or the signature is missing or not of this key.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        head = Head(int(said["position"]), str(said["hash"]))
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: not a head of the ledger; make one with `sirekap ledger head`") from error
    if key is not None:
        signature = said.pop("signature", None)
        if signature is None:
            raise StoreError(f"{path}: not signed")
        try:
            _public(key).verify(base64.b64decode(signature), canonical(said).encode())
        except (InvalidSignature, ValueError) as error:
            raise StoreError(f"{path}: the signature is not of this key, or the head was changed") from error
    return head


def _public(pem: bytes) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError as error:
        raise StoreError("not a public key in PEM; it is the file ending in .pub that `sirekap ledger key` made") from error
    if not isinstance(key, Ed25519PublicKey):
        raise StoreError("not an Ed25519 public key; it is the file ending in .pub that `sirekap ledger key` made")
    return key
