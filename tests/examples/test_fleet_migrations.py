"""The Alembic history of the fleet app: up, down, up again, and the models agree with it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError

from fleet import schema
from fleet.address import to_url
from fleet.after.models import Base as AfterBase
from fleet.before.models import Base as BeforeBase
from tests.support.database import Database

pytest_plugins = ["tests.support.fleet_databases"]

SCHEMA = """
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT table_name, column_name || ' ' || data_type || is_nullable || coalesce(column_default, '')
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT tablename, policyname || qual || with_check FROM pg_policies
    UNION ALL
    SELECT relname, concat(relkind, relrowsecurity, relforcerowsecurity) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'refresh%'
    UNION ALL
    SELECT relname, relacl::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relacl::text LIKE '%fleet_app%'
    ORDER BY 1, 2
"""


@contextmanager
def connected(database: Database) -> Iterator[Connection]:
    engine = create_engine(to_url(database.url()))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_up_down_and_up_again_leave_the_same_schema_and_rows(before_copy: Database) -> None:
    tables = ("organizations", "couriers", "deliveries", "cash_collections", "salaries")
    sums = [f"SELECT count(*), sum(hashtextextended({table}::text, 0)) FROM {table}" for table in tables]
    old_schema, old_rows = before_copy.rows(SCHEMA), [before_copy.rows(query) for query in sums]
    schema.upgrade(before_copy.url())
    new_schema = before_copy.rows(SCHEMA)
    assert new_schema != old_schema
    schema.downgrade(before_copy.url(), "0001")
    assert before_copy.rows(SCHEMA) == old_schema
    assert [before_copy.rows(query) for query in sums] == old_rows
    schema.upgrade(before_copy.url())
    assert before_copy.rows(SCHEMA) == new_schema
    schema.downgrade(before_copy.url(), "base")
    assert before_copy.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("alembic_version",)]


def test_the_first_revision_is_the_models_before(loaded: Database) -> None:
    with connected(loaded) as connection:
        assert compare_metadata(MigrationContext.configure(connection), BeforeBase.metadata) == []
    assert loaded.rows("SELECT count(*) FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
                       " AND indexname NOT LIKE 'pk_%'") == [(0,)]  # fmt: skip


def test_the_head_is_the_models_after(fixed: Database) -> None:
    with connected(fixed) as connection:
        assert compare_metadata(MigrationContext.configure(connection), AfterBase.metadata) == []
    command.check(schema.configuration(fixed.url()))


def test_every_table_of_a_tenant_has_its_policy_and_an_index_that_begins_with_the_tenant(fixed: Database) -> None:
    unserved = fixed.rows("""
        SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE attname = 'organization_id' AND relkind IN ('r', 'm') AND NOT EXISTS (
            SELECT FROM pg_index WHERE indrelid = attrelid AND indkey[0] = attnum AND indisvalid)
    """)
    assert unserved == []
    [(guarded,)] = fixed.rows("SELECT count(*) FROM pg_policies WHERE qual LIKE '%( SELECT%current_setting%'")
    assert guarded == 7
    bypassed = fixed.rows("""
        SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE attname = 'organization_id' AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)
    """)
    assert bypassed == []


VIEW = "VIEW obstacle AS SELECT * FROM {}"
# In the way of the last step: who depends on a table, or has its name.
OBSTACLES = {
    ("0002", "0003"): "TABLE view_refreshes (n int)",
    ("0003", "0002"): VIEW.format("view_refreshes"),
    ("0003", "0004"): "TABLE tenant_months (n int)",
    ("0004", "0003"): VIEW.format("pgwright_refreshes"),
}


@pytest.mark.parametrize(("start", "end"), OBSTACLES)
def test_an_interrupted_revision_is_run_again(before_copy: Database, start: str, end: str) -> None:
    schema.upgrade(before_copy.url(), start)
    move = schema.upgrade if start < end else schema.downgrade
    obstacle = OBSTACLES[start, end]
    before_copy.execute(f"CREATE {obstacle}")
    with pytest.raises(DBAPIError):
        move(before_copy.url(), end)
    assert before_copy.rows("SELECT version_num FROM alembic_version") == [(start,)]
    before_copy.execute(f"DROP {' '.join(obstacle.split()[:2])}")
    move(before_copy.url(), end)
    assert before_copy.rows("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    assert before_copy.rows("SELECT count(*) FROM pg_policies") == [(0 if end == "0002" else 7,)]


def test_the_moment_of_the_last_refresh_is_kept_there_and_back(before_copy: Database) -> None:
    schema.upgrade(before_copy.url(), "0003")
    refreshed = before_copy.rows("SELECT refreshed_at FROM view_refreshes")
    schema.upgrade(before_copy.url(), "0004")
    kept = "SELECT data_at FROM pgwright_refreshes WHERE view_name = 'delivery_dashboard'"
    assert before_copy.rows(kept) == refreshed
    schema.downgrade(before_copy.url(), "0003")
    assert before_copy.rows("SELECT refreshed_at FROM view_refreshes") == refreshed


@pytest.mark.parametrize("revisions", ["head", "head:base"])
def test_prints_its_sql_offline(monkeypatch: pytest.MonkeyPatch, revisions: str) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    config = schema.configuration("postgresql://nowhere/fleet")
    printed = config.output_buffer = io.StringIO()
    with redirect_stdout(printed):
        (command.upgrade if revisions == "head" else command.downgrade)(config, revisions, sql=True)
    said = printed.getvalue()
    assert ("CREATE MATERIALIZED VIEW" in said) or ("DROP MATERIALIZED VIEW" in said)
