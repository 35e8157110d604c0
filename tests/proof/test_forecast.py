"""A forecast from a snapshot against the same fix really made: the plans are the same, the costs near."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.errors import ProofError
from pgwright.model.snapshot import Snapshot
from pgwright.proof.forecast import _joined, forecast
from pgwright.proof.plans import compare_plans
from pgwright.snapshot import read_snapshot
from pgwright.twin.servers import choose
from pgwright.twin.twin import open_twin
from tests.support.database import Database
from tests.support.postgres import on_few_versions

SCHEMA = """
CREATE TABLE author (id varchar(36) PRIMARY KEY, name text);
CREATE TABLE post (id int PRIMARY KEY, author_id varchar(36) REFERENCES author, status text, at timestamptz);
INSERT INTO author SELECT md5(i::text)::uuid::text, 'n' || i FROM generate_series(1, 3000) i;
INSERT INTO post SELECT i, md5((1 + i % 3000)::text)::uuid::text, CASE WHEN i % 200 = 0 THEN 'draft' ELSE 'live' END,
    now() - i * interval '1 minute' FROM generate_series(1, 60000) i;
VACUUM ANALYZE;
"""
FIX = (
    "ALTER TABLE post DROP CONSTRAINT post_author_id_fkey",
    "ALTER TABLE author ALTER id TYPE uuid USING id::uuid",
    "ALTER TABLE post ALTER author_id TYPE uuid USING author_id::uuid",
    "ALTER TABLE post ADD FOREIGN KEY (author_id) REFERENCES author",
    "CREATE INDEX post_author ON post (author_id, at DESC)",
    "CREATE INDEX post_draft ON post (at) WHERE status = 'draft'",
)


def applying(*statements: str) -> Callable[[str], str]:
    def run(dsn: str) -> str:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        return "by hand"

    return run


apply = applying(*FIX)


@pytest.fixture
def blog(database: Database) -> Database:
    database.execute(SCHEMA)
    ((author,),) = database.rows("SELECT id FROM author ORDER BY name LIMIT 1")
    database.rows("SELECT pg_stat_statements_reset()")
    for text in (
        f"SELECT * FROM post WHERE author_id = '{author}' ORDER BY at DESC LIMIT 5",
        f"SELECT count(*) FROM post JOIN author a ON a.id = author_id WHERE a.id = '{author}'",
        "SELECT * FROM post WHERE status = 'draft' ORDER BY at",
        "SELECT status, count(*) FROM post GROUP BY status",
    ):
        database.rows(text)
    return database


def read(dsn: str) -> Snapshot:
    return read_snapshot(dsn)


def test_plans_are_those_of_the_fix_really_made(blog: Database) -> None:
    source = read_snapshot(blog.dsn)
    expected = forecast(source, apply=apply, read=read)
    apply(blog.dsn)
    blog.execute("VACUUM ANALYZE")
    made = compare_plans(source, read_snapshot(blog.dsn), choose(source, None)).statements
    assert len(expected.planned) == len(made) == 4
    by_id = {one.query_id: one for one in made}
    for one in expected.planned:
        real = by_id[one.query_id]
        assert one.plan_after == real.plan_after, one.text
        # abs: one page more or less, where a rewrite left some at the end that are not yet all-visible.
        assert one.cost_after == pytest.approx(real.cost_after, rel=0.15, abs=4.0), one.text
        assert one.cost_before == real.cost_before


@on_few_versions
def test_nothing_is_called_measured(blog: Database) -> None:
    proof = forecast(read_snapshot(blog.dsn), apply=apply, read=read)
    assert (proof.statements, proof.operations, proof.writes) == ((), (), ())
    assert "nothing was measured" in proof.not_examined[0].reason
    assert proof.bytes_after != proof.bytes_before


def test_the_size_is_near_that_of_the_fix_really_made(blog: Database) -> None:
    source = read_snapshot(blog.dsn)
    expected = forecast(source, apply=apply, read=read)
    apply(blog.dsn)
    blog.execute("VACUUM ANALYZE")  # a rewrite leaves empty pages at the end
    assert expected.bytes_before == source.server.database_bytes
    grown = expected.bytes_after - expected.bytes_before
    assert grown != 0
    # Eight in a hundred: padding between columns is not reckoned.
    assert size(source) + grown == pytest.approx(size(read_snapshot(blog.dsn)), rel=0.08)
    assert (expected.revision, expected.row_counts) == ("by hand", {})
    assert 0 < expected.apply_seconds < 600


def test_a_new_index_has_the_height_and_about_the_pages_of_the_real_one(
    blog: Database, twin_server: EmbeddedServer
) -> None:
    blog.execute("CREATE EXTENSION pageinspect")  # by which heights are read
    source = read_snapshot(blog.dsn)
    applying(*FIX, "CREATE INDEX post_words ON post USING gin (to_tsvector('simple', status))")(blog.dsn)
    made = read_snapshot(blog.dsn)
    with open_twin(source, twin_server) as twin:
        expected = {index.name.name: index for index in _joined(source, made, twin).indexes}
    for real in made.indexes:
        one = expected[real.name.name]
        assert one.tree_height == real.tree_height, one.name
        assert one.pages == one.analyzed_pages == one.size_bytes // 8192
        if real.definition.method == "btree":
            assert one.pages == pytest.approx(real.pages, rel=0.1, abs=2), one.name


def size(snapshot: Snapshot) -> int:
    return sum(table.heap_bytes for table in snapshot.tables) + sum(index.size_bytes for index in snapshot.indexes)


@on_few_versions
def test_a_new_table_has_no_rows_and_a_statement_that_no_longer_fits_is_told(blog: Database) -> None:
    source = read_snapshot(blog.dsn)
    new = "CREATE TABLE note (id int PRIMARY KEY, body text)"
    proof = forecast(source, apply=applying(new, "ALTER TABLE post DROP COLUMN status"), read=read)
    assert [("status" in one.text) for one in proof.planned] == [False, False]
    told = [missing for missing in proof.not_examined if "cannot be planned after the fix" in missing.reason]
    assert len(told) == 2
    assert all("status" in missing.what and 'column "status" does not exist' in missing.reason for missing in told)
    assert abs(proof.bytes_after - proof.bytes_before) < 200_000


@on_few_versions
def test_the_fix_finds_the_revisions_that_are_applied(blog: Database) -> None:
    blog.execute("CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('r7')")

    def look(dsn: str) -> str:
        with psycopg.connect(dsn) as connection:
            row = connection.execute("SELECT string_agg(version_num, ',') FROM alembic_version").fetchone()
            return str(row)

    assert forecast(read_snapshot(blog.dsn), apply=look, read=read).revision == "('r7',)"


@on_few_versions
def test_the_revisions_are_put_where_the_app_keeps_them(blog: Database) -> None:
    blog.execute("CREATE SCHEMA app; CREATE TABLE app.alembic_version (version_num text)")
    blog.execute("INSERT INTO app.alembic_version VALUES ('r7')")

    def look(dsn: str) -> str:
        with psycopg.connect(dsn) as connection:
            return str(connection.execute("SELECT version_num FROM app.alembic_version").fetchall())

    assert forecast(read_snapshot(blog.dsn), apply=look, read=read).revision == "[('r7',)]"


@on_few_versions
def test_a_fix_that_fails_fails(blog: Database) -> None:
    def broken(dsn: str) -> str:
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE INDEX ON absent (x)")
        return ""

    apply_broken: Callable[[str], str] = broken
    with pytest.raises(psycopg.errors.UndefinedTable):
        forecast(read_snapshot(blog.dsn), apply=apply_broken, read=read)


def test_a_fix_is_tried_without_rights(blog: Database) -> None:
    """What the schema runs when the fix is applied, or when its revision is noted, is the owner's."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        mark = Path(folder) / "mark"
        blog.execute(f"""
            CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN
                EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {mark}'''; RETURN NEW;
                EXCEPTION WHEN OTHERS THEN RETURN NEW; END $f$;
            CREATE TABLE alembic_version (version_num text);
            CREATE TRIGGER sprung BEFORE INSERT ON alembic_version FOR EACH ROW EXECUTE FUNCTION spring();
            CREATE TRIGGER sprung BEFORE INSERT ON author FOR EACH ROW EXECUTE FUNCTION spring();
            INSERT INTO alembic_version VALUES ('r7');
        """)
        assert mark.exists(), "it runs where it has the rights"
        source = read_snapshot(blog.dsn)
        mark.unlink()
        fix = applying(*FIX, "INSERT INTO author SELECT gen_random_uuid(), 'x'", "DELETE FROM author")
        assert len(forecast(source, apply=fix, read=read).planned) == 4
        assert not mark.exists()


@on_few_versions
def test_a_table_of_revisions_that_takes_none_is_told(blog: Database) -> None:
    blog.execute("""
        CREATE TABLE alembic_version (version_num text);
        INSERT INTO alembic_version VALUES ('r7');
        ALTER TABLE alembic_version ADD CHECK (version_num <> 'r7') NOT VALID;
    """)
    with pytest.raises(ProofError, match="alembic_version"):
        forecast(read_snapshot(blog.dsn), apply=apply, read=read)
