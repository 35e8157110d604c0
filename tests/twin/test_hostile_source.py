"""Nothing of a source, or of a snapshot file, runs with rights on the server of the twin: effects are looked for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.errors import TwinError, UnparsableStatement
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.server import Role
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.twin.twin import Twin, open_twin
from tests.support.builders import make_setting
from tests.support.database import Database

TRAP = """
CREATE FUNCTION public.spring() RETURNS int LANGUAGE plpgsql VOLATILE {definer} AS $f$
BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {mark}'''; RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 1; END $f$;
CREATE FUNCTION public.tax() RETURNS int LANGUAGE plpgsql IMMUTABLE {definer} AS $f$
BEGIN RETURN public.spring(); END $f$;
CREATE FUNCTION public.fair(anyelement) RETURNS bool LANGUAGE plpgsql IMMUTABLE {definer} AS $f$
BEGIN RETURN public.spring() = 1; END $f$;
"""


@pytest.fixture
def mark() -> Iterator[Path]:
    """A file that a program of any server can make."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder) / "mark"


@pytest.fixture(params=["", "SECURITY DEFINER"], ids=["invoker", "definer"])
def trapped(request: pytest.FixtureRequest, database: Database, mark: Path) -> Database:
    """A database with functions that make the mark where they may; they may there, as is seen."""
    database.execute(TRAP.format(mark=mark, definer=request.param))
    database.rows("SELECT public.tax()")
    mark.unlink()
    return database


def test_a_function_that_the_planner_folds_has_no_rights(
    trapped: Database, twin_server: EmbeddedServer, mark: Path
) -> None:
    trapped.execute("CREATE TABLE t (n int); CREATE INDEX t_n ON t (n)")
    with open_twin(read_snapshot(trapped.dsn), twin_server) as twin:
        assert twin.left_out == ()
        for statement in ("SELECT * FROM t WHERE n = public.tax()", "SELECT public.tax() + n FROM t"):
            assert twin.explain(statement).total_cost > 0
            twin.price(statement, ["1"], frozenset())
    assert not mark.exists()


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE DOMAIN d AS text CHECK (public.fair(VALUE)); CREATE TABLE t (c d); INSERT INTO t VALUES ('a'), ('b')",
        "CREATE DOMAIN d AS text CHECK (public.fair(VALUE)); CREATE TABLE t (c d[]); INSERT INTO t VALUES ('{a}')",
        ("CREATE DOMAIN d AS int CHECK (public.fair(VALUE)); CREATE TYPE pair AS (a d, b d); CREATE TABLE t (c pair);"
        "INSERT INTO t VALUES ((1, 2))"),
        "CREATE TABLE t (c int CHECK (public.fair(c))); INSERT INTO t VALUES (1)",
        "CREATE TABLE t (c int, g int GENERATED ALWAYS AS (c + public.tax()) STORED); INSERT INTO t VALUES (1)",
        "CREATE TABLE t (c int, d int DEFAULT public.tax()); INSERT INTO t VALUES (1)",
        "CREATE TABLE t (c int); INSERT INTO t VALUES (1); CREATE INDEX i ON t ((c + public.tax()))",
        "CREATE TABLE t (c int); INSERT INTO t VALUES (1); CREATE INDEX i ON t (c) WHERE c = public.tax()",
        ("CREATE TABLE t (c int); INSERT INTO t SELECT 1 FROM generate_series(1, 100);"
        "CREATE STATISTICS s ON (c + public.tax()), (c * 2) FROM t"),
        ("CREATE TABLE t (c int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY p ON t USING (c = public.tax())"),
        ("CREATE TABLE t (c int); CREATE VIEW v AS SELECT * FROM t WHERE c = public.tax();"
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM v"),
        "CREATE TABLE t (c int); CREATE RULE r AS ON UPDATE TO t DO ALSO SELECT public.tax()",
        ("CREATE TABLE t (c int); CREATE OPERATOR @@@ (PROCEDURE = public.fair, RIGHTARG = anyelement);"
        "CREATE VIEW v AS SELECT c FROM t WHERE @@@ 1"),
    ],
)  # fmt: skip
def test_what_a_schema_evaluates_has_no_rights(
    trapped: Database, twin_server: EmbeddedServer, mark: Path, schema: str
) -> None:
    trapped.execute(schema + "; ANALYZE t")
    snapshot = read_snapshot(trapped.dsn)
    mark.unlink(missing_ok=True)
    with open_twin(snapshot, twin_server) as twin:
        for statement in ("SELECT * FROM t", "UPDATE t SET c = c", "INSERT INTO t VALUES (NULL)", "SELECT * FROM v"):
            with suppress(psycopg.Error):
                twin.explain(statement)
    assert not mark.exists()


@pytest.mark.parametrize(
    "hostile",
    [
        "\\! touch {mark}",
        "\\o {mark}\nSELECT 1;",
        "CREATE TABLE x (a int);\n\\! touch {mark}\nCREATE TABLE y (a int);",
        "SELECT 1 \\g {mark}",
        "\\copy (SELECT 1) TO '{mark}'",
        "\\restrict x\n\\unrestrict x\n\\! touch {mark}",
        "COPY (SELECT 1) TO PROGRAM 'touch {mark}';",
        "COPY (SELECT 1) TO '{mark}';",
        "DO $$ BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {mark}'''; END $$;",
        "CREATE TABLE x (a int); COMMIT; COPY (SELECT 1) TO PROGRAM 'touch {mark}';",
        "RESET SESSION AUTHORIZATION; RESET ROLE; SET ROLE postgres; COPY (SELECT 1) TO PROGRAM 'touch {mark}';",
        "ALTER SYSTEM SET archive_command = 'touch {mark}';",
        "GRANT pg_execute_server_program TO pgwright_owner;",
        "CREATE FUNCTION sys(cstring) RETURNS int LANGUAGE c AS 'libc.so.6', 'system';",
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.sprung();",
        ("CREATE EXTENSION file_fdw; CREATE SERVER s FOREIGN DATA WRAPPER file_fdw;"
        "CREATE FOREIGN TABLE f (a text) SERVER s OPTIONS (program 'touch {mark}');"),
        "CREATE EXTENSION dblink; SELECT dblink_connect('host=/tmp');",
        "SELECT pg_catalog.set_config('search_path', (SELECT 'x' FROM pg_read_file('/etc/passwd')), false);",
        "CREATE SUBSCRIPTION s CONNECTION 'host=/tmp' PUBLICATION p;",
        "LOAD 'dblink';",
        "CREATE SCHEMA s CREATE VIEW v AS SELECT 1; TABLE s.v;",
    ],
)  # fmt: skip
def test_what_a_file_says_beside_definitions_is_left_out_and_told(
    database: Database, twin_server: EmbeddedServer, mark: Path, hostile: str
) -> None:
    database.execute("CREATE TABLE t (n int PRIMARY KEY)")
    snapshot = read_snapshot(database.dsn)
    hostile = hostile.format(mark=mark)
    for schema in (f"{snapshot.schema_sql}\n{hostile}\n", f"{hostile}\n{snapshot.schema_sql}", "broken;\n" + hostile):
        with open_twin(replace(snapshot, schema_sql=schema), twin_server) as twin:
            assert twin.left_out != ()
            if snapshot.schema_sql in schema:
                assert twin.explain("SELECT * FROM t WHERE n = 1").indexes == ("t_pkey",)
            assert not may_do_more(twin)
    assert not mark.exists()


