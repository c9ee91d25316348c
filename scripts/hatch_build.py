"""Put the models beside the code in a wheel. An editable install reads those at the top of the checkout (see `pipeline.settings`)."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ModelsHook(BuildHookInterface):
    """Adds `models/` as `pipeline/_models`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            build_data["force_include"]["models"] = "pipeline/_models"
