"""`sirekap election`: which sheets every polling station makes in an election."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer
from rich.table import Table

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, USAGE, LanguageOption, fail, load_settings, output_console, print_line
from pipeline.cli.messages import said
from pipeline.cli.opening import opened_store
from pipeline.forms import load_catalogue
from pipeline.settings import Language
from pipeline.store import StoreError
from pipeline.store.database import READING
from pipeline.store.elections import Election, add_election, all_elections

app = typer.Typer(help="Pemilu dan lembar yang dibuat tiap TPS. / Elections and the sheets of each station.", no_args_is_help=True)


@app.command(help="Tambah pemilu, atau ganti lembarnya. / Add an election, or say its sheets anew.")
def add(
    election: Annotated[str, typer.Argument(metavar="ID")],
    sheets: Annotated[
        list[str],
        typer.Option("--sheet", metavar="FORM/PAGE", help="Lembar tiap TPS (boleh berulang). / A sheet of each station (repeat)."),
    ],
    name: Annotated[str, typer.Option(help="Nama. / Name.")],
    day: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Hari pemungutan suara. / Day of the vote.")],
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    try:
        date.fromisoformat(day)
    except ValueError:
        fail(said(messages.NOT_A_DAY, shown, day=day), code=USAGE)
    added = Election(election, name, day, tuple(dict.fromkeys(_sheet(one, shown) for one in sheets)))
    with opened_store(settings) as store, store.begin() as connection:
        try:
            add_election(connection, added)
        except StoreError as error:
            fail(str(error), code=FAILURE)
    print_line(output_console(), said(messages.ELECTION_ADDED, shown, election=election, sheets=len(added.sheets)))


@app.command("list", help="Semua pemilu. / All elections.")
def list_elections(language: LanguageOption = None) -> None:
    settings = load_settings(language)
    shown = settings.language
    with opened_store(settings) as store, store.connect().execution_options(**{READING: True}) as connection:
        found = all_elections(connection)
    titles = (messages.ELECTION, messages.DAY, messages.NAME, messages.SHEETS_OF_STATION)
    table = Table(*(said(title, shown) for title in titles))
    for one in found:
        table.add_row(one.id, one.day, one.name, "\n".join(f"{form}/{page}" for form, page in one.sheets))
    output_console().print(table)


def _sheet(text: str, language: Language) -> tuple[str, str]:
    catalogue = load_catalogue()
    form, _, page = text.partition("/")
    if form not in catalogue or page not in catalogue[form].pages:
        fail(said(messages.NO_SUCH_SHEET, language, sheet=text), code=USAGE)
    return form, page
