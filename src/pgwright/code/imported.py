"""Import an app's models in a process of their own, as they are or as they would be, and tell what they declare.

This is the one place where the app's code runs: it is imported, as `alembic` imports it for each of its commands. What
it prints is thrown away; what it raises is told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pgwright.code.entry import AppModels

SECONDS = 120
_RUN = "from pgwright.code.importing import main; main()"


@dataclass(frozen=True)
class DeclaredModels:
    """What models that were imported declare of some tables."""

    error: str = ""
    """Why they could not be imported; "" where they were."""
    tables: frozenset[str] = frozenset()
    """`schema.table`, of those that were asked for."""
    indexes: Mapping[str, str] = frozenset()  # type: ignore[assignment]
    """CREATE INDEX by name."""
    constraints: frozenset[str] = frozenset()
    """The names of unique constraints."""
    cascading: frozenset[str] = frozenset()
    """`schema.table.column,column` of the foreign keys that delete with their parent."""
    types: Mapping[str, str] = frozenset()  # type: ignore[assignment]
    """By `schema.table.column`, as DDL says them."""


def import_models(entry: AppModels, tables: Sequence[str], changed: Mapping[Path, str]) -> DeclaredModels:
    """Import the models with some files changed, which are not written, and return what they declare.

    Args:
        tables: `schema.table`.
        changed: the text that a file would have.
    """
    with tempfile.TemporaryDirectory(prefix="pgwright-") as folder:
        asked, told = Path(folder, "asked.json"), Path(folder, "told.json")
        question = {
            "module": entry.module,
            "attributes": entry.attributes,
            "beside": entry.beside,
            "folders": entry.imports_from,
            "tables": list(tables),
            "changed": {str(path.absolute()): text for path, text in changed.items()},
        }
        asked.write_text(json.dumps(question), "utf-8")
        try:
            ended = subprocess.run(
                [sys.executable, "-c", _RUN, str(asked), str(told)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=SECONDS,
                check=False,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )
        except subprocess.TimeoutExpired:
            return DeclaredModels(f"importing {entry.module} took longer than {SECONDS} s")
        if not told.is_file():
            last = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            return DeclaredModels(f"importing {entry.module} ended with code {ended.returncode}: {''.join(last)}")
        answer = json.loads(told.read_text("utf-8"))
    if answer["error"]:
        return DeclaredModels(answer["error"])
    return DeclaredModels(
        "",
        frozenset(answer["tables"]),
        answer["indexes"],
        frozenset(answer["constraints"]),
        frozenset(answer["cascading"]),
        answer["types"],
    )