def may_do_more(twin: Twin) -> bool:
    """Tell whether the role that plans may more than an ordinary one."""
    row = twin._owner.execute("""
        SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR pg_has_role('postgres', 'member')
            OR pg_has_role('pg_execute_server_program', 'member') OR pg_has_role('pg_read_server_files', 'member')
            OR pg_has_role('pg_write_server_files', 'member')
        FROM pg_roles WHERE rolname = current_user
    """).fetchone()
    return row is None or bool(row[0])


def test_a_role_of_the_source_gives_the_owner_nothing(database: Database, twin_server: EmbeddedServer) -> None:
    database.execute("CREATE TABLE t (n int); ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    names = ("postgres", "pgwright_owner", "pg_execute_server_program", "pg_new", "public", "none", "a$b", 'q"; --')
    roles = tuple(Role(name, is_superuser=True, bypasses_row_security=True) for name in names)
    snapshot = replace(read_snapshot(database.dsn), roles=roles)
    policies = "".join(f'CREATE POLICY p{n} ON public.t TO "{name}";\n' for n, name in enumerate(names[:3]))
    with open_twin(replace(snapshot, schema_sql=snapshot.schema_sql + policies), twin_server) as twin:
        assert not may_do_more(twin)
        for role in names[:3]:  # above the owner there, so nobody here: the twin never becomes them
            assert twin.explain("SELECT * FROM t", role=role).total_cost > 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            twin._owner.execute("SET ROLE postgres")
        assert twin.explain("SELECT * FROM t", role='q"; --').total_cost > 0
        assert twin._owner.execute("SELECT current_user").fetchone() == ("pgwright_owner",)
    with twin_server.admin() as connection:
        connection.execute('DROP ROLE "a$b"; DROP ROLE "q""; --"')


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1; DROP TABLE t", "SELECT 1; COPY (SELECT 1) TO PROGRAM 'touch {mark}'",
        "ANALYZE t", "COPY t TO PROGRAM 'touch {mark}'", "DO $$ BEGIN END $$", "CREATE TABLE x (a int)", "",
        "ANALYZE SELECT 1", "(FORMAT XML) SELECT 1",
    ],
)  # fmt: skip
def test_a_statement_is_one_with_a_plan(database: Database, twin_server: EmbeddedServer, mark: Path, text: str) -> None:
    database.execute("CREATE TABLE t (n int)")
    text = text.format(mark=mark)
    with open_twin(read_snapshot(database.dsn), twin_server) as twin:
        for values in (None, ["1"]):
            with pytest.raises(UnparsableStatement):
                twin.explain(text, values)
            with pytest.raises(UnparsableStatement):
                twin.price(text, values, frozenset())
        assert twin.explain("SELECT * FROM t").total_cost > 0
    assert not mark.exists()


