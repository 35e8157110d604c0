"""Soft delete in revisions: there and back, offline, and found by autogenerate."""

from __future__ import annotations

import importlib
import io
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, ForeignKey, MetaData, String, UniqueConstraint, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import pgwright_runtime.soft_delete.alembic  # noqa: F401
from pgwright_runtime import soft_delete
from pgwright_runtime.migrations import create_index, patient_session, run_long
from pgwright_runtime.soft_delete import NEVER_AGAIN, SoftDelete, living_rows_only, living_unique, living_view
from runtime.tests.support.soft_delete_library import Base
from tests.support.database import Database

CATALOG = """
    SELECT 'trigger', t.tgrelid::regclass::text, t.tgname, pg_get_triggerdef(t.oid)
    FROM pg_trigger t WHERE NOT tgisinternal
    UNION ALL SELECT 'function', '', proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'view', '', viewname, definition FROM pg_views WHERE viewname ~ '^living'
    UNION ALL SELECT 'policy', tablename, policyname, permissive || roles::text || qual FROM pg_policies
    UNION ALL SELECT 'security', relname, relrowsecurity::text, '' FROM pg_class
              WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    ORDER BY 1, 2, 3
"""


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    engine = create_engine(database.url("psycopg"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"compare_server_default": False})


def catalog(connection: Connection) -> list[Any]:
    found = list(connection.exec_driver_sql(CATALOG))
    connection.rollback()
    return found


def revision(connection: Connection, metadata: MetaData) -> tuple[str, str]:
    """Return the bodies of the revision that autogenerate writes."""
    script = produce_migrations(context(connection), metadata)
    connection.rollback()
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    up, down = (
        render_python_code(ops, migration_context=context(connection))
        for ops in (script.upgrade_ops, script.downgrade_ops)
    )
    connection.rollback()
    return up, down


def run(connection: Connection, body: str) -> None:
    lines = [line[4:] if line.startswith("    ") else line for line in body.splitlines()]
    migration = context(connection)
    names = {"sa": sqlalchemy, "create_index": create_index, "patient_session": patient_session, "run_long": run_long}
    with migration.begin_transaction(), Operations.context(migration) as op:
        exec("\n".join(lines), {"op": op, **names})
    connection.commit()


def differences(connection: Connection, metadata: MetaData) -> list[Any]:
    found: list[Any] = compare_metadata(context(connection), metadata)
    connection.rollback()
    return found


