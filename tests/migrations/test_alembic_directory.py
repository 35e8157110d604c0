"""The app's Alembic directory: found, its head known, a revision written into it as the app names its own."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pgwright.errors import MigrationError
from pgwright.migrations import AlembicDirectory, open_directory
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

INI = "[alembic]\nscript_location = {location}\npath_separator = os\n"


def text(revision: str, down: str | None) -> str:
    return f'revision = "{revision}"\ndown_revision = {down!r}\ndef upgrade(): pass\ndef downgrade(): pass\n'


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(INI.format(location="migrations"))
    return tmp_path


def add(app: Path, revision: str, down: str | None = None, folder: str = "migrations/versions") -> None:
    (app / folder).mkdir(parents=True, exist_ok=True)
    (app / folder / f"{revision}.py").write_text(text(revision, down))


@pytest.mark.parametrize("path", ["alembic.ini", "."])
def test_found_from_any_folder_and_the_current_one_stays(app: Path, path: str) -> None:
    add(app, "a1")
    here = os.getcwd()
    directory = open_directory(app / path)
    assert directory.head == "a1"
    assert os.getcwd() == here
    assert str(directory.write("Second", text)).startswith(str(app / "migrations" / "versions"))


def test_found_in_pyproject(app: Path) -> None:
    (app / "alembic.ini").unlink()
    (app / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    add(app, "a1")
    assert open_directory(app).head == "a1"
    assert open_directory(app / "pyproject.toml").head == "a1"


def test_revisions_may_import_the_app(app: Path) -> None:
    (app / "alembic.ini").write_text(INI.format(location="migrations") + "prepend_sys_path = .\n")
    (app / "only_this_app.py").write_text("NAME = 'x'\n")
    (app / "migrations" / "versions" / "a1.py").write_text("from only_this_app import NAME\n" + text("a1", None))
    assert open_directory(app).head == "a1"


@pytest.mark.parametrize("settings", [None, "[alembic]\n", "[alembic]\nscript_location = nowhere\n", "nonsense"])
def test_nothing_to_open_is_told(tmp_path: Path, settings: str | None) -> None:
    if settings is not None:
        (tmp_path / "alembic.ini").write_text(settings)
    with pytest.raises(MigrationError, match=str(tmp_path)):
        open_directory(tmp_path)


def test_a_revision_that_cannot_be_imported_is_told(app: Path) -> None:
    (app / "migrations" / "versions" / "a1.py").write_text("import no_such_module\n" + text("a1", None))
    with pytest.raises(MigrationError, match="no_such_module"):
        open_directory(app)


def test_several_heads_are_told(app: Path) -> None:
    add(app, "a1")
    add(app, "b1")
    with pytest.raises(MigrationError, match=r"2 heads: a1, b1.*alembic merge"):
        open_directory(app).write("x", text)


def test_the_first_revision_of_an_empty_directory(app: Path) -> None:
    (app / "migrations" / "versions").rmdir()
    path = open_directory(app).write("First of all", text, revision="r1")
    assert path == app / "migrations" / "versions" / "r1_first_of_all.py"
    assert "down_revision = None" in path.read_text()
    assert open_directory(app).head == "r1"


def test_the_file_is_named_and_placed_as_the_apps_own(app: Path) -> None:
    locations = os.pathsep.join(["%(here)s/one", "%(here)s/two"])
    (app / "alembic.ini").write_text(
        INI.format(location="migrations")
        + f"version_locations = {locations}\nfile_template = %%(year)d_%%(rev)s-%%(slug)s\ntruncate_slug_length = 12\n"
        + "timezone = UTC\n"
    )
    add(app, "a1", None, "one")
    add(app, "a2", "a1", "two")
    path = open_directory(app).write("Index the keys", text, revision="r3")
    assert path.parent == app / "two"
    assert path.name.endswith("_r3-index_the_.py")
    assert open_directory(app).head == "r3"


def test_the_id_is_a_hash_of_the_text(app: Path) -> None:
    first = open_directory(app).write("x", text)
    first.unlink()
    assert open_directory(app).write("x", text) == first


def test_nothing_is_overwritten(app: Path) -> None:
    directory = open_directory(app)
    path = directory.write("x", text, revision="r1")
    with pytest.raises(MigrationError, match="exists"):
        directory.write("x", text, revision="r1")  # the directory was opened before the file was there
    with pytest.raises(MigrationError, match="exists"):
        open_directory(app).write("y", text, revision="r1")
    assert [each.name for each in path.parent.glob("[!_]*")] == [path.name]


def test_a_database_that_is_not_at_the_head_is_told(app: Path, database: Database) -> None:
    add(app, "a1")
    directory: AlembicDirectory = open_directory(app)
    snapshot = read_snapshot(database.dsn)
    with pytest.raises(MigrationError, match=r"is at no revision, the head of .* is a1.*alembic upgrade head"):
        directory.require_current(snapshot)
    directory.require_current(replace(snapshot, server=replace(snapshot.server, alembic_revisions=("a1",))))
