"""Every sentence of the pages is there in both languages, and nothing is translated that no page says."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from pipeline.settings import Language
from pipeline.store.accounts import Role
from pipeline.web.language import ENGLISH, FOLDER, speech, templates
from tests.web.conftest import ClientAs, TestClient

METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"silent": "false", "newstyle_gettext": "true", "trimmed": "false"}}


@cache
def english() -> Catalog:
    with ENGLISH.open("rb") as file:
        return read_po(file, locale="en")


def said_by_pages() -> dict[str, tuple[str, ...]]:
    """Every sentence in Indonesian, with its form for many things where it has one."""
    found: dict[str, tuple[str, ...]] = {}
    for _, _, message, _, _ in extract_from_dir(FOLDER, METHODS, OPTIONS):
        forms = (message,) if isinstance(message, str) else tuple(message)
        found[forms[0]] = forms
    return found


def test_every_sentence_is_in_english_and_none_is_left_over() -> None:
    said, translated = said_by_pages(), {message.id if isinstance(message.id, str) else message.id[0]: message for message in english()}
    del translated[""]
    missing = [sentence for sentence in said if sentence not in translated]
    assert not missing, f"not in {ENGLISH.name}: {missing}"
    assert not [sentence for sentence in translated if sentence not in said], "no page says these"
    untranslated = [sentence for sentence, message in translated.items() if not all(_forms(message.string))]
    assert not untranslated


def test_translations_fill_in_the_same_values() -> None:
    wrong = [message.id for message in english() if any(True for _ in message.check(english()))]
    assert not wrong


@pytest.mark.parametrize("name", templates(Language.INDONESIAN).list_templates())
def test_every_template_is_sound(name: str) -> None:
    for language in Language:
        templates(language).get_template(name)


def test_language_is_chosen_and_kept(visitor: TestClient) -> None:
    assert '<html lang="id">' in visitor.get("/login").text
    chosen = visitor.get("/language/en?next=/login%3Fnext%3D/upload")
    assert chosen.headers["location"] == "/login?next=/upload"
    page = visitor.get("/login")
    assert '<html lang="en">' in page.text
    assert "Password" in page.text
    assert visitor.get("/language/xx").status_code == 404
    assert visitor.get("/language/id?next=//evil.test").headers["location"] == "/"


def test_error_is_in_the_language_of_the_visitor(client_as: ClientAs) -> None:
    client = client_as(Role.ADMIN)
    assert "Tidak ditemukan" in client.get("/nothing").text
    client.get("/language/en")
    assert "Not found" in client.get("/nothing").text


@pytest.mark.parametrize(
    ("language", "number", "share", "sure", "moment"),
    [
        (Language.INDONESIAN, "1.234.567", "37\u00a0%", "99,95\u00a0%", "14 Feb 2024 20.05 WIB"),
        (Language.ENGLISH, "1,234,567", "37\u00a0%", "99.95\u00a0%", "14 Feb 2024 20:05 WIB"),
    ],
)
def test_numbers_and_times_are_written_as_the_language_does(
    language: Language, number: str, share: str, sure: str, moment: str
) -> None:
    spoken = speech(language)
    assert spoken.number(1234567) == number
    assert spoken.percent(0.37) == share
    assert spoken.percent(0.9995) == sure
    assert spoken.percent(1.0) not in ("100\u00a0%", "100,00\u00a0%", "100.00\u00a0%")
    assert spoken.when(datetime(2024, 2, 14, 13, 5, tzinfo=UTC)) == moment
    assert spoken.when("2024-02-14T13:05:00.000000Z") == moment


def _forms(string: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)
