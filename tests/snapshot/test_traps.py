"""Reading as superuser runs nobody's code: a database in which everything that we might ask for is a trap."""

from __future__ import annotations

import psycopg
import pytest

from pgwright.database import connect
from pgwright.probe.catalog import read_catalog
from pgwright.probe.server import read_costs
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

# What it leaves behind is a file of the server's own folder: a superuser's read-only transaction may write one.
TRAP = """
CREATE SCHEMA traps;
CREATE FUNCTION traps.note() RETURNS bool LANGUAGE plpgsql AS $$
BEGIN EXECUTE format('COPY (SELECT 1) TO %L', current_setting('data_directory') || '/sprung_' || current_database());
    RETURN true; END $$;
CREATE FUNCTION traps.text() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT traps.note()::text $$;
"""
VERSION = {
    "a view": "CREATE VIEW public.alembic_version AS SELECT traps.text() AS version_num",
    "a materialized view": "CREATE MATERIALIZED VIEW public.alembic_version AS SELECT 'x'::text AS version_num",
    "a partitioned table": "CREATE TABLE public.alembic_version (version_num text) PARTITION BY LIST (version_num)",
    "a table of a user's type": """
        CREATE TYPE traps.pair AS (a text); CREATE TABLE public.alembic_version (version_num traps.pair);
        INSERT INTO public.alembic_version VALUES (ROW('x'))""",
    "a domain": """
        CREATE DOMAIN traps.word AS text CHECK (traps.note());
        CREATE TABLE public.alembic_version (version_num traps.word)""",
    "a table with a policy": """
        CREATE TABLE public.alembic_version (version_num text); INSERT INTO public.alembic_version VALUES ('x');
        ALTER TABLE public.alembic_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY p ON public.alembic_version USING (traps.note())""",
    "a foreign table": """
        CREATE EXTENSION postgres_fdw;
        CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
        CREATE FOREIGN TABLE public.alembic_version (version_num text) SERVER far""",
}
FALSE_FUNCTION = """
CREATE FUNCTION public.pg_stat_statements(showtext boolean) RETURNS text LANGUAGE sql AS 'SELECT traps.text()'
"""
# Named as what our queries use, where a careless search path would find them first.
SAME_NAMES = """
CREATE SCHEMA "$user"; CREATE SCHEMA postgres;
DO $do$ DECLARE place text; name text; BEGIN
    FOREACH place IN ARRAY ARRAY['public', '"$user"', 'postgres'] LOOP
        FOREACH name IN ARRAY ARRAY['pg_class', 'pg_namespace', 'pg_stats', 'pg_index', 'pg_settings', 'pg_roles',
            'pg_extension', 'pg_stat_all_tables', 'pg_stat_activity', 'pg_locks', 'pg_database'] LOOP
            EXECUTE format('CREATE VIEW %s.%I AS SELECT traps.text() AS oid, traps.text() AS relname', place, name);
        END LOOP;
        FOREACH name IN ARRAY ARRAY['format_type(oid, int4)', 'pg_get_indexdef(oid)', 'pg_relation_size(regclass)',
            'age(xid)', 'quote_ident(name)', 'has_schema_privilege(oid, text)', 'to_jsonb(anyelement)',
            'unnest(text[])', 'split_part(text, text, text)'] LOOP
            EXECUTE format('CREATE FUNCTION %s.%s RETURNS text LANGUAGE sql AS ''SELECT traps.text()''', place, name);
        END LOOP;
        EXECUTE format('CREATE FUNCTION %s.same(oid, oid) RETURNS bool LANGUAGE sql AS $$SELECT traps.note()$$',
            place);
        EXECUTE format('CREATE OPERATOR %s.= (LEFTARG = oid, RIGHTARG = oid, PROCEDURE = %s.same)', place, place);
        EXECUTE format('CREATE FUNCTION %s.alike(name, text) RETURNS bool LANGUAGE sql AS $$SELECT traps.note()$$',
            place);
        EXECUTE format('CREATE OPERATOR %s.<> (LEFTARG = name, RIGHTARG = text, PROCEDURE = %s.alike)', place, place);
    END LOOP;
END $do$;
CREATE TYPE public.word AS (a text);
CREATE FUNCTION public.told(public.word) RETURNS text LANGUAGE sql AS 'SELECT traps.text()';
CREATE CAST (public.word AS text) WITH FUNCTION public.told(public.word) AS IMPLICIT;
CREATE TABLE public.words (id int PRIMARY KEY, w public.word);
INSERT INTO public.words SELECT i, '(x)' FROM generate_series(1, 100) i;
ANALYZE public.words;
"""


@pytest.fixture
def trapped(database: Database) -> Database:
    run(database, TRAP)
    return database


def run(database: Database, statements: str) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(statements.encode())


def probe_values(database: Database) -> None:
    """Read as the probe does."""
    with connect(database.dsn) as opened:
        read_costs(opened, [])
        catalog = read_catalog(opened, ())
        for relation in catalog.relations:
            catalog.values(relation, relation.columns[-1])


def is_sprung(database: Database) -> bool:
    return bool(database.rows("SELECT FROM pg_stat_file('sprung_' || current_database(), true) f WHERE f.size > 0"))


def test_the_traps_work_in_a_transaction_like_ours(trapped: Database) -> None:
    run(trapped, VERSION["a view"])
    with psycopg.connect(trapped.dsn, autocommit=True) as connection:
        connection.execute("BEGIN READ ONLY")
        connection.execute("SELECT version_num FROM public.alembic_version")
    assert is_sprung(trapped)


