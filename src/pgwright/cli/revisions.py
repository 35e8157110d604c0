"""Where a fix goes: revisions in the app's Alembic directory, or scripts for psql; one, or several in turn."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pgwright.cli.output import say, tell, write
from pgwright.errors import MigrationError
from pgwright.migrations import AlembicDirectory, short_hash
from pgwright.model.revision_text import RevisionText
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import Part, assembled, render_script, revision_text, with_width

STDOUT = Path("-")
_DRY_RUN_ID = "pgwright_dry_run"


@dataclass(frozen=True)
class RevisionFiles:
    """The revisions of a fix, in the app's directory."""

    parts: Sequence[Part]
    snapshot: Snapshot
    directory: AlembicDirectory
    has_runtime: bool
    """Where they run, the runtime can be imported."""
    first_id: str | None = None
    """Of the first; the next have a number after it. None: a short hash of their text."""
    tells_models: bool = True
    """The docstring says what to write in the models."""

    def print(self) -> None:
        """Print what would be written."""
        previous = self.directory.head
        for number, part in enumerate(self.parts, start=1):
            revision = _numbered(self.first_id or _DRY_RUN_ID, number)
            if len(self.parts) > 1:
                say(f"# Revision {number} of {len(self.parts)}: a file of its own.\n")
            say(self._text(part, revision, previous))
            previous = revision

    def write(self) -> list[tuple[str, Path]]:
        """Write them, each after the one before, all or none, and return their ids and files. Raises MigrationError."""
        written = []
        with ExitStack() as undo:
            for number, part in enumerate(self.parts, start=1):
                # The template writes the time, and the same fix of the same snapshot has the same id.
                hashed = short_hash(assembled(self._parts_of(part), "", self.directory.head))
                chosen = hashed if self.first_id is None else _numbered(self.first_id, number)
                path = self.directory.write(part.message, partial(self._text, part), revision=chosen)
                undo.callback(path.unlink, missing_ok=True)
                written.append((chosen, path))
            undo.pop_all()
        return written

    def _text(self, part: Part, revision: str, down_revision: str | None) -> str:
        text = self._parts_of(part)
        try:
            return with_width(self.directory.in_template(text, revision, down_revision))
        except MigrationError as error:
            tell(f"{error}. The revision gets a form of its own")
            return assembled(text, revision, down_revision)

    def _parts_of(self, part: Part) -> RevisionText:
        return revision_text(
            part.fix,
            message=part.message,
            database=self.snapshot.server.database,
            taken_at=self.snapshot.taken_at,
            has_runtime=self.has_runtime,
            with_models=self.tells_models,
        )


def write_scripts(parts: Sequence[Part], snapshot: Snapshot, path: Path) -> list[Path]:
    """Write a script for each part, `fix.sql`, `fix-2.sql`, …, or print them; return the files. Raises ConfigError."""
    paths = []
    for number, part in enumerate(parts, start=1):
        text = render_script(
            part.fix, message=part.message, database=snapshot.server.database, taken_at=snapshot.taken_at
        )
        if path == STDOUT:
            heading = f"-- Script {number} of {len(parts)}: run it by itself.\n" if len(parts) > 1 else ""
            say(heading + text)
        else:
            paths.append(path if number == 1 else path.with_stem(f"{path.stem}-{number}"))
            write(paths[-1], text)
    return paths


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"