def models(*mark: type[Any], **arguments: tuple[Any, ...]) -> MetaData:
    """Return users, with notes that go with them; `arguments` are `__table_args__` by table."""

    class Models(DeclarativeBase):
        metadata = MetaData(
            naming_convention={"ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
        )

    class User(*mark, Models):  # type: ignore[misc]
        __tablename__ = "users"
        __table_args__ = arguments.get("users", (UniqueConstraint("email"),))
        id: Mapped[int] = mapped_column(primary_key=True)
        email: Mapped[str]

    class Note(*mark, Models):  # type: ignore[misc]
        __tablename__ = "notes"
        __table_args__ = arguments.get("notes", ())
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
        title: Mapped[str]

    return Models.metadata


def test_up_down_and_up_again_gives_the_same_catalog(connection: Connection) -> None:
    empty = catalog(connection)
    up, down = revision(connection, Base.metadata)
    run(connection, up)
    first = catalog(connection)
    assert [one[0] for one in differences(connection, Base.metadata)] == ["add_fk"]  # of the circle: Alembic's own
    run(connection, down)
    assert catalog(connection) == empty
    run(connection, up)
    assert catalog(connection) == first
    triggers = {(table, name) for kind, table, name, _ in first if kind == "trigger"}
    assert {("books", "living_references"), ("labels", "living_references"), ("loans", "living_references")} <= triggers
    assert {("books", "lock_before_deletion"), ("people", "lock_before_deletion")} <= triggers
    assert not {("labels", "lock_before_deletion"), ("keepers", "lock_before_deletion")} & triggers
    assert "ix_books_purge" in {name for kind, _, name, _ in first if kind == "index"}


def test_a_mixin_on_tables_that_exist_is_added_without_long_locks(connection: Connection, database: Database) -> None:
    run(connection, revision(connection, models())[0])
    before = catalog(connection)
    database.execute("CREATE ROLE living_reporting")
    try:
        declared = models(
            SoftDelete,
            users=(living_unique("email"), living_rows_only("living_reporting")),
            notes=(living_view("living_notes"),),
        )
        up, down = revision(connection, declared)
        first, drop = up.index("CREATE UNIQUE INDEX CONCURRENTLY"), up.index("drop_constraint")
        assert up.index("add_column") < up.index("create_living_references") < first < drop
        run(connection, up)
        assert differences(connection, declared) == []
        after = catalog(connection)
        assert {name for kind, _, name, _ in after if kind == "index"} == {
            "ix_notes_purge",
            "ix_notes_user_id",
            "ix_users_email_living",
            "ix_users_purge",
            "notes_pkey",
            "users_pkey",
        }
        run(connection, down)
        assert catalog(connection) == before
        run(connection, up)
        assert catalog(connection) == after
    finally:
        connection.rollback()
        database.execute("DROP OWNED BY living_reporting; DROP ROLE living_reporting")


def test_a_view_follows_the_columns_of_its_table(connection: Connection) -> None:
    declared = models(SoftDelete, notes=(living_view("living_notes"),))
    run(connection, revision(connection, declared)[0])
    declared.tables["notes"].append_column(sqlalchemy.Column("colour", String()))
    up, down = revision(connection, declared)
    assert up.index("drop_living_view") < up.index("add_column") < up.index("create_living_view")
    run(connection, up)
    assert differences(connection, declared) == []
    run(connection, down)
    run(connection, up)
    run(connection, revision(connection, models(SoftDelete))[0])
    assert [row for row in catalog(connection) if row[0] == "view"] == []


def test_a_unique_key_of_all_rows_is_warned_of(connection: Connection, caplog: pytest.LogCaptureFixture) -> None:
    def warned(*arguments: Any) -> list[str]:
        caplog.clear()
        revision(connection, models(SoftDelete, users=arguments))
        return [record.message for record in caplog.records if "living_unique" in record.message]

    with caplog.at_level(logging.WARNING):
        (message,) = warned(UniqueConstraint("email"))
        assert message.startswith("a deleted row of users keeps its email: declare living_unique('email') instead, or")
        assert warned(UniqueConstraint("email", info=dict(NEVER_AGAIN))) == []
        assert warned(living_unique("email")) == []


def test_a_change_of_what_is_referred_to_changes_the_triggers(connection: Connection) -> None:
    run(connection, revision(connection, models(SoftDelete))[0])
    declared = models(SoftDelete)
    column: sqlalchemy.Column[Any] = sqlalchemy.Column(
        "editor_id", ForeignKey("users.id", name="fk_editor", ondelete="SET NULL")
    )
    declared.tables["notes"].append_column(column)
    up, down = revision(connection, declared)
    assert up.index("drop_living_references") < up.index("add_column") < up.index("create_living_references")
    assert "'always': False" in up
    run(connection, up)
    assert differences(connection, declared) == []
    before = catalog(connection)
    run(connection, down)
    run(connection, up)
    assert catalog(connection) == before


def test_a_schema_of_its_own_and_awkward_names(connection: Connection) -> None:
    connection.exec_driver_sql('CREATE SCHEMA "Odd $pgwright$"')
    connection.commit()
    metadata = MetaData(schema="Odd $pgwright$")

    class Models(DeclarativeBase):
        pass

    Models.metadata = metadata

    class Parent(SoftDelete, Models):
        __tablename__ = "Par'ent \\ 50%d:x"
        __table_args__ = (living_view("living 50%d:x"), living_unique('Ke"y'))
        key: Mapped[str] = mapped_column('Ke"y', primary_key=True)

    class Child(SoftDelete, Models):
        __tablename__ = "child" * 12
        id: Mapped[int] = mapped_column(primary_key=True)
        parent: Mapped[str] = mapped_column("pa'rent 50%d:x", ForeignKey(Parent.key))

    migration = MigrationContext.configure(
        connection, opts={"include_schemas": True, "include_name": lambda name, kind, _: kind != "schema" or bool(name)}
    )
    script = produce_migrations(migration, metadata)
    assert script.upgrade_ops is not None
    body = render_python_code(script.upgrade_ops, migration_context=migration)
    connection.rollback()
    run(connection, body)
    connection.exec_driver_sql("""INSERT INTO "Odd $pgwright$"."Par'ent \\ 50%%d:x" VALUES ('a', now())""")
    connection.commit()
    with pytest.raises(sqlalchemy.exc.IntegrityError, match="refers to a deleted row of"):
        connection.execute(sqlalchemy.insert(Child).values(id=1, parent="a"))
    connection.rollback()
    assert compare_metadata(migration, metadata) == []


def test_offline_it_prints_what_it_would_run(connection: Connection, database: Database) -> None:
    declared = models(SoftDelete, notes=(living_view("living_notes"),))
    up, _ = revision(connection, declared)
    buffer = io.StringIO()
    offline = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": buffer})
    lines = [line[4:] if line.startswith("    ") else line for line in up.splitlines()]
    with Operations.context(offline) as op:
        exec("\n".join(lines), {"op": op, "sa": sqlalchemy})
    database.execute(buffer.getvalue())
    assert differences(connection, declared) == []


@pytest.mark.parametrize(
    ("missing", "message"),
    [("alembic", "pip install"), ("pgwright_runtime.soft_delete.catalog", "soft_delete.catalog")],
)
def test_only_where_alembic_is_missing_the_import_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, missing: str, message: str
) -> None:
    for name in ("alembic", "comparison", "operations", "rendering"):
        monkeypatch.delitem(sys.modules, f"pgwright_runtime.soft_delete.{name}")
        monkeypatch.delattr(soft_delete, name)
    for name in [name for name in sys.modules if name.startswith(f"{missing}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=message):
        importlib.import_module("pgwright_runtime.soft_delete.alembic")