@pytest.mark.parametrize("kind", VERSION)
def test_alembic_version_is_read_only_where_it_is_a_plain_table(trapped: Database, kind: str) -> None:
    run(trapped, VERSION[kind])
    snapshot = read_snapshot(trapped.dsn)
    assert not is_sprung(trapped)
    assert snapshot.server.alembic_revisions == ()
    assert "the revision in alembic_version" in {one.what for one in snapshot.not_examined}


def test_a_plain_alembic_version_is_read(trapped: Database) -> None:
    run(trapped, "CREATE TABLE public.alembic_version (version_num varchar(32) PRIMARY KEY)")
    run(trapped, "INSERT INTO public.alembic_version VALUES ('b'), ('a')")
    run(trapped, "CREATE TABLE child () INHERITS (public.alembic_version); INSERT INTO child VALUES ('c')")
    assert read_snapshot(trapped.dsn).server.alembic_revisions == ("a", "b")


def test_the_revisions_are_read_where_the_app_keeps_them(trapped: Database) -> None:
    run(
        trapped,
        """
        CREATE SCHEMA "my App"; CREATE TYPE "my App".none AS (a int);
        CREATE TABLE "my App".alembic_version (version_num varchar(32) PRIMARY KEY);
        INSERT INTO "my App".alembic_version VALUES ('a')""",
    )
    server = read_snapshot(trapped.dsn).server
    assert (server.alembic_revisions, server.alembic_schema) == (("a",), "my App")
    run(trapped, "CREATE TABLE traps.alembic_version (version_num text)")
    snapshot = read_snapshot(trapped.dsn)
    assert snapshot.server.alembic_revisions == ()
    (told,) = [one for one in snapshot.not_examined if one.what == "the revision in alembic_version"]
    assert told.reason == "my App, traps have one each, and each may be at another revision"
    run(trapped, "CREATE TABLE public.alembic_version (version_num text)")
    server = read_snapshot(trapped.dsn).server
    assert (server.alembic_revisions, server.alembic_schema) == ((), "public"), "Alembic's default is asked first"


def test_what_slips_in_after_the_look_is_refused_by_the_server(trapped: Database) -> None:
    run(trapped, VERSION["a view"])
    with connect(trapped.dsn) as opened:
        assert opened.refuses_views
        with pytest.raises(Exception, match="restricted"):
            opened.query("SELECT version_num FROM public.alembic_version")
    assert not is_sprung(trapped)


def test_names_of_ours_that_others_gave_mean_nothing(trapped: Database) -> None:
    run(trapped, SAME_NAMES)
    run(trapped, f'ALTER DATABASE {trapped.name} SET search_path = "$user", public, traps')
    run(trapped, f"ALTER DATABASE {trapped.name} SET standard_conforming_strings = off")
    run(trapped, f"ALTER DATABASE {trapped.name} SET quote_all_identifiers = on")
    run(trapped, "CREATE SCHEMA pgother; CREATE TABLE pgother.t (id int PRIMARY KEY)")
    snapshot = read_snapshot(trapped.dsn)
    probe_values(trapped)
    assert not is_sprung(trapped)
    assert [one for one in snapshot.not_examined if one.parts] == []
    tables = {table.name.name for table in snapshot.tables}
    assert {"t", "words"} <= tables, "a schema that begins with pg is the user's, whatever backslashes mean"
    assert "UNIQUE INDEX t_pkey" in {index.name.name: index.sql for index in snapshot.indexes}["t_pkey"]


def test_a_function_called_like_the_extensions_is_not_taken_for_it(trapped: Database) -> None:
    run(trapped, "DROP EXTENSION pg_stat_statements")
    run(trapped, FALSE_FUNCTION)
    run(trapped, "CREATE VIEW public.pg_stat_statements AS SELECT traps.text() AS query")
    with connect(trapped.dsn) as opened:
        assert opened.extension_function("pg_stat_statements", "pg_stat_statements(boolean)") is None
    snapshot = read_snapshot(trapped.dsn)
    assert [one.what for one in snapshot.not_examined] == ["the workload"]
    assert not is_sprung(trapped)


def test_a_function_that_an_owner_put_into_an_extension_is_not_called(trapped: Database) -> None:
    run(trapped, "ALTER EXTENSION pg_stat_statements DROP VIEW pg_stat_statements; DROP VIEW pg_stat_statements")
    run(trapped, "ALTER EXTENSION pg_stat_statements DROP FUNCTION pg_stat_statements(boolean)")
    run(trapped, "DROP FUNCTION pg_stat_statements(boolean)")
    run(trapped, FALSE_FUNCTION)
    run(trapped, "ALTER EXTENSION pg_stat_statements ADD FUNCTION pg_stat_statements(boolean)")
    (entry,) = read_snapshot(trapped.dsn).not_examined
    assert "not the extension's own" in entry.reason
    assert not is_sprung(trapped)


def test_a_temporary_view_left_in_a_pooled_session_is_not_taken_for_the_catalog(trapped: Database) -> None:
    with connect(trapped.dsn) as opened:
        assert opened.query("SELECT current_schemas(true)::text AS names") == [{"names": "{pg_catalog}"}]
        assert opened.query("SELECT current_setting('search_path') AS path") == [{"path": "pg_catalog, pg_temp"}]


@pytest.mark.pg(">= 18")
def test_a_virtual_column_is_not_read(trapped: Database) -> None:
    run(
        trapped, "CREATE TABLE public.alembic_version (a text, version_num text GENERATED ALWAYS AS (a || 'x') VIRTUAL)"
    )
    assert "the revision in alembic_version" in {one.what for one in read_snapshot(trapped.dsn).not_examined}
