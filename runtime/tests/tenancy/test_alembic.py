"""Tenants' policies as Alembic operations: there and back, offline, and found by autogenerate."""

from __future__ import annotations

import importlib
import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    Uuid,
    create_engine,
)

import pgwright_runtime.tenancy.alembic  # noqa: F401
from pgwright_runtime import tenancy
from pgwright_runtime.tenancy import TenantPolicy, tenant_policy
from runtime.tests.support.tenancy_couriers import TABLES, A, Base, app_url, make_role
from tests.support.database import Database

CATALOG = """
    SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, p.policyname, p.cmd, p.roles::text, p.qual, p.with_check
    FROM pg_class c LEFT JOIN pg_policies p ON p.tablename = c.relname
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1, 4
"""


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    engine = create_engine(database.url("psycopg"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def catalog(connection: Connection) -> list[Any]:
    return list(connection.exec_driver_sql(CATALOG))


def context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"compare_server_default": False})


def upgrade_and_downgrade(connection: Connection, metadata: MetaData) -> tuple[str, str]:
    """Return the bodies of the revision that autogenerate writes."""
    script = produce_migrations(context(connection), metadata)
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    up, down = (
        render_python_code(ops, migration_context=context(connection))
        for ops in (script.upgrade_ops, script.downgrade_ops)
    )
    return up, down


def run(connection: Connection, body: str) -> None:
    lines = [line[4:] if line.startswith("    ") else line for line in body.splitlines()]
    exec("\n".join(lines), {"op": Operations(context(connection)), "sa": sqlalchemy})
    connection.commit()


def test_up_down_and_up_again_gives_the_same_catalog(connection: Connection) -> None:
    empty = catalog(connection)
    up, down = upgrade_and_downgrade(connection, Base.metadata)
    run(connection, up)
    first = catalog(connection)
    assert compare_metadata(context(connection), Base.metadata) == []
    run(connection, down)
    assert catalog(connection) == empty
    run(connection, up)
    assert catalog(connection) == first
    assert [row[:4] for row in first] == [
        ("couriers", True, True, "tenant_isolation"),
        ("vehicles", True, True, "tenant_isolation"),
    ]


def test_a_check_of_the_models_names_what_is_missing_and_what_is_too_much(connection: Connection) -> None:
    Base.metadata.create_all(connection)
    couriers = TenantPolicy("organization_id", type="integer")
    missing = [("create_tenant_policy", None, name, couriers) for name in ("couriers", "vehicles")]
    assert sorted(compare_metadata(context(connection), Base.metadata), key=lambda diff: diff[2]) == missing
    run(connection, upgrade_and_downgrade(connection, Base.metadata)[0])
    plain = MetaData()
    for declared in Base.metadata.sorted_tables:
        declared.to_metadata(plain).info.clear()
    too_much = [("drop_tenant_policy", None, name, couriers) for name in ("couriers", "vehicles")]
    assert sorted(compare_metadata(context(connection), plain), key=lambda diff: diff[2]) == too_much


def test_policies_come_after_tables_and_go_before_them(connection: Connection) -> None:
    up, down = upgrade_and_downgrade(connection, Base.metadata)
    assert up.index("create_table('couriers'") < up.index("create_tenant_policy('couriers'")
    assert down.index("drop_tenant_policy('couriers'") < down.index("drop_table('couriers'")

    metadata = MetaData()  # of one table, for Alembic drops several in any order
    table(metadata, "shops", Integer(), setting="app.shop")
    run(connection, upgrade_and_downgrade(connection, metadata)[0])
    before = catalog(connection)
    up, down = upgrade_and_downgrade(connection, MetaData())
    run(connection, up)
    assert catalog(connection) == []
    run(connection, down)
    assert catalog(connection) == before


