"""What squawk says of a planted revision: `alembic upgrade A:B --sql | squawk`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from migration_bars.planted_chain import Planting

_SECONDS = 60
_MAJOR = "18"
# env.py sets them for the session, which `--sql` does not print.
_TIMEOUTS = {"lock_timeout": "SET lock_timeout = '2s';\n", "statement_timeout": "SET statement_timeout = '1h';\n"}


@dataclass(frozen=True)
class Squawk:
    """squawk, asked of one Alembic directory."""

    folder: Path

    def rules_of(self, planting: Planting) -> frozenset[str]:
        """Return the names of the rules that a revision breaks; none where Alembic cannot print it."""
        sql = self._sql(planting.revision)
        if sql is None:
            return frozenset()
        missing = planting.of_fault("env_without")
        text = "".join(line for name, line in _TIMEOUTS.items() if name != missing) + sql
        asked = [_program(), "--reporter", "json", "--pg-version", _MAJOR]
        run = subprocess.run(asked, input=text, capture_output=True, text=True, timeout=_SECONDS, check=False)
        return frozenset(entry["rule_name"] for entry in json.loads(run.stdout or "[]"))

    @cached_property
    def _before(self) -> dict[str, str]:
        """The revision before each."""
        script = ScriptDirectory.from_config(self._config(StringIO()))
        return {one.revision: str(one.down_revision or "base") for one in script.walk_revisions()}

    def _config(self, output: StringIO) -> Config:
        return Config(str(self.folder / "alembic.ini"), output_buffer=output)

    def _sql(self, revision: str) -> str | None:
        output = StringIO()
        try:
            with _imports_kept():
                command.upgrade(self._config(output), f"{self._before[revision]}:{revision}", sql=True)
        except Exception:  # noqa: BLE001 a revision that reads from the database cannot be printed
            return None
        return output.getvalue()


@contextmanager
def _imports_kept() -> Iterator[None]:
    """Forget what Alembic puts before the folders of modules."""
    before = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = before


def _program() -> str:
    beside = Path(sys.executable).with_name("squawk")
    found = str(beside) if beside.exists() else shutil.which("squawk")
    if found is None:
        raise SystemExit("squawk is missing. Run: pip install squawk-cli")
    return found
