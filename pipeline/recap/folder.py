"""A folder that is either whole or not there, for results of many files. It is the `pipeline.writing` of folders."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.writing import OutputError, output_errors


@contextmanager
def whole_folder(target: Path, *, strangers: Callable[[Path], Sequence[str]]) -> Iterator[Path]:
    """A new folder to write into, which takes the place of `target` when the block ends well, and is gone otherwise.

    Parameters
    ----------
    strangers
        What lies in `target` that must not be replaced.

    Raises
    ------
    OutputError
        The folder cannot be made or take its place; what was there before is then there still.
    """
    target = target.resolve()
    staged = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    with output_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.mkdir()
    try:
        yield staged
        with output_errors(target):
            _to_disk(staged)
            if foreign := strangers(target):  # put there meanwhile
                raise OutputError(str(target), f"{foreign[0]} lies there")
            _put(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _to_disk(folder: Path) -> None:
    """All is on the disk before it gets its name."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())


def _put(staged: Path, target: Path) -> None:
    """Give a folder its name; one that is there moves aside first, since a folder is not replaced in one step."""
    if not target.is_dir() or not any(target.iterdir()):
        staged.rename(target)
        return
    aside = staged.with_suffix(".old")
    target.rename(aside)
    try:
        staged.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)
