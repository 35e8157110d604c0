"""Name the runtime distribution among the dependencies: in a checkout the folder beside, in a release a version."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

BY_NAME = "pgwright-runtime>=0.2.0.dev0"


class Dependencies(MetadataHookInterface):
    """Adds the runtime to the dependencies that pyproject.toml lists.

    `pip install .` works in a checkout although the index may not have that version yet. PGWRIGHT_BY_NAME=1 asks for
    the name: for a release (an sdist keeps what it was built with), and where the runtime is installed editable,
    which pip takes for another thing.
    """

    def update(self, metadata: dict[str, Any]) -> None:
        folder = Path(self.root) / "runtime"
        is_beside = folder.is_dir() and not os.environ.get("PGWRIGHT_BY_NAME")
        runtime = f"pgwright-runtime @ {folder.as_uri()}" if is_beside else BY_NAME
        metadata["dependencies"] = sorted([*self.config["dependencies"], runtime])
