"""A fix proved on a real database: copies, values, results, writes; and a source that stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright.errors import ProofError
from pgwright.model.proof import Proof
from pgwright.proof import Operation
from pgwright.proof.copies import make_copies
from pgwright.proof.prove import prove
from pgwright.report.proof.words import is_proved
from pgwright.snapshot import read_snapshot
from tests.support.database import Database
from tests.support.postgres import on_few_versions

SCHEMA = """
CREATE TABLE author (id varchar(36) PRIMARY KEY, name text);
CREATE TABLE post (id int PRIMARY KEY, author_id varchar(36) REFERENCES author, at timestamptz, views int);
INSERT INTO author SELECT md5(i::text)::uuid::text, 'n' || i FROM generate_series(1, 2000) i;
INSERT INTO post SELECT i, md5((1 + i % 2000)::text)::uuid::text, now() - i * interval '1 minute', i
    FROM generate_series(1, 60000) i;
VACUUM ANALYZE;
"""
ONE = "SELECT * FROM post WHERE author_id = %s ORDER BY at DESC LIMIT 5"
INDEX = "CREATE INDEX post_author ON post (author_id, at DESC)"


@pytest.fixture
def blog(database: Database) -> Database:
    database.execute(SCHEMA)
    ((author,),) = database.rows("SELECT id FROM author ORDER BY name LIMIT 1")
    database.rows("SELECT pg_stat_statements_reset()")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for _ in range(5):
            connection.execute(ONE, (author,))
    return database


def applying(*statements: str) -> Callable[[str], str]:
    def apply(dsn: str) -> str:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        return "by hand"

    return apply


# Of so many, a few that a busy machine held up are beyond the quartiles, which the verdict looks at.
MANY_ROUNDS = 15


def proof_of(database: Database, *statements: str, operations: tuple[Operation, ...] = (), rounds: int = 3) -> Proof:
    return prove(
        read_snapshot(database.dsn),
        database.dsn,
        apply=applying(*statements),
        read=read_snapshot,
        operations=operations,
        rounds=rounds,
    )


def count(engine: Engine) -> object:
    with engine.connect() as connection:
        for _ in range(3):
            found = connection.execute(text("SELECT count(*) FROM post")).scalar()
    return found


def count_once(engine: Engine) -> object:
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM post")).scalar()


async def first(engine: AsyncEngine) -> object:
    async with engine.connect() as connection:
        return (await connection.execute(text("SELECT id FROM author ORDER BY id LIMIT 1"))).scalar()


def test_an_index_that_helps_is_said_to_help_and_its_price_is_shown(blog: Database) -> None:
    operations = (Operation("count", count, count_once), Operation("first", first, first))
    proof = proof_of(blog, INDEX, operations=operations, rounds=MANY_ROUNDS)
    (statement,) = proof.statements
    assert (statement.verdict, statement.results_equal) == ("faster", True)
    assert (statement.observed.rows, statement.here.rows, statement.is_representative) == (5, 5, True)
    assert statement.ratio > 3
    assert (statement.before.buffers or 0) > 10 * (statement.after.buffers or 1)
    (planned,) = proof.planned
    assert planned.cost_before > 10 * planned.cost_after
    assert "post_author" in planned.plan_after
    assert {(price.table, price.action) for price in proof.writes} == {
        ("post", "INSERT"), ("post", "UPDATE"), ("post", "DELETE"),
    }  # fmt: skip
    by_name = {operation.name: operation for operation in proof.operations}
    assert (by_name["count"].queries_before, by_name["count"].queries_after) == (3, 1)
    assert by_name["first"].results_equal
    assert proof.row_counts == {"author": 2000, "post": 60000}
    assert proof.bytes_after > proof.bytes_before


def test_a_fix_that_does_not_help_is_said_not_to_help(blog: Database) -> None:
    proof = proof_of(blog, "CREATE INDEX ON post (views)", rounds=MANY_ROUNDS)
    (statement,) = proof.statements
    assert statement.verdict != "faster"
    assert statement.before.buffers == statement.after.buffers
    (planned,) = proof.planned
    assert planned.plan_before == planned.plan_after


def test_a_fix_that_changes_results_is_caught(blog: Database) -> None:
    (statement,) = proof_of(blog, INDEX, "DELETE FROM post WHERE id <= 30000").statements
    assert (statement.verdict, statement.results_equal) == ("results differ", False)


@pytest.mark.parametrize("change", ["DELETE FROM post WHERE id <= 30000", "UPDATE post SET views = -views"])
@on_few_versions
def test_a_fix_that_changes_results_is_caught_where_no_limit_cuts(blog: Database, change: str) -> None:
    """All the rows are compared then, so there is no second look that could excuse the first."""
    ((author,),) = blog.rows("SELECT id FROM author ORDER BY name LIMIT 1")
    blog.rows("SELECT pg_stat_statements_reset()")
    blog.rows(f"SELECT id, views FROM post WHERE author_id = '{author}'")
    (statement,) = proof_of(blog, INDEX, change).statements
    assert (statement.verdict, statement.results_equal) == ("results differ", False)


def test_keys_converted_to_uuid_give_equal_results_for_statements_with_text_casts(blog: Database) -> None:
    blog.rows("SELECT pg_stat_statements_reset()")
    with psycopg.connect(blog.dsn, autocommit=True) as connection:
        connection.execute(f"SELECT * FROM author WHERE id = '{'0' * 8}'::VARCHAR")
    convert = (
        "ALTER TABLE post DROP CONSTRAINT post_author_id_fkey",
        "ALTER TABLE author ALTER id TYPE uuid USING id::uuid",
        "ALTER TABLE post ALTER author_id TYPE uuid USING author_id::uuid",
    )
    proof = proof_of(blog, *convert)
    (statement,) = proof.statements
    assert statement.results_equal
    assert len(proof.planned) == 1


@on_few_versions
def test_a_value_that_no_statistics_tell_is_read_from_the_copy(blog: Database) -> None:
    blog.execute("CREATE TABLE bare (n int); INSERT INTO bare VALUES (1)")
    blog.rows("SELECT pg_stat_statements_reset()")
    blog.rows("SELECT * FROM bare WHERE n = 1")
    (statement,) = proof_of(blog, INDEX).statements
    assert (statement.here.rows, statement.is_representative) == (1, True)


@on_few_versions
def test_a_copy_reaches_no_other_server(blog: Database) -> None:
    host = blog.server.directory
    blog.execute(f"""
        CREATE EXTENSION postgres_fdw;
        CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{host}', dbname '{blog.name}');
        CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'postgres', password 's3cret');
        CREATE FOREIGN TABLE far_post (id int) SERVER far OPTIONS (table_name 'post');
        ANALYZE far_post
    """)
    blog.rows("SELECT pg_stat_statements_reset()")
    blog.rows("SELECT * FROM far_post WHERE id = 1")
    proof = proof_of(blog, INDEX)
    assert [one.text for one in proof.statements if "far_post" in one.text] == []
    assert any("far_post" in missing.what for missing in proof.not_examined)


@on_few_versions
def test_an_operation_that_a_conversion_breaks_is_named_and_the_proof_goes_on(blog: Database) -> None:
    def found(engine: Engine) -> object:
        query = text("SELECT name FROM author WHERE id = CAST(:id AS varchar)")
        with engine.connect() as connection:
            return connection.execute(query, {"id": "0"}).all()

    proof = proof_of(
        blog,
        "ALTER TABLE post DROP CONSTRAINT post_author_id_fkey",
        "ALTER TABLE author ALTER id TYPE uuid USING id::uuid",
        operations=(Operation("found", found, found), Operation("count", count, count)),
    )
    (failed,) = proof.failed_operations
    assert (failed.name, failed.side) == ("found", "after")
    assert failed.reason.startswith("UndefinedFunction: operator does not exist: uuid = character varying")
    assert failed.remedy.startswith("the fix converts author.id from character varying(36) to uuid: change the models")
    assert [one.name for one in proof.operations] == ["count"]


def test_a_proof_over_rows_that_were_lost_is_none(blog: Database) -> None:
    """The table is empty on both copies, so everything there is equal, and fast."""
    blog.execute(
        "CREATE TABLE gone (id int PRIMARY KEY, n int CHECK (current_database() NOT LIKE 'pgwright%'));"
        "INSERT INTO gone SELECT i, i FROM generate_series(1, 3000) i; ANALYZE gone"
    )
    blog.rows("SELECT count(*) FROM gone WHERE n > 5")
    proof = proof_of(blog, INDEX)
    (lost,) = proof.lost_rows
    assert (str(lost.table), lost.rows, lost.rows_here) == ("public.gone", 3000, 0)
    assert [one.text for one in proof.statements if "gone" in one.text] == []
    assert any(one.reason.startswith("not proved, rows lost: the copies hold 0 of 3,000") for one in proof.not_examined)
    assert not is_proved(proof)


def test_it_says_where_it_measured_what_and_when(blog: Database) -> None:
    place = proof_of(blog, INDEX).measured_on
    assert place is not None
    assert (place.copies, place.server) == ("embedded", "")
    assert place.source.endswith(f"/{blog.name}")
    assert place.source_version == read_snapshot(blog.dsn).server.version
    assert datetime.fromisoformat(place.at).tzinfo is not None


def test_the_source_is_left_as_it_was(blog: Database) -> None:
    state = (
        "SELECT relname, relfilenode, n_tup_ins, n_tup_upd, n_tup_del"
        " FROM pg_stat_user_tables JOIN pg_class USING (relname) ORDER BY 1"
    )
    with blog.counted_session():
        pass
    before = blog.rows(state)
    proof_of(blog, INDEX)
    assert blog.rows(state) == before
    assert blog.rows("SELECT count(*) FROM pg_indexes WHERE indexname = 'post_author'") == [(0,)]


def test_copies_on_a_server_of_the_users_are_dropped_again(blog: Database) -> None:
    copies = "SELECT count(*) FROM pg_database WHERE datname LIKE 'pgwright%'"

    role = f"s_{blog.name}"
    blog.execute(f"CREATE ROLE {role} LOGIN CREATEDB")

    def interrupted() -> None:
        with make_copies(blog.dsn, 0, staging=make_conninfo(blog.server.dsn(), user=role)) as made:
            with psycopg.connect(made.after) as connection:
                assert connection.execute("SELECT count(*) FROM post").fetchone() == (60000,)
            assert blog.rows(copies) == [(2,)]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert blog.rows(copies) == [(0,)]
    blog.execute(f"DROP ROLE {role}")


def test_a_database_too_large_for_the_disk_is_refused_before_anything_is_copied(blog: Database) -> None:
    with pytest.raises(ProofError, match="--staging"), make_copies(blog.dsn, 2**60):
        pass


def test_a_source_that_cannot_be_copied_is_told(database: Database, tmp_path: Path) -> None:
    with pytest.raises(ProofError, match="could not copy"), make_copies(database.server.dsn("absent"), 0):
        pass


def test_rows_are_counted_of_tables_and_of_materialised_views_that_were_filled(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3);"
        "CREATE TABLE old (n int); INSERT INTO old SELECT generate_series(1, 5);"
        "CREATE MATERIALIZED VIEW filled AS SELECT 1 AS n;"
        "CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS n WITH NO DATA;"
        "CREATE VIEW plain AS SELECT 1 AS n; ANALYZE"
    )
    database.rows("SELECT pg_stat_statements_reset()")
    assert proof_of(database, "DELETE FROM t").row_counts == {"t": 3, "old": 5, "filled": 1}