def table(metadata: MetaData, name: str, kind: Any, **policy: Any) -> Table:
    info = tenant_policy("Org %d:id", **policy)["info"] if policy else None
    return Table(
        name, metadata, Column("id", Integer, primary_key=True), Column("Org %d:id", kind, index=True), info=info
    )


@pytest.mark.parametrize("kind", [Integer(), String(), String(20), Uuid()])
def test_every_type_is_found_again_under_awkward_names(connection: Connection, kind: Any) -> None:
    metadata = MetaData()
    table(metadata, 'Odd "table', kind, setting="app.Shop_1")
    up, _ = upgrade_and_downgrade(connection, metadata)
    run(connection, up)
    assert compare_metadata(context(connection), metadata) == []
    assert catalog(connection)[0][3] == "tenant_isolation"


class Key(TypeDecorator[Any]):
    impl = Uuid
    cache_ok = True


def test_a_stated_type_counts_where_the_columns_own_is_unknown_or_another(connection: Connection) -> None:
    metadata = MetaData()
    table(metadata, "shops", Key())
    metadata.tables["shops"].info["tenant"] = TenantPolicy("Org %d:id")
    with pytest.raises(ValueError, match="state the type"):
        upgrade_and_downgrade(connection, metadata)
    metadata.tables["shops"].info["tenant"] = TenantPolicy("Org %d:id", type="uuid")
    table(metadata, "vans", Integer(), type="bigint")
    metadata.create_all(connection)
    run(connection, upgrade_and_downgrade(connection, metadata)[0])
    assert compare_metadata(context(connection), metadata) == []
    assert [("::uuid" in row.qual, "::bigint" in row.qual) for row in catalog(connection)] == [
        (True, False),
        (False, True),
    ]


def test_a_changed_declaration_replaces_the_policy_and_goes_back(connection: Connection) -> None:
    old, new, none = MetaData(), MetaData(), MetaData()
    for metadata, policy in ((old, {"setting": "app.old"}), (new, {"setting": "app.new"}), (none, {})):
        table(metadata, "shops", Integer(), **policy)
    run(connection, upgrade_and_downgrade(connection, old)[0])
    before = catalog(connection)
    for metadata in (new, none):
        up, down = upgrade_and_downgrade(connection, metadata)
        assert "drop_tenant_policy" in up
        run(connection, up)
        assert compare_metadata(context(connection), metadata) == []
        assert catalog(connection) != before
        run(connection, down)
        assert catalog(connection) == before


