"""`sirekap link`: links that let the officers of polling stations in to Sirekap Mobile."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, USAGE, LanguageOption, fail, load_settings, output_console, print_line
from pipeline.cli.messages import said
from pipeline.cli.opening import opened_store
from pipeline.regions import CodeError, TpsCode
from pipeline.sheet import Text
from pipeline.store import StoreError, links
from pipeline.store.accounts import AccountError
from pipeline.store.database import READING
from pipeline.store.links import link_at, links_of, make_link
from pipeline.store.signing import Signer
from pipeline.store.times import WIB, time_of

MADE_BY = "sirekap link"
"""Whose name stands in the store for links that are made here."""

LINK = Text("Tautan", "Link")
VALID_UNTIL = Text("Berlaku sampai", "Valid until")
REVOKED = Text("dicabut", "revoked")
ENDED = Text("berakhir", "ended")
VALID = Text("berlaku", "valid")
NOT_A_STATION = Text("{code}: bukan kode TPS (13 angka).", "{code}: not the code of a polling station (13 digits).")
NOT_AN_ADDRESS = Text(
    "--address: tulis alamat server seperti dibuka di HP, misalnya https://sirekap.example.",
    "--address: give the server as a phone opens it, such as https://sirekap.example.",
)
NO_SUCH_LINK = Text("Tidak ada tautan {number}; lihat `sirekap link list`.", "There is no link {number}; see `sirekap link list`.")
HAS_BEEN_REVOKED = Text("Tautan {number} dicabut; sesinya diakhiri.", "Link {number} was revoked; its sessions were ended.")

app = typer.Typer(help="Tautan petugas TPS untuk Sirekap Mobile. / Links of officers to Sirekap Mobile.", no_args_is_help=True)


@app.command(help="Buat tautan untuk TPS. / Make links of polling stations.")
def add(
    stations: Annotated[list[str], typer.Argument(metavar="TPS…", help="Kode TPS 13 angka. / 13-digit codes of polling stations.")],
    address: Annotated[
        str,
        typer.Option(
            metavar="URL", help="Alamat server seperti dibuka di HP. / The server as phones open it.", show_default=False
        ),
    ],
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Hari terakhir; bila tidak disebut, akhir rekapitulasi. / Last day; the end of the recapitulation when not given.",
        ),
    ] = None,
    qr: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Tulis QR setiap tautan sebagai SVG. / Write the QR code of each link as SVG.")
    ] = None,
    language: LanguageOption = None,
) -> None:
    from pipeline.web.pages.links import address_of, qr_svg

    settings = load_settings(language)
    shown = settings.language
    if not address.startswith(("http://", "https://")):
        fail(said(NOT_AN_ADDRESS, shown), code=USAGE)
    ends = None if until is None else _end_of(until.date())
    try:
        signer = Signer(settings.signing_file)
    except StoreError as error:
        fail(str(error), code=FAILURE)
    if qr is not None:
        qr.mkdir(parents=True, exist_ok=True)
    made = []
    with opened_store(settings) as store, store.begin() as connection:
        for code in stations:
            try:
                made.append(make_link(connection, TpsCode.parse(code), made_by=MADE_BY, now=datetime.now(UTC), until=ends))
            except CodeError:
                fail(said(NOT_A_STATION, shown, code=code), code=USAGE)
            except AccountError as error:
                fail(said(error.said, shown), code=FAILURE)
    # Shown only now: a link that is shown is one that the store knows.
    for link in made:
        opened = address_of(address, links.token_of(link, signer))
        print_line(output_console(), f"{link.tps} {opened}")
        if qr is not None:
            (qr / f"{link.tps}.svg").write_text(qr_svg(opened), "utf-8")


@app.command("list", help="Semua tautan. / All links.")
def list_links(
    region: Annotated[str, typer.Argument(metavar="CODE", help="Wilayah atau TPS. / A region or polling station.")] = "",
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    with opened_store(settings, must_exist=True) as store, store.connect().execution_options(**{READING: True}) as connection:
        found = links_of(connection, region)
    table = Table(*(said(title, shown) for title in (LINK, messages.STATIONS, VALID_UNTIL, messages.STATUS)))
    for one in found:
        state = REVOKED if one.revoked else VALID if time_of(one.expires) > datetime.now(UTC) else ENDED
        table.add_row(str(one.id), one.tps, f"{time_of(one.expires).astimezone(WIB):%Y-%m-%d %H:%M} WIB", said(state, shown))
    output_console().print(table)


@app.command(help="Cabut tautan; sesinya diakhiri. / Revoke links; their sessions are ended.")
def revoke(
    numbers: Annotated[list[int], typer.Argument(metavar="LINK…", help="Nomor tautan. / Numbers of links.")],
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    with opened_store(settings, must_exist=True) as store, store.begin() as connection:
        for number in numbers:
            if link_at(connection, number) is None:
                fail(said(NO_SUCH_LINK, shown, number=number), code=FAILURE)
            links.revoke(connection, number, now=datetime.now(UTC))
            print_line(output_console(), said(HAS_BEEN_REVOKED, shown, number=number))


def _end_of(day: date) -> datetime:
    """The end of a day by the clock of Jakarta."""
    return datetime.combine(day + timedelta(days=1), time(), WIB)
