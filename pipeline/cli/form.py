"""`sirekap form`: which forms are known, what is on one, and whether their definitions hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text as Styled

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, USAGE, LanguageOption, error_console, fail, load_settings, output_console, print_line
from pipeline.cli.messages import said
from pipeline.forms import Catalogue, Form, FormError, Page, load_catalogue
from pipeline.forms.lint import lint
from pipeline.forms.picture import draw_layout
from pipeline.settings import Language
from pipeline.sheet import Text
from pipeline.writing import OutputError, write_whole

PIXELS_PER_MM = 2.0
"""A poster of 600 x 900 mm becomes 1200 x 1800 pixels: every label can be read on a screen."""

app = typer.Typer(help="Formulir yang dikenal. / The forms that are known.", no_args_is_help=True)


@app.command("list", help="Daftar formulir. / List the forms.")
def list_forms(language: LanguageOption = None) -> None:
    shown = load_settings(language).language
    table = _table("ID", "Version", messages.STATUS, messages.PAGES, messages.TITLE, language=shown)
    for form in _catalogue(shown):
        table.add_row(form.id, form.version, form.status.value, ", ".join(form.pages), said(form.title, shown))
    output_console().print(table)


@app.command(help="Isi satu formulir. / What is on a form.")
def show(
    form: Annotated[str, typer.Argument(metavar="ID")],
    picture: Annotated[
        Path | None, typer.Option(help="Gambar formulir ke berkas PNG ini. / Draw the form into this PNG file.", metavar="FILE.png")
    ] = None,
    page: Annotated[str | None, typer.Option(help="Hanya halaman ini. / Only this page.", metavar="N")] = None,
    language: LanguageOption = None,
) -> None:
    shown = load_settings(language).language
    found = _find(_catalogue(shown), form, shown)
    pages = _pages(found, page, shown)
    console = output_console()
    print_line(console, f"{found.id} {found.version} ({found.status}): {said(found.title, shown)}", style="bold")
    fields = _table(messages.PAGES, messages.FIELD, messages.WRITINGS, messages.LABEL, language=shown)
    for number, layout in pages.items():
        for field in layout.fields.values():
            fields.add_row(number, field.id, ", ".join(field.sources), said(field.label, shown))
    console.print(fields)
    checks = _table(messages.CHECK, messages.MEANING, language=shown)
    for check in found.checks:
        checks.add_row(Styled(f"{check.id}: {check.expression}"), said(check.text, shown))
    console.print(checks)
    if picture:
        try:
            write_whole(picture, _png(list(pages.values())))
        except OutputError as error:
            fail(said(messages.CANNOT_WRITE, shown, error=error), code=FAILURE)
        print_line(console, said(messages.WRITTEN, shown, path=picture))


@app.command("lint", help="Periksa definisi formulir. / Check the definitions of the forms.")
def lint_forms(
    directory: Annotated[
        Path | None, typer.Argument(help="Folder berkas YAML; bawaan paket bila kosong. / Folder of YAML files.", metavar="[DIR]")
    ] = None,
    language: LanguageOption = None,
) -> None:
    shown = load_settings(language).language
    try:
        catalogue = load_catalogue(directory)
    except FormError as error:
        fail(str(error), code=FAILURE)
    findings = lint(catalogue)
    for finding in findings:
        print_line(error_console(), str(finding), style="red")
    if findings:
        raise typer.Exit(FAILURE)
    print_line(output_console(), said(messages.NOTHING_WRONG, shown, count=len(catalogue)))


def _catalogue(language: Language) -> Catalogue:
    try:
        return load_catalogue()
    except FormError as error:
        fail(said(messages.CANNOT_START, language, reason=error), code=FAILURE)


def _find(catalogue: Catalogue, form: str, language: Language) -> Form:
    if form not in catalogue:
        fail(said(messages.UNKNOWN_FORM, language, form=form, known=", ".join(catalogue.forms)), code=USAGE)
    return catalogue[form]


def _pages(form: Form, page: str | None, language: Language) -> dict[str, Page]:
    if page is None:
        return dict(form.pages)
    if page not in form.pages:
        fail(said(messages.UNKNOWN_PAGE, language, page=page, form=form.id, known=", ".join(form.pages)), code=USAGE)
    return {page: form.pages[page]}


def _png(pages: list[Page]) -> bytes:
    """The pages side by side."""
    drawings = [draw_layout(page, pixels_per_mm=PIXELS_PER_MM) for page in pages]
    height = max(drawing.shape[0] for drawing in drawings)
    side_by_side: NDArray[np.uint8] = np.hstack(
        [np.pad(drawing, ((0, height - drawing.shape[0]), (0, 0), (0, 0)), constant_values=255) for drawing in drawings]
    )
    _, encoded = cv2.imencode(".png", side_by_side)
    return encoded.tobytes()


def _table(*titles: Text | str, language: Language) -> Table:
    table = Table()
    for title in titles:
        table.add_column(title if isinstance(title, str) else said(title, language), overflow="fold")
    return table
