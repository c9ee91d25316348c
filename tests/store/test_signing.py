"""The server knows its own signatures again, each for its purpose, and keeps one key."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pipeline.store.database import StoreError
from pipeline.store.signing import Purpose, Signer

SAID = {"position": 12, "sha256": "ab" * 32}


def test_signature_is_known_again_after_a_restart(tmp_path: Path) -> None:
    signature = Signer(tmp_path / "key.pem").sign(Purpose.RECEIPT, SAID)
    again = Signer(tmp_path / "key.pem")
    assert again.has_signed(Purpose.RECEIPT, SAID, signature)
    assert not again.has_signed(Purpose.LINK, SAID, signature)
    assert not again.has_signed(Purpose.RECEIPT, {**SAID, "position": 13}, signature)
    assert not Signer(tmp_path / "other.pem").has_signed(Purpose.RECEIPT, SAID, signature)


@pytest.mark.parametrize("signature", ["", "a", "?" * 86, "ä" * 86, "A" * 86, "A" * 10_000])
def test_what_is_no_signature_is_none(tmp_path: Path, signature: str) -> None:
    assert not Signer(tmp_path / "key.pem").has_signed(Purpose.RECEIPT, SAID, signature)


def test_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "home" / "key.pem"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: Signer(file).public_pem(), range(8)))
    assert len(keys) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["key.pem"]
    assert isinstance(serialization.load_pem_public_key(keys.pop().encode()), Ed25519PublicKey)


def test_file_that_is_no_key_is_one_error(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("no key")
    with pytest.raises(StoreError, match="not a private key"):
        Signer(file)
    with pytest.raises(StoreError, match="cannot be read or made"):
        Signer(tmp_path)
