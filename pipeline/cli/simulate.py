"""`sirekap simulate`: filled and photographed sheets with their truth, from `pipeline.simulate`."""

from __future__ import annotations

import typer

from pipeline.simulate.commands import simulate

app = typer.Typer(pretty_exceptions_enable=False)
app.command(help="Buat lembar tiruan dengan kebenarannya. / Make simulated sheets with their truth.")(simulate)
