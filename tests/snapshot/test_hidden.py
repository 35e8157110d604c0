"""What a role may not see is told by its cause; what is advised makes the reading complete, on every version."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgwright.checks import run_checks
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from tests.support.database import Database
from tests.support.postgres import MAJOR
from tests.support.roles import apply_remedies, role_of

SCHEMA = """
CREATE ROLE {owner};
CREATE SCHEMA "Odd Schema"; CREATE SCHEMA app AUTHORIZATION {owner};
CREATE TABLE "Odd Schema"."Order" (id text PRIMARY KEY, note text);
CREATE TABLE public.open (id int PRIMARY KEY);
CREATE TABLE public.alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO public.alembic_version VALUES ('abc');
CREATE TABLE app.secured (id text PRIMARY KEY, tenant int, deleted_at timestamptz);
CREATE TABLE app.plain (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, b int, c text);
CREATE INDEX plain_lower ON app.plain (lower(c));
CREATE STATISTICS app.plain_ab ON a, b FROM app.plain;
INSERT INTO "Odd Schema"."Order" SELECT md5(i::text), 'n' FROM generate_series(1, 2000) i;
INSERT INTO app.secured SELECT gen_random_uuid(), i % 3, '2020-01-01' FROM generate_series(1, 2000) i;
INSERT INTO app.plain (a, b, c) SELECT i % 5, i % 5, i FROM generate_series(1, 2000) i;
ALTER TABLE app.secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.secured USING (tenant = 1);
ALTER TABLE app.secured OWNER TO {owner}; ALTER TABLE app.plain OWNER TO {owner};
ANALYZE;
"""
SECURED = QualifiedName("app", "secured")


@pytest.fixture
def owned(database: Database) -> Iterator[Database]:
    owner = f"o_{database.name}"
    database.execute(SCHEMA.format(owner=owner))
    yield database
    database.execute(f"DROP OWNED BY {owner}; DROP ROLE {owner}")


def told(snapshot: Snapshot) -> dict[str, str]:
    return {one.what: one.remedy for one in snapshot.not_examined}


@pytest.mark.parametrize("is_forced", [False, True])
def test_what_is_advised_to_a_bare_role_makes_the_reading_complete(owned: Database, is_forced: bool) -> None:
    if is_forced:
        owned.execute("ALTER TABLE app.secured FORCE ROW LEVEL SECURITY")
    owned.rows("SELECT * FROM app.plain WHERE a = 3")
    rich = read_snapshot(owned.dsn)
    assert rich.not_examined == ()
    with role_of(owned) as dsn:
        bare = read_snapshot(dsn)
        assert bare.statistics == ()
        apply_remedies(owned, bare.not_examined)
        again = read_snapshot(dsn)
        assert again.not_examined == ()
    assert again.statistics == rich.statistics
    assert again.extended_statistics == rich.extended_statistics
    assert again.schema_sql.count("CREATE") == rich.schema_sql.count("CREATE")
    assert again.server.alembic_revisions == ("abc",)
    assert {one.name: one.last_value for one in again.sequences} == {one.name: one.last_value for one in rich.sequences}
    assert {one.text for one in again.statements} >= {one.text for one in rich.statements}


@pytest.mark.parametrize("service", ["rds_superuser", "azure_pg_admin", "cloudsqlsuperuser"])
def test_on_a_managed_service_the_owner_is_granted_and_who_can_do_so_is_named(owned: Database, service: str) -> None:
    """BYPASSRLS is not theirs to give."""
    with psycopg.connect(owned.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {service}".encode())
    try:
        with role_of(owned) as dsn:
            bare = read_snapshot(dsn)
            advised = told(bare)["columns' statistics of app.secured"]
            assert advised == f"GRANT o_{owned.name} TO r_{owned.name} -- as {service}"
            apply_remedies(owned, bare.not_examined)
            assert read_snapshot(dsn).not_examined == ()
    finally:
        owned.execute(f"DROP ROLE {service}")


def test_row_level_security_is_named_where_it_hides_statistics(owned: Database) -> None:
    """A role that may read all tables and monitor still sees nothing of them: no GRANT of tables helps."""
    tables = ("pg_read_all_data",) if MAJOR >= 14 else ("USAGE ON SCHEMA app", "SELECT ON ALL TABLES IN SCHEMA app")
    with role_of(owned, "pg_monitor", *tables) as dsn:
        snapshot = read_snapshot(dsn)
        assert told(snapshot)["columns' statistics of app.secured"] == f"ALTER ROLE r_{owned.name} BYPASSRLS"
        run = run_checks(snapshot)
    assert SECURED not in {row.relation for row in snapshot.statistics}
    for check in ("text-uuid-key", "retention-overdue"):
        (entry,) = [one for one in run.not_examined if one.what.startswith(check) and "app.secured" in one.what]
        assert "BYPASSRLS" in entry.remedy
    assert not any("secured" in finding.object for finding in run.findings if finding.check == "never-analyzed")


def test_what_a_role_may_not_read_is_named_by_schema_or_table(owned: Database) -> None:
    with role_of(owned, "USAGE ON SCHEMA app", "SELECT ON app.secured") as dsn:
        entries = told(read_snapshot(dsn))
    (what,) = [one for one in entries if one.startswith("columns' statistics and plans")]
    assert what.endswith('of "Odd Schema", app.plain, public.alembic_version, public.open')
    if MAJOR < 14:
        assert 'USAGE ON SCHEMA "Odd Schema", app, public' in entries[what]
    else:
        assert entries[what] == f"GRANT pg_read_all_data TO r_{owned.name}"


@pytest.mark.parametrize("signs", [["SELECT, INSERT ON app.plain"], ["SELECT ON app.plain"]])
def test_a_role_of_its_own_is_advised_instead_of_rights_for_the_role_of_the_app(
    owned: Database, signs: list[str]
) -> None:
    """With BYPASSRLS or pg_read_all_data, the app would read all tenants' rows from then on."""
    with role_of(owned, "USAGE ON SCHEMA app", *signs) as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("SELECT a FROM app.plain WHERE b = 1")
        bare = read_snapshot(dsn)
        remedies = [one.remedy for one in bare.not_examined if one.remedy]
        assert remedies
        for remedy in remedies:
            assert remedy.startswith("CREATE ROLE pgwright_reader LOGIN; ")
            assert f"TO r_{owned.name}" not in remedy
            assert f"ALTER ROLE r_{owned.name}" not in remedy
            assert remedy.endswith(f"-- then read as pgwright_reader: the app works as r_{owned.name}")
    apply_remedies(owned, bare.not_examined)
    try:
        assert read_snapshot(make_conninfo(owned.dsn, user="pgwright_reader")).not_examined == ()
    finally:
        owned.execute("DROP OWNED BY pgwright_reader; DROP ROLE pgwright_reader")


