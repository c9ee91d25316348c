"""Where photos are kept: by the SHA-256 of their bytes, in a folder or any other place that fsspec reaches (`s3://…`).

Bytes come in, their hash comes out and gives them back. The idea: a name that is made of the content cannot be overwritten with something
else, the same photo sent twice is kept once, and what comes back is hashed again before it is believed.
"""

from __future__ import annotations

import hashlib

import fsspec

from pipeline.store.database import StoreError


class PhotoDamagedError(StoreError):
    """The bytes that are kept are not those that were put in."""


class PhotoStore:
    """The photos at a folder or fsspec URL, which is made when the first one is put in."""

    def __init__(self, url: str) -> None:
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise StoreError(f"{url}: not a place for photos ({error}); give a folder, or a URL like s3://bucket/photos") from error

    def put(self, data: bytes) -> str:
        """Keep a photo; gives its SHA-256 in hex. It appears whole or not at all.

        Raises
        ------
        StoreError
            It cannot be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        try:
            if not self._files.exists(path):
                self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
                with self._files.transaction:
                    self._files.pipe_file(path, data)
        except OSError as error:
            raise StoreError(f"{path}: the photo cannot be kept ({error}); check the space and the rights there") from error
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes of a photo.

        Raises
        ------
        PhotoDamagedError
            Its bytes are no longer those that were put in.
        StoreError
            It is not there, or cannot be reached.
        """
        path = self._path(sha256)
        try:
            data: bytes = self._files.cat_file(path)
        except OSError as error:
            raise StoreError(f"{path}: the photo cannot be read ({error})") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise PhotoDamagedError(f"{path}: these are not the bytes that were put in; bring the photo back from a copy")
        return data

    def __contains__(self, sha256: str) -> bool:
        return bool(self._files.exists(self._path(sha256)))

    def _path(self, sha256: str) -> str:
        """Two levels of folders: 60 million photos make 900 in each."""
        return f"{self._root}/{sha256[:2]}/{sha256[2:4]}/{sha256}"
