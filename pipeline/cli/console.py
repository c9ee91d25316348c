"""What all commands share: the settings with their language, the two consoles, and how a command ends in an error."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text as Styled

from pipeline.settings import Language, Resolved, Settings, SettingsError, resolve

USAGE = 2
FAILURE = 1
SOME_REFUSED = 3

WIDTH_WITHOUT_TERMINAL = 120
"""Columns of a table that goes to a file or a log."""

LanguageOption = Annotated[
    Language | None, typer.Option("--language", help="Bahasa keluaran: id atau en. / Language of the output: id or en.")
]


def load_settings(language: Language | None) -> Settings:
    """The settings of the variables and the TOML file, the language of the option before theirs."""
    settings = load_resolved().settings
    return settings if language is None else settings.model_copy(update={"language": language})


def load_resolved() -> Resolved:
    """The settings of the variables and the TOML file, with where they come from; wrong ones end the command."""
    try:
        return resolve()
    except SettingsError as error:
        fail(str(error), code=USAGE)


def output_console() -> Console:
    """Where results are printed."""
    return _console(stderr=False)


def error_console() -> Console:
    """Where problems and progress are printed."""
    return _console(stderr=True)


def print_line(console: Console, text: str, *, style: str = "") -> None:
    """A sentence on one line, however long: terminals fold it, and `grep` finds it whole."""
    console.print(plain(text), style=style, soft_wrap=True)


def fail(message: str, *, code: int) -> NoReturn:
    """Say what is wrong on stderr and end the command."""
    print_line(error_console(), message, style="bold red")
    raise typer.Exit(code)


def plain(text: str) -> Styled:
    """Text from outside for a terminal: no markup, and every control character as its escape."""
    return Styled("".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text))


def _console(*, stderr: bool) -> Console:
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if is_terminal or "COLUMNS" in os.environ else WIDTH_WITHOUT_TERMINAL
    return Console(stderr=stderr, width=width, highlight=False)
