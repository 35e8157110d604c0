"""Reading the workload: what is priced, what has no plan, what could not be planned and why; each by a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.snapshot import read_snapshot
from pgwright.twin.priced import Workload, read_workload, workload_limits
from pgwright.twin.twin import Twin, open_twin
from tests.support.database import Database

SCHEMA = """
CREATE TABLE account (id int PRIMARY KEY, email text, owner int, payload jsonb);
INSERT INTO account SELECT i, 'a' || i || '@example.org', 1 + i % 100, jsonb_build_object('k', i % 50)
    FROM generate_series(1, 20000) i;
CREATE TABLE nothing (id int PRIMARY KEY, n int);
CREATE VIEW mine AS SELECT * FROM account WHERE owner = 1;
CREATE MATERIALIZED VIEW summary AS SELECT owner, count(*) AS n FROM account GROUP BY owner;
CREATE FUNCTION touch(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';
CREATE PROCEDURE tidy() LANGUAGE plpgsql AS 'BEGIN PERFORM 1; END';
VACUUM ANALYZE account; ANALYZE summary; ANALYZE nothing;
"""


@pytest.fixture(scope="module")
def snapshot(server: EmbeddedServer) -> Iterator[Snapshot]:
    server.create_database("workload", template="template1")
    database = Database(server, "workload")
    database.execute(SCHEMA)
    yield read_snapshot(database.dsn)
    server.drop_database("workload")


@pytest.fixture(scope="module")
def twin(snapshot: Snapshot, twin_server: EmbeddedServer) -> Iterator[Twin]:
    with open_twin(snapshot, twin_server) as built:
        yield built


def statement(text: str, *, ms: float = 1.0, calls: int = 10, rows: int = 10, role: str = "app") -> Statement:
    return Statement(hash(text), text, role, calls, ms, ms / calls, ms, 0.0, rows, 0, 0, 0)


def read(snapshot: Snapshot, twin: Twin, *statements: Statement | str) -> Workload:
    every = tuple(statement(one) if isinstance(one, str) else one for one in statements)
    return read_workload(replace(snapshot, statements=every), twin)


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT * FROM account WHERE owner = $1",
         "SELECT * FROM account WHERE owner = $1"),
        ("COPY (SELECT * FROM account WHERE owner = $1) TO STDOUT WITH (FORMAT csv)",
         "SELECT * FROM account WHERE owner = $1"),
        ("PREPARE p (int) AS SELECT * FROM account WHERE id = $1", "SELECT * FROM account WHERE id = $1"),
        ("CREATE TEMPORARY TABLE x ON COMMIT DROP AS SELECT owner FROM account", "SELECT owner FROM account"),
        ("CREATE MATERIALIZED VIEW x AS SELECT owner FROM account WITH NO DATA", "SELECT owner FROM account"),
        ("/* app */ select * from account where id = $1", "/* app */ select * from account where id = $1"),
    ],
)  # fmt: skip
def test_the_query_inside_a_statement_is_priced(snapshot: Snapshot, twin: Twin, text: str, planned: str) -> None:
    workload = read(snapshot, twin, text)
    (priced,) = workload.statements
    assert priced.statement.text == planned
    assert {table.name for table in priced.tables} == {"account"}
    assert (workload.unplanned, workload.uncounted_share) == ((), 0.0)


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        (
            "SELECT owner % $1, count(*) FROM account WHERE id > $2 GROUP BY owner % $3 ORDER BY owner % $4 LIMIT $5",
            "SELECT owner % $1, count(*) FROM account WHERE id > $2 GROUP BY owner % $1 ORDER BY owner % $1 LIMIT $3",
        ),
        (
            "SELECT id FROM (SELECT payload ->> $1 AS id FROM account GROUP BY payload ->> $2) s WHERE id = $3",
            "SELECT id FROM (SELECT payload ->> $1 AS id FROM account GROUP BY payload ->> $1) s WHERE id = $2",
        ),
        (
            "SELECT owner % $3, $4, count(*) FROM account WHERE id > $1 AND id < $2 GROUP BY owner % 7, 2",
            "SELECT owner % 7, $3, count(*) FROM account WHERE id > $1 AND id < $2 GROUP BY owner % 7, 2",
        ),
        (
            "SELECT DISTINCT left(email, $1) FROM account ORDER BY left(email, $2)",
            "SELECT DISTINCT left(email, $1) FROM account ORDER BY left(email, $1)",
        ),
    ],
)
def test_constants_that_group_by_needs_equal_get_one_number(
    snapshot: Snapshot, twin: Twin, text: str, planned: str
) -> None:
    (priced,) = read(snapshot, twin, text).statements
    assert priced.statement.text == planned


def test_refreshing_a_view_is_priced_by_its_query(snapshot: Snapshot, twin: Twin) -> None:
    (priced,) = read(snapshot, twin, "REFRESH MATERIALIZED VIEW CONCURRENTLY summary").statements
    assert {table.name for table in priced.tables} == {"account"}
    assert "GROUP BY" in priced.statement.text


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN", "SET work_mem = $1", "FETCH 10 IN c", "CLOSE c", "COPY account FROM STDIN", "VACUUM account",
        "EXPLAIN ANALYZE SELECT * FROM account", "EXECUTE p(1)", "SELECT 1", "SELECT * FROM pg_class", "ALTER ROLE …",
        "CREATE INDEX ON account (owner)",
    ],
)  # fmt: skip
def test_what_has_no_plan_on_tables_is_not_counted(snapshot: Snapshot, twin: Twin, text: str) -> None:
    workload = read(snapshot, twin, statement(text, ms=3.0), statement("SELECT * FROM account", ms=1.0))
    assert len(workload.statements) == 1
    assert workload.unplanned == ()
    assert workload.uncounted_share == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT * FROM scratch WHERE id = $1", "temporary table"),
        ("CALL tidy()", "procedure"),
        ("DO $$BEGIN PERFORM 1; END$$", "code block"),
        ("SELECT touch($1)", "function touch"),
        ("<insufficient privilege>", "pg_read_all_stats"),
        ("", "lost its text"),
        ("SELECT * FROM account WHERE id = $1 AND ema…", "cut off after"),
        ("SELECT * FROM account WHERE id IN ($1, ", "cut off after"),
        ("SELECT * FORM account", "syntax error"),
        ("SELECT nosuch FROM account", 'column "nosuch" does not exist'),
    ],
)
def test_what_cannot_be_planned_is_told_with_its_reason(snapshot: Snapshot, twin: Twin, text: str, reason: str) -> None:
    workload = read(snapshot, twin, statement(text, ms=3.0), statement("SELECT * FROM account", ms=1.0))
    (told,) = workload.unplanned
    assert reason in told.reason
    assert told.what.startswith("75.0 % of the workload's time")
    assert workload.unplanned_share == pytest.approx(0.75)
    assert len(workload.statements) == 1


def test_a_workload_without_statements_is_all_planned(snapshot: Snapshot, twin: Twin) -> None:
    assert read(snapshot, twin).unplanned_share == 0.0


def test_a_statement_on_a_view_is_priced_on_the_tables_behind_it(snapshot: Snapshot, twin: Twin) -> None:
    (priced,) = read(snapshot, twin, "SELECT * FROM mine WHERE email = $1").statements
    assert {table.name for table in priced.tables} == {"account"}


def test_one_text_under_several_roles_is_one_statement(snapshot: Snapshot, twin: Twin) -> None:
    text = "SELECT * FROM account WHERE id = $1"
    (priced,) = read(
        snapshot, twin, statement(text, calls=3, ms=6.0, rows=3), statement(text, calls=1, ms=2.0, rows=1, role="other")
    ).statements
    merged = priced.statement
    assert (merged.calls, merged.total_ms, merged.rows, merged.mean_ms, merged.role) == (4, 8.0, 4, 2.0, "app")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM account WHERE id IN (" + ", ".join(str(n) for n in range(150_000)) + ")",
        f"SELECT * FROM account WHERE email = '{'x' * 1_000_000}'",
        "SELECT * FROM account WHERE id = 1" + " + 1" * 250_000,
    ],
    ids=["list", "literal", "nested"],
)
def test_a_megabyte_lands_somewhere(snapshot: Snapshot, twin: Twin, text: str) -> None:
    workload = read(snapshot, twin, text, "SELECT * FROM account")
    assert len(workload.statements) + len(workload.unplanned) == 2
    assert all(len(told.what) < 200 for told in workload.unplanned)


def test_a_table_without_rows_is_no_trouble(snapshot: Snapshot, twin: Twin) -> None:
    texts = (
        "SELECT * FROM nothing WHERE n = $1", "SELECT * FROM nothing WHERE n > $1 AND n < $2 LIMIT $3",
        "INSERT INTO nothing VALUES ($1, $2)", "UPDATE nothing SET n = $1 WHERE id = ANY ($2)",
    )  # fmt: skip
    workload = read(snapshot, twin, *(replace(statement(text), rows=0) for text in texts))
    assert len(workload.statements) == 4
    assert workload.unanalyzed == ()


def test_a_table_never_analyzed_is_told(database: Database, twin_server: EmbeddedServer) -> None:
    database.execute("""
        CREATE TABLE fresh (id int, n int) WITH (autovacuum_enabled = off);
        INSERT INTO fresh SELECT i, i FROM generate_series(1, 5000) i;
        CREATE TABLE unused (id int) WITH (autovacuum_enabled = off); INSERT INTO unused VALUES (1);
    """)
    database.rows("SELECT pg_stat_statements_reset()")
    database.rows("SELECT * FROM fresh WHERE n = 7")
    snapshot = read_snapshot(database.dsn)
    with open_twin(snapshot, twin_server) as twin:
        workload = read_workload(snapshot, twin)
    assert [name.name for name in workload.unanalyzed] == ["fresh"]
    (told,) = workload_limits(snapshot)
    assert "fresh" in told
    assert "ANALYZE" in told


def test_cases_that_cannot_be_planned_give_way(snapshot: Snapshot, twin: Twin) -> None:
    """The column holds text, the parameter is a number: none of the values fits."""
    (priced,) = read(snapshot, twin, "SELECT * FROM account WHERE email = ($1::int)::text").statements
    assert [(case.values, case.weight) for case in priced.cases] == [(None, 1.0)]


def test_a_snapshot_keeps_utility_statements_without_their_values(database: Database) -> None:
    database.execute("CREATE TABLE t (id int)")
    database.rows("SELECT pg_stat_statements_reset()")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("SET application_name = 'very secret'")
        connection.execute("DO $$ BEGIN PERFORM 'very secret'; END $$")
        connection.execute("CREATE TEMP TABLE x AS SELECT * FROM t WHERE id = 4711")
        with connection.cursor().copy("COPY t (id) FROM STDIN") as copy:
            copy.write("1\n2\n")
    texts = [one.text for one in read_snapshot(database.dsn).statements]
    assert not any("secret" in text or "4711" in text for text in texts), texts
    assert {"SET application_name …", "DO …", "COPY t (id) FROM …"} <= set(texts)
    assert "CREATE TEMP TABLE x AS SELECT * FROM t WHERE id = $1" in texts


def test_a_statement_inside_a_function_is_planned_with_its_variables_as_parameters(database: Database) -> None:
    """As the server itself keeps them where `pg_stat_statements.track` is 'all'."""
    database.execute(f"ALTER DATABASE {database.name} SET pg_stat_statements.track = 'all'")
    database.execute(
        """
        CREATE TABLE t (id int PRIMARY KEY, owner int, note text);
        INSERT INTO t SELECT i, i % 500, 'n' FROM generate_series(1, 20000) i;
        CREATE FUNCTION of_owner("Who" int) RETURNS bigint LANGUAGE plpgsql AS
            'DECLARE n bigint; BEGIN SELECT count(note) INTO n FROM t WHERE owner = "Who"; RETURN n; END';
        CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN UPDATE t SET note = NEW.note WHERE owner = NEW.owner AND id <> NEW.id; RETURN NULL; END';
        CREATE TRIGGER remember AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION remember();
        ANALYZE t
        """
    )
    database.rows("SELECT pg_stat_statements_reset()")
    database.execute("SELECT of_owner(7); INSERT INTO t VALUES (0, 7, 'x')")
    snapshot = read_snapshot(database.dsn)
    with open_twin(snapshot) as twin:
        workload = read_workload(snapshot, twin)
    assert workload.unplanned == ()
    texts = {one.statement.text for one in workload.statements}
    assert any(text.endswith("FROM t WHERE owner = $1") for text in texts), texts
    assert "UPDATE t SET note = $1 WHERE owner = $2 AND id <> $3" in texts
