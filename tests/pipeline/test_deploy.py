"""Revisions of indexes are deployed, confirmed by what the workload does, and rolled back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer, binaries
from pgwright.errors import ConfigError, DeployRefused
from pgwright.migrations import open_directory, upgrade
from pgwright.model.deployment import Deployment
from pgwright.pipeline.deploy import (
    DeployOrder,
    confirm_deployment,
    deploy_indexes,
    plan_deployment,
    roll_back,
    rolled_back,
)
from runtime.tests.support.replica_servers import Replica, primary, replica
from tests.support.database import Database

__all__ = ["primary", "replica"]

_SCHEMA = """
CREATE TABLE message (id int PRIMARY KEY, dialog_id int NOT NULL, position int NOT NULL, body text NOT NULL);
INSERT INTO message SELECT n, n % 5000, n, repeat('x', 100) FROM generate_series(1, 60000) AS n;
ANALYZE message
"""
_REVISION = '''
"""Add an index."""
from alembic import op
revision = "{revision}"
down_revision = {down}
def upgrade():
    {body}
def downgrade():
    pass
'''
_DIALOG = """with op.get_context().autocommit_block():
        op.create_index("ix_message_dialog", "message", ["dialog_id"], postgresql_concurrently=True)"""
_POSITION = """with op.get_context().autocommit_block():
        op.create_index("ix_message_body", "message", ["body"], postgresql_concurrently=True)"""
_READ = "SELECT count(*) FROM message WHERE dialog_id = %s"


class App:
    """An app with a message table, and revisions of indexes."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        database.execute(_SCHEMA)
        database.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        (folder / "versions").mkdir()
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
        (folder / "env.py").write_text("")

    def add(self, revision: str, down: str | None, body: str) -> None:
        text = _REVISION.format(revision=revision, down=repr(down), body=body)
        (self.folder / "versions" / f"{revision}.py").write_text(text)

    def work(self, calls: int = 150) -> None:
        with self.database.counted_session() as connection:
            for number in range(calls):
                connection.execute(_READ, (number,))

    def order(self, **settings: object) -> DeployOrder:
        state = self.folder / "deployment.json"
        return DeployOrder(open_directory(self.folder), self.database.dsn, state=state, **settings)  # type: ignore[arg-type]

    def deploy(self) -> Deployment:
        order = self.order(window_s=1)

        def wait(what: str, seconds: float) -> None:
            self.work()

        return deploy_indexes(order, plan_deployment(order), self.run, wait=wait)

    def run(self, revision: str) -> None:
        upgrade(self.database.dsn, open_directory(self.folder), revision)


@pytest.fixture
def app(database: Database, tmp_path: Path) -> App:
    return App(database, tmp_path)


def test_an_index_that_helps_is_confirmed(app: App) -> None:
    app.add("r1", None, _DIALOG)
    result = app.deploy()
    (index,) = result.indexes
    assert (index.name.short, index.verdict) == ("ix_message_dialog", "used")
    statement = next(one for one in result.statements if "dialog_id = $1" in one.before.text)
    assert statement.verdict == "faster"
    assert statement.after.blocks_per_call < statement.before.blocks_per_call / 10
    assert result.status == "confirmed"


def test_an_index_that_nobody_uses_is_rolled_back_by_a_revision(app: App) -> None:
    app.add("r1", None, _DIALOG)
    app.add("r2", "r1", _POSITION)
    result = app.deploy()
    assert result.status == "not confirmed"
    directory = open_directory(app.folder)
    _, files = roll_back(app.folder / "deployment.json", app.database.dsn, directory, has_runtime=True)
    for file in files:
        directory.add(file.path, file.text)
        app.run(file.id)
    names = app.database.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'message' ORDER BY 1")
    assert names == [("ix_message_dialog",), ("message_pkey",)]
    result = rolled_back(app.folder / "deployment.json", app.database.dsn)
    assert result.status == "rolled back"
    assert {one.name.short: one.verdict for one in result.indexes} == {
        "ix_message_dialog": "used",
        "ix_message_body": "dropped",
    }


def test_it_is_confirmed_later_from_its_file(app: App) -> None:
    app.add("r1", None, _DIALOG)
    app.work()
    order = app.order(window_s=0)
    at_once = deploy_indexes(order, plan_deployment(order), app.run)
    assert at_once.indexes[0].verdict == "not used yet"
    app.work()
    later = confirm_deployment(order.state, app.database.dsn)
    assert later.status == "confirmed"
    assert next(one for one in later.statements if "dialog_id = $1" in one.before.text).verdict == "faster"


