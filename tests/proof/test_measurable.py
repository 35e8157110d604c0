"""Every statement that the planner can plan is measured, with values that do what production does."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgwright.embedded import EmbeddedServer
from tests.proof.conftest import Copied
from tests.support.database import Database
from tests.support.two_copies import ask, measure

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, a int, b int, email text, at timestamptz);
INSERT INTO t SELECT i, i % 40, i, 'User' || i || '@shop.test', now() - i * interval '1 hour'
    FROM generate_series(1, 20000) i;
CREATE TABLE u (id int PRIMARY KEY, t_id int REFERENCES t, kind text);
INSERT INTO u SELECT i, 1 + i % 500, CASE WHEN i % 100 = 0 THEN 'rare' ELSE 'usual' END FROM generate_series(1, 5000) i;
VACUUM ANALYZE;
"""
# Its constants are part of its text before PostgreSQL 16, and such a text is not kept.
COPIED = "COPY (SELECT id FROM t WHERE a = 3) TO STDOUT"
STATEMENTS = [
    "SELECT count(*) FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id) AND a = 3",
    "SELECT id FROM t WHERE at > now() - interval '7 days'",
    "SELECT id FROM t WHERE lower(email) = 'user17@shop.test'",
    "SELECT id FROM t WHERE lower(email) = lower('User17@shop.test')",
    "SELECT id FROM t ORDER BY id LIMIT 10 OFFSET 20",
    "SELECT t.id FROM t JOIN (VALUES (1), (2)) v (x) ON v.x = t.id",
    "SELECT id FROM t WHERE id = ANY ('{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}')",
    "SELECT id, 'x' AS mark, coalesce(b, 0) FROM t WHERE id IN (1, 2, 3)",
    "SELECT id FROM t WHERE id = 5 FOR UPDATE",
    "UPDATE t SET b = 5 WHERE id = 7",
    "DELETE FROM u WHERE id = 5",
]


def test_every_statement_is_measured_and_none_leaves_a_trace(
    database: Database, copied: Copied, twin_server: EmbeddedServer
) -> None:
    database.execute(SCHEMA)
    after = copied()
    state = "SELECT (SELECT sum(b) FROM t), (SELECT count(*) FROM u)"
    asked = [*STATEMENTS, COPIED] if twin_server.programs.major >= 16 else STATEMENTS
    ask(database, *asked)
    was, was_after = database.rows(state), after.rows(state)
    every, missing = measure(database, after, twin_server)
    measured = [one for one in every if "sum(b)" not in one.text]  # but for our own look
    assert missing == ()
    assert len(measured) == len(asked)
    assert [one.text for one in measured if not one.is_representative] == []
    assert {(one.results_equal, one.not_compared) for one in measured} == {(True, ())}
    assert (database.rows(state), after.rows(state)) == (was, was_after)


def test_what_a_delete_reads_to_find_the_rows_that_refer_is_counted(
    database: Database, copied: Copied, twin_server: EmbeddedServer
) -> None:
    if twin_server.programs.major < 15:
        pytest.skip("PostgreSQL shows it from 15 on")
    database.execute(SCHEMA)
    after = copied()
    after.execute("CREATE INDEX ON u (t_id)")
    ask(database, "DELETE FROM t WHERE id = 19999")
    every, _ = measure(database, after, twin_server)
    (one,) = (one for one in every if one.text.startswith("DELETE"))
    assert one.here.blocks > 25, "all pages of u"
    assert one.is_representative
    assert one.after.buffers is not None
    assert one.before.buffers is not None
    assert one.after.buffers < one.before.buffers / 2


def test_a_statement_of_a_role_with_its_own_search_path_is_measured_there(
    database: Database, copied: Copied, twin_server: EmbeddedServer
) -> None:
    role = f"r_{database.name}"
    database.execute(
        f"CREATE SCHEMA app; CREATE TABLE app.t (id int); INSERT INTO app.t SELECT generate_series(1, 1000);"
        f"CREATE TABLE public.t (id int); CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA app TO {role};"
        f"GRANT SELECT ON app.t TO {role}; ALTER ROLE {role} SET search_path = app; ANALYZE"
    )
    after = copied()
    try:
        database.rows("SELECT pg_stat_statements_reset()")
        with psycopg.connect(make_conninfo(database.dsn, user=role), autocommit=True) as connection:
            connection.execute("SELECT id FROM t WHERE id > 10")
        (one,), missing = measure(database, after, twin_server)
        assert missing == ()
        assert one.is_representative
        assert one.here.rows > 300, "public.t has no row"
    finally:
        after.execute(f"DROP OWNED BY {role}")
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_two_conditions_take_the_values_of_one_row(
    database: Database, copied: Copied, twin_server: EmbeddedServer
) -> None:
    """Each alone is common, and a value of the one seldom goes with one of the other."""
    database.execute("""
        CREATE TABLE note (id int PRIMARY KEY, tenant int, author int);
        INSERT INTO note SELECT i, i % 200, (i % 200) * 100 + (i / 200) % 5 FROM generate_series(1, 40000) i;
        CREATE INDEX ON note (author); VACUUM ANALYZE
    """)
    ask(database, "SELECT * FROM note WHERE tenant = 7 AND author = 702", times=3)
    (one,), _ = measure(database, copied(), twin_server)
    assert (one.observed.rows, one.here.rows) == (40, 40)
    assert one.is_representative


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("kind = 'rare'", 50),
        ("kind = 'usual'", 4950),
        ("kind LIKE 'r%'", 50),
        ("kind ILIKE '%' || 'rar' || '%'", 50),
        ("t_id BETWEEN 400 AND 403", 40),
    ],
)
def test_values_are_those_that_give_as_many_rows(
    database: Database, copied: Copied, twin_server: EmbeddedServer, asked: str, rows: int
) -> None:
    database.execute(SCHEMA)
    ask(database, f"SELECT * FROM u WHERE {asked}", times=2)
    (one,), _ = measure(database, copied(), twin_server)
    assert one.observed.rows == rows
    assert one.is_representative


def test_what_the_copy_cannot_do_is_not_representative(
    database: Database, copied: Copied, twin_server: EmbeddedServer
) -> None:
    database.execute(SCHEMA)
    ask(database, "SELECT * FROM u WHERE kind = 'usual'", times=2)
    database.execute("DELETE FROM u WHERE id > 20; VACUUM ANALYZE u")
    measured, _ = measure(database, copied(), twin_server)
    (one,) = [each for each in measured if each.text.startswith("SELECT")]
    assert one.observed.rows == 4950
    assert one.here.rows <= 20
    assert not one.is_representative
