"""Files that are either whole or not there.

Everything is written under another name in the same folder and renamed when it is complete. When the disk is full, or the run is
stopped, what was there before stays as it was, and nothing half-written is left.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO


class OutputError(Exception):
    """A result cannot be written: the one failure that ends a run, since every further sheet would meet it too."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn every `OSError` of the block into an `OutputError` about `path`."""
    try:
        yield
    except OSError as error:
        raise OutputError(str(path), error.strerror or str(error)) from error


class StagedFiles(AbstractContextManager["StagedFiles"]):
    """Several files of one folder that appear together when the `with` block ends well, and not at all otherwise.

    Raises
    ------
    OutputError
        A file cannot be created or completed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._staged: list[tuple[Path, Path, BinaryIO]] = []

    def create(self, name: str) -> BinaryIO:
        """A file to write into; it gets its `name` at the end."""
        target = self._folder / name
        temporary = self._folder / f".{name}.{secrets.token_hex(4)}.part"
        with output_errors(target):
            self._folder.mkdir(parents=True, exist_ok=True)
            file = temporary.open("xb")
        self._staged.append((target, temporary, file))
        return file

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None:
        try:
            if error is None:
                self._commit()
        finally:
            self._discard()

    def _commit(self) -> None:
        # All are complete on the disk before the first gets its name.
        for target, _, file in self._staged:
            with output_errors(target):
                file.flush()
                os.fsync(file.fileno())
                file.close()
        for target, temporary, _ in self._staged:
            with output_errors(target):
                temporary.replace(target)

    def _discard(self) -> None:
        for _, temporary, file in self._staged:
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        self._staged.clear()


def write_whole(path: Path, content: bytes) -> None:
    """Write one file, whole or not at all.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    with StagedFiles(path.parent) as staged:
        file = staged.create(path.name)
        with output_errors(path):
            file.write(content)
