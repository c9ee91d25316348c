"""Loading: stable hashes, and one clear error for everything that is wrong in a file."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import pytest

import pipeline.forms
from pipeline.forms import FormError, Rect, load_catalogue, load_form
from tests.small_form import SMALL


def write(directory: Path, text: str, name: str = "small.yaml") -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path) -> tuple[str, ...]:
    with pytest.raises(FormError) as error:
        load_form(path)
    return error.value.problems


def test_a_piece_is_placed_where_and_as_often_as_the_page_says(tmp_path: Path) -> None:
    form = load_form(write(tmp_path, SMALL))
    assert form.fields["n_2"].boxes == (Rect(10, 30, 10, 10), Rect(22, 30, 10, 10))
    assert form.fields["n_1"].label.en == "Number 1"
    assert len(form.pages["1"].lines) == 16


def test_the_hash_is_that_of_the_file() -> None:
    for form in load_catalogue():
        path = Path(pipeline.forms.__file__).parent / f"{form.id}.yaml"
        assert form.hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert load_catalogue() == load_catalogue()


def test_a_catalogue_travels_to_another_process() -> None:
    catalogue = load_catalogue()
    assert pickle.loads(pickle.dumps(catalogue)) == catalogue


def test_a_page_is_found_by_its_tag() -> None:
    catalogue = load_catalogue()
    assert [(form.id, page.number) for form, page in catalogue.with_tag(family="36h10", id=102)] == [("c-hasil-ppwp-2024", "2")]
    assert catalogue.with_tag(family="36h10", id=7) == ()
    assert "c-hasil-ppwp-2024" in catalogue
    assert len(catalogue) == len(list(catalogue))


def test_a_page_is_found_by_its_code() -> None:
    catalogue = load_catalogue()
    for content, form in (("010200-01", "c-digital-data"), ("010200-02", "c-digital-pwp3"), ("299999-04", "c-digital-dpr10")):
        assert [(owner.id, page.number) for owner, page in catalogue.with_code(content)] == [(form, "1")]
    for content in ("", "010200-020", "010200-02\n", "299999-01", "299999-٠٢", "199999-02"):
        assert catalogue.with_code(content) == ()


def test_the_number_beside_a_code_is_what_the_code_says() -> None:
    catalogue = load_catalogue()
    for form in catalogue:
        for page in form.pages.values():
            beside = [text.text for text in page.texts if text.text.startswith("010200-")]
            assert all(catalogue.with_code(text) == ((form, page),) for text in beside)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("status: draft", "status: draft\ncolour: red", "small.yaml: colour: unknown key"),
        ("pitch: 12,", "pich: 12,", "small.yaml: pieces.number.fields.n_{n}.boxes.pich: unknown key"),
        ('version: "1"\n', "", "small.yaml: version: is missing"),
        ("count: 2", "count: two", "small.yaml: pieces.number.fields.n_{n}.boxes.count: Input should be a valid integer"),
        ("paper: [100, 100]", "paper: [100, .inf]", "small.yaml: paper.1: Input should be a finite number"),
        ("[10, 30], with: {n: 2}", "[10, 30], with: {n: 1}", "small.yaml: pages.1: the number 'n_1' is there twice"),
        ("with: {n: 2}", "with: {m: 2}", "small.yaml: pages.1: the piece 'number' does not use m"),
        (", with: {n: 2}", "", "small.yaml: pages.1: {n} in 'n_{n}' has no value"),
        ("{piece: number, at: [10, 30]", "{piece: numbr, at: [10, 30]", "small.yaml: pages.1: there is no piece 'numbr'"),
        ("pieces:", "pieces:\n  lost: {}", "small.yaml: pieces.lost: is placed on no page"),
        ("n_1 == n_2", "n_1 == n_3", "small.yaml: checks.C1: unknown field 'n_3' at position 8 of 'n_1 == n_3'"),
        ("id: small", "id: other", "small.yaml: id: 'other' is not the name of the file"),
        ('version: "1"', "version: 2020-99-99", "small.yaml: is not YAML: month must be in 1..12"),
        ("maximum: 99", "maximum: " + "9" * 5_000, "small.yaml: is not YAML: Exceeds the limit"),
        ("maximum: 99", "maximum: !!bool x", "small.yaml: is not YAML: 'x'"),
        ("[100, 100]", "[" * 300_000, "small.yaml: is not YAML: more than 50 lists or mappings in each other"),
        ("count: 2", "count: 101", "small.yaml: pieces.number.fields.n_{n}.boxes.count"),
        ("status: draft", "status: draft\nstatus: draft", "small.yaml: is not YAML: while reading a mapping"),
        (
            '  "1":\n',
            '  "1":\n    codes: [{kind: qr, box: [50, 50, 9, 9], pattern: "1("}]\n',
            "small.yaml: pages.1.codes.0.pattern: Value error, '1(' is no regular expression: missing ), unterminated subpattern",
        ),
        ("title: {id: Kecil, en: Small}", "title: {id: Kecil, en: ''}", "small.yaml: title.en: String should have at least 1 character"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in SMALL
    found = problems(write(tmp_path, SMALL.replace(old, new, 1)))
    assert any(line.startswith(problem) for line in found), found


def test_a_number_may_stand_on_two_pages(tmp_path: Path) -> None:
    twice = SMALL.replace("checks:", '  "2":\n    place: [{piece: number, at: [10, 10], with: {n: 1}}]\nchecks:')
    form = load_form(write(tmp_path, twice))
    assert [name for page in form.pages.values() for name in page.fields].count("n_1") == 2
    assert form.checks == load_form(write(tmp_path, SMALL)).checks


def test_lines_that_are_not_straight_and_tables_in_disorder_are_mistakes(tmp_path: Path) -> None:
    crooked = SMALL.replace(
        '  "1":\n', '  "1":\n    lines: [{width: 1, ends: [[0, 0, 5, 5]]}]\n    tables: [{width: 1, x: [5, 0], y: [0, 5]}]\n'
    )
    found = problems(write(tmp_path, crooked))
    assert [line.split(": ", 2)[1] for line in found] == ["pages.1.tables.0", "pages.1.lines.0"]


def test_every_bad_file_of_a_directory_is_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path, "id: [", "a.yaml")
    write(tmp_path, SMALL.replace("draft", "perfect"))
    with pytest.raises(FormError) as error:
        load_catalogue(tmp_path)
    assert [line.split(":")[0] for line in error.value.problems] == ["a.yaml", "small.yaml"]
    assert str(error.value) == "\n".join(error.value.problems)


def test_a_file_that_is_not_a_form_and_an_empty_directory_are_errors(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="there is no form"):
        load_catalogue(tmp_path)
    assert problems(tmp_path / "absent.yaml")[0].startswith("absent.yaml: cannot be read")
    assert problems(write(tmp_path, "just words", "words.yaml"))[0].startswith("words.yaml: the file:")
    assert problems(write(tmp_path, "", "empty.yaml"))[0].startswith("empty.yaml: the file:")
