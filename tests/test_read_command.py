"""`sirekap read` with the real reader, as a person runs it: samples, one worker against two, and everything that can go wrong."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data

from tests.imaging.pictures import drawn_pdf, encoded, png_bomb

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "sample_forms"
FEW = ("page2-photo.jpg", "page2-upside-down.jpg", "page2-blank-form.jpg", "page3-photo.jpg", "page2-cut-off.jpg")


def sirekap(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from pipeline.cli import app; app()", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SIREKAP_")} | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)


def sheets(out: Path) -> dict[str, dict[str, Any]]:
    """The lines by source, in their order, without what may differ between runs."""
    lines = [json.loads(line) for line in (out / "sheets.jsonl").read_text("utf-8").splitlines()]
    return {line.pop("source"): line for line in lines if line.pop("seconds") >= 0}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `photos`, some of the samples, and `serial`, what one worker made of them."""
    folder = tmp_path_factory.mktemp("few")
    (folder / "photos").mkdir()
    for name in FEW:
        shutil.copy(SAMPLES / name, folder / "photos")
    done = sirekap("read", "photos", "--out", "serial", "--overlay", folder=folder)
    assert done.returncode == 3, done.stderr
    return folder


def test_two_workers_write_the_same_as_one(few: Path) -> None:
    done = sirekap("read", "photos", "--out", "parallel", "--overlay", "--workers", "2", folder=few)
    assert done.returncode == 3, done.stderr
    assert list(sheets(few / "parallel").items()) == list(sheets(few / "serial").items())
    pictures = [f"overlays/{path.name}" for path in (few / "serial" / "overlays").iterdir()]
    for name in ("fields.csv", "fields.parquet", "findings.csv", *pictures):
        assert (few / "parallel" / name).read_bytes() == (few / "serial" / name).read_bytes(), name


def test_same_bytes_under_a_random_name_in_a_random_folder_give_the_same_object(few: Path, tmp_path: Path) -> None:
    letters = random.Random(7)
    expected = {}
    for name, sheet in list(sheets(few / "serial").items())[:3]:
        folder = tmp_path / "".join(letters.choices("abcxyz", k=8))
        folder.mkdir()
        copy = folder / ("".join(letters.choices("abcxyz", k=8)) + ".jpeg")
        shutil.copy(few / name, copy)
        expected[str(copy)] = sheet
    sirekap("read", *reversed(expected), "--out", "out", folder=tmp_path)
    assert sheets(tmp_path / "out") == expected


def test_blank_form_is_for_review_and_says_so(few: Path) -> None:
    blank = sheets(few / "serial")["photos/page2-blank-form.jpg"]
    assert blank["verdict"] == "review"
    assert "blank_form" in [finding["code"] for finding in blank["findings"]]


def test_bad_input_gets_its_code_and_the_good_photo_is_read(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    good = (SAMPLES / "page2-photo.jpg").read_bytes()
    wall = np.random.default_rng(3).normal(190, 3, (900, 1200, 3)).astype(np.uint8)
    files = {
        "bomb.png": png_bomb(30_000, 30_000),
        "cat.jpg": encoded(np.ascontiguousarray(skimage.data.chelsea()[..., ::-1]), "JPEG"),
        "cut.jpg": good[: len(good) // 2],
        "good.jpg": good,
        "long.pdf": drawn_pdf(pages=400),
        "secret.pdf": (ROOT / "tests/imaging/data/encrypted.pdf").read_bytes(),
        "text.jpg": b"Ini bukan foto.\n",
        "wall.jpg": encoded(wall, "JPEG"),
    }
    for name, data in files.items():
        (photos / name).write_bytes(data)
    (photos / "dangling.jpg").symlink_to("nowhere.jpg")
    done = sirekap("read", "photos", "--out", "out", folder=tmp_path)
    assert done.returncode == 3
    read = sheets(tmp_path / "out")
    assert read.pop("photos/good.jpg")["verdict"] != "refused"
    codes = {name.removeprefix("photos/"): sheet["refusal"]["code"] for name, sheet in read.items()}
    unfound = {"page_not_found", "unknown_form", "too_blurred"}
    assert codes.pop("cat.jpg") in unfound
    assert codes.pop("wall.jpg") in unfound
    assert codes == {
        "bomb.png": "too_many_pixels",
        "cut.jpg": "damaged_file",
        "dangling.jpg": "not_found",
        "long.pdf": "too_many_pages",
        "secret.pdf": "encrypted",
        "text.jpg": "unsupported_format",
    }
    messages = [line.split(": ")[0] for line in done.stderr.splitlines()]
    assert messages == sorted(read)


def test_another_form_than_the_one_asked_for_is_refused(tmp_path: Path) -> None:
    done = sirekap("read", str(SAMPLES / "page2-photo.jpg"), "--form", "c1-ppwp-2019", "--out", "out", folder=tmp_path)
    assert done.returncode == 3
    (sheet,) = sheets(tmp_path / "out").values()
    assert (sheet["verdict"], sheet["refusal"]["code"], sheet["fields"]) == ("refused", "wrong_form", {})


def test_pdf_of_a_photo_reads_the_same_numbers(tmp_path: Path, few: Path) -> None:
    from PIL import Image

    Image.open(SAMPLES / "page2-photo.jpg").save(tmp_path / "photo.pdf", "PDF", quality=95)
    done = sirekap("read", "photo.pdf", "--out", "out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    page = sheets(tmp_path / "out")["photo.pdf#page=1"]
    expected = sheets(few / "serial")["photos/page2-photo.jpg"]
    assert {name: field["value"] for name, field in page["fields"].items()} == {
        name: field["value"] for name, field in expected["fields"].items()
    }


def test_full_disk_ends_with_one_message_and_nothing_half_written(small_disk: Path, few: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(250_000))
    done = sirekap("read", str(few / "photos" / "page2-photo.jpg"), "--out", str(small_disk / "out"), "--overlay", folder=few)
    assert done.returncode == 1
    assert done.stderr.startswith("cannot_write: ")
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in small_disk.rglob("*") if path.is_file()] == ["filler"]
