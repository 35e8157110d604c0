"""Statements reworded: concurrently, not valid, cut into their parts."""

from __future__ import annotations

import pytest

from pgwright.sqltext.rewording import (
    concurrently,
    constraint,
    index_condition,
    index_elements,
    on_only,
    plain,
    single_update,
)


@pytest.mark.parametrize(
    ("text", "reworded"),
    [
        ("CREATE INDEX ix ON note (title)", "CREATE INDEX CONCURRENTLY ix ON note (title)"),
        ("DROP INDEX ix;", "DROP INDEX CONCURRENTLY ix"),
        ("DROP INDEX a, b", ""),
        ("REINDEX (VERBOSE) TABLE note", "REINDEX (VERBOSE, CONCURRENTLY) TABLE note"),
        ("ALTER TABLE p DETACH PARTITION q", "ALTER TABLE p DETACH PARTITION q CONCURRENTLY"),
        ("ALTER TABLE p ADD COLUMN a int", ""),
        ("REFRESH MATERIALIZED VIEW v", "REFRESH MATERIALIZED VIEW CONCURRENTLY v"),
        ("no SQL at all", ""),
        ("CREATE INDEX a ON t (b); CREATE INDEX c ON t (d)", ""),
    ],
)
def test_a_statement_is_made_concurrent_where_there_is_such_a_form(text: str, reworded: str) -> None:
    assert concurrently(text) == reworded


@pytest.mark.parametrize(
    ("text", "name", "body", "others"),
    [
        ("ALTER TABLE note ADD CONSTRAINT ck CHECK (a > 0)", "ck", "CHECK (a > 0)", ""),
        ("ALTER TABLE note ADD CHECK (a > 0)", "note_a_check", "CHECK (a > 0)", ""),
        ("ALTER TABLE note ADD CHECK (a > b)", "note_check", "CHECK (a > b)", ""),
        ("ALTER TABLE s.note ADD FOREIGN KEY (a) REFERENCES t", "note_a_fkey", "FOREIGN KEY (a) REFERENCES t", ""),
        (
            "ALTER TABLE note ADD COLUMN a int REFERENCES t",
            "note_a_fkey",
            "FOREIGN KEY (a) REFERENCES t",
            "ALTER TABLE note ADD COLUMN a integer",
        ),
        (
            "ALTER TABLE note DROP CONSTRAINT k, ADD PRIMARY KEY (a)",
            "note_pkey",
            "PRIMARY KEY (a)",
            "ALTER TABLE note DROP CONSTRAINT k",
        ),
        ("ALTER TABLE note ADD CHECK (a LIKE '%%x')", "note_a_check", "CHECK (a LIKE '%x')", ""),
    ],
)
def test_a_constraint_is_told_apart_and_named_as_the_server_does(text: str, name: str, body: str, others: str) -> None:
    found = constraint(text)
    assert found is not None
    assert (found.name, found.body, found.others) == (name, body, others)


@pytest.mark.parametrize("text", ["ALTER TABLE t ADD CHECK (a > 0), ADD CHECK (b > 0)", "ALTER TABLE t ADD b int", "x"])
def test_what_adds_not_just_one_constraint_is_left_alone(text: str) -> None:
    assert constraint(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE t SET a = u.b FROM u",
        "UPDATE t SET a = (SELECT 1)",
        "UPDATE t AS x SET a = x.b",
        "UPDATE t SET (a, b) = (1, 2)",
        "UPDATE t SET a = DEFAULT",
        "WITH w AS (SELECT 1) UPDATE t SET a = 1",
        "UPDATE t SET a = %(a)s",
        "DELETE FROM t",
    ],
)
def test_an_update_that_reads_more_than_its_row_is_left_alone(text: str) -> None:
    assert single_update(text) is None


def test_an_update_of_one_table_is_taken_apart() -> None:
    found = single_update("UPDATE s.t SET a = lower(b), c = 1 WHERE a IS NULL")
    assert found == ("s.t", {"a": "lower(b)", "c": "1"}, "a IS NULL")


def test_the_parts_of_an_index() -> None:
    text = "CREATE INDEX ix ON note (lower(a) text_pattern_ops DESC, b) WHERE b LIKE 'x%%'"
    assert index_elements(text) == ("(lower(a)) text_pattern_ops DESC", "b")
    assert index_condition(text) == "b LIKE 'x%'"
    assert on_only("CREATE INDEX ix ON p (a)", "p", "ix", is_part=False) == "CREATE INDEX ix ON ONLY p (a)"
    assert on_only("CREATE INDEX ix ON p (a)", "s.q", "i", is_part=True) == "CREATE INDEX CONCURRENTLY i ON s.q (a)"
    assert plain(" SELECT '%%'; ") == "SELECT '%'"
