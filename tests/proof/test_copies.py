"""The copies themselves: on a server of the user's, which takes a second; what was left out, and why one fails."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgwright.errors import ConnectionFailed, ProofError
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.proof.copies import Copies, make_copies, settle
from tests.support.database import Database
from tests.support.postgres import on_few_versions


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    name = f"r_{database.name}"
    database.execute(f"CREATE ROLE {name} LOGIN")
    yield name
    database.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.fixture
def staging(database: Database) -> Iterator[str]:
    """A DSN of the server, as a role that may create databases and nothing else."""
    name = f"s_{database.name}"
    database.execute(f"CREATE ROLE {name} LOGIN CREATEDB")
    yield make_conninfo(database.server.dsn(), user=name)
    database.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def lost(copies: Copies) -> list[NotExamined]:
    """Return what was told, but for the extension of the template: an ordinary role may not make it."""
    return [one for one in copies.not_examined if one.what != "extension pg_stat_statements"]


def copied(source: str, staging: str) -> Copies:
    """Copy, and give back what was told of it; the copies are gone by then."""
    with make_copies(source, 0, staging=staging) as made:
        return made


def test_both_copies_are_whole_analyzed_and_vacuumed(database: Database, staging: str) -> None:
    database.execute("CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 1000)")
    with make_copies(database.dsn, 0, staging=staging) as made:
        assert made.before != made.after
        assert lost(made) == []
        for dsn in (made.before, made.after):
            assert rows(dsn, "SELECT count(*) FROM t") == [(1000,)]
            state = "SELECT reltuples, relallvisible > 0 FROM pg_class WHERE relname = 't'"
            assert rows(dsn, state) == [(1000.0, True)]


def test_what_the_copy_could_not_take_is_told(database: Database, staging: str) -> None:
    database.execute("CREATE FUNCTION long(text) RETURNS int LANGUAGE internal STRICT AS 'textlen'")
    (missing,) = lost(copied(database.dsn, staging))
    assert missing.what == "function public.long(text)"
    assert missing.reason.startswith("left out of the copy: ")


def test_rows_arrive_though_a_check_finds_its_names_by_the_search_path_alone(database: Database, staging: str) -> None:
    """pg_restore works with an empty one, so that the whole table stays empty there."""
    database.execute(
        "CREATE SCHEMA app; CREATE TABLE app.known (n int); INSERT INTO app.known VALUES (1), (2);"
        "CREATE FUNCTION app.is_known(int) RETURNS bool LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN EXISTS (SELECT FROM known WHERE n = $1); END $$;"
        f"ALTER DATABASE {database.name} SET search_path = app;"
    )
    database.execute(
        "CREATE TABLE t (n int CHECK (is_known(n)), note text, twice int GENERATED ALWAYS AS (n * 2) STORED);"
        "INSERT INTO t VALUES (1, E'a\\tb'), (2, NULL)"
    )
    with make_copies(database.dsn, 0, staging=staging) as made:
        assert made.lost_rows == ()
        assert lost(made) == []
        for dsn in (made.before, made.after):
            assert rows(dsn, "SELECT * FROM app.t ORDER BY n") == [(1, "a\tb", 2), (2, None, 4)]


def test_rows_that_do_not_arrive_are_counted_by_table(database: Database, staging: str) -> None:
    database.execute(
        "CREATE TABLE t (n int CHECK (current_database() NOT LIKE 'pgwright%')); INSERT INTO t VALUES (1), (2);"
        "CREATE TABLE u (n int); INSERT INTO u VALUES (1)"
    )
    made = copied(database.dsn, staging)
    (gone,) = made.lost_rows
    assert (gone.table, gone.rows, gone.rows_here) == (QualifiedName("public", "t"), 2, 0)
    assert 'violates check constraint "t_check"' in gone.reason
    assert lost(made) == []


def test_no_operator_of_the_source_is_called_to_count_its_rows(database: Database, staging: str) -> None:
    """Its owner decides where names are looked for."""
    database.execute(
        "CREATE SCHEMA trap; CREATE TABLE t (n int); INSERT INTO t VALUES (1);"
        "CREATE FUNCTION trap.caught(name, text) RETURNS bool LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE 'trapped'; END $$;"
        "CREATE OPERATOR trap.<> (LEFTARG = name, RIGHTARG = text, FUNCTION = trap.caught);"
        f"ALTER DATABASE {database.name} SET search_path = trap, pg_catalog, public"
    )
    assert copied(database.dsn, staging).lost_rows == ()


@pytest.mark.parametrize(
    ("prepare", "hint"),
    [
        ("", "permission denied for table t. A copy reads every table: GRANT pg_read_all_data"),
        (
            "GRANT SELECT ON t TO {role}; ALTER TABLE t ENABLE ROW LEVEL SECURITY",
            'row-level security policy for table "t". A copy needs all rows: connect as a role with BYPASSRLS.',
        ),
    ],
)
def test_a_role_that_may_not_read_it_all_is_told_what_it_needs(
    database: Database, role: str, staging: str, prepare: str, hint: str
) -> None:
    database.execute("CREATE TABLE t (n int);" + prepare.format(role=role))
    with pytest.raises(ProofError) as raised:
        copied(make_conninfo(database.dsn, user=role), staging)
    assert str(raised.value).startswith("could not copy ")
    assert hint in str(raised.value)


@pytest.mark.pg(">= 14")  # statistics on expressions
def test_an_expression_that_fails_when_analyzed_is_told(database: Database, staging: str) -> None:
    database.execute("""
        CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 1);
        CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
        CREATE STATISTICS s ON (f(a)), b FROM t;
        CREATE OR REPLACE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql
            AS $$ BEGIN RAISE 'not for %', $1; END $$
    """)
    with pytest.raises(ProofError, match="the copy cannot be analyzed: not for 1"):
        copied(database.dsn, staging)


def test_a_staging_role_that_may_not_create_databases_is_told(database: Database, role: str) -> None:
    with (
        pytest.raises(ProofError, match=r"could not set up a copy on .*: permission denied to create database"),
        make_copies(database.dsn, 0, staging=make_conninfo(database.server.dsn(), user=role)),
    ):
        pass


def test_a_staging_server_that_is_not_there_is_told(database: Database) -> None:
    with (
        pytest.raises(ConnectionFailed, match=r"Check the staging DSN\."),
        make_copies(database.dsn, 0, staging="host=/nowhere user=me password=s3cret") as _,
    ):
        pass


def test_rooms_for_three_are_asked_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 3 * 2**30 - 1}))
    with (
        pytest.raises(ProofError, match=r"has 1\.0 GiB and its copies need 3 times as much, but .* has 3\.0 GiB free"),
        make_copies(database.dsn, 2**30),
    ):
        pass


@pytest.mark.parametrize(
    ("rights", "said"),
    [
        ("SUPERUSER", "is a superuser"),
        ("CREATEDB CREATEROLE", "may make roles"),
        ("CREATEDB IN ROLE pg_write_server_files", "reaches files and programs"),
        ("CREATEDB IN ROLE pg_signal_backend", "end the sessions of others"),
        pytest.param(
            "CREATEDB IN ROLE pg_create_subscription", "subscribe to other servers", marks=pytest.mark.pg(">= 16")
        ),
    ],
)
def test_a_staging_role_with_more_rights_is_refused(database: Database, rights: str, said: str) -> None:
    name = f"much_{database.name}"
    database.execute(f"CREATE ROLE {name} LOGIN {rights}")
    staging = make_conninfo(database.server.dsn(), user=name)
    refused = f"functions of the source would run .*{said}.* CREATE ROLE copies LOGIN CREATEDB"
    try:
        with pytest.raises(ProofError, match=refused):
            copied(database.dsn, staging)
    finally:
        database.execute(f"DROP ROLE {name}")


def test_a_staging_role_that_owns_another_database_is_refused(database: Database, staging: str) -> None:
    name = conninfo_to_dict(staging)["user"]
    database.execute(f"CREATE ROLE o_{database.name} ROLE {name}")
    database.execute(f"ALTER DATABASE {database.name} OWNER TO o_{database.name}")
    try:
        with pytest.raises(ProofError, match=f"is the owner of the database {database.name}"):
            copied(database.dsn, staging)
    finally:
        database.execute(f"ALTER DATABASE {database.name} OWNER TO postgres; DROP ROLE o_{database.name}")


def test_a_role_that_staging_has_set_hides_no_rights(database: Database, staging: str) -> None:
    name = f"much_{database.name}"
    database.execute(f"CREATE ROLE {name} LOGIN SUPERUSER")
    database.execute(f"ALTER ROLE {name} SET role = {conninfo_to_dict(staging)['user']}")
    try:
        with pytest.raises(ProofError, match=f"rights of '{name}', which is a superuser"):
            copied(database.dsn, make_conninfo(staging, user=name))
    finally:
        database.execute(f"DROP ROLE {name}")


@on_few_versions
def test_a_copy_that_another_run_left_refuses_nobody(database: Database, staging: str) -> None:
    name = f"pgwright_before_{database.name[-8:]}"
    with psycopg.connect(staging, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        assert lost(copied(database.dsn, staging)) == []
    finally:
        database.execute(f"DROP DATABASE {name}")


# A function that is run as its index is built, and that does something to the copy it is in.
KEEP = """
    CREATE FUNCTION public.act() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN
        IF current_database() LIKE 'pgwright%' THEN {then}; END IF; RETURN 1; END $f$;
    CREATE FUNCTION public.keep(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
        $f$ BEGIN RETURN public.act() + $1; END $f$;
    CREATE TABLE kept (n int); INSERT INTO kept VALUES (1); CREATE INDEX ON kept (public.keep(n));
"""
TEMPLATE = "EXECUTE 'ALTER DATABASE ' || quote_ident(current_database()) || ' IS_TEMPLATE true'"
CLOSED = "EXECUTE 'ALTER ROLE CURRENT_USER SET default_transaction_read_only = on'"


def left(database: Database, oids: list[int]) -> list[tuple[object, ...]]:
    return database.rows(f"SELECT datname FROM pg_database WHERE oid = ANY ('{{{','.join(map(str, oids))}}}')")


def oids_of(made: Copies) -> list[int]:
    query = "SELECT oid::int FROM pg_database WHERE datname = current_database()"
    return [int(str(rows(dsn, query)[0][0])) for dsn in (made.before, made.after)]


@pytest.mark.parametrize("then", [TEMPLATE, f"BEGIN {TEMPLATE}; {CLOSED}; EXCEPTION WHEN OTHERS THEN NULL; END"])
@on_few_versions
def test_copies_that_a_function_made_templates_are_dropped(database: Database, staging: str, then: str) -> None:
    database.execute(KEEP.format(then=then))
    with make_copies(database.dsn, 0, staging=staging) as made:
        oids = oids_of(made)
        # That of the copied database is not copied.
        with psycopg.connect(made.after, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("CREATE INDEX ON kept (public.keep(n + 1))")
        marked = "SELECT count(*) FROM pg_database WHERE datname LIKE 'pgwright%' AND datistemplate"
        assert rows(made.before, marked) == [(2,)], "the function has its effect"
    assert left(database, oids) == []


def test_a_function_that_makes_a_template_stops_no_proof_on_our_own_server(database: Database) -> None:
    database.execute(KEEP.format(then=TEMPLATE))
    with make_copies(database.dsn, 0) as made:
        marked = "SELECT datistemplate FROM pg_database WHERE datname = current_database()"
        assert rows(made.before, marked) == [(True,)], "the function has its effect"


def test_a_copy_that_a_function_renamed_is_dropped(database: Database, staging: str) -> None:
    with make_copies(database.dsn, 0, staging=staging) as made:
        oids = oids_of(made)
        before = conninfo_to_dict(made.before)["dbname"]
        with psycopg.connect(made.after, autocommit=True) as connection:
            connection.execute(f"DO $$ BEGIN ALTER DATABASE {before} RENAME TO other_{database.name}; END $$".encode())
    assert left(database, oids) == []


def test_a_copy_that_stays_is_named_and_the_other_one_dropped(database: Database, staging: str) -> None:
    oids: list[int] = []

    def kept() -> None:
        with make_copies(database.dsn, 0, staging=staging) as made:
            oids.extend(oids_of(made))
            before = conninfo_to_dict(made.before)["dbname"]
            database.execute(f"ALTER DATABASE {before} OWNER TO postgres")

    with pytest.raises(ProofError) as raised:
        kept()
    ((name,),) = left(database, oids)
    assert re.fullmatch("pgwright_before_[0-9a-f]{8}", str(name))
    assert str(raised.value).startswith(f"could not drop '{name}' on ")
    assert "must be owner of database" in str(raised.value)
    database.execute(f"DROP DATABASE {name}")


def test_copies_that_cannot_be_reached_any_more_are_named(database: Database, staging: str) -> None:
    oids: list[int] = []

    def closed() -> None:
        with make_copies(database.dsn, 0, staging=staging) as made:
            oids.extend(oids_of(made))
            database.execute(f"ALTER ROLE {conninfo_to_dict(staging)['user']} NOLOGIN")

    with pytest.raises(ProofError, match=r"could not drop 'pgwright_before_\w+' and 'pgwright_after_\w+' on .*log in"):
        closed()
    for (name,) in left(database, oids):
        database.execute(f"DROP DATABASE {name}")


def test_large_objects_views_and_sequences_arrive(database: Database, staging: str) -> None:
    database.execute("""
        CREATE TABLE t (id serial PRIMARY KEY, n int); INSERT INTO t (n) SELECT generate_series(1, 50);
        CREATE MATERIALIZED VIEW m AS SELECT sum(n) AS total FROM t; CREATE UNIQUE INDEX m_total ON m (total);
        CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n = 0; RETURN NEW; END $$;
        CREATE TRIGGER t_up BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION up();
        COMMENT ON TABLE t IS 'words';
        SELECT lo_from_bytea(0, 'large');
    """)
    with make_copies(database.dsn, 0, staging=staging) as made:
        assert lost(made) == []
        assert rows(made.after, "SELECT total, (SELECT last_value FROM t_id_seq) FROM m") == [(1275, 50)]
        assert rows(made.after, "SELECT count(*), sum(n) FROM t") == [(50, 1275)]
        assert rows(made.after, "SELECT convert_from(lo_get(oid), 'UTF8') FROM pg_largeobject_metadata") == [("large",)]
        assert rows(made.after, "SELECT count(*) FROM pg_trigger WHERE tgname = 't_up'") == [(1,)]


TRAP = """
    CREATE FUNCTION public.spring() RETURNS int LANGUAGE plpgsql {definer} AS $f$ BEGIN
        EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {mark}'''; RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 1; END $f$;
    CREATE FUNCTION public.tax(int) RETURNS int LANGUAGE plpgsql IMMUTABLE {definer} AS
        $f$ BEGIN RETURN public.spring() + $1; END $f$;
    CREATE DOMAIN fair AS int CHECK (public.tax(VALUE) > 0);
    CREATE TABLE trapped (n int PRIMARY KEY CHECK (public.tax(n) > 0), d fair,
        g int GENERATED ALWAYS AS (public.tax(n)) STORED);
    INSERT INTO trapped SELECT i, i FROM generate_series(1, 10) i;
    CREATE INDEX trapped_tax ON trapped (public.tax(n)) WHERE public.tax(n) > 0;
    CREATE STATISTICS trapped_more ON (public.tax(n)), (n + 1) FROM trapped;
    CREATE MATERIALIZED VIEW trapped_view AS SELECT public.tax(n) FROM trapped;
    ANALYZE trapped;
"""


@pytest.mark.pg(">= 14")  # statistics on expressions
@pytest.mark.parametrize("definer", ["", "SECURITY DEFINER"])
def test_no_function_of_the_source_has_rights_on_the_copies_server(database: Database, definer: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        mark = Path(folder) / "mark"
        database.execute(TRAP.format(mark=mark, definer=definer))
        assert mark.exists(), "it runs where it has the rights"
        mark.unlink()
        with make_copies(database.dsn, 0) as made:
            assert made.not_examined == ()
            assert rows(made.after, "SELECT count(*) FROM trapped JOIN trapped_view ON g = tax") == [(10,)]
            with psycopg.connect(made.after, autocommit=True) as connection:
                connection.execute("UPDATE trapped SET d = d; CREATE INDEX ON trapped (public.tax(d))")
            settle(made.after)
            assert rows(made.after, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]
        assert not mark.exists()


def test_what_only_a_superuser_may_make_is_made(database: Database) -> None:
    database.execute("""
        CREATE EXTENSION btree_gin; CREATE EXTENSION pgstattuple; CREATE EXTENSION dblink; CREATE SCHEMA x;
        CREATE EXTENSION citext SCHEMA x;
        CREATE TABLE t (n int, c x.citext); INSERT INTO t VALUES (1, 'A'); CREATE INDEX t_n ON t USING gin (n);
        ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t TO pg_monitor USING (true);
    """)
    with make_copies(database.dsn, 0) as made:
        (told,) = made.not_examined
        assert told.what == "extension dblink"
        assert rows(made.before, "SELECT n FROM t WHERE c OPERATOR(x.=) 'a'") == [(1,)]