CHANGES = {
    "another type": {"kind": BigInteger()},
    "a longer text": {"kind": String(50), "from": String(20)},
    "another column": {"column": "tenant_id"},
    "no tenants": {"column": "tenant_id", "policy": False},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_column_that_a_policy_reads_can_be_changed_or_dropped(connection: Connection, change: dict[str, Any]) -> None:
    old, new = MetaData(), MetaData()
    shops(old, change.get("from", Integer()))
    shops(new, change.get("kind", Integer()), change.get("column", "org"), has_policy=change.get("policy", True))
    run(connection, upgrade_and_downgrade(connection, old)[0])
    before = catalog(connection)
    up, down = upgrade_and_downgrade(connection, new)
    run(connection, up)
    assert compare_metadata(context(connection), new) == []
    assert catalog(connection) != before or change.get("kind")
    run(connection, down)
    assert catalog(connection) == before
    assert compare_metadata(context(connection), old) == []


def shops(metadata: MetaData, kind: Any, column: str = "org", name: str = "shops", *, has_policy: bool = True) -> None:
    info = tenant_policy(column)["info"] if has_policy else None
    Table(name, metadata, Column("id", Integer, primary_key=True), Column(column, kind, index=True), info=info)


def test_the_policy_follows_a_table_and_a_column_that_are_renamed(connection: Connection) -> None:
    old, new = MetaData(), MetaData()
    shops(old, Integer())
    shops(new, Integer(), "Tenant Id", "Shops")
    run(connection, upgrade_and_downgrade(connection, old)[0])
    op = Operations(context(connection))
    op.rename_table("shops", "Shops")
    op.alter_column("Shops", "org", new_column_name="Tenant Id")
    op.execute('ALTER INDEX ix_shops_org RENAME TO "ix_Shops_Tenant Id"')
    assert compare_metadata(context(connection), new) == []


def test_other_schemas_are_compared_as_well(connection: Connection) -> None:
    connection.exec_driver_sql('CREATE SCHEMA "Odd one"')
    connection.commit()
    metadata = MetaData(schema="Odd one")
    shops(metadata, Integer())
    options = {"include_schemas": True}
    configured = MigrationContext.configure(connection, opts=options)
    script = produce_migrations(configured, metadata)
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    run(connection, render_python_code(script.upgrade_ops, migration_context=configured))
    policies = "SELECT schemaname, tablename FROM pg_policies"
    assert connection.exec_driver_sql(policies).all() == [("Odd one", "shops")]
    assert compare_metadata(configured, metadata) == []
    run(connection, render_python_code(script.downgrade_ops, migration_context=configured))
    assert connection.exec_driver_sql(policies).all() == []


def test_a_partitioned_table_is_declared_as_any_other(connection: Connection) -> None:
    metadata = MetaData()
    Table(
        "trips",
        metadata,
        Column("org", Integer, primary_key=True),
        postgresql_partition_by="LIST (org)",
        **tenant_policy("org"),
    )
    run(connection, upgrade_and_downgrade(connection, metadata)[0])
    assert connection.exec_driver_sql("SELECT tablename FROM pg_policies").all() == [("trips",)]
    assert compare_metadata(context(connection), metadata) == []


HAND_MADE = {
    "opened": "DROP POLICY tenant_isolation ON couriers; CREATE POLICY tenant_isolation ON couriers USING (true)",
    "read only": """DROP POLICY tenant_isolation ON couriers;
        CREATE POLICY tenant_isolation ON couriers AS RESTRICTIVE FOR SELECT TO postgres USING (status > '''% :x')""",
    "for two roles": """DROP POLICY tenant_isolation ON couriers;
        CREATE POLICY tenant_isolation ON couriers FOR UPDATE TO postgres, pg_monitor USING (true)""",
    "evaluated per row": """ALTER POLICY tenant_isolation ON couriers
        USING (organization_id = current_setting('app.current_org_id')::int)""",
    "disabled": "ALTER TABLE couriers DISABLE ROW LEVEL SECURITY",
    "disabled, not forced": "ALTER TABLE couriers DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY",
    "not forced": "ALTER TABLE couriers NO FORCE ROW LEVEL SECURITY",
    "dropped": "DROP POLICY tenant_isolation ON couriers",
    "renamed": "ALTER POLICY tenant_isolation ON couriers RENAME TO another",
}


@pytest.mark.parametrize("change", HAND_MADE.values(), ids=HAND_MADE.keys())
def test_what_was_changed_by_hand_is_put_right_and_goes_back(
    connection: Connection, database: Database, change: str
) -> None:
    run(connection, upgrade_and_downgrade(connection, Base.metadata)[0])
    right = catalog(connection)
    connection.commit()
    database.execute(change)
    changed = catalog(connection)
    assert changed != right
    up, down = upgrade_and_downgrade(connection, Base.metadata)
    run(connection, up)
    assert catalog(connection) == right
    run(connection, down)
    assert catalog(connection) == changed


def test_policies_of_others_are_left_alone(connection: Connection, database: Database) -> None:
    run(connection, upgrade_and_downgrade(connection, Base.metadata)[0])
    connection.commit()
    database.execute("CREATE POLICY auditors ON couriers FOR SELECT TO pg_monitor USING (true)")
    assert compare_metadata(context(connection), Base.metadata) == []
    op: Any = Operations(context(connection))
    op.drop_tenant_policy("couriers", "organization_id")
    assert catalog(connection)[0][1:4] == (True, True, "auditors")  # row security holds while a policy is left


def test_a_table_without_an_index_for_its_tenants_is_named(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    metadata = MetaData()
    Table("bare", metadata, Column("id", Integer, primary_key=True), Column("org", Integer), **tenant_policy("org"))
    with caplog.at_level(logging.WARNING):
        upgrade_and_downgrade(connection, Base.metadata)
        assert not caplog.records
        upgrade_and_downgrade(connection, metadata)
    assert "declare Index('ix_bare_org', 'org')" in caplog.text


def test_offline_scripts_do_the_same(connection: Connection, database: Database) -> None:
    database.execute(TABLES)
    before, states = catalog(connection), []
    for function in ("create_tenant_policy", "drop_tenant_policy"):
        script = io.StringIO()
        offline = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": script})
        getattr(Operations(offline), function)("couriers", column="organization_id", schema="public")
        connection.commit()
        database.execute(script.getvalue())
        states.append(catalog(connection))
    assert states[0][0][:4] == ("couriers", True, True, "tenant_isolation")
    assert states[1] == before


def test_a_declaration_that_fits_no_column_is_refused(connection: Connection) -> None:
    for info in (TenantPolicy("nowhere"), "organization_id"):
        metadata = MetaData()
        Table("bare", metadata, Column("id", Integer, primary_key=True), info={"tenant": info})
        with pytest.raises(ValueError, match="no TenantPolicy of one of its columns"):
            upgrade_and_downgrade(connection, metadata)
    with pytest.raises(ValueError, match="prefix"):
        TenantPolicy("org", setting="app.x'::int OR true --")
    with pytest.raises(ValueError, match="no type"):
        TenantPolicy("org", type="int) OR (true")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("missing", "message"), [("alembic", "pip install"), ("pgwright_runtime.tenancy.catalog", "tenancy.catalog")]
)
def test_only_where_alembic_is_missing_the_import_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, missing: str, message: str
) -> None:
    for name in ("alembic", "comparison", "operations"):
        monkeypatch.delattr(tenancy, name)
        monkeypatch.delitem(sys.modules, f"pgwright_runtime.tenancy.{name}")
    for name in [name for name in sys.modules if name.startswith(f"{missing}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=message):
        importlib.import_module("pgwright_runtime.tenancy.alembic")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def test_an_index_serves_the_policy_and_the_setting_is_read_once(connection: Connection, database: Database) -> None:
    run(connection, upgrade_and_downgrade(connection, Base.metadata)[0])
    connection.commit()
    database.execute(
        "INSERT INTO couriers (organization_id, status) SELECT i % 200, 'free' FROM generate_series(1, 20000) i;"
        "ANALYZE couriers"
    )
    make_role(database)
    wrapped = explain(database)
    assert reader(wrapped).get("Index Name") == "ix_couriers_org_status"
    assert "InitPlan" in {node.get("Parent Relationship") for node in nodes(wrapped)}
    assert "current_setting" not in json.dumps(reader(wrapped)["Index Cond"])

    database.execute(HAND_MADE["evaluated per row"])
    per_row = explain(database)
    assert "InitPlan" not in {node.get("Parent Relationship") for node in nodes(per_row)}
    assert "current_setting" in json.dumps(reader(per_row))  # evaluated where rows are read


def reader(plan: dict[str, Any]) -> dict[str, Any]:
    return next(node for node in nodes(plan) if "Index Cond" in node or node["Node Type"] == "Seq Scan")


def explain(database: Database) -> dict[str, Any]:
    engine = create_engine(app_url(database, "psycopg"))
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT set_config('app.current_org_id', '{A}', true)")
        answer = connection.exec_driver_sql("EXPLAIN (FORMAT JSON) SELECT * FROM couriers").scalar_one()
    engine.dispose()
    plan: dict[str, Any] = answer[0]["Plan"]
    return plan
