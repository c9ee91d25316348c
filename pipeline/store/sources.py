"""Where files come from that are taken in: a folder of this machine, or a place that fsspec reaches (`s3://bucket/prefix`).

Paths come in, items and bytes come out. The idea: what is wrong with one file is the refusal of that file; a place that cannot be reached
says nothing of any file and ends the command.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import fsspec

from pipeline.imaging.files import PICTURE_EXTENSIONS, Item, printable, read_bytes, too_large, walk
from pipeline.regions.rows import READ_AS
from pipeline.settings import without_secrets
from pipeline.sheet import Refusal, RefusalCode
from pipeline.store.database import StoreError

KEYS_AT_ONCE = 1_000
"""Objects that S3 names in one answer at most."""


@dataclass(frozen=True, slots=True)
class NamedItem:
    """A file that somebody else names: no link may lead out of its folder."""

    name: str
    path: Path
    folder: Path


@dataclass(frozen=True, slots=True)
class RemoteItem:
    """A file at a URL. `name` is how it is reported."""

    name: str
    url: str


def is_remote(path: str) -> bool:
    """Whether a path is the URL of another place than a folder of this machine."""
    return "://" in path


def reached(url: str) -> tuple[Any, str]:
    """The file system of a URL or folder, and the path there.

    Raises
    ------
    StoreError
        It is none, or what reaches it is not installed.
    """
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        shown = without_secrets(url)
        raise StoreError(f"{shown}: what reaches this place is not installed ({error}); for S3: pip install 'sirekap[s3]'") from error
    except ValueError as error:
        shown = without_secrets(url)
        raise StoreError(f"{shown}: not a place for files ({error}); give a folder, or a URL like s3://bucket/photos") from error
    return found


@contextmanager
def place_errors(place: str) -> Iterator[None]:
    """Turn what befalls a place into a `StoreError` about it; that one file is not there stays a `FileNotFoundError`."""
    try:
        yield
    except (FileNotFoundError, StoreError):
        raise
    # Every client of an object store has errors of its own, with no common class but this.
    except Exception as error:
        shown, reason = without_secrets(place), " ".join(str(error).split()) or type(error).__name__
        raise StoreError(f"{shown}: cannot be reached ({reason}); check the address, the credentials and the rights") from error


def listed(path: str) -> Iterator[Item | RemoteItem]:
    """The files to read at a path, a file itself or those in a folder and below, while they are being found.

    Raises
    ------
    StoreError
        The place cannot be reached.
    """
    if not is_remote(path):
        yield from walk(path) if Path(path).is_dir() else (Item(printable(path), Path(path)),)
        return
    files, root = reached(path)
    with place_errors(path):
        if os.path.splitext(root)[1].lower() in PICTURE_EXTENSIONS and files.isfile(root):
            yield RemoteItem(path, path)
            return
        try:
            for found in _keys(files, root.rstrip("/")):
                hidden = any(part.startswith(".") for part in found[len(root) :].split("/"))
                if not hidden and os.path.splitext(found)[1].lower() in PICTURE_EXTENSIONS:
                    url = files.unstrip_protocol(found)
                    yield RemoteItem(url, url)
        except FileNotFoundError as error:
            raise StoreError(f"{without_secrets(path)}: there is no such bucket or folder") from error


def _keys(files: Any, root: str) -> Iterator[str]:
    """Every file below a folder; of S3 asked for in pages, since the listing of a bucket does not fit in memory."""
    if not hasattr(files, "call_s3"):
        for folder, _, names in files.walk(root):
            yield from (f"{folder}/{name}" for name in sorted(names))
        return
    bucket, _, prefix = root.partition("/")
    asked = {"Bucket": bucket, "Prefix": f"{prefix}/" if prefix else "", "MaxKeys": KEYS_AT_ONCE}
    more: dict[str, str] = {}
    while True:
        answer = files.call_s3("list_objects_v2", **asked, **more)
        yield from (f"{bucket}/{entry['Key']}" for entry in answer.get("Contents", ()))
        if not answer.get("IsTruncated"):
            return
        more = {"ContinuationToken": answer["NextContinuationToken"]}


def fetch(item: Item | NamedItem | RemoteItem, *, max_bytes: int) -> bytes | Refusal:
    """The content of a file of at most `max_bytes`, which are counted before they are fetched.

    Raises
    ------
    StoreError
        The place cannot be reached.
    """
    if isinstance(item, NamedItem) and not Path(os.path.realpath(item.path)).is_relative_to(item.folder):
        return Refusal(RefusalCode.NO_PERMISSION, f"a link leads out of {printable(str(item.folder))}")
    if not isinstance(item, RemoteItem):
        return read_bytes(item.path, max_bytes=max_bytes)
    files, path = reached(item.url)
    try:
        with place_errors(item.url):
            size = files.info(path)["size"] or 0
            data: bytes = files.cat_file(path) if size <= max_bytes else b""
    except FileNotFoundError:
        return Refusal(RefusalCode.NOT_FOUND, "no such object")
    if max(size, len(data)) > max_bytes:
        return too_large(max(size, len(data)), max_bytes)
    return data or Refusal(RefusalCode.DAMAGED_FILE, "the file is empty")


@contextmanager
def opened_text(path: str) -> Iterator[TextIO]:
    """A text file at a path or URL, as `pipeline.regions.rows` reads it.

    Raises
    ------
    OSError
        It is not there or cannot be read.
    StoreError
        The place cannot be reached.
    """
    if not is_remote(path):
        with open(path, **READ_AS) as text:  # type: ignore[call-overload]
            yield text
        return
    files, there = reached(path)
    with tempfile.TemporaryFile() as copy:
        with place_errors(path), files.open(there, "rb") as binary:
            shutil.copyfileobj(binary, copy)
        copy.seek(0)
        with io.TextIOWrapper(copy, **READ_AS) as text:  # type: ignore[arg-type]
            yield text
