"""`sirekap serve`: Sirekap Web, with the reading of what is sent."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, USAGE, LanguageOption, fail, load_resolved, output_console, print_line
from pipeline.cli.messages import said
from pipeline.cli.opening import opened_store
from pipeline.cli.running import check_start
from pipeline.engine.work import WorkOrder
from pipeline.imaging import Limits
from pipeline.settings import Language, Origin, Settings, variable_name
from pipeline.sheet import Text
from pipeline.store import StoreError
from pipeline.store.photos import PhotoStore
from pipeline.store.signing import Signer

RUNS_AT = Text("Sirekap Web: {address} (Ctrl-C untuk berhenti)", "Sirekap Web: {address} (Ctrl-C to stop)")
STOPPED = Text("Berhenti.", "Stopped.")
PORT_TAKEN = Text(
    "{host}:{port}: tidak dapat dipakai ({reason}). Hentikan yang memakainya, atau beri --port lain.",
    "{host}:{port}: cannot be used ({reason}). Stop what uses it, or give another --port.",
)
TLS_NEEDS_BOTH = Text("--tls-cert dan --tls-key dipakai bersama.", "--tls-cert and --tls-key go together.")
NO_ACCOUNTS = Text(
    "Belum ada akun; `sirekap user add NAME --role admin` membuat yang pertama.",
    "There is no account yet; `sirekap user add NAME --role admin` makes the first one.",
)
NOT_A_DEMO = Text(
    "{home}: simpanan ini berisi hal lain. Contoh memerlukan simpanan kosong: beri SIREKAP_HOME lain.",
    "{home}: there is something else in this store. A demonstration needs an empty one: give another SIREKAP_HOME.",
)
NO_SAMPLES = Text(
    "{folder}: tidak ada formulir contoh; --demo memerlukan salinan kode sumber.",
    "{folder}: there are no sample forms; --demo needs a checkout of the source.",
)
FOR_A_PHONE = Text("Sirekap Mobile (TPS {tps}): {address}", "Sirekap Mobile (station {tps}): {address}")
ROLE = Text("Peran", "Role")
REGION = Text("Wilayah", "Region")
PASSWORD = Text("Kata sandi", "Password")

DEMO_FOLDER = "demo"
"""Where a demonstration is kept in `home`, unless a home was given for it."""

SHUTDOWN_SECONDS = 10

app = typer.Typer(pretty_exceptions_enable=False)


@app.command(help="Jalankan Sirekap Web. / Run Sirekap Web.")
def serve(
    host: Annotated[str, typer.Option(help="Alamat yang didengarkan. / Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Porta. / Port.", min=0, max=65535)] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help="Isi simpanan contoh lebih dahulu. / Fill a store to try things on first.")] = False,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help="Sertifikat TLS (PEM). / TLS certificate (PEM).", exists=True, dir_okay=False)
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", help="Kunci TLS (PEM). / TLS key (PEM).", exists=True, dir_okay=False)
    ] = None,
    workers: Annotated[int, typer.Option(help="Proses server. / Server processes.", min=1, metavar="N")] = 1,
    language: LanguageOption = None,
) -> None:
    settings = _settings(language, demo=demo)
    shown = settings.language
    if (tls_cert is None) != (tls_key is None):
        fail(said(TLS_NEEDS_BOTH, shown), code=USAGE)
    listening = _listening(host, port, shown)
    check_start(WorkOrder(settings=settings))
    scheme = "http" if tls_cert is None else "https"
    address = f"{scheme}://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
    _prepare(settings, address, demo=demo)
    print_line(output_console(), said(RUNS_AT, shown, address=address))
    _run(settings, listening, tls=None if tls_cert is None or tls_key is None else (tls_cert, tls_key), workers=workers)
    print_line(output_console(), said(STOPPED, shown))


def _settings(language: Language | None, *, demo: bool) -> Settings:
    """The settings, those of a demonstration with a folder of its own; server processes find what differs in the environment."""
    resolved = load_resolved()
    changed: dict[str, Path | Language] = {} if language is None else {"language": language}
    if demo and resolved.origin("home") is Origin.DEFAULT:
        changed["home"] = resolved.settings.home / DEMO_FOLDER
    os.environ.update({variable_name(name): str(value) for name, value in changed.items()})
    return resolved.settings.model_copy(update=changed)


def _listening(host: str, port: int, language: Language) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        fail(said(PORT_TAKEN, language, host=host, port=port, reason=os.strerror(error.errno or 0)), code=FAILURE)


def _prepare(settings: Settings, address: str, *, demo: bool) -> None:
    """Make the store where there is none, fill one to try things on, and say who can log in."""
    from pipeline.store.accounts import all_accounts
    from pipeline.web.demo import PHONE_STATION, NoSamplesError, NotADemoError, link_for_phone, prepare
    from pipeline.web.pages.links import address_of

    shown = settings.language
    with opened_store(settings) as store:
        if not demo:
            with store.connect() as connection:
                if not all_accounts(connection, limit=1):
                    print_line(output_console(), said(NO_ACCOUNTS, shown), style="yellow")
            return
        try:
            people = prepare(store, PhotoStore(settings.photos_url), max_bytes=Limits.of(settings).max_bytes)
            token = link_for_phone(store, Signer(settings.signing_file))
        except NotADemoError:
            fail(said(NOT_A_DEMO, shown, home=settings.home), code=FAILURE)
        except NoSamplesError as error:
            fail(said(NO_SAMPLES, shown, folder=error), code=FAILURE)
        except StoreError as error:
            fail(str(error), code=FAILURE)
    table = Table(*(said(title, shown) for title in (messages.NAME, PASSWORD, ROLE, REGION)))
    for person in people:
        table.add_row(person.name, person.password, person.role, person.region)
    output_console().print(table)
    print_line(output_console(), said(FOR_A_PHONE, shown, tps=PHONE_STATION, address=address_of(address, token)))


def _run(settings: Settings, listening: socket.socket, *, tls: tuple[Path, Path] | None, workers: int) -> None:
    """Serve until Ctrl-C or SIGTERM. Of several server processes none reads photos: this one does."""
    import uvicorn

    from pipeline.web.app import create_app
    from pipeline.web.reader import StoreReader

    reader = StoreReader(settings)
    options: dict[str, Any] = {
        "log_level": "warning", "access_log": False, "server_header": False, "timeout_graceful_shutdown": SHUTDOWN_SECONDS,
        "ssl_certfile": tls and str(tls[0]), "ssl_keyfile": tls and str(tls[1]),
    }  # fmt: skip
    # Ctrl-C and SIGTERM are passed on as an exception when the server has ended.
    with suppress(KeyboardInterrupt), listening:
        if workers == 1:
            uvicorn.Server(uvicorn.Config(create_app(settings, reader=reader), **options)).run(sockets=[listening])
            return
        host, port = listening.getsockname()[:2]
        listening.close()  # was only to see that the port is free: the processes listen by themselves
        reader.start()
        try:
            uvicorn.run("pipeline.web.app:from_environment", factory=True, workers=workers, host=host, port=port, **options)
        finally:
            reader.stop()
