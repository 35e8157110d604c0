"""A fix proved with the values of real calls, where those from the statistics do other work than the app gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from pgwright import pipeline
from pgwright.cli import main
from pgwright.logs import read_log
from pgwright.model.proof import MeasuredStatement, Proof
from pgwright.proof.prove import prove
from pgwright.report import FORMATS, Screen, render
from pgwright.report.proof.words import is_proved
from pgwright.snapshot import read_snapshot
from tests.logs.conftest import SUFFIXES, Logging
from tests.support.database import Database
from tests.support.postgres import on_few_versions

pytestmark = on_few_versions
# No statistics tell of what is inside of md5(): of 50 secrets each has 1,200 messages.
SCHEMA = """
CREATE TABLE message (id int PRIMARY KEY, secret text, body text);
INSERT INTO message SELECT i, md5(md5('secret-' || i % 50)), repeat('x', 100) FROM generate_series(1, 60000) i;
VACUUM ANALYZE message;
SELECT pg_stat_statements_reset()
"""
STATEMENT = "SELECT id FROM message WHERE secret = md5(md5(%s))"
INDEX = "CREATE INDEX message_secret ON message (secret)"
SECRET = "secret-17"


@pytest.fixture
def messages(logged_database: Database) -> Database:
    logged_database.execute(SCHEMA)
    return logged_database


def applying(statement: str) -> Callable[[str], str]:
    def apply(dsn: str) -> str:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement.encode())
        return "by hand"

    return apply


def proof_of(database: Database, statement: str, *logs: Path, rounds: int = 9) -> Proof:
    snapshot = read_snapshot(database.dsn)
    log = read_log(logs, snapshot) if logs else None
    return prove(
        snapshot, database.dsn, apply=applying(statement), read=read_snapshot, log=log, rounds=rounds
    )  # fmt: skip


def call(database: Database, *values: object, statement: str = STATEMENT, before: str = "SELECT 1") -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(before.encode())
        for value in values:
            connection.execute(statement.encode(), (value,))


def only(proof: Proof, part: str = "SELECT id FROM message") -> MeasuredStatement:
    (found,) = [one for one in proof.statements if part in one.text]
    return found


def test_values_of_the_log_do_what_production_does_and_stay_out_of_reports(
    logging: Logging, messages: Database, tmp_path: Path
) -> None:
    with logging.written_to(tmp_path):
        call(messages, SECRET, "secret-18")
    without = only(proof_of(messages, INDEX))
    assert (without.values, without.is_representative) == ("statistics and rows", False), "else this shows nothing"
    proof = proof_of(messages, INDEX, *(tmp_path / f"server{suffix}" for suffix in SUFFIXES))
    one = only(proof)
    assert (one.values, one.is_representative, one.here.rows) == ("log", True, 1200)
    assert one.verdict == "faster"
    assert is_proved(proof)
    for form in FORMATS:
        text = render(proof, form, Screen(shows_all=True))
        assert SECRET not in text
        assert "secret-18" not in text
        assert "with the values of a call in the server" in text or form == "json"


def test_a_call_that_is_larger_than_the_average_is_real_but_does_not_count_for_all(
    logging: Logging, messages: Database, tmp_path: Path
) -> None:
    """As where the slow ones alone are logged."""
    call(messages, *["nobody"] * 30)
    with logging.written_to(tmp_path):
        call(messages, SECRET)
    proof = proof_of(messages, INDEX, tmp_path / "server.log")
    one = only(proof)
    assert (one.values, one.here.rows, round(one.observed.rows)) == ("log", 1200, 39)
    assert (one.is_representative, one.is_average) == (True, False)
    assert proof.balance is None


def test_a_call_whose_rows_are_gone_proves_nothing(logging: Logging, messages: Database, tmp_path: Path) -> None:
    with logging.written_to(tmp_path):
        call(messages, SECRET)
    messages.execute(f"DELETE FROM message WHERE secret = md5(md5('{SECRET}'))")
    one = only(proof_of(messages, INDEX, tmp_path / "server.log", rounds=3))
    assert (one.here.rows, one.is_representative) == (0, False)


OTHERWISE = "SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off"


def test_another_plan_in_production_is_told(logging: Logging, messages: Database, tmp_path: Path) -> None:
    messages.execute(INDEX)
    with logging.written_to(tmp_path):
        call(messages, SECRET, before=OTHERWISE)
    one = only(proof_of(messages, "CREATE INDEX ON message (body)", tmp_path / "server.log", rounds=3))
    assert one.planned_otherwise == ("message: Seq Scan in the log, Bitmap Scan here",)


def test_one_of_several_plans_in_production_is_enough(logging: Logging, messages: Database, tmp_path: Path) -> None:
    messages.execute(INDEX)
    with logging.written_to(tmp_path):
        call(messages, SECRET, before=OTHERWISE)
        call(messages, SECRET)
    one = only(proof_of(messages, "CREATE INDEX ON message (body)", tmp_path / "server.log", rounds=3))
    assert one.planned_otherwise == ()


def test_null_is_a_value_of_a_real_call(logging: Logging, messages: Database, tmp_path: Path) -> None:
    statement = "SELECT count(*) FROM message WHERE (%s::text IS NULL OR secret = 'x')"
    with logging.written_to(tmp_path):
        call(messages, None, statement=statement)
    one = only(proof_of(messages, INDEX, tmp_path / "server.log", rounds=3), "IS NULL")
    assert (one.values, one.is_representative) == ("log", True)


def test_writes_too_and_nothing_of_them_stays(logging: Logging, messages: Database, tmp_path: Path) -> None:
    with logging.written_to(tmp_path):
        call(messages, SECRET, statement="UPDATE message SET body = 'y' WHERE secret = md5(md5(%s)) AND id < 500")
    one = only(proof_of(messages, INDEX, tmp_path / "server.log", rounds=3), "UPDATE")
    assert (one.values, one.here.rows, one.results_equal) == ("log", 10, True)


def test_of_a_snapshot_nothing_is_measured_and_the_log_is_told(
    logging: Logging, messages: Database, tmp_path: Path
) -> None:
    with logging.written_to(tmp_path):
        call(messages, SECRET)
    (tmp_path / "fix.sql").write_text(INDEX)
    snapshot = read_snapshot(messages.dsn)
    proof = pipeline.prove(snapshot, pipeline.Script(tmp_path / "fix.sql"), logs=[tmp_path / "server.csv"])
    assert proof.statements == ()
    assert proof.log is not None
    assert [one.calls for one in proof.log.statements if "md5" in one.text] == [1]


def test_the_command_names_a_file_that_is_no_log(messages: Database, tmp_path: Path) -> None:
    (tmp_path / "fix.sql").write_text(INDEX)
    (tmp_path / "app.log").write_text("INFO: started\n")
    result = CliRunner().invoke(
        main, ["prove", messages.dsn, "--sql", str(tmp_path / "fix.sql"), "--log", str(tmp_path / "app.log")]
    )
    assert result.exit_code == 2
    assert "it is plain text in which no line is one of PostgreSQL's" in result.output
    assert "log_min_duration_statement" in result.output
