"""The command line: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

from pipeline import read as read_module
from pipeline.cli import app
from pipeline.cli.console import plain
from pipeline.engine import work
from pipeline.forms import load_catalogue
from tests.imaging.pictures import encoded, pdf_of

DATA = Path(__file__).parent / "imaging" / "data"
FORM = "c-hasil-ppwp-2024"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("SIREKAP_LANGUAGE", raising=False)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def picture(blue: int, green: int = 100) -> NDArray[np.uint8]:
    return np.full((200, 300, 3), (blue, green, 50), np.uint8)


@pytest.fixture
def photos(tmp_path: Path, colour_reader: None) -> Path:
    """A folder with three good photos, two of them equal, read by the reader that goes by colour."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(encoded(picture(125), "PNG"))
    (folder / "b.pdf").write_bytes(pdf_of([picture(87)]))
    shutil.copy(folder / "a.png", folder / "copy.png")
    return folder


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(out, "sheets.jsonl").read_text("utf-8").splitlines()]


def test_good_photos_end_with_zero_and_a_table(photos: Path) -> None:
    result = run("read", "photos")
    assert result.exit_code == 0
    for expected in ("photos/a.png", FORM, "paslon_1", "125", "diterima", "sama persis", "3 lembar: 2 diterima, 1 perlu diperiksa"):
        assert expected in result.stdout
    assert result.stderr == ""
    assert sorted(path.name for path in photos.parent.iterdir()) == ["photos"]


def test_results_and_pictures_are_written_and_named(photos: Path) -> None:
    result = run("read", "photos", "--out", "out", "--overlay", "--language", "en")
    assert result.exit_code == 0
    assert "Results are in out" in result.stdout
    assert "Pictures are in out/overlays" in result.stdout
    assert [sheet["source"] for sheet in lines("out")] == ["photos/a.png", "photos/b.pdf#page=1", "photos/copy.png"]
    assert [sheet["verdict"] for sheet in lines("out")] == ["accepted", "accepted", "review"]
    assert len(list(Path("out/overlays").glob("*.jpg"))) == 3


def test_second_run_gives_the_same_but_for_the_seconds(photos: Path) -> None:
    written = []
    for out in ("one", "two"):
        run("read", "photos", "--out", out)
        written.append([sheet | {"seconds": 0} for sheet in lines(out)])
        assert Path(out, "fields.csv").read_bytes() == Path("one", "fields.csv").read_bytes()
    assert written[0] == written[1]


def test_results_inside_the_folder_are_not_read_the_next_time(photos: Path) -> None:
    for _ in range(2):
        assert run("read", "photos", "--out", "photos/out", "--overlay", "--debug", "photos/debug").exit_code == 0
    assert len(lines("photos/out")) == 3


def test_bad_input_gets_one_message_each_and_the_others_go_on(photos: Path) -> None:
    (photos / "bug.png").write_bytes(encoded(picture(0, 0), "PNG"))
    (photos / "cut.jpg").write_bytes(encoded(picture(9), "JPEG")[:-20])
    (photos / "dangling.jpg").symlink_to("nowhere")
    (photos / "text.jpg").write_text("Ini bukan foto.\n")
    (photos / "wall.png").write_bytes(encoded(picture(255, 255), "PNG"))
    shutil.copy(DATA / "encrypted.pdf", photos)
    result = run("read", "photos", "--out", "out")
    assert result.exit_code == 3
    messages = dict(line.split(": ", 2)[:2] for line in result.stderr.splitlines() if line.startswith("photos/"))
    assert messages == {
        "photos/bug.png": "crashed_reader",
        "photos/cut.jpg": "damaged_file",
        "photos/dangling.jpg": "not_found",
        "photos/encrypted.pdf": "encrypted",
        "photos/text.jpg": "unsupported_format",
        "photos/wall.png": "page_not_found",
    }
    assert "Simpan PDF tanpa kata sandi." in result.stderr
    assert len(lines("out")) == 9
    assert "page_not_found" in Path("out/findings.csv").read_text()


def test_missing_path_is_refused_by_its_name(photos: Path) -> None:
    result = run("read", "tidak_ada.jpg", "photos/a.png", "--language", "en")
    assert result.exit_code == 3
    assert "tidak_ada.jpg: not_found: no such file. Check the path" in result.stderr
    assert "125" in result.stdout


