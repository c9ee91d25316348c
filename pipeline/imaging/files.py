"""From the paths a person gives to files, and from a file to its bytes, without trusting either.

`discover` lists what is to be read in a fixed order, `walk` one folder as it goes; `read_bytes` opens one file and never blocks, follows no
loop, and reads no more than the limit. What cannot be opened stays in the list: it gets its refusal when its turn comes, like any damaged
photo.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.sheet import Refusal, RefusalCode

PICTURE_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".hif", ".pdf"}
    | {".avif", ".bmp", ".gif", ".jp2", ".tif", ".tiff"}
)
"""What is taken from a folder. The second row cannot be read, but a scan left out without a word would be worse than a refusal."""


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One file to read. `name` is how it is reported: the path as given, joined with the path below it by `/`."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found: the items sorted by name, and the folders given in which there was nothing to read."""

    items: tuple[Item, ...]
    empty: tuple[str, ...]


def discover(paths: Iterable[str], *, leave_out: Collection[Path] = ()) -> Discovery:
    """Every file to read under the given paths.

    A path that is no folder is always an item, whatever its name, and even when nothing is there. In folders, recursively, files with
    an extension of a picture or PDF are; hidden ones are not. Each real folder is walked once, so links may form loops.

    Parameters
    ----------
    leave_out
        Folders that are not entered: results written beside the photos are no photos.
    """
    found: dict[str, Item] = {}
    empty: list[str] = []
    for given in paths:
        path = Path(given)
        if not path.is_dir():
            inside: Iterable[Item] = (Item(printable(given), path),)
        else:
            inside = tuple(walk(given, leave_out=leave_out))
            if not inside:
                empty.append(printable(given))
        found.update((item.name, item) for item in inside)
    return Discovery(tuple(sorted(found.values())), tuple(empty))


def walk(top: str, *, leave_out: Collection[Path] = ()) -> Iterator[Item]:
    """As `discover` of one folder, while it is being walked: sorted within each folder, of which only the names are held."""
    seen = {identity for path in leave_out if (identity := _identity(path))}
    linked: list[str] = [top.rstrip("/") or "/"]
    while linked:
        # Real folders first, then what links add: a photo keeps the name of the place where it lies.
        pending = [linked.pop(0)]
        while pending:
            folder = pending.pop()
            identity = _identity(Path(folder))
            if identity is None or identity in seen:
                continue
            seen.add(identity)
            try:
                files, folders, links = _inside(folder)
            except OSError:
                yield Item(printable(folder), Path(folder))
                continue
            for name in files:
                yield Item(printable(name), Path(name))
            pending += reversed(folders)
            linked += links


def printable(path: str) -> str:
    """A path as text that every output can hold: bytes that are no UTF-8 are written as backslash escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def read_bytes(path: Path, *, max_bytes: int) -> bytes | Refusal:
    """The content of a regular file of at most `max_bytes`."""
    try:
        # O_NONBLOCK: opening a named pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _read(descriptor, max_bytes)
        finally:
            os.close(descriptor)
    except OSError as error:
        return _refusal_of(error, path)


def _read(descriptor: int, max_bytes: int) -> bytes | Refusal:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return Refusal(RefusalCode.UNSUPPORTED_FORMAT, f"not a file but a {_kind(status.st_mode)}")
    if status.st_size > max_bytes:
        return too_large(status.st_size, max_bytes)
    with open(descriptor, "rb", closefd=False) as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        return too_large(len(data), max_bytes)
    return data or Refusal(RefusalCode.DAMAGED_FILE, "the file is empty")


def _inside(folder: str) -> tuple[list[str], list[str], list[str]]:
    """Paths of the files to read, the folders, and the links to folders in a folder, each sorted."""
    files: list[str] = []
    folders: list[str] = []
    links: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{folder.rstrip('/')}/{entry.name}"
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                (links if entry.is_symlink() else folders).append(name)
            elif os.path.splitext(entry.name)[1].lower() in PICTURE_EXTENSIONS:
                files.append(name)
    return sorted(files), sorted(folders), sorted(links)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFCHR: "device", stat.S_IFBLK: "device", stat.S_IFSOCK: "socket"}
    return kinds.get(stat.S_IFMT(mode), "special file")


def too_large(size: int, limit: int) -> Refusal:
    return Refusal(RefusalCode.TOO_LARGE, f"{size / 1e6:.1f} MB, more than {limit / 1e6:g} MB")


def _refusal_of(error: OSError, path: Path) -> Refusal:
    if error.errno in (errno.EACCES, errno.EPERM):
        return Refusal(RefusalCode.NO_PERMISSION, "this user may not read the file")
    if error.errno == errno.ELOOP:
        return Refusal(RefusalCode.NOT_FOUND, "the link points to itself")
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        detail = "the link points to nothing" if os.path.islink(path) else "no such file"
        return Refusal(RefusalCode.NOT_FOUND, detail)
    if error.errno in (errno.ENXIO, errno.ENODEV):
        return Refusal(RefusalCode.UNSUPPORTED_FORMAT, "not a file but a socket or device")
    return Refusal(RefusalCode.DAMAGED_FILE, f"the file cannot be read: {error.strerror}")
