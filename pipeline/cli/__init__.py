"""The command `sirekap`: one module a command, imported only when the command is used.

Reading photos needs no training libraries, and starting fast matters at a prompt, so every command is named here and loaded late. To add
one, write a module with a `typer.Typer` called `app` and give it a line in `COMMANDS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS: Mapping[str, str] = {
    "read": "pipeline.cli.read",
    "form": "pipeline.cli.form",
    "config": "pipeline.cli.config",
    "ingest": "pipeline.cli.ingest",
    "run": "pipeline.cli.run",
    "replay": "pipeline.cli.replay",
    "photo": "pipeline.cli.photo",
    "regions": "pipeline.cli.regions",
    "election": "pipeline.cli.election",
    "ledger": "pipeline.cli.ledger",
    "export": "pipeline.cli.export",
    "report": "pipeline.cli.report",
    "serve": "pipeline.cli.serve",
    "user": "pipeline.cli.user",
    "link": "pipeline.cli.link",
    "simulate": "pipeline.cli.simulate",
    "train": "pipeline.cli.train",
    "bench": "pipeline.bench.commands",
}


class LateCommands(TyperGroup):
    """The commands of `COMMANDS`, each imported at its first use."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=LateCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Baca formulir hasil pemungutan suara (C.Hasil). / Read result forms of Indonesian polling stations (C.Hasil).",
)


@app.callback()
def main() -> None:
    """All options belong to the commands."""