def test_a_file_of_another_database_is_refused(app: App, tmp_path: Path) -> None:
    app.add("r1", None, _DIALOG)
    order = app.order(window_s=0)
    deploy_indexes(order, plan_deployment(order), app.run)
    text = order.state.read_text()
    order.state.write_text(text.replace(f'"database": "{app.database.name}"', '"database": "other"'))
    with pytest.raises(ConfigError, match="is of the database 'other'"):
        confirm_deployment(order.state, app.database.dsn)


def test_a_revision_that_changes_more_than_indexes_is_refused(app: App) -> None:
    app.add("r1", None, 'op.execute("ALTER TABLE message ADD COLUMN seen boolean")')
    with pytest.raises(DeployRefused, match="changes more than indexes"):
        plan_deployment(app.order())


def test_nothing_is_to_do_without_a_pending_revision(app: App) -> None:
    app.add("r1", None, _DIALOG)
    app.run("r1")
    order = app.order()
    plan = plan_deployment(order)
    assert plan.revisions == ()
    assert deploy_indexes(order, plan, app.run).status == "nothing to do"


def test_a_backup_is_looked_into(app: App, tmp_path: Path) -> None:
    app.add("r1", None, _DIALOG)
    archive = tmp_path / "message.dump"
    command = [str(binaries() / "pg_dump"), "-Fc", "-f", str(archive), app.database.dsn]
    subprocess.run(command, check=True, timeout=60)
    seen = plan_deployment(app.order(backup=archive)).backup
    assert seen.problems == ()
    assert seen.tables == 1


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("CREATE TABLE later (id int)", "it has no data of public.later"),
        (None, "there is no such file"),
    ],
)
def test_a_backup_that_lacks_something_is_none_to_rely_on(
    app: App, tmp_path: Path, statement: str | None, problem: str
) -> None:
    app.add("r1", None, _DIALOG)
    archive = tmp_path / "message.dump"
    if statement is not None:
        command = [str(binaries() / "pg_dump"), "-Fc", "-f", str(archive), app.database.dsn]
        subprocess.run(command, check=True, timeout=60)
        app.database.execute(statement)
    assert plan_deployment(app.order(backup=archive)).backup.problems == (problem,)


def test_a_text_is_no_backup(app: App, tmp_path: Path) -> None:
    app.add("r1", None, _DIALOG)
    archive = tmp_path / "message.dump"
    archive.write_text("no archive")
    (problem,) = plan_deployment(app.order(backup=archive)).backup.problems
    assert "pg_restore cannot read it" in problem


def test_counters_that_were_reset_deny_no_use(app: App) -> None:
    app.add("r1", None, _POSITION)
    order = app.order(window_s=0)
    deploy_indexes(order, plan_deployment(order), app.run)
    app.work()
    app.database.execute("SELECT pg_stat_reset()")
    assert confirm_deployment(order.state, app.database.dsn).indexes[0].verdict == "unknown"


def test_an_index_stays_whose_table_nothing_has_touched_since(app: App) -> None:
    app.add("r1", None, _POSITION)
    order = app.order(window_s=0)
    deploy_indexes(order, plan_deployment(order), app.run)
    deployment, files = roll_back(order.state, app.database.dsn, order.directory, has_runtime=True)
    assert deployment.indexes[0].verdict == "not used yet"
    assert files == ()


def test_revisions_that_ran_elsewhere_are_told(app: App) -> None:
    app.add("r1", None, _DIALOG)
    order = app.order(window_s=0)
    with pytest.raises(DeployRefused, match="is at no revision"):
        deploy_indexes(order, plan_deployment(order), lambda revision: None)
    assert not order.state.exists()


def test_nothing_is_dropped_that_a_replica_may_use(primary: EmbeddedServer, replica: Replica, tmp_path: Path) -> None:
    primary.create_database("deployed")
    app = App(Database(primary, "deployed"), tmp_path)
    app.add("r1", None, _DIALOG)
    app.add("r2", "r1", _POSITION)
    app.deploy()
    state, dsn, directory = app.folder / "deployment.json", app.database.dsn, open_directory(app.folder)
    with pytest.raises(DeployRefused, match=r"a replica may use what this one does not.*--asked-replicas"):
        roll_back(state, dsn, directory, has_runtime=True)
    _, files = roll_back(state, dsn, directory, has_runtime=True, asked_replicas=True)
    assert len(files) == 1
    replica.catch_up()
    copy = Database(replica.server, "deployed")
    app.database = copy
    app.work()
    told = confirm_deployment(state, copy.dsn)
    assert [one.verdict for one in told.indexes] == ["not used yet", "used"]
    with pytest.raises(DeployRefused, match="this is a replica, where no index can be dropped"):
        roll_back(state, copy.dsn, directory, has_runtime=True, asked_replicas=True)
