"""`sirekap user`: the people who may log in to Sirekap Web."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.table import Table

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, USAGE, LanguageOption, fail, load_settings, output_console, print_line
from pipeline.cli.messages import said
from pipeline.cli.opening import opened_store
from pipeline.settings import Language
from pipeline.sheet import Text
from pipeline.store import accounts
from pipeline.store.accounts import AccountError, Role, add_account, all_accounts, generated_password
from pipeline.store.database import READING

ROLE = Text("Peran", "Role")
REGION = Text("Wilayah", "Region")
ACTIVE = Text("aktif", "active")
NOT_ACTIVE = Text("nonaktif", "not active")
PASSWORD = Text("Kata sandi (kosong: dibuatkan)", "Password (empty: one is made)")
PASSWORD_AGAIN = Text("Sekali lagi", "Once more")
NOT_THE_SAME = Text("Kedua kata sandi tidak sama.", "The two passwords are not the same.")
ADDED = Text("Akun {name} ({role}) sudah dibuat.", "The account {name} ({role}) has been made.")
MADE_PASSWORD = Text("Kata sandi: {password}", "Password: {password}")
CHANGED = Text("Kata sandi {name} diganti; sesinya diakhiri.", "The password of {name} was changed; the sessions were ended.")
DEACTIVATED = Text("Akun {name} dinonaktifkan; sesinya diakhiri.", "The account {name} was deactivated; its sessions were ended.")

app = typer.Typer(help="Akun Sirekap Web. / Accounts of Sirekap Web.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Nama akun. / Name of the account.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Baca kata sandi dari masukan standar. / Read the password from standard input.")
]


@app.command(help="Tambah akun. / Add an account.")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="Peran. / Role.")],
    region: Annotated[
        str,
        typer.Option(
            metavar="CODE",
            help="Kode wilayahnya; kpps 13 tanda, pps 10, ppk 6, regency 4, province 2. / "
            "Code of the region; kpps 13 signs, pps 10, ppk 6, regency 4, province 2.",
        ),
    ] = "",
    password_stdin: FromStdin = False,
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    password, made = _password(shown, from_stdin=password_stdin)
    with opened_store(settings) as store, store.begin() as connection:
        try:
            add_account(connection, name=name, role=role, region=region, password=password)
        except AccountError as error:
            fail(said(error.said, shown), code=FAILURE)
    print_line(output_console(), said(ADDED, shown, name=name, role=role))
    _show(password, made, shown)


@app.command("list", help="Semua akun. / All accounts.")
def list_accounts(language: LanguageOption = None) -> None:
    settings = load_settings(language)
    shown = settings.language
    with opened_store(settings, must_exist=True) as store, store.connect().execution_options(**{READING: True}) as connection:
        found = all_accounts(connection)
    table = Table(*(said(title, shown) for title in (messages.NAME, ROLE, REGION, messages.STATUS)))
    for one in found:
        table.add_row(one.name, one.role, one.region, said(ACTIVE if one.active else NOT_ACTIVE, shown))
    output_console().print(table)


@app.command(help="Ganti kata sandi; sesinya diakhiri. / Change a password; the sessions are ended.")
def password(name: Name, password_stdin: FromStdin = False, language: LanguageOption = None) -> None:
    settings = load_settings(language)
    shown = settings.language
    new, made = _password(shown, from_stdin=password_stdin)
    with opened_store(settings, must_exist=True) as store, store.begin() as connection:
        try:
            accounts.set_password(connection, name, new)
        except AccountError as error:
            fail(said(error.said, shown), code=FAILURE)
    print_line(output_console(), said(CHANGED, shown, name=name))
    _show(new, made, shown)


@app.command(help="Nonaktifkan akun; sesinya diakhiri. / Deactivate an account; its sessions are ended.")
def deactivate(name: Name, language: LanguageOption = None) -> None:
    settings = load_settings(language)
    shown = settings.language
    with opened_store(settings, must_exist=True) as store, store.begin() as connection:
        try:
            accounts.deactivate(connection, name)
        except AccountError as error:
            fail(said(error.said, shown), code=FAILURE)
    print_line(output_console(), said(DEACTIVATED, shown, name=name))


def _password(language: Language, *, from_stdin: bool) -> tuple[str, bool]:
    """A password, and whether it was made here: when nobody is there to be asked, or who was asked gave none."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    if not sys.stdin.isatty():
        return generated_password(), True
    given = typer.prompt(said(PASSWORD, language), default="", hide_input=True, show_default=False)
    if not given:
        return generated_password(), True
    if typer.prompt(said(PASSWORD_AGAIN, language), hide_input=True) != given:
        fail(said(NOT_THE_SAME, language), code=USAGE)
    return given, False


def _show(password: str, made: bool, language: Language) -> None:
    """Show a password that was made here, once."""
    if made:
        print_line(output_console(), said(MADE_PASSWORD, language, password=password))
