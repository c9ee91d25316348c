"""A table of regions: the good rows go in, each bad one is named by its line."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest

from pipeline.regions import Level, Region, TableError, read_regions

TABLE = """kode,nama,tingkat,tps
1805082001,BANJAR AGUNG,4,11
18,LAMPUNG,1,
1805,TULANG BAWANG,2,
180508,BANJAR AGUNG,3,
"""


def written(folder: Path, text: str, name: str = "regions.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_regions_come_from_above_to_below(tmp_path: Path) -> None:
    regions, faults = read_regions(written(tmp_path, TABLE))
    assert faults == []
    assert [region.code for region in regions] == ["18", "1805", "180508", "1805082001"]
    assert regions[-1] == Region("1805082001", "BANJAR AGUNG", 11)
    assert (regions[-1].level, regions[-1].parent) == (Level.VILLAGE, "180508")


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_packed_tables_are_read(tmp_path: Path, suffix: str, pack) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / f"regions.csv{suffix}"
    path.write_bytes(pack(TABLE.encode()))
    assert read_regions(path) == read_regions(written(tmp_path, TABLE))


def test_bad_rows_are_named_by_their_line_and_the_others_go_in(tmp_path: Path) -> None:
    bad = TABLE + "1.805082E+09,SPREADSHEET,4,3\n1805082002,,4,3\n1805082003,MANY,4,x\n18,AGAIN,1,\n1906,NOWHERE,2,\n"
    regions, faults = read_regions(written(tmp_path, bad))
    assert len(regions) == 4
    assert [fault.line for fault in faults] == [6, 7, 8, 9, 10]
    for fault, part in zip(faults, ("spreadsheet", "no name", "no number", "line 3 already", "19, which is not in the table"), strict=True):
        assert part in fault.detail


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (b"1805082002,BANJAR D\xc9WA,4,7", "0xc9 is not UTF-8"),
        (b'1805082002,"BANJAR DEWA,4,7', "not a line of a CSV file"),
        (b"1805082002,BANJAR\0DEWA,4,7", "zero byte"),
        (b"1805082002,BANJAR DEWA,4," + b"7" * 5_000, "no number"),
        (b"1805082002," + b"A" * 70_000, "longer than"),
        (b"1805082002,BANJAR DEWA,4,7,8", "more cells"),
    ],
)
def test_odd_bytes_cost_their_row_and_no_other(tmp_path: Path, row: bytes, part: str) -> None:
    path = tmp_path / "regions.csv"
    path.write_bytes(TABLE.encode() + row + b"\n1805082003,LAST,4,1\n")
    regions, (fault,) = read_regions(path)
    assert [region.code for region in regions][-2:] == ["1805082001", "1805082003"]
    assert fault.line == 6
    assert part in fault.detail


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no column nama, tps"):
        read_regions(written(tmp_path, "kode,name\n18,LAMPUNG\n"))


def test_empty_file_missing_file_and_other_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no column"):
        read_regions(written(tmp_path, ""))
    with pytest.raises(TableError, match="No such file"):
        read_regions(tmp_path / "none.csv")
    binary = tmp_path / "photo.csv"
    binary.write_bytes(b"\xff\xd8\xff\xe0" * 20)
    with pytest.raises(TableError, match="not a CSV file in UTF-8"):
        read_regions(binary)
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(TABLE.encode())[:-12])
    with pytest.raises(TableError, match="not a CSV file"):
        read_regions(tmp_path / "cut.csv.gz")