def test_the_tools_of_the_twin_are_the_catalogs(database: Database, twin_server: EmbeddedServer) -> None:
    database.execute("""
        CREATE SCHEMA tools; CREATE EXTENSION pg_buffercache SCHEMA tools;
        CREATE TABLE t (n int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 1000); ANALYZE t;
    """)
    with open_twin(read_snapshot(database.dsn), twin_server) as twin:
        assert twin.left_out == ()
        assert twin.explain("SELECT * FROM t WHERE n = 1").indexes == ("t_pkey",)


def test_values_of_a_domain_are_read_without_its_check(database: Database, twin_server: EmbeddedServer) -> None:
    database.execute("""
        CREATE FUNCTION public.fair(text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
        CREATE DOMAIN d AS text CONSTRAINT "Fair?" CHECK (public.fair(VALUE)) CHECK (VALUE <> '') NOT NULL;
        CREATE TYPE pair AS (a d, b d);
        CREATE TABLE t (c d, cs d[], p pair);
        INSERT INTO t SELECT 'v' || i % 3, ARRAY['v' || i % 3], ROW('x', 'v' || i % 3)::pair
            FROM generate_series(1, 300) i;
        ANALYZE t;
        CREATE OR REPLACE FUNCTION public.fair(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS
            'BEGIN RAISE EXCEPTION ''unfair''; END';
    """)
    checks = "SELECT conname, pg_get_expr(conbin, 0) FROM pg_constraint WHERE contypid = 'd'::regtype ORDER BY 1"
    snapshot = read_snapshot(database.dsn)
    with open_twin(snapshot, twin_server) as twin:
        assert twin.left_out == ()
        assert twin.explain("SELECT * FROM t WHERE c = 'v1'").row_estimate == 100
        assert twin._owner.execute(checks.encode()).fetchall() == database.rows(checks)
        again = read_snapshot(twin_server.dsn(twin._owner.info.dbname), with_schema=False)
    assert again.statistics == snapshot.statistics


