"""Photos that come in pieces over a line that may break at any moment: what has come of each, until it is whole.

Every piece carries the SHA-256 of its bytes and is kept under its number as soon as it is whole; whoever sends asks what is there and sends
the rest, from the same browser or after days. The whole must have the SHA-256 that was announced, or nothing of it is believed.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.regions import TpsCode
from pipeline.store.database import StoreError
from pipeline.writing import OutputError, write_whole

CHUNK = 256 * 1024
"""Bytes of every piece but the last: seconds on a line of 2G, and 12 requests for a photo of 3 MB."""

UNFINISHED_AT_MOST = 50
"""Photos of one polling station that may be under way: a set of all elections has some thirty pages."""

KEPT = 14 * 24 * 3600.0
"""Seconds after which a photo of which nothing more came is given up; the phone still has it."""

WHOLE = "whole-"
"""How the names of files begin that hold a photo while it is taken in."""

SHA256 = re.compile(r"[0-9a-f]{64}")


class AlteredError(Exception):
    """What came is not what was sent: it is to be sent again."""


class UnfinishedError(Exception):
    """Something of a photo is not here: it was never begun, not all of it has come, or another request is done with it meanwhile."""


class TooManyError(Exception):
    """Too many photos of one polling station are under way."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A photo that is on its way: the polling station it is sent for, the SHA-256 and number of its bytes."""

    tps: TpsCode
    sha256: str
    size: int

    @property
    def chunks(self) -> int:
        """Pieces that it comes in."""
        return -(-self.size // CHUNK)

    def size_of(self, number: int) -> int:
        """Bytes of a piece, counted from 0."""
        return min(CHUNK, self.size - number * CHUNK)


class Uploads:
    """The pieces that have come, in a folder: one folder a polling station, in it one a photo."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, photo: Announced) -> None:
        """Make room for a photo, or go on with it.

        Raises
        ------
        TooManyError
            Too many photos of its station are under way.
        StoreError
            The folder cannot be written.
        """
        folder = self._of(photo)
        try:
            if not folder.exists() and len(list(folder.parent.glob("*"))) >= UNFINISHED_AT_MOST:
                raise TooManyError
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def received(self, photo: Announced) -> list[int]:
        """The pieces that are there."""
        return [number for number in range(photo.chunks) if self._piece(photo, number).is_file()]

    def put(self, photo: Announced, number: int, data: bytes, *, sha256: str) -> None:
        """Keep a piece; one that is there already is replaced by the same.

        Raises
        ------
        AlteredError
            Its bytes have another SHA-256 than was said, or are more or fewer than this piece has.
        UnfinishedError
            The photo was not begun: `begin` is what limits how many are under way.
        StoreError
            It cannot be kept.
        """
        if len(data) != photo.size_of(number) or hashlib.sha256(data).hexdigest() != sha256:
            raise AlteredError
        if not self._of(photo).is_dir():
            raise UnfinishedError
        try:
            write_whole(self._piece(photo, number), data)
        except (OSError, OutputError) as error:
            raise self._unwritable(error) from error

    @contextmanager
    def joined(self, photo: Announced) -> Iterator[Path]:
        """The whole photo as a file that is there for a `with` block, and for nobody else: two requests may finish one photo at once.

        Raises
        ------
        UnfinishedError
            Not all its pieces are there.
        AlteredError
            It has not the SHA-256 that was announced; its pieces are forgotten.
        StoreError
            It cannot be written.
        """
        whole = self._folder / f"{WHOLE}{secrets.token_hex(8)}"
        try:
            if self._join(photo, whole) != photo.sha256:
                self.forget(photo)
                raise AlteredError
            yield whole
        finally:
            whole.unlink(missing_ok=True)

    def _join(self, photo: Announced, whole: Path) -> str:
        """Write the pieces of a photo into one file; gives its SHA-256."""
        hashed = hashlib.sha256()
        try:
            with whole.open("xb") as file:
                for number in range(photo.chunks):
                    piece = self._piece(photo, number).read_bytes()
                    hashed.update(piece)
                    file.write(piece)
        except FileNotFoundError as error:
            raise UnfinishedError from error
        except OSError as error:
            raise self._unwritable(error) from error
        return hashed.hexdigest()

    def forget(self, photo: Announced) -> None:
        """Remove what has come of a photo: it is in the store, or is to be sent anew."""
        shutil.rmtree(self._of(photo), ignore_errors=True)

    def sweep(self) -> None:
        """Remove photos of which nothing more came for a long time, and whole ones that a server left when it was killed."""
        for old in [*self._folder.glob("*/*"), *self._folder.glob(f"{WHOLE}*")]:
            if old.stat().st_mtime >= time.time() - KEPT:
                continue
            if old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.unlink(missing_ok=True)

    def _of(self, photo: Announced) -> Path:
        return self._folder / str(photo.tps) / f"{photo.sha256}-{photo.size}"

    def _piece(self, photo: Announced, number: int) -> Path:
        return self._of(photo) / f"{number:05d}"

    def _unwritable(self, error: Exception) -> StoreError:
        return StoreError(f"{self._folder}: what is sent cannot be kept ({error}); check the space and the rights there")
