"""The app's Alembic directory: find its head, write a revision into it, run its revisions on a database of ours."""

from __future__ import annotations

from pgwright.migrations.directory import AlembicDirectory, open_directory, short_hash
from pgwright.migrations.runner import downgrade, upgrade
from pgwright.migrations.runtime import has_runtime

__all__ = ["AlembicDirectory", "downgrade", "has_runtime", "open_directory", "short_hash", "upgrade"]
