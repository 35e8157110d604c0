"""The version of the tool, as it was installed; pyproject.toml states it."""

from __future__ import annotations

from importlib.metadata import version

VERSION = version("pgwright")
