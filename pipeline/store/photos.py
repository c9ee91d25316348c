"""Where photos are kept: by the SHA-256 of their bytes, in a folder or any other place that fsspec reaches (`s3://…`).

Bytes come in, their hash comes out and gives them back. The idea: a name that is made of the content cannot be overwritten with something
else, the same photo sent twice is kept once, and what comes back is hashed again before it is believed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from pipeline.store.database import StoreError
from pipeline.store.sources import place_errors, reached
from pipeline.writing import OutputError, write_whole


class PhotoLostError(StoreError):
    """One photo is not there, or its bytes are not those that were put in, while the place itself can be reached."""


class PhotoStore:
    """The photos at a folder or fsspec URL, which is made when the first one is put in."""

    def __init__(self, url: str) -> None:
        self._files, self._root = reached(url)
        # An object store has no folders: what is there as long as the place can be reached is the bucket.
        self._place = self._root if isinstance(self._files, LocalFileSystem) else self._root.partition("/")[0]

    def put(self, data: bytes) -> str:
        """Keep a photo; gives its SHA-256 in hex. It appears whole or not at all.

        Raises
        ------
        StoreError
            It cannot be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        with place_errors(path):
            try:
                if not self._is_whole(path, sha256):
                    self._write(path, data)
            except (OSError, OutputError) as error:
                raise StoreError(f"{path}: the photo cannot be kept ({error}); check the space and the rights there") from error
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes of a photo.

        Raises
        ------
        PhotoLostError
            It is not there, or its bytes are no longer those that were put in.
        StoreError
            The place cannot be reached.
        """
        path = self._path(sha256)
        with place_errors(path):
            try:
                data: bytes = self._files.cat_file(path)
            except FileNotFoundError as error:
                if not self._files.exists(self._place):
                    raise StoreError(f"{self._place}: the photos cannot be reached; there is no such bucket or folder") from error
                raise PhotoLostError(f"{path}: the photo is not there; bring it back from a copy") from error
            except OSError as error:
                raise StoreError(f"{path}: the photo cannot be read ({error})") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise PhotoLostError(f"{path}: these are not the bytes that were put in; bring the photo back from a copy")
        return data

    def _is_whole(self, path: str, sha256: str) -> bool:
        """Whether the photo is there already: one that an accident cut short is written again."""
        try:
            return hashlib.sha256(self._files.cat_file(path)).hexdigest() == sha256
        except FileNotFoundError:
            return False

    def _write(self, path: str, data: bytes) -> None:
        if isinstance(self._files, LocalFileSystem):
            write_whole(Path(path), data)  # on the disk before it has its name
        else:
            self._files.pipe_file(path, data)  # one object, which appears when it is complete

    def __contains__(self, sha256: str) -> bool:
        return bool(self._files.exists(self._path(sha256)))

    def _path(self, sha256: str) -> str:
        """Two levels of folders: 60 million photos make 900 in each."""
        return f"{self._root}/{sha256[:2]}/{sha256[2:4]}/{sha256}"