def test_other_sessions_of_the_role_are_a_sign_of_the_app(owned: Database) -> None:
    with role_of(owned) as dsn:
        assert told(read_snapshot(dsn))["what other roles do"] == f"GRANT pg_monitor TO r_{owned.name}"
        with psycopg.connect(dsn):
            assert "CREATE ROLE pgwright_reader" in told(read_snapshot(dsn))["what other roles do"]


def test_what_is_advised_to_a_role_without_inherit_makes_the_reading_complete(owned: Database) -> None:
    """A plain GRANT gives such a role nothing, and one that it has already is no remedy."""
    with role_of(owned, "pg_monitor") as dsn:
        owned.execute(f"ALTER ROLE r_{owned.name} NOINHERIT")
        if MAJOR >= 16:
            owned.execute(f"GRANT pg_monitor TO r_{owned.name} WITH INHERIT FALSE")
        bare = read_snapshot(dsn)
        assert not any("is no member of pg_monitor" in one.reason for one in bare.not_examined)
        apply_remedies(owned, bare.not_examined)
        assert read_snapshot(dsn).not_examined == ()


def test_a_new_reader_is_advised_all_that_the_role_of_the_app_has(owned: Database) -> None:
    """On 13 nothing gives all schemas at once; and a database may be closed to new roles, or have the reader."""
    owned.execute(f"CREATE SCHEMA mine; CREATE TABLE mine.one (id int); INSERT INTO mine.one VALUES (1); ANALYZE; "
                  f"REVOKE CONNECT ON DATABASE {owned.name} FROM PUBLIC")  # fmt: skip
    grants = ("USAGE ON SCHEMA mine", "SELECT, INSERT ON mine.one", f"CONNECT ON DATABASE {owned.name}")
    with role_of(owned, *grants) as dsn:
        bare = read_snapshot(dsn)
        apply_remedies(owned, bare.not_examined)
        try:
            assert read_snapshot(make_conninfo(owned.dsn, user="pgwright_reader")).not_examined == ()
            assert not any("CREATE ROLE" in one.remedy for one in read_snapshot(dsn).not_examined)
        finally:
            owned.execute("DROP OWNED BY pgwright_reader; DROP ROLE pgwright_reader")


def test_no_superuser_is_granted_to_a_role_that_reads(owned: Database) -> None:
    """Who is granted a superuser may become one; what hides expressions takes no more than a right to read."""
    owned.execute("ALTER TABLE app.plain OWNER TO postgres; ALTER SCHEMA app OWNER TO postgres")
    with role_of(owned) as dsn:
        entries = told(read_snapshot(dsn))
    (statistics,) = [one for what, one in entries.items() if "extended statistics" in what]
    (expressions,) = [one for what, one in entries.items() if "expressions" in what]
    assert statistics == "read as the owner, postgres, a superuser"
    assert expressions == (f"GRANT pg_read_all_data TO r_{owned.name}" if MAJOR >= 14 else statistics)
