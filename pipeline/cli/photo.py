"""`sirekap photo`: what is known of a photo, and to say that it is of another polling station."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.table import Table
from sqlalchemy import Connection

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, USAGE, LanguageOption, fail, load_settings, output_console, print_line
from pipeline.cli.messages import VERDICTS, said
from pipeline.cli.opening import opened_store
from pipeline.regions import CodeError, TpsCode
from pipeline.settings import Language
from pipeline.store.database import READING
from pipeline.store.regions import region
from pipeline.store.schema import photos
from pipeline.store.sheets import sheets_of
from pipeline.store.standing import reassign
from pipeline.store.stations import station_of

app = typer.Typer(help="Foto di simpanan. / Photos of the store.", no_args_is_help=True)

Hash = Annotated[str, typer.Argument(metavar="SHA256", help="Awal SHA-256 foto. / Beginning of the photo's SHA-256.")]


@app.command(help="Bacaan foto, dan apa kata dokumen lain. / A photo's readings, and what other documents say of it.")
def show(sha256: Hash, language: LanguageOption = None) -> None:
    settings = load_settings(language)
    shown = settings.language
    with opened_store(settings) as store, store.connect().execution_options(**{READING: True}) as connection:
        photo = _photo(connection, sha256, shown)
        sheets = sheets_of(connection, photo.position)
    print_line(output_console(), f"{photo.name}  {photo.sha256}")
    print_line(output_console(), f"{said(messages.STATION, shown)} {photo.station or said(messages.NO_STATION, shown)}")
    titles = (messages.READING_ROW, messages.SHEET, messages.STATUS, messages.FINDINGS)
    table = Table(*(said(title, shown) for title in titles))
    for one in sheets:
        where = f"{one.sheet.form} {one.sheet.page}" if one.sheet.form else str(one.sheet.refusal and one.sheet.refusal.code)
        stands = said(messages.STANDS, shown) if one.superseded is None else said(messages.SUPERSEDED, shown, reason=one.superseded)
        findings = [said(finding.message, shown) for finding in (*one.set_findings, *one.sheet.findings)]
        table.add_row(str(one.position), where, f"{said(VERDICTS[one.verdict], shown)}, {stands}", "\n".join(findings))
    output_console().print(table)


@app.command(help="Catat bahwa foto dari TPS lain, atau tidak diketahui. / Tell that a photo is of another station, or of none known.")
def move(
    sha256: Hash,
    tps: Annotated[str | None, typer.Argument(metavar="[TPS]", help="Kode 13 angka. / The 13-digit code.")] = None,
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    try:
        station = None if tps is None else TpsCode.parse(tps)
    except CodeError as error:
        fail(str(error), code=USAGE)
    with opened_store(settings) as store, store.begin() as connection:
        photo = _photo(connection, sha256, shown)
        if station is not None and region(connection, station.village) is None:
            fail(said(messages.NO_SUCH_VILLAGE, shown, code=station.village), code=FAILURE)
        reassign(connection, photo.position, None if station is None else str(station), reason="wrong_tps")
    print_line(output_console(), said(messages.PHOTO_MOVED, shown, name=photo.name, tps=station or said(messages.NO_STATION, shown)))


def _photo(connection: Connection, sha256: str, language: Language) -> sa.Row[Any]:
    query = sa.select(photos.c.position, photos.c.name, photos.c.sha256, station_of(photos).label("station"))
    found = connection.execute(query.where(photos.c.sha256.startswith(sha256.lower(), autoescape=True)).limit(2)).all()
    if len(found) != 1:
        fail(said(messages.NO_SUCH_PHOTO, language, sha256=sha256), code=FAILURE)
    return found[0]
