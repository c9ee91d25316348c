"""Fixtures that tests of several rooms share."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.engine.work import single_threaded
from pipeline.settings import PREFIX
from pipeline.sheet import Sheet
from tests.databases import migrated_database, migrated_file, postgresql, store, store_url
from tests.sheets import ColourReader, read_by_colour

__all__ = ["migrated_database", "migrated_file", "postgresql", "store", "store_url"]


LONG = (
    "test_mobile.py", "test_browser.py", "test_executors.py", "test_phone_checks.py", "test_read_command.py", "test_serve_command.py",
    "test_real_photos.py", "test_bad_input.py", "test_register.py", "test_store_commands.py", "test_review.py",
)  # fmt: skip
"""Files that take longest: begun late, one of them goes on by itself when all others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest (and `--no-loadscope-reorder`, or the processes take the files with most tests first)."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """As in a reading process: see `single_threaded`."""
    single_threaded()


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Defaults for all tests and the processes they start: no variable, no TOML file and no database of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture
def colour_reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The reader that goes by the colour of a photo in place of the real one, and a negative for an overlay."""
    from pipeline.engine import work

    def draw(image: NDArray[np.uint8], sheet: Sheet, *, registration: None, page: None) -> NDArray[np.uint8]:
        return (255 - image).astype(np.uint8)

    monkeypatch.setattr(work, "Reader", ColourReader)
    monkeypatch.setattr(work, "read_photo", read_by_colour)
    monkeypatch.setattr(work, "draw_overlay", draw)
    work.load_reader.cache_clear()
    yield
    work.load_reader.cache_clear()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KB, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a small disk")
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)
