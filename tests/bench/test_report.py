"""What is printed: one table, one line a failure, and contact sheets outside the project."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from pipeline.bench import report
from pipeline.bench.contact import ROW_SIZE, write_contact_sheets
from pipeline.bench.judging import Outcome, judge
from pipeline.read import Reading
from pipeline.sheet import Verdict
from tests.bench.sheets import read_sheet, true_sheet
from tests.crosscheck.conftest import reading_of
from tests.sheets import make_field, make_refused

WRONG = {"paslon_1": make_field(725, probability=1.0), "paslon_2": make_field(87, raw="x87")}


def outcomes(path: Path = Path("photo.png")) -> list[Outcome]:
    def one(image: str, reading: Reading, **truth: object) -> Outcome:
        known = truth.pop("known", True) is True
        return judge(true_sheet(image, path=path, **truth), reading, known=known, exceptions={})

    return [
        one("set-a/right.png", Reading(read_sheet(verdict=Verdict.ACCEPTED), fields={"paslon_1": reading_of("125", "12_")})),
        one("set-a/wrong.png", Reading(read_sheet(fields=WRONG))),
        one("set-a/accepted.png", Reading(read_sheet(fields=WRONG, verdict=Verdict.ACCEPTED))),
        one("set-b/page.png", Reading(read_sheet(page="3"))),
        one("set-b/refused.png", Reading(make_refused())),
        one("set-b/corrected.png", Reading(read_sheet(verdict=Verdict.ACCEPTED)), must_review=("overwritten",)),
        one("set-c/other.png", Reading(make_refused()), known=False),
        one("set-c/taken.png", Reading(read_sheet()), known=False, form="c1-1999"),
    ]


def printed(*tables: object) -> str:
    console = Console(width=200, no_color=True)
    with console.capture() as capture:
        for table in tables:
            console.print(table)
    return capture.get()


def test_table_has_a_column_a_set_and_one_for_all() -> None:
    text = printed(report.set_table(outcomes()))
    header = next(line for line in text.splitlines() if "set-a" in line)
    assert [header.split("┃")[place].strip() for place in (2, 3, 4)] == ["set-a", "set-b", "all"]
    rows = {line.split("│")[1].strip(): [cell.strip() for cell in line.split("│")[2:5]] for line in text.splitlines() if "│" in line}
    assert rows["sheets"] == ["3", "3", "6"]
    assert rows["refused"] == ["0", "1", "1"]
    assert rows["wrong page"] == ["0", "1", "1"]
    assert rows["numbers right, not refused"] == ["4/6 = 66.67 %", "4/4 = 100.00 %", "8/10 = 80.00 %"]
    assert rows["accepted of clear"] == ["2/3 = 66.67 %", "0/2 = 0.00 %", "2/5 = 40.00 %"]
    assert rows["wrong accepted"] == ["1/2", "0/1", "1/3"]
    assert rows["wrong at stated p >= 0.999"] == ["2/2", "0/0", "2/2"]
    assert rows["bubble columns right"] == ["2/3 = 66.67 %", "-", "2/3 = 66.67 %"]


def test_signs_are_counted_apart() -> None:
    text = printed(report.sign_table(outcomes()))
    row = next(line for line in text.splitlines() if "set-a" in line)
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["", "1/3", "3/3", "", "", "3/3", "", "3/3", "3/3", "", "3/3", "", ""]


def test_every_failure_has_its_line_the_gravest_first() -> None:
    kinds = [line.split(" ", 1)[0] if ":" not in line else line.split(":")[0] for line in report.failures(outcomes())]
    assert kinds == [
        "READ AS A KNOWN FORM", "WRONG PAGE", "WRONG ACCEPTED", "wrong", "refused", "accepted, to look at", "bubble column",
    ]  # fmt: skip
    lines = list(report.failures(outcomes()))
    assert lines[2] == "WRONG ACCEPTED: set-a/accepted.png paslon_1 is 125, read 725 (number, boxes 725, p 0.999999)"
    assert lines[6] == "bubble column: set-a/right.png paslon_1 column 3 is 5, read none"


def test_forms_that_are_not_known_are_counted_apart() -> None:
    assert list(report.other_forms(outcomes())) == [
        "set-c: 2 sheets of forms not in the catalogue, 1 refused, 1 wrongly read as a known form"
    ]


def test_contact_sheets_show_what_went_wrong(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.full((200, 300, 3), 200, np.uint8))
    written = write_contact_sheets(outcomes(photo), tmp_path / "look")
    assert [path.name for path in written] == ["numbers-1.jpg", "photos-1.jpg"]
    numbers = cv2.imread(str(written[0]))
    assert numbers is not None
    assert numbers.shape[1] == 4 * ROW_SIZE[0]
    assert write_contact_sheets([outcomes(photo)[0]], tmp_path / "none") == []
