"""`sirekap config`: every setting, its value, where that comes from, and what it means."""

from __future__ import annotations

import typer
from rich.table import Table

from pipeline.cli import messages
from pipeline.cli.console import LanguageOption, load_resolved, output_console, plain, print_line
from pipeline.cli.messages import said
from pipeline.settings import CONFIG, Language, Origin, Resolved, Settings, variable_name
from pipeline.sheet import Text

app = typer.Typer(pretty_exceptions_enable=False)


@app.command(help="Daftar pengaturan dan asalnya. / List the settings and where they come from.")
def config(language: LanguageOption = None) -> None:
    resolved = load_resolved()
    shown = language or resolved.settings.language
    console = output_console()
    console.print(_table(resolved, shown))
    print_line(console, _file_line(resolved, shown))


def _table(resolved: Resolved, language: Language) -> Table:
    table = Table(show_lines=True)
    for title in (messages.SETTING, messages.VALUE, messages.ORIGIN, messages.LABEL):
        table.add_column(said(title, language), overflow="fold")
    for name, field in Settings.model_fields.items():
        origin = _place(resolved, name, language)
        meaning = said(Text(messages.SETTINGS_IN_INDONESIAN[name], field.description or ""), language)
        table.add_row(*(plain(cell) for cell in (name, resolved.shown(name), origin, meaning)))
    return table


def _place(resolved: Resolved, name: str, language: Language) -> str:
    """The file or the variable that holds the value of a setting."""
    match resolved.origin(name):
        case Origin.FILE:
            return str(resolved.file)
        case Origin.VARIABLE:
            return variable_name(name)
        case Origin.DEFAULT:
            return said(messages.DEFAULT, language)


def _file_line(resolved: Resolved, language: Language) -> str:
    if resolved.file is None:
        return said(messages.NO_CONFIG_FILE, language, variable=CONFIG)
    return said(messages.CONFIG_FILE if resolved.file_exists else messages.CONFIG_FILE_MISSING, language, file=resolved.file)
