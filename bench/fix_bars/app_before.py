"""An example app as its team first wrote it: a folder of its own, and its database with data and a workload."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import fleet.data
import fleet.replay
import notebook.data
import notebook.replay
import notebook.schema
from pgwright.embedded import run_server
from tests.support.database import Database

EXAMPLES = Path(__file__).parents[2] / "examples"
_ANSWERS = Path(__file__).with_name("answers.py")
_SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "shared_buffers": "512MB", "jit": "off"}


@dataclass(frozen=True)
class App:
    name: str
    scale: float
    """Enough for indexes to matter, and for a few minutes."""
    fill: Callable[[Database, float], None]
    """Make the schema, the data and the workload."""


@dataclass(frozen=True)
class Checkout:
    """What its team has: the app in a folder, and its database."""

    app: App
    folder: Path
    database: Database

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in the folder."""
        paths = filter(None, (str(self.folder), os.environ.get("PYTHONPATH")))
        return subprocess.run(
            [str(Path(sys.executable).with_name(command[0])), *command[1:]],
            cwd=self.folder,
            env={
                **os.environ,
                "DATABASE_URL": self.database.url(),
                "PYTHONPATH": os.pathsep.join(paths),
                f"{self.app.name.upper()}_SCALE": str(self.app.scale),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def answers(self) -> Mapping[str, str]:
        """Return what the app answers now, with the models and the database as they are."""
        done = self.run(Path(sys.executable).name, str(_ANSWERS), self.app.name)
        if done.returncode:
            print(f"    {done.stderr.strip()[-2_000:]}", flush=True)
            return {}
        found: dict[str, str] = json.loads(done.stdout)
        return found

    def original(self, path: str) -> Path:
        """Return a file of the app as it is in `examples`."""
        return EXAMPLES / self.app.name / path

    def revisions(self) -> set[Path]:
        return set((self.folder / "migrations" / "versions").glob("*.py"))


def _fill_notebook(database: Database, scale: float) -> None:
    notebook.schema.upgrade(database.dsn, "0001")
    notebook.data.load(database.dsn, scale)
    database.execute("SELECT pg_stat_statements_reset()")
    notebook.replay.replay(database.dsn, scale=scale)


def _fill_fleet(database: Database, scale: float) -> None:
    fleet.data.prepare(database.url(), scale, "0001")
    database.execute("SELECT pg_stat_statements_reset()")
    fleet.replay.replay(database.url(), scale)


APPS = (App("notebook", 0.25, _fill_notebook), App("fleet", 0.05, _fill_fleet))


@contextmanager
def checked_out(app: App) -> Iterator[Checkout]:
    with run_server(settings=_SETTINGS) as server, tempfile.TemporaryDirectory(prefix="pgwright-app-") as folder:
        server.create_database(app.name)
        database = Database(server, app.name)
        database.execute("CREATE EXTENSION pg_stat_statements")
        app.fill(database, app.scale)
        _copy_as_it_was(app, Path(folder))
        yield Checkout(app, Path(folder), database)


def _copy_as_it_was(app: App, folder: Path) -> None:
    """Copy an app with its first revision only, and Alembic told of the models of then."""
    source = EXAMPLES / app.name
    shutil.copytree(source / app.name, folder / app.name, ignore=shutil.ignore_patterns("__pycache__"))
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    shutil.copy(source / "migrations" / "versions" / "0001_before.py", versions)
    shutil.copy(source / "migrations" / "script.py.mako", folder / "migrations")
    env = (source / "migrations" / "env.py").read_text("utf-8")
    (folder / "migrations" / "env.py").write_text(env.replace(f"{app.name}.after.", f"{app.name}.before."), "utf-8")
    shutil.copy(source / "alembic.ini", folder)
