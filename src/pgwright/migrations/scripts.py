"""Alembic's scripts, each imported when it runs, and only read before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from alembic.script import Script, ScriptDirectory
from alembic.script.revision import Revision
from alembic.util import load_python_file

from pgwright.migrations.revision_file import read_ids


class ReadScript(Script):
    """A revision that was read from its file."""

    def __init__(self, path: Path) -> None:
        ids = read_ids(path)
        self.path = str(path)
        self._loaded: ModuleType | None = None
        Revision.__init__(
            self,
            ids.revision,
            ids.down_revision or None,
            dependencies=ids.depends_on or None,
            branch_labels=ids.branch_labels or None,
        )

    @property
    def module(self) -> ModuleType:  # type: ignore[override]
        """The app's code: it runs here for the first time, and raises what it raises."""
        if self._loaded is None:
            path = Path(self.path)
            self._loaded = load_python_file(str(path.parent), path.name)
        return self._loaded


def read_scripts(directory: ScriptDirectory) -> Iterator[Script]:
    """Yield the revisions of a directory. Raises MigrationError: one cannot be read."""
    pattern = "**/*.py" if directory.recursive_version_locations else "*.py"
    paths = [path.resolve() for folder in directory._version_locations for path in sorted(folder.glob(pattern))]
    for path in dict.fromkeys(paths):
        if not path.name.startswith((".#", "__init__")):
            yield ReadScript(path)
