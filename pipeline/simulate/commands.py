"""`sirekap simulate`: make any number of filled and photographed sheets with their truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from pipeline.forms import load_catalogue
from pipeline.simulate.pack import load_pack
from pipeline.simulate.sheets import simulate_set
from pipeline.simulate.shots import ShotKind


def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the photos and their truth.json.", file_okay=False)],
    count: Annotated[int, typer.Option(min=1, help="How many sheets.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same sheets again.")] = 0,
    form: Annotated[str, typer.Option(help="Id of the form.")] = "c-hasil-ppwp-2024",
    page: Annotated[list[str] | None, typer.Option(help="Only this page; may be given several times.")] = None,
    kind: Annotated[list[ShotKind] | None, typer.Option(help="Only this kind of photo; may be given several times.")] = None,
) -> None:
    """Fill forms by hand and photograph them, in simulation, with the truth of every number."""
    catalogue = load_catalogue()
    if form not in catalogue:
        raise typer.BadParameter(f"no form {form!r}; there are: {', '.join(catalogue.forms)}", param_hint="--form")
    layout = catalogue[form]
    unknown = sorted(set(page or ()) - set(layout.pages))
    if unknown:
        raise typer.BadParameter(f"{form} has the pages {', '.join(layout.pages)}, not {', '.join(unknown)}", param_hint="--page")
    sheets = simulate_set(
        layout, out, load_pack(), pages=page or list(layout.pages), kinds=kind or list(ShotKind), count=count, seed=seed
    )
    for _ in track(sheets, total=count, description="simulating"):
        pass
    typer.echo(f"{count} sheets and truth.json in {out}")
