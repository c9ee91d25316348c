"""`sirekap replay`: make an old reading again from its photo, and compare."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, LanguageOption, error_console, fail, load_settings, output_console, print_line
from pipeline.cli.messages import said
from pipeline.cli.opening import opened_store
from pipeline.cli.running import check_start
from pipeline.engine.replay import replay as read_again
from pipeline.engine.work import WorkOrder
from pipeline.store import StoreError
from pipeline.store.database import READING

app = typer.Typer(pretty_exceptions_enable=False)


@app.command(help="Baca ulang satu bacaan dari fotonya dan bandingkan. / Make a reading again from its photo, and compare.")
def replay(
    reading: Annotated[int, typer.Argument(help="Nomor baris buku besar. / Row of the ledger.", metavar="READING", min=1)],
    language: LanguageOption = None,
) -> None:
    settings = load_settings(language)
    shown = settings.language
    order = WorkOrder(settings=settings)
    check_start(order)
    with opened_store(settings) as store, store.connect().execution_options(**{READING: True}) as connection:
        try:
            found = read_again(connection, reading, order=order)
        except StoreError as error:
            fail(str(error), code=FAILURE)
    if found.other_versions:
        versions = ", ".join(found.other_versions)
        print_line(error_console(), said(messages.OTHER_VERSIONS, shown, versions=versions), style="yellow")
    if found.differing:
        parts = ", ".join(found.differing)
        fail(said(messages.READS_DIFFERENTLY, shown, reading=reading, name=found.name, parts=parts), code=FAILURE)
    print_line(output_console(), said(messages.READS_THE_SAME, shown, reading=reading, name=found.name))
