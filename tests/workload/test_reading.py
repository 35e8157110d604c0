"""The workload is read once, and each who asks gets the same reading."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from pglast import parse_sql

from pgwright import pipeline
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.snapshot import read_snapshot
from pgwright.sqltext import reader
from pgwright.workload.reading import read_statements, share_of_time
from pgwright.workload.shaped import shaped_statements, statements_touching
from tests.support.builders import make_snapshot, make_statement, make_table, qualified
from tests.support.database import Database

BY_OWNER = "SELECT * FROM account WHERE owner = $1"
COPY = f"COPY ({BY_OWNER}) TO STDOUT"


def snapshot_of(*statements: Statement) -> Snapshot:
    return make_snapshot(make_table("account", "id bigint, owner bigint"), *statements)


def test_check_and_advice_parse_each_statement_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.execute(
        "CREATE TABLE account (id int PRIMARY KEY, owner int, deleted_at timestamptz);"
        "INSERT INTO account SELECT i, i % 5000 FROM generate_series(1, 50000) i; ANALYZE account"
    )
    texts = (
        BY_OWNER,
        "SELECT * FROM account WHERE owner = $1 AND deleted_at IS NULL ORDER BY id OFFSET $2",
        "UPDATE account SET deleted_at = now() WHERE id = $1",
        "SELECT count(*) FROM account a JOIN account b ON b.owner = a.id",
    )
    every = [
        make_statement(text, role=role, calls=1_000, total_ms=1e6) for text in texts for role in ("app", "postgres")
    ]
    snapshot = replace(read_snapshot(database.dsn), statements=tuple(every))
    parsed: Counter[str] = Counter()

    def counted(text: str) -> Any:
        parsed[text] += 1
        return parse_sql(text)

    monkeypatch.setattr(reader, "parse_sql", counted)
    reader.parse.cache_clear()
    reader.one_with_a_plan.cache_clear()
    diagnosis = pipeline.check(snapshot)
    assert any(finding.check == "missing-index" for finding in diagnosis.findings), "the advisor has worked"
    assert {text: parsed[text] for text in texts} == dict.fromkeys(texts, 1)


def test_one_text_of_two_roles_is_one_reading_and_two_statements() -> None:
    ours, theirs = make_statement(BY_OWNER, role="app", calls=2), make_statement(BY_OWNER, role="report", calls=5)
    other = make_statement("DELETE FROM account WHERE id = $1")
    snapshot = snapshot_of(ours, other, theirs)
    first, second = read_statements(snapshot)
    assert (first.statement.calls, first.stands_for, second.stands_for) == (7, (ours, theirs), (other,))
    assert [one.statement for one in shaped_statements(snapshot)] == [ours, other, theirs]


def test_a_command_around_a_query_has_the_shape_of_the_query() -> None:
    snapshot = snapshot_of(make_statement(COPY), make_statement(BY_OWNER))
    (reading,) = read_statements(snapshot)
    assert reading.statement.text == BY_OWNER
    copy, query = statements_touching(qualified("account"), snapshot)
    assert (copy.statement.text, copy.shape) == (COPY, query.shape)


@pytest.mark.parametrize(
    "text", ["COMMIT", "SELECT 1", "SELECT * FROM elsewhere", "SELECT FROM WHERE", "COPY account TO STDOUT"]
)
def test_a_statement_without_a_table_of_the_user_has_no_shape_to_check_but_its_time_counts(text: str) -> None:
    known = make_statement(BY_OWNER, total_ms=30.0)
    snapshot = snapshot_of(known, make_statement(text, total_ms=10.0))
    assert [one.statement for one in shaped_statements(snapshot)] == [known]
    assert share_of_time([known], snapshot) == 0.75
