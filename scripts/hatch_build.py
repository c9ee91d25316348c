"""Put the models beside the code in a wheel. An editable install reads those at the top of the checkout (see `pipeline.settings`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ModelsHook(BuildHookInterface):
    """Adds the files of `models/` as `pipeline/_models`; those of the folds, which only measuring needs, stay behind."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            files = (path for path in Path(self.root, "models").iterdir() if path.is_file())
            build_data["force_include"].update({str(path): f"pipeline/_models/{path.name}" for path in files})
