"""Where the pending revisions start, and what is said where they cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.errors import MigrationError
from pgwright.migrations import open_directory
from pgwright.model.migration import PendingMigrations
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.observing import LintOrder, observe
from pgwright.observing.start import start_of
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

_INI = "[alembic]\nscript_location = %(here)s\npath_separator = os\n"


def write_chain(folder: Path, *bodies: str, ini: str = _INI, **texts: str) -> None:
    """Write revisions r1, r2 … that follow each other, with the bodies of their upgrades."""
    (folder / "versions").mkdir()
    (folder / "alembic.ini").write_text(ini)
    for number, body in enumerate(bodies, 1):
        before = f"'r{number - 1}'" if number > 1 else None
        head = f"from alembic import op\nimport sqlalchemy as sa\nrevision = 'r{number}'\ndown_revision = {before}\n"
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        (folder / "versions" / f"r{number}.py").write_text(f"{head}\ndef upgrade():\n{lines}\n")
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)


def snapshot_at(database: Database, *revisions: str) -> Snapshot:
    database.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    for revision in revisions:
        database.execute(f"INSERT INTO alembic_version VALUES ('{revision}')")
    return read_snapshot(database.dsn)


def of(pending: PendingMigrations) -> list[tuple[str, str]]:
    return [(one.revision, one.upgrade.error) for one in pending.revisions]


_ONE = 'op.execute("CREATE TABLE note (id int)")'
_TWO = 'op.execute("ALTER TABLE note ADD title text")'
_THREE = 'op.execute("ALTER TABLE note ALTER title SET NOT NULL")'


def test_only_what_the_database_lacks_runs_on_its_schema(
    database: Database, twin_server: EmbeddedServer, tmp_path: Path
) -> None:
    write_chain(tmp_path, _ONE, _TWO, _THREE)
    database.execute("CREATE TABLE note (id int, title text)")
    pending = observe(LintOrder(open_directory(tmp_path), snapshot_at(database, "r2")), running=twin_server)
    assert pending.start == ("r2",)
    assert of(pending) == [("r3", "")]


def test_from_a_revision_on_the_schema_before_it_is_made_by_the_chain(
    database: Database, twin_server: EmbeddedServer, tmp_path: Path
) -> None:
    write_chain(tmp_path, _ONE, _TWO, _THREE)
    database.execute("CREATE TABLE note (id int, title text NOT NULL)")
    order = LintOrder(open_directory(tmp_path), snapshot_at(database, "r3"), since="r1")
    assert of(observe(order, running=twin_server)) == [("r2", ""), ("r3", "")]


def test_without_a_database_all_revisions_run(twin_server: EmbeddedServer, tmp_path: Path) -> None:
    write_chain(tmp_path, _ONE, _TWO)
    pending = observe(LintOrder(open_directory(tmp_path)), running=twin_server)
    assert of(pending) == [("r1", ""), ("r2", "")]
    assert (pending.database, pending.start, pending.heads) == ("", (), ("r2",))


def test_a_database_ahead_of_the_code_is_told(database: Database, tmp_path: Path) -> None:
    write_chain(tmp_path, _ONE)
    with pytest.raises(MigrationError, match=r"is at zzz, which .* does not have.*--since"):
        start_of(open_directory(tmp_path), snapshot_at(database, "zzz"), None, "head")


def test_a_database_whose_revision_could_not_be_read_is_told(database: Database, tmp_path: Path) -> None:
    write_chain(tmp_path, _ONE)
    unread = NotExamined("the revision in alembic_version", "the role may not read the table", "GRANT …")
    snapshot = replace(read_snapshot(database.dsn), not_examined=(unread,))
    with pytest.raises(MigrationError, match="may not read the table; GRANT"):
        start_of(open_directory(tmp_path), snapshot, None, "head")


def test_a_chain_with_a_missing_revision_is_told(tmp_path: Path) -> None:
    write_chain(tmp_path, _ONE, _TWO, _THREE)
    (tmp_path / "versions" / "r2.py").unlink()
    with pytest.raises(MigrationError, match="have a gap: Revision r2 referenced from r2 -> r3"):
        open_directory(tmp_path)


def test_both_heads_are_run(twin_server: EmbeddedServer, tmp_path: Path) -> None:
    write_chain(tmp_path, _ONE, _TWO, 'op.execute("CREATE TABLE tag (id int)")')
    path = tmp_path / "versions" / "r3.py"
    path.write_text(path.read_text().replace("down_revision = 'r2'", "down_revision = 'r1'"))
    pending = observe(LintOrder(open_directory(tmp_path)), running=twin_server)
    assert pending.heads == ("r2", "r3")
    assert {one for one, _ in of(pending)} == {"r1", "r2", "r3"}


def test_a_revision_that_does_not_end_is_given_up_and_the_next_one_runs(
    twin_server: EmbeddedServer, tmp_path: Path
) -> None:
    write_chain(tmp_path, _ONE, "while True: pass", _TWO)
    order = LintOrder(open_directory(tmp_path), revision_seconds=15)
    pending = observe(order, running=twin_server)
    assert [(one.revision, one.upgrade.failure) for one in pending.revisions] == [
        ("r1", ""), ("r2", "took too long"), ("r3", ""),
    ]  # fmt: skip


def test_a_revision_that_ends_its_process_is_told(twin_server: EmbeddedServer, tmp_path: Path) -> None:
    write_chain(tmp_path, _ONE, "import os\nos._exit(3)")
    pending = observe(LintOrder(open_directory(tmp_path)), running=twin_server)
    assert "ended with code 3" in pending.revisions[1].upgrade.error


def test_what_follows_a_revision_that_cannot_run_is_excused(twin_server: EmbeddedServer, tmp_path: Path) -> None:
    write_chain(tmp_path, f"import a_module_that_nobody_has\n{_ONE}", _TWO)
    first, second = observe(LintOrder(open_directory(tmp_path)), running=twin_server).revisions
    assert (first.upgrade.failure, second.upgrade.failure) == ("not importable", "needs another")


def test_operations_that_env_py_brings_are_there(twin_server: EmbeddedServer, tmp_path: Path) -> None:
    operations = (
        "from alembic.operations import Operations, MigrateOperation\n"
        "@Operations.register_operation('make_note')\n"
        "class MakeNote(MigrateOperation):\n"
        "    @classmethod\n"
        "    def make_note(cls, operations):\n"
        "        operations.execute('CREATE TABLE note (id int)')\n"
    )
    ini = _INI + "prepend_sys_path = %(here)s\n"
    write_chain(
        tmp_path, "op.make_note()", ini=ini, env="import shop_operations_of_tests", shop_operations_of_tests=operations
    )
    pending = observe(LintOrder(open_directory(tmp_path)), running=twin_server)
    assert of(pending) == [("r1", "")]
    assert pending.revisions[0].upgrade.statements[0].operation == "op.make_note"
