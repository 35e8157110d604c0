"""`pgwright deploy`, and the page that says how to roll back, tried as it stands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgwright.embedded import binaries, run_server
from tests.cli.conftest import Run
from tests.support.database import Database

_ENV = """
from alembic import context
from sqlalchemy import create_engine, NullPool
engine = create_engine({url!r}, poolclass=NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
_REVISION = '''
"""Add an index."""
from alembic import op
revision = "{revision}"
down_revision = {down}
def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("ix_message_{column}", "message", ["{column}"], postgresql_concurrently=True)
def downgrade():
    op.drop_index("ix_message_{column}", "message")
'''
_PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "rollback.md"


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Path:
    """An app whose first index is pending."""
    database.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    database.execute(
        "CREATE TABLE message (id int PRIMARY KEY, dialog_id int, body text);"
        "INSERT INTO message SELECT n, n % 5000, repeat('x', 100) FROM generate_series(1, 50000) n; ANALYZE message"
    )
    (tmp_path / "versions").mkdir()
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
    (tmp_path / "script.py.mako").write_text("")
    (tmp_path / "env.py").write_text(_ENV.format(url=database.url("psycopg")))
    _add(tmp_path, "r1", None, "dialog_id")
    return tmp_path


def _add(folder: Path, revision: str, down: str | None, column: str) -> None:
    text = _REVISION.format(revision=revision, down=repr(down), column=column)
    (folder / "versions" / f"{revision}.py").write_text(text)


def _work(database: Database) -> None:
    with database.counted_session() as connection:
        for number in range(40):
            connection.execute("SELECT count(*) FROM message WHERE dialog_id = %s", (number,))


def test_it_is_deployed_then_confirmed(run: Run, app: Path, database: Database) -> None:
    _work(database)
    state = app / "deployment.json"
    shared = ("deploy", database.dsn, "--alembic", str(app / "alembic.ini"), "--format", "json")
    first = run(*shared, "--window", "0", "--yes", "--state", str(state))
    assert first.exit_code == 1, first.output
    assert json.loads(first.stdout)["status"] == "not confirmed"
    _work(database)
    second = run("deploy", database.dsn, "--confirm", str(state), "--format", "json")
    assert second.exit_code == 0, second.output
    verdicts = {one["before"]["text"]: one["verdict"] for one in json.loads(second.stdout)["statements"]}
    assert verdicts["SELECT count(*) FROM message WHERE dialog_id = $1"] == "faster"


def test_an_env_of_another_database_is_refused(run: Run, app: Path, database: Database, server: object) -> None:
    (app / "env.py").write_text(_ENV.format(url=database.server.url("postgres", "psycopg")))
    refused = run("deploy", database.dsn, "--alembic", str(app / "alembic.ini"), "--window", "0", "--yes",
                  "--state", str(app / "deployment.json"))  # fmt: skip
    assert refused.exit_code == 2
    assert "which is not the database that was named" in refused.stderr
    assert not (app / "deployment.json").exists()


def test_a_database_whose_name_begins_alike_is_another(run: Run, app: Path, database: Database) -> None:
    longer = f"{database.name}_2"
    database.server.create_database(longer)
    try:
        (app / "env.py").write_text(_ENV.format(url=database.server.url(longer, "psycopg")))
        refused = run("deploy", database.dsn, "--alembic", str(app / "alembic.ini"), "--window", "0", "--yes",
                      "--state", str(app / "deployment.json"))  # fmt: skip
        assert refused.exit_code == 2
        assert "which is not the database that was named" in refused.stderr
    finally:
        database.server.drop_database(longer)


def test_the_same_name_on_another_server_is_another_database(run: Run, app: Path, database: Database) -> None:
    """As of staging and production: nothing runs, neither to deploy nor to roll back."""
    state = app / "deployment.json"
    shared = ("deploy", database.dsn, "--alembic", str(app / "alembic.ini"), "--yes")
    with run_server() as elsewhere:
        elsewhere.create_database(database.name)
        other = Database(elsewhere, database.name)
        other.execute("CREATE TABLE message (id int PRIMARY KEY, dialog_id int, body text)")
        (app / "env.py").write_text(_ENV.format(url=other.url("psycopg")))
        refused = run(*shared, "--window", "0", "--state", str(state))
        assert refused.exit_code == 2
        assert "which is not the database that was named" in refused.stderr
        (app / "env.py").write_text(_ENV.format(url=database.url("psycopg")))
        assert run(*shared, "--window", "0", "--state", str(state)).exit_code == 1
        with database.counted_session() as connection:
            connection.execute("SELECT count(*) FROM message WHERE body = 'y'")
        (app / "env.py").write_text(_ENV.format(url=other.url("psycopg")))
        refused = run(*shared, "--rollback", str(state))
        assert refused.exit_code == 2, refused.output
        assert "which is not the database that was named" in refused.stderr
        assert other.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'message'") == [("message_pkey",)]
        assert other.rows("SELECT to_regclass('alembic_version') IS NULL") == [(True,)]
        # What was refused leaves nothing in the way of the next try.
        assert [file.name for file in (app / "versions").glob("*.py")] == ["r1.py"]
        (app / "env.py").write_text(_ENV.format(url=database.url("psycopg")))
        assert run(*shared, "--rollback", str(state)).exit_code == 0
        assert database.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'message'") == [("message_pkey",)]


_ENV_OF_TWO = """
from alembic import context
from sqlalchemy import create_engine, NullPool
for url in {urls!r}:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


@pytest.mark.parametrize("is_first", [True, False])
def test_of_several_databases_the_one_that_was_named_is_deployed_to(
    run: Run, app: Path, database: Database, is_first: bool
) -> None:
    second = f"{database.name}_2"
    database.server.create_database(second)
    try:
        urls = [database.url("psycopg"), database.server.url(second, "psycopg")]
        (app / "env.py").write_text(_ENV_OF_TWO.format(urls=urls if is_first else urls[::-1]))
        state = app / "deployment.json"
        deployed = run("deploy", database.dsn, "--alembic", str(app / "alembic.ini"), "--window", "0", "--yes",
                       "--state", str(state))  # fmt: skip
        assert deployed.exit_code == 1, deployed.output
        assert state.exists()
        other = Database(database.server, second)
        assert other.rows("SELECT to_regclass('alembic_version') IS NULL") == [(True,)]
    finally:
        database.server.drop_database(second)


def test_revisions_that_are_kept_in_another_table_are_refused_before_anything_runs(
    run: Run, app: Path, database: Database
) -> None:
    database.execute(
        "CREATE TABLE shop_version (version_num varchar(32) PRIMARY KEY); INSERT INTO shop_version VALUES ('r1')"
    )
    _add(app, "r2", "r1", "body")
    env = _ENV.format(url=database.url("psycopg"))
    (app / "env.py").write_text(
        env.replace("connection=connection)", "connection=connection, version_table='shop_version')")
    )
    refused = run("deploy", database.dsn, "--alembic", str(app / "alembic.ini"), "--window", "0", "--yes",
                  "--state", str(app / "deployment.json"))  # fmt: skip
    assert refused.exit_code == 2
    assert "in shop_version" in refused.stderr
    assert database.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'message'") == [("message_pkey",)]


def test_a_backup_that_is_none_stops_it(run: Run, app: Path, database: Database) -> None:
    refused = run("deploy", database.dsn, "--alembic", str(app / "alembic.ini"), "--backup", str(app / "alembic.ini"),
                  "--yes", "--state", str(app / "deployment.json"))  # fmt: skip
    assert refused.exit_code == 2
    assert "is none to rely on" in refused.stderr
    assert "pg_dump --format=custom" in refused.stderr


class _Health(BaseHTTPRequestHandler):
    """The app's health check: it writes and reads, in the database that a file names."""

    def do_GET(self) -> None:
        dsn = Path(os.environ["APP_DSN_FILE"]).read_text()
        try:
            with psycopg.connect(dsn) as connection:
                connection.execute("UPDATE message SET body = body WHERE id = 1")
                found = connection.execute("SELECT count(*) FROM message").fetchone()
            self.send_response(200 if found == (50_000,) else 500)
        except psycopg.Error:
            self.send_response(500)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def health(monkeypatch: pytest.MonkeyPatch, database: Database, tmp_path: Path) -> Iterator[str]:
    file = tmp_path / "app_dsn"
    file.write_text(database.dsn)
    monkeypatch.setenv("APP_DSN_FILE", str(file))
    server = HTTPServer(("127.0.0.1", 0), _Health)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def _commit(folder: Path, text: str) -> None:
    (folder / "app.py").write_text(text)
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    for command in (("init", "-q"), ("add", "app.py"), (*who, "commit", "-qm", text)):
        subprocess.run(["git", *command], cwd=folder, check=True)


_DROP = """
from pathlib import Path
from alembic.config import Config
from alembic.script import ScriptDirectory
head = ScriptDirectory.from_config(Config("alembic.ini")).get_current_head()
start = f"from alembic import op\\nrevision, down_revision = 'dropped', {head!r}\\n"
Path("versions/dropped.py").write_text(start + CODE + "def downgrade(): pass\\n")
"""


def _written_drop(folder: Path) -> Path:
    """Return a program that writes the revision of the page."""
    (code,) = re.findall(r"```python\n(.*?)```", _PAGE.read_text(), flags=re.DOTALL)
    program = folder / "write_drop.py"
    program.write_text(f"CODE = {code!r}\n{_DROP}")
    return program


@pytest.mark.pg(">= 17")  # the programs are 18's, and what their dump sets is not known before
def test_the_page_on_rolling_back_does_what_it_says(
    run: Run, app: Path, database: Database, health: str, tmp_path: Path
) -> None:
    _add(app, "r2", "r1", "body")
    _work(database)
    state = app / "pgwright-deployment.json"
    deployed = run("deploy", database.dsn, "--alembic", str(app / "alembic.ini"), "--window", "0", "--yes",
                   "--state", str(state))  # fmt: skip
    assert deployed.exit_code == 1
    _work(database)
    _commit(app, "version = 1")
    _commit(app, "version = 2")
    restored = f"{database.name}_restored"
    blocks = re.findall(r"```sh\n(.*?)```", _PAGE.read_text(), flags=re.DOTALL)
    script = "\n".join(["set -euo pipefail", *blocks]).replace("shop_restored", restored)
    script = script.replace("pgwright migrate", f"{sys.executable} {_written_drop(tmp_path)}\npgwright migrate")
    script = script.replace('--command="ANALYZE"', f'--command="ANALYZE"\nprintf %s "$RESTORED_URL" > "{app}/app_dsn"')
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{binaries()}:{os.environ['PATH']}",
        "DATABASE_URL": database.dsn,
        "ADMIN_URL": database.server.dsn(),
        "RESTORED_URL": make_conninfo(database.dsn, dbname=restored),
        "HEALTH_URL": health,
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.example",
        "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.example",
    }  # fmt: skip
    try:
        done = subprocess.run(["bash", "-c", script], cwd=app, env=environment, capture_output=True, text=True,
                              timeout=300, check=False)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        with psycopg.connect(make_conninfo(database.dsn, dbname=restored)) as connection:
            assert connection.execute("SELECT count(*) FROM message").fetchone() == (50_000,)
    finally:
        database.server.drop_database(restored)
    assert (app / "app.py").read_text() == "version = 1"
    left = database.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'message' ORDER BY 1")
    assert left == [("message_pkey",)]
