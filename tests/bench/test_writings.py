"""Each writing beside its truth: which are counted, the figures, errors that come together, and the charts made of them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.bench.charts import accuracy_chart, reliability_chart
from pipeline.bench.judging import Outcome, judge
from pipeline.bench.writings import REPORTED, TYPES, accuracy_table, joint_errors, read_writings, reliability, writings
from pipeline.read import Reading
from pipeline.sheet import SourceKind, ValueProbability
from tests.bench.sheets import read_sheet, true_sheet
from tests.sheets import make_field, make_refused


def said(boxes: int, tally: int) -> dict[SourceKind, ValueProbability]:
    return {SourceKind.BOXES: ValueProbability(boxes, 0.99), SourceKind.TALLY: ValueProbability(tally, 0.8)}


def outcome(image: str = "set-a/1.png", tally: int = 125, **truth: object) -> Outcome:
    fields = {"paslon_1": make_field(125, sources=said(125, tally)), "paslon_2": make_field(88, sources=said(88, 87))}
    return judge(true_sheet(image, **truth), Reading(read_sheet(fields=fields)), known=True, exceptions={})


def frame_of(rows: list[tuple[str, int, str, int, bool, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def test_each_writing_is_held_against_the_number() -> None:
    frame = writings([outcome()])
    found = {(row.number, row.source): (row.read, row.right) for row in frame.itertuples()}
    assert found[0, "boxes"] == (125, True)
    assert found[0, "tally"] == (125, True)
    assert found[1, "boxes"] == (88, False)
    assert found[1, "tally"] == (87, True)
    assert found[1, REPORTED] == (88, False)
    assert frame["stated"].between(0, 1, inclusive="neither").all()


def test_of_a_sheet_out_of_the_ordinary_only_boxes_are_counted() -> None:
    assert set(writings([outcome(noted=True)])["source"]) == {"boxes", REPORTED}


def test_fields_that_were_looked_at_and_do_not_repeat_their_number_are_left_out() -> None:
    listed = outcome("gammafest-2024/TPS_414.jpg")
    assert set(writings([listed])["source"]) == {"boxes", REPORTED}


def test_refused_sheets_and_empty_numbers_are_left_out() -> None:
    refused = judge(true_sheet(), Reading(make_refused()), known=True, exceptions={})
    empty = outcome(fields={"paslon_1": None, "paslon_2": 88})
    assert writings([refused]).empty
    assert set(writings([refused, empty])["read"]) == {88, 87}


def test_table_counts_by_set_and_over_all() -> None:
    table = accuracy_table(writings([outcome(), outcome("set-b/2.png", tally=124)])).set_index(["set", "source"])
    assert table.loc[("set-a", "tally"), "share"] == 1.0
    assert table.loc[("set-b", "tally"), ["right", "numbers"]].tolist() == [1, 2]
    assert table.loc[("all", "boxes"), ["right", "numbers", "surest", "surest_wrong"]].tolist() == [2, 4, 4, 2]
    assert table.loc[("all", "boxes"), "log_loss"] == pytest.approx(-(np.log(0.99) + np.log(0.01)) / 2)
    low, high = table.loc[("all", "boxes"), ["low", "high"]]
    assert low < 0.5 < high


def test_surest_part_is_judged_by_itself() -> None:
    rows = [("a", n, "boxes", 1, n != 7, 0.999 if n != 7 else 0.3) for n in range(20)]
    table = accuracy_table(frame_of(rows))
    assert table["surest_95_wrong"].tolist() == [0, 0]
    assert table["right"].tolist() == [19, 19]


def test_joint_errors_are_counted_and_compared_with_chance() -> None:
    rows = []
    for number in range(100):
        rows.append(("a", number, "boxes", 5 if number < 10 else 1, number >= 10, 0.9))
        rows.append(("a", number, "tally", 5 if number < 4 else 6 if number < 8 else 1, number >= 8, 0.9))
    rows.append(("a", 100, "boxes", 1, True, 0.9))
    only = joint_errors(frame_of(rows)).iloc[0]
    assert (only["one"], only["other"], only["numbers"]) == ("boxes", "tally", 100)
    assert (only["one_wrong"], only["other_wrong"], only["both_wrong"], only["same"]) == (10, 8, 8, 4)
    assert only["expected"] == pytest.approx(0.8)


def test_reliability_puts_together_what_was_stated_alike() -> None:
    rows = [("a", n, "boxes", 1, n % 2 == 0, 0.5) for n in range(10)] + [("a", 10 + n, "boxes", 1, True, 0.9995) for n in range(10)]
    bins = reliability(frame_of(rows))
    assert bins["numbers"].tolist() == [10, 10]
    assert bins["doubt"].tolist() == pytest.approx([0.5, 0.0005])
    assert bins["share"].tolist() == [0.5, 0.0]
    assert (bins["low"] <= bins["share"]).all()
    assert (bins["share"] <= bins["high"]).all()


def test_kept_file_says_the_same(tmp_path: Path) -> None:
    frame = writings([outcome(), outcome("set-b/2.png", tally=124)])
    path = tmp_path / "writings.csv"
    frame.to_csv(path, index=False)
    pd.testing.assert_frame_equal(read_writings(path), frame)


def test_charts_show_every_row() -> None:
    frame = writings([outcome(), outcome("set-b/2.png", tally=124)])
    table, bins = accuracy_table(frame), reliability(frame)
    for chart, rows in ((accuracy_chart(table), len(table)), (reliability_chart(bins), len(bins) + bins["source"].nunique())):
        root = ElementTree.fromstring(chart)
        assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == rows
        assert chart._repr_svg_() == chart
