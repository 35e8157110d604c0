"""`pgwright backfill`: what it does, what it says, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from pgwright_runtime import create_engine
from pgwright_runtime.batches.run import running
from runtime.tests.support.backfill_notes import NAME, QUICK, declare, revising
from tests.cli.conftest import Run
from tests.support.commands import INTERRUPTIBLE
from tests.support.database import Database

ROWS = 1_000


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    database.execute(
        "CREATE TABLE note (id bigint PRIMARY KEY, title text NOT NULL, title_lower text);"
        f"INSERT INTO note SELECT n, 'Title ' || n FROM generate_series(1, {ROWS}) n; ANALYZE note"
    )
    engine = create_engine(database.url(), pool_size=3)
    declare(engine, reads="the title, in small letters")
    yield engine
    engine.dispose()


def left(database: Database) -> object:
    return database.rows("SELECT count(*) FROM note WHERE title_lower IS NULL")[0][0]


def words(output: str) -> str:
    return " ".join(output.split())


def test_a_dry_run_says_what_would_be_done_and_does_nothing(run: Run, engine: Engine, database: Database) -> None:
    said = run("backfill", "--dsn", database.dsn, "--dry-run")
    assert said.exit_code == 0, said.output
    assert "sets title_lower = lower(title)" in said.output
    assert "along id, 1,000 rows left (counted), about 1,000 rows (estimated)" in words(said.output)
    assert left(database) == ROWS


def test_a_run_does_what_is_declared_and_says_so(run: Run, engine: Engine, database: Database) -> None:
    said = run("backfill", "--dsn", database.dsn)
    assert said.exit_code == 0, said.output
    assert "done, 1,000 rows changed, 0 rows left (counted)" in words(said.output)
    assert left(database) == 0
    again = run("backfill", "--dsn", database.dsn)
    assert (again.exit_code, "None is left to do." in again.output) == (0, True)
    assert "done before" in run("backfill", NAME, "--dsn", database.dsn).output


def test_the_state_is_told_and_is_an_exit_code(run: Run, engine: Engine, database: Database) -> None:
    said = run("backfill", "--status", "--dsn", database.dsn)
    assert (said.exit_code, "declared" in said.output) == (1, True)
    run("backfill", "--dsn", database.dsn)
    said = run("backfill", "--status", NAME, "--dsn", database.dsn)
    assert (said.exit_code, "done, 1,000 rows changed" in words(said.output)) == (0, True)


def test_json_has_the_counts(run: Run, engine: Engine, database: Database) -> None:
    document = json.loads(run("backfill", "--dsn", database.dsn, "--format", "json").stdout)
    assert (document["kind"], document["changed"], document["is_done"]) == ("backfill", ROWS, True)
    assert document["backfills"][0]["name"] == NAME


def test_a_row_that_cannot_be_done_is_named_and_ends_with_one(run: Run, engine: Engine, database: Database) -> None:
    database.execute("ALTER TABLE note ADD number int")
    database.execute("UPDATE note SET title = CASE id WHEN 7 THEN 'secret' ELSE id::text END")
    declare(engine, "number", sets={"number": "title::int"}, where="number IS NULL")
    said = run("backfill", "number", "--dsn", database.dsn)
    assert said.exit_code == 1
    assert "the row with key (7) has data that the expression cannot take (22P02)" in words(said.output)
    assert "secret" not in said.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["x"], "no backfill named 'x' is declared"), (["--status", "x"], "no backfill named 'x'"),
     (["--status", "--dry-run"], "give one of them"), (["--for", "soon"], "--for")],
)  # fmt: skip
def test_what_cannot_be_run_ends_with_two(
    run: Run, engine: Engine, database: Database, arguments: list[str], message: str
) -> None:
    said = run("backfill", *arguments, "--dsn", database.dsn)
    assert said.exit_code == 2
    assert message in words(said.output)


def test_what_others_may_have_written_is_not_run(run: Run, engine: Engine, database: Database) -> None:
    database.execute("GRANT UPDATE ON pgwright_backfill TO PUBLIC")
    said = run("backfill", "--dsn", database.dsn)
    assert said.exit_code == 2
    assert "may be written by 'PUBLIC'" in words(said.output)


def test_one_that_runs_already_is_left_alone(run: Run, engine: Engine, database: Database) -> None:
    with running(engine, lambda seconds: None, f"backfill public.{NAME}", pace=QUICK):
        said = run("backfill", "--dsn", database.dsn)
    assert (said.exit_code, "runs already, in another process" in words(said.output)) == (1, True)


def test_metrics_are_written(run: Run, engine: Engine, database: Database, tmp_path: Path) -> None:
    run("backfill", "--dsn", database.dsn, "--metrics", tmp_path / "backfill.prom", "--for", "1h")
    assert f'pgwright_batches_rows_total{{job="{NAME}"}}' in (tmp_path / "backfill.prom").read_text()


def test_ctrl_c_ends_it_after_the_batch_that_runs(engine: Engine, database: Database) -> None:
    # The first batch says that it runs, and goes on when the test lets it.
    database.execute(
        "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(48);"
        " WHILE NOT pg_try_advisory_xact_lock(47) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN NEW; END $$;"
        "CREATE TRIGGER gate BEFORE UPDATE ON note FOR EACH ROW WHEN (OLD.id = 1) EXECUTE FUNCTION gate()"
    )
    with psycopg.connect(database.dsn) as keeper:
        keeper.execute("SELECT pg_advisory_xact_lock(47)")
        command = [*INTERRUPTIBLE, "backfill", "--dsn", database.dsn]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not database.rows("SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 48"):
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        keeper.rollback()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert b"the batch that ran is committed" in said
    assert 0 < int(str(left(database))) < ROWS
    with revising(engine) as op:
        op.drop_backfill(NAME)
