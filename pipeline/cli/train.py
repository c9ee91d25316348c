"""`sirekap train`: make the models anew, from `pipeline.training`; needs the extra `train`, and says so where that is not installed."""

from __future__ import annotations

from importlib import import_module

import typer

from pipeline.cli.console import USAGE, fail

ADVICE = "Pasang dengan / install with: pip install --constraint constraints.txt --editable '.[train]'"


def _without_libraries(missing: str | None) -> typer.Typer:
    """The command where its libraries are missing: it is listed, and only says what to install."""
    stand_in = typer.Typer(pretty_exceptions_enable=False)

    @stand_in.command(
        help="Latih model. / Train the models.",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def train() -> None:
        fail(f"Pelatihan membutuhkan {missing}. / Training needs {missing}. {ADVICE}", code=USAGE)

    return stand_in


try:
    app: typer.Typer = import_module("pipeline.training.commands").train_app
except ModuleNotFoundError as error:
    if error.name and error.name.startswith("pipeline"):
        raise
    app = _without_libraries(error.name)
