"""Load forms from their YAML files: one `Form` a file, or one error that names every file and key that is wrong."""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.forms.checks import CheckError, parse_check
from pipeline.forms.layout import LayoutError, build_page
from pipeline.forms.model import Bounds, Catalogue, Check, Form, Page
from pipeline.forms.schema import FormEntry
from pipeline.sheet import Text

DEEPEST = 50
"""Lists and mappings in each other; a form has ten."""


class FormError(Exception):
    """A form that cannot be used. `problems` has one line a mistake: file, key, what is wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_catalogue(directory: Path | None = None) -> Catalogue:
    """Load every `*.yaml` of a directory (the forms that come with the package when None), by id in the order of the ids.

    Raises
    ------
    FormError
        With the problems of all bad files, when there is one.
    """
    directory = directory or Path(__file__).parent
    forms: dict[str, Form] = {}
    problems: list[str] = []
    paths = sorted(directory.glob("*.yaml"))
    for path in paths:
        try:
            form = load_form(path)
        except FormError as error:
            problems.extend(error.problems)
            continue
        if form.id in forms:
            problems.append(f"{path.name}: id: {form.id!r} is the id of another form in {directory}")
        forms[form.id] = form
    if not paths:
        problems.append(f"{directory}: there is no form (*.yaml) in this directory")
    if problems:
        raise FormError(tuple(problems))
    return Catalogue(dict(sorted(forms.items())))


def load_form(path: Path) -> Form:
    """Load one form.

    Raises
    ------
    FormError
        With every problem of the file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FormError((f"{path.name}: cannot be read: {error.strerror}",)) from error
    return _form_of(path, content)


@lru_cache(maxsize=64)
def _form_of(path: Path, content: bytes) -> Form:
    """The form in a file; the same content is the same object again, and with it all that is worked out for its pages."""
    try:
        entry = FormEntry.model_validate(_document(path, content))
    except ValidationError as error:
        raise FormError(tuple(_problem(path, details) for details in error.errors())) from error
    return _form(entry, path=path, content=content)


def _document(path: Path, content: bytes) -> Any:
    try:
        _check_depth(content)
        return yaml.load(content, _Loader)
    # PyYAML lets through what int(), float() and dates say of a value.
    except (yaml.YAMLError, AttributeError, LookupError, ValueError) as error:
        raise FormError((f"{path.name}: is not YAML: {' '.join(str(error).split())}",)) from error


def _check_depth(content: bytes) -> None:
    """Refuse lists in lists that would end the process: libyaml, which is ten times as fast, follows them without a limit."""
    depth = 0
    for event in yaml.parse(content, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"more than {DEEPEST} lists or mappings in each other")


def _form(entry: FormEntry, *, path: Path, content: bytes) -> Form:
    problems: list[str] = []
    if entry.id != path.stem:
        problems.append(f"{path.name}: id: {entry.id!r} is not the name of the file")
    placed = {place.piece for page in entry.pages.values() for place in page.place}
    problems.extend(f"{path.name}: pieces.{piece}: is placed on no page" for piece in entry.pieces if piece not in placed)
    pages: dict[str, Page] = {}
    fields: dict[str, None] = {}
    for number, page in entry.pages.items():
        try:
            pages[number] = build_page(number, page, entry)
        except LayoutError as error:
            problems.append(f"{path.name}: pages.{number}: {error}")
            continue
        fields |= dict.fromkeys(pages[number].fields)
    checks: list[Check] = []
    for name, check in entry.checks.items():
        try:
            constraint = parse_check(check.expression, tuple(fields))
        except CheckError as error:
            problems.append(f"{path.name}: checks.{name}: {error}")
            continue
        checks.append(Check(name, check.expression, Text(check.text.id, check.text.en), constraint, check.severity))
    if problems:
        raise FormError(tuple(problems))
    return Form(
        id=entry.id,
        version=entry.version,
        hash=hashlib.sha256(content).hexdigest(),
        status=entry.status,
        title=Text(entry.title.id, entry.title.en),
        paper_mm=entry.paper,
        pages=pages,
        checks=tuple(checks),
        bounds=Bounds(entry.bounds.minimum, entry.bounds.maximum),
        lookalikes=tuple(entry.lookalikes),
    )


def _problem(path: Path, details: Any) -> str:
    """One line for one of pydantic's complaints."""
    key = ".".join(str(part) for part in details["loc"]) or "the file"
    message = {"extra_forbidden": "unknown key", "missing": "is missing"}.get(details["type"], details["msg"])
    return f"{path.name}: {key}: {message}"


class _Loader(yaml.CSafeLoader):
    """YAML without its worst surprise: of two equal keys the first is lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"the key {key.value!r} is there twice"
                raise yaml.constructor.ConstructorError("while reading a mapping", node.start_mark, problem, key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep=deep)


@cache
def known_forms() -> Catalogue:
    """The forms that come with the package; they take a second to load, and are the same wherever a process asks for them."""
    return load_catalogue()
