"""What a text writes: tables, or anything; the server's own words decide, not what stands in strings and comments."""

from __future__ import annotations

import pytest

from pgwright_runtime.caching.reading import folded, read_body, read_statement

WRITES = {
    "INSERT INTO note (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2": {"note"},
    "insert into public.note default values": {"note"},
    'UPDATE ONLY "Note" AS n SET a = 1': {"Note"},
    'UPDATE "a.b"."c""d" SET a = 1': {'c"d'},
    "UPDATE note* SET a = 1": {"note"},
    "DELETE FROM ONLY (shop.note) USING other": {"note"},
    "MERGE INTO note USING other ON true WHEN MATCHED THEN UPDATE SET a = 1": {"note"},
    "WITH gone AS (DELETE FROM note RETURNING *), new AS (INSERT INTO kept SELECT * FROM gone) SELECT 1": {
        "note",
        "kept",
    },
    "TRUNCATE note, ONLY shop.kept * RESTART IDENTITY CASCADE": {"note", "kept"},
    "TRUNCATE TABLE note": {"note"},
    "COPY note (a) FROM STDIN": {"note"},
    "REFRESH MATERIALIZED VIEW CONCURRENTLY shop.totals": {"totals"},
    "EXPLAIN ANALYZE UPDATE note SET a = 1": {"note"},
    "/* a /* b */ DELETE FROM c */ UPDATE note SET a = 1 -- DELETE FROM d": {"note"},
    "UPDATE note SET a = 'x; DELETE FROM other'": {"note"},
    r"UPDATE note SET a = E'it\'s; DELETE FROM other'": {"note"},
    "UPDATE note SET a = $$ DELETE FROM other $$, b = $x$ $$ UPDATE that $x$": {"note"},
    "UPDATE \u00e4pfel SET a = 1": {"\u00e4pfel"},
    "SELECT 1; UPDATE note SET a = 1": {"note"},
}
READS = (
    "SELECT * FROM note FOR UPDATE",
    "SELECT * FROM note FOR NO KEY UPDATE OF note SKIP LOCKED",
    "SELECT 'UPDATE note SET a = 1'",
    "(SELECT 1) UNION (VALUES (2))",
    "TABLE note",
    "SET LOCAL lock_timeout = 1",
    "SHOW search_path",
    "SAVEPOINT a",
    "-- UPDATE note SET a = 1\nSELECT 1",
    "LOCK TABLE note",
    "",
    ";",
)
ANYTHING = (
    "DO $$ BEGIN DELETE FROM note; END $$",
    "CALL tidy()",
    "EXECUTE prepared",
    "PREPARE p AS DELETE FROM note",
    "CREATE TABLE a ()",
    "ALTER TABLE a ADD b int",
    'UPDATE U&"n\\006Fte" SET a = 1',
    "SELECT 1; DROP TABLE note",
    "GRANT ALL ON note TO you",
    "\x00",
)


@pytest.mark.parametrize(("text", "tables"), WRITES.items())
def test_tables_are_found_under_whatever_is_around_them(text: str, tables: set[str]) -> None:
    found = read_statement(text)
    assert found.tables == tables
    assert not found.is_unknown


@pytest.mark.parametrize("text", READS)
def test_what_only_reads_writes_nothing(text: str) -> None:
    found = read_statement(text)
    assert (found.tables, found.is_unknown, found.ends_transaction) == (frozenset(), False, False)


@pytest.mark.parametrize("text", ANYTHING)
def test_what_cannot_be_followed_may_write_anything(text: str) -> None:
    assert read_statement(text).is_unknown


@pytest.mark.parametrize(
    "text", ["COMMIT", "select 1; end", "UPDATE a SET b = 1; COMMIT AND CHAIN", "PREPARE TRANSACTION 'x'"]
)
def test_a_commit_in_the_text_is_seen(text: str) -> None:
    assert read_statement(text).ends_transaction


def test_a_case_is_no_commit() -> None:
    assert not read_statement("SELECT CASE WHEN true THEN 1 END").ends_transaction


def test_calls_are_named_as_the_server_names_them() -> None:
    assert {"tidy", "Other"} <= read_statement('SELECT shop.Tidy(1), "Other" (2)').calls


def test_a_body_is_followed_unless_it_makes_statements_at_run_time() -> None:
    plain = read_body("BEGIN NEW.at := now(); UPDATE total SET n = n + 1; PERFORM tidy(); RETURN NEW; END")
    assert plain.tables == {"total"}
    assert "tidy" in plain.calls
    assert not plain.is_unknown
    assert read_body("BEGIN EXECUTE 'DELETE FROM ' || TG_TABLE_NAME; END").is_unknown
    assert read_body("BEGIN CREATE TEMP TABLE x (); END").is_unknown


def test_names_are_folded_as_the_server_does() -> None:
    assert [folded(name) for name in ("Note", '"Note"', '"a""b"')] == ["note", "Note", 'a"b']