def test_a_function_that_never_ends_is_ended(
    database: Database, twin_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It catches the timeout, and sets it to none."""
    database.execute("""
        CREATE FUNCTION public.endless() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN
            PERFORM set_config('statement_timeout', '0', false);
            LOOP BEGIN LOOP END LOOP; EXCEPTION WHEN query_canceled THEN END; END LOOP;
        END $f$;
        CREATE TABLE t (n int);
    """)
    monkeypatch.setattr("pgwright.embedded.server._LOOK_SECONDS", 0.2)
    monkeypatch.setattr("pgwright.embedded.server._ENDLESS_SECONDS", 1.0)
    with open_twin(read_snapshot(database.dsn), twin_server) as twin:
        assert twin.explain("SELECT * FROM t").total_cost > 0
        with pytest.raises(psycopg.OperationalError, match="terminating connection"):
            twin.explain("SELECT * FROM t WHERE n = public.endless()")
        with pytest.raises(TwinError, match="never returned"):
            twin.explain("SELECT * FROM t")


def test_settings_of_a_file_are_those_of_the_planner(database: Database, twin_server: EmbeddedServer) -> None:
    snapshot = with_settings(
        read_snapshot(database.dsn), session_preload_libraries="dblink", local_preload_libraries="x", role="postgres",
        session_replication_role="replica", statement_timeout="0", work_mem="12345", random_page_cost="1.5",
    )  # fmt: skip
    with open_twin(snapshot, twin_server) as twin:
        settings: dict[str, str] = dict(twin._owner.execute("SELECT name, setting FROM pg_settings").fetchall())
        assert twin.explain("SELECT 1").total_cost > 0
    assert (settings["work_mem"], settings["random_page_cost"]) == ("12345", "1.5")
    assert settings["local_preload_libraries"] == ""
    assert (settings["session_replication_role"], settings["statement_timeout"]) == ("origin", "30000")


def with_settings(snapshot: Snapshot, **values: str) -> Snapshot:
    settings = (replace(make_setting(name, value), is_planner=True) for name, value in values.items())
    return replace(snapshot, settings=tuple(settings))


def test_names_of_the_superuser_are_those_of_the_catalog(
    trapped: Database, twin_server: EmbeddedServer, mark: Path
) -> None:
    """An operator and a function of the source's, in front of the catalog's by the database's own search path."""
    trapped.execute("""
        CREATE SCHEMA evil;
        CREATE FUNCTION evil.same(oid, oid) RETURNS bool LANGUAGE sql AS 'SELECT public.spring() = 1';
        CREATE OPERATOR evil.= (PROCEDURE = evil.same, LEFTARG = oid, RIGHTARG = oid);
        CREATE FUNCTION evil.to_regclass(text) RETURNS regclass LANGUAGE sql AS 'SELECT public.spring()::regclass';
        CREATE FUNCTION public.set_path() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN
            EXECUTE format('ALTER DATABASE %I SET search_path = evil, pg_catalog', current_database());
            RETURN 1; END $f$;
        CREATE FUNCTION public.hijack() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT public.set_path()';
        CREATE TABLE t (n int CHECK (n <> public.hijack()));
    """)
    snapshot = read_snapshot(trapped.dsn)
    mark.unlink(missing_ok=True)
    with open_twin(snapshot, twin_server) as twin:
        with suppress(psycopg.Error):
            twin.explain("SELECT * FROM t WHERE n = public.hijack()")
        asked = "SELECT current_setting('search_path')"
        assert twin.candidates.catalogs.execute(asked).fetchone() == ("pg_catalog",)
        name = twin.candidates.catalogs.info.dbname
        with twin_server.admin(name) as unwary, twin_server.catalog_writer(name) as wary:
            assert unwary.execute(f"SELECT pg_catalog.{asked[7:]}".encode()).fetchone() == ("evil, pg_catalog",)
            assert wary.execute(asked).fetchone() == ("pg_catalog",)
    assert not mark.exists()


def test_a_server_that_names_a_file_elsewhere_is_not_believed(database: Database, twin_server: EmbeddedServer) -> None:
    database.execute("CREATE TABLE t (n int)")
    with tempfile.TemporaryDirectory() as folder, open_twin(read_snapshot(database.dsn), twin_server) as twin:
        precious = Path(folder) / "base" / "5" / "16384"
        precious.parent.mkdir(parents=True)
        precious.write_text("whole")
        with twin_server.admin(twin._owner.info.dbname) as hostile:
            hostile.execute(
                "CREATE OR REPLACE FUNCTION pg_catalog.pg_relation_filepath(regclass) RETURNS text LANGUAGE sql"
                f" AS $f$ SELECT '{precious}' $f$".encode()
            )
        with pytest.raises(TwinError, match="no file of a relation"):
            twin.add([IndexDefinition("i", QualifiedName("public", "t"), (IndexKey("n"),))])
        assert precious.read_text() == "whole"
