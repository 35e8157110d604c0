"""The changes that can be proved: revisions of the app, a script, a fix that is not written yet, or settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from pgwright.errors import MigrationError
from pgwright.figures import count
from pgwright.migrations import AlembicDirectory, open_directory, upgrade
from pgwright.model.fix import Fix
from pgwright.model.snapshot import Snapshot
from pgwright.proof.script import run_script
from pgwright.proof.settings import fix_settings
from pgwright.remedies import render_script


@dataclass(frozen=True)
class Revisions:
    """A change that stands in the app's Alembic directory."""

    directory: str | Path | AlembicDirectory
    """Where it is not opened yet: `alembic.ini`, `pyproject.toml`, or the folder with one of them."""
    to: str = "head"

    @cached_property
    def opened(self) -> AlembicDirectory:
        """The directory. Raises MigrationError: there is none, or it cannot be read."""
        given = self.directory
        return given if isinstance(given, AlembicDirectory) else open_directory(Path(given))

    def require_pending(self, source: Snapshot) -> None:
        """Raise MigrationError when the database is there already."""
        target = self.opened.head if self.to == "head" else self.to
        if target in source.server.alembic_revisions:
            raise MigrationError(
                f"the database {source.server.database!r} is at {target} already, so there is nothing to prove. "
                "Write the fix first: pgwright fix"
            )

    def apply(self, source: Snapshot, dsn: str) -> str:
        """Run the revisions on a copy of the source and name them."""
        ran = upgrade(dsn, self.opened, self.to, version_schema=source.server.alembic_schema)
        return ", ".join(ran) or "no revision"


@dataclass(frozen=True)
class Script:
    """A change that stands in a file of SQL, as `fix --sql` writes it."""

    path: str | Path

    def require_pending(self, source: Snapshot) -> None:
        """A script tells nobody whether it ran."""

    def apply(self, source: Snapshot, dsn: str) -> str:
        """Run the script on a copy of the source and name it. Raises ProofError with what the server said."""
        run_script(Path(self.path), dsn)
        return Path(self.path).name


@dataclass(frozen=True)
class Unwritten:
    """A change that stands in no file yet."""

    fix: Fix

    def require_pending(self, source: Snapshot) -> None:
        """It was made of what the database is now."""

    def apply(self, source: Snapshot, dsn: str) -> str:
        """Run the steps on a copy of the source, as the script would, and say how many. Raises ProofError."""
        text = render_script(self.fix, message="", database=source.server.database, taken_at=source.taken_at)
        with TemporaryDirectory() as folder:
            path = Path(folder, "fix.sql")
            path.write_text(text, encoding="utf-8")
            run_script(path, dsn)
        return count(len(self.fix.remedies), "remedy")


@dataclass(frozen=True)
class Settings:
    """Settings that each session would have, as after ALTER DATABASE … SET."""

    values: Mapping[str, str]

    def require_pending(self, source: Snapshot) -> None:
        """Settings can be proved at any time."""

    def apply(self, source: Snapshot, dsn: str) -> str:
        """Fix them on a copy of the source and name them. Raises ProofError: the server refuses one."""
        return fix_settings(dsn, self.values)
