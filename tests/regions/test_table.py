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
