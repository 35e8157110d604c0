"""`pgwright retain`: what it deletes, what it says, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Run
from tests.support.alembic_project import Project
from tests.support.commands import INTERRUPTIBLE
from tests.support.database import Database

MODULE = """
from datetime import timedelta
from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table
from pgwright_runtime.retention import Expired, Retention

METADATA = MetaData()
TOKEN = Table("token", METADATA, Column("id", BigInteger, primary_key=True), Column("expires_at", DateTime(True)))
RETENTION = Retention([Expired(TOKEN.c.expires_at)])
NONE = 7
"""
SCHEMA = """
CREATE TABLE token (id bigint PRIMARY KEY, expires_at timestamptz);
CREATE INDEX ON token (expires_at, id);
INSERT INTO token SELECT n, now() + interval '1 hour' * (n - 500.5) FROM generate_series(1, 1000) n;
ANALYZE token
"""


@pytest.fixture
def tokens(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Database:
    """A table, half of whose rows are due, and policies in a module of its own for each test."""
    database.execute(SCHEMA)
    (tmp_path / f"{module_name(request)}.py").write_text(MODULE)
    return database


@pytest.fixture
def policies(request: pytest.FixtureRequest) -> str:
    return f"{module_name(request)}:RETENTION"


def module_name(request: pytest.FixtureRequest) -> str:
    return f"kept_{abs(hash(request.node.name))}"


def left(database: Database) -> object:
    return database.rows("SELECT count(*) FROM token")[0][0]


def test_a_dry_run_counts_and_deletes_nothing(run: Run, tokens: Database, policies: str) -> None:
    said = run("retain", policies, "--dsn", tokens.dsn, "--dry-run")
    assert said.exit_code == 0, said.output
    assert "token: 500 (counted)" in said.output
    assert "nothing was deleted" in said.output
    assert left(tokens) == 1000


def test_a_run_deletes_what_is_due_and_says_where(run: Run, tokens: Database, policies: str) -> None:
    said = run("retain", policies, "--dsn", tokens.dsn)
    assert said.exit_code == 0, said.output
    assert f"What went from {tokens.name}" in said.output
    assert "500 rows went" in " ".join(said.output.split())
    assert left(tokens) == 500


def test_json_has_the_counts(run: Run, tokens: Database, policies: str) -> None:
    document = json.loads(run("retain", policies, "--dsn", tokens.dsn, "--format", "json").stdout)
    assert (document["kind"], document["total"], document["is_done"]) == ("retention", 500, True)
    assert document["rules"][0]["rows"] == {"token": 500}


def test_the_settings_name_the_policies(run: Run, tokens: Database, policies: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[tool.pgwright]\npolicies = "{policies}"\n')
    assert run("retain", "--dsn", tokens.dsn, "--yes").exit_code == 0
    assert left(tokens) == 500


def test_metrics_are_written_for_the_textfile_collector(
    run: Run, tokens: Database, policies: str, tmp_path: Path
) -> None:
    run("retain", policies, "--dsn", tokens.dsn, "--metrics", tmp_path / "retain.prom")
    assert "pgwright_batches_rows_total" in (tmp_path / "retain.prom").read_text()


def test_a_run_that_another_one_keeps_from_running_ends_with_two(run: Run, tokens: Database, policies: str) -> None:
    from pgwright_runtime import create_engine
    from pgwright_runtime.batches import Pace
    from pgwright_runtime.batches.run import running

    engine = create_engine(tokens.url())
    with running(engine, lambda seconds: None, "retention", pace=Pace()):
        said = run("retain", policies, "--dsn", tokens.dsn)
    engine.dispose()
    assert said.exit_code == 2
    assert "runs already on this database" in said.output


def test_a_run_whose_time_is_up_ends_with_one(run: Run, tokens: Database, policies: str) -> None:
    said = run("retain", policies, "--dsn", tokens.dsn, "--for", "0.000001s")
    assert said.exit_code == 1
    assert "it ended (out of time), and the next run goes on" in " ".join(said.output.split())


def test_what_is_no_retention_is_refused(run: Run, tokens: Database, policies: str) -> None:
    said = run("retain", policies.replace("RETENTION", "NONE"), "--dsn", tokens.dsn)
    assert said.exit_code == 2
    assert "is of type int; expected a pgwright_runtime.retention.Retention" in said.output


def test_no_policies_are_named(run: Run) -> None:
    said = run("retain", "--dsn", "postgresql://nobody@127.0.0.1:1/x")
    assert said.exit_code == 2
    assert "no policies were named" in said.output


def test_a_server_that_is_not_there_is_told_without_a_password(run: Run, tokens: Database, policies: str) -> None:
    said = run("retain", policies, "--dsn", "postgresql://app:secret@127.0.0.1:1/shop")
    assert said.exit_code == 2
    assert "cannot connect to app@127.0.0.1:1/shop" in said.output
    assert "secret" not in said.output


def test_partitions_are_made_and_dropped(run: Run, database: Database, tmp_path: Path) -> None:
    database.execute("""
        CREATE TABLE visit (at timestamptz NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE visit_2001 PARTITION OF visit FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
        CREATE TABLE visit_now PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2199-01-01')
    """)
    (tmp_path / "kept_visits.py").write_text("""
from datetime import timedelta
from sqlalchemy import Column, DateTime, MetaData, Table
from pgwright_runtime.retention import Partitions, Retention

VISIT = Table("visit", MetaData(), Column("at", DateTime(True)))
RETENTION = Retention([Partitions(VISIT, "at", every="year", keep=timedelta(days=365))])
""")
    said = run("retain", "kept_visits:RETENTION", "--dsn", database.dsn, "--dry-run")
    assert 'to be dropped: "public"."visit_2001"' in said.output
    said = run("retain", "kept_visits:RETENTION", "--dsn", database.dsn, "--yes", "--format", "json")
    assert said.exit_code == 0, said.output
    (visits,) = json.loads(said.output)["partitions"]
    assert visits["dropped"] == ['"public"."visit_2001"']
    assert database.rows("SELECT to_regclass('visit_2001')") == [(None,)]


@pytest.mark.parametrize("is_large", [True, False])
def test_it_writes_the_revision_that_partitions_a_table(
    run: Run,
    database: Database,
    policies: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_large: bool,
) -> None:
    if is_large:
        monkeypatch.setattr("pgwright_runtime.retention.partitions.worth.LARGE_BYTES", 1)
    database.execute(SCHEMA.replace("timestamptz)", "timestamptz NOT NULL)"))
    (tmp_path / f"{module_name(request)}.py").write_text(MODULE)
    (tmp_path / "alembic").mkdir()
    project = Project(tmp_path / "alembic", database)
    asked = ["--dry-run", "--write-partitioning", "--alembic", str(project.folder / "alembic.ini")]
    said = run("retain", policies, "--dsn", database.dsn, *asked)
    assert said.exit_code == 0, said.output
    written = list((project.folder / "versions").glob("*_partition_token_by_expires_at.py"))
    if not is_large:
        assert not written
        assert "no revision was written" in said.stderr
        return
    assert f"wrote {written[0]}" in " ".join(said.stderr.split())
    project.upgrade()
    assert database.rows("SELECT relkind FROM pg_class WHERE oid = 'token'::regclass") == [("p",)]
    assert left(database) == 1_000
    project.downgrade("base")
    assert database.rows("SELECT relkind FROM pg_class WHERE oid = 'token'::regclass") == [("r",)]


def test_to_write_a_revision_belongs_to_a_dry_run(run: Run, tokens: Database, policies: str) -> None:
    said = run("retain", policies, "--dsn", tokens.dsn, "--write-partitioning")
    assert said.exit_code == 2
    assert "belongs to --dry-run" in said.output
    assert left(tokens) == 1_000


def test_ctrl_c_ends_it_with_what_was_done(tokens: Database, policies: str, tmp_path: Path) -> None:
    path = os.pathsep.join((str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")))
    runs = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgwright-retain' AND datname = '{}'"
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
    with psycopg.connect(tokens.dsn) as reader, psycopg.connect(tokens.dsn, autocommit=True) as ddl:
        reader.execute("SELECT FROM token LIMIT 1")
        altering = threading.Thread(target=lambda: ddl.execute("ALTER TABLE token ADD COLUMN later int"))
        altering.start()
        while not tokens.rows(waits)[0][0]:
            pass
        # It gives way to the lock that waits, for as long as the reader stays.
        process = subprocess.Popen(
            [*INTERRUPTIBLE, "retain", policies, "--dsn", tokens.dsn],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        while not tokens.rows(runs.format(tokens.name))[0][0]:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said, told = process.communicate(timeout=30)
        reader.rollback()
        altering.join(20)
    assert process.returncode == 130, told
    assert "0 rows went" in said
    assert "it ended (stopped: interrupted), and the next run goes on" in " ".join(said.split())
    assert "Traceback" not in told
    assert left(tokens) == 1000