def test_empty_folder_is_usage(colour_reader: None, tmp_path: Path) -> None:
    (tmp_path / "kosong").mkdir()
    result = run("read", "kosong", "--out", "out")
    assert result.exit_code == 2
    assert "kosong: not_found: tidak ada foto atau PDF" in result.stderr
    assert not Path("out").exists()


def test_empty_folder_beside_a_full_one_is_reported(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "kosong").mkdir()
    result = run("read", "kosong", "photos")
    assert result.exit_code == 3
    assert "not_found" in result.stderr
    assert "125" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["photos", "--overlay"], "--out"),
        (["photos", "--form", "c9-unknown"], FORM),
        (["photos", "--workers", "0"], "workers"),
        (["photos", "--language", "nl"], "language"),
        ([], "PATH"),
    ],
)
def test_wrong_usage_ends_with_two(photos: Path, arguments: list[str], said: str) -> None:
    result = run("read", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_misspelt_setting_ends_with_two(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIREKAP_MAX_MEGAPIXEL", "5")
    result = run("read", "photos")
    assert result.exit_code == 2
    assert "SIREKAP_MAX_MEGAPIXEL" in result.stderr


def test_missing_models_are_said_before_anything_is_read(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "Reader", read_module.Reader)
    work.load_reader.cache_clear()
    monkeypatch.setenv("SIREKAP_MODELS", "nowhere")
    result = run("read", "photos", "--out", "out", "--language", "en")
    assert result.exit_code == 2
    assert result.stderr.startswith("The reader cannot start: ")
    assert not Path("out").exists()


def test_language_is_a_setting_and_the_option_goes_before_it(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIREKAP_LANGUAGE", "en")
    assert "3 sheets: 2 accepted" in run("read", "photos").stdout
    assert "3 lembar: 2 diterima" in run("read", "photos", "--language", "id").stdout


def test_full_disk_ends_with_one_message_and_nothing_half_written(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("read", "photos", "--out", "out")
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        result = run("read", "photos", "--out", "out", "--language", "en")
    assert result.exit_code == 1
    assert result.stderr.startswith("cannot_write: out/sheets.jsonl: No space left on device.")
    assert len(result.stderr.splitlines()) == 1
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before


def test_names_cannot_command_the_terminal(photos: Path) -> None:
    (photos / "x\x1b[2J[red].png").write_bytes(encoded(picture(11), "PNG"))
    result = run("read", "photos")
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert plain("a\x1bb").plain == "a\\x1bb"


def test_long_runs_show_only_the_doubtful(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.cli.table.MAX_ROWS", 2)
    result = run("read", "photos")
    assert "photos/copy.png" in result.stdout
    assert "photos/b.pdf" not in result.stdout
    assert "1 dari 3 lembar" in result.stdout


def test_help_names_the_commands_and_unknown_ones_are_usage() -> None:
    assert "read" in run("--help").stdout
    assert run("baca").exit_code == 2


def test_forms_are_listed_and_shown(tmp_path: Path) -> None:
    assert FORM in run("form", "list").stdout
    result = run("form", "show", FORM, "--picture", "poster.png", "--language", "en")
    assert result.exit_code == 0
    assert "paslon_1" in result.stdout
    assert "The picture is in poster.png" in result.stdout
    drawn = cv2.imread("poster.png")
    assert drawn is not None
    assert drawn.shape[1] > 3 * 1000


def test_one_page_of_a_form_can_be_drawn() -> None:
    assert run("form", "show", FORM, "--page", "2", "--picture", "two.png").exit_code == 0
    drawn = cv2.imread("two.png")
    width, height = load_catalogue()[FORM].paper_mm
    assert drawn is not None
    assert drawn.shape[1] / drawn.shape[0] == pytest.approx(width / height, rel=0.01)
    assert run("form", "show", FORM, "--page", "9").exit_code == 2
    assert run("form", "show", "c9-unknown").exit_code == 2


def test_forms_of_the_package_are_clean() -> None:
    result = run("form", "lint")
    assert result.exit_code == 0
    assert "tidak ada kesalahan" in result.stdout


def test_bad_form_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("id: x\ncolour: red\n")
    result = run("form", "lint", str(tmp_path))
    assert result.exit_code == 1
    assert "bad.yaml" in result.stderr


def test_cat_is_opened_like_any_photo(tmp_path: Path, colour_reader: None) -> None:
    cat = np.ascontiguousarray(skimage.data.chelsea()[..., ::-1])
    Path("kucing.jpg").write_bytes(encoded(cat, "JPEG"))
    assert run("read", "kucing.jpg").exit_code in (0, 3)
