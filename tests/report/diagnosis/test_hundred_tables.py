"""The report on a database of a hundred tables with faults, as a terminal shows it."""

from __future__ import annotations

import re

import psycopg
import pytest

from pgwright import pipeline
from pgwright.report import Screen, render
from tests.support.database import Database
from tests.support.lengths import WHOLE, require_short, screens

TABLES = 100
TABLE = """
CREATE TABLE "a rather long name of a table {n}" (
    id text NOT NULL DEFAULT gen_random_uuid() {key}, parent_id bigint REFERENCES parent, status text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz);
CREATE INDEX "a long name of an index {n}" ON "a rather long name of a table {n}" (created_at);
CREATE INDEX "a long name of a second index {n}" ON "a rather long name of a table {n}" (created_at);
INSERT INTO "a rather long name of a table {n}" (parent_id, status) SELECT i % 100, 's' || i % 50
    FROM generate_series(1, {rows}) i
"""
STATEMENTS = (
    "SELECT id, status FROM {table} WHERE parent_id = %s AND deleted_at IS NULL ORDER BY created_at DESC LIMIT 20",
    "SELECT count(*) FROM {table} WHERE status = %s::text",
    "SELECT * FROM {table} ORDER BY status LIMIT 20 OFFSET %s",
)


@pytest.fixture
def faulty(database: Database) -> Database:
    """A hundred tables with faults, of which a dozen have a workload."""
    database.execute("CREATE TABLE parent (id bigint PRIMARY KEY); INSERT INTO parent SELECT generate_series(0, 99)")
    with psycopg.connect(database.dsn) as connection:
        for n in range(TABLES - 1):
            key = "PRIMARY KEY" if n % 2 else ""
            connection.execute(TABLE.format(n=n, key=key, rows=12_000 if n < 12 else 1_200).encode())
    database.execute("ANALYZE; SELECT pg_stat_statements_reset()")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for n in range(12):
            for text in STATEMENTS:
                for value in range(15):
                    said = text.format(table=f'"a rather long name of a table {n}"')
                    connection.execute(said.encode(), (value,))
    return database


def test_a_database_of_a_hundred_tables_fits(faulty: Database) -> None:
    diagnosis = pipeline.check(faulty.dsn)
    text = render(diagnosis, "terminal")
    require_short(text)
    assert "Do these three things" in text
    assert text.count("pgwright fix --only") == 3
    assert "Slowest statements" in text
    assert "pgwright check --all  shows every finding" in text
    assert re.search(r"^MEDIUM  duplicate-index  .* and \d\d more$", text, re.MULTILINE)
    assert "Not examined" in text
    whole = render(diagnosis, "terminal", Screen(shows_all=True))
    assert screens(whole)[1] > 5 * WHOLE
    assert "--all" not in whole
