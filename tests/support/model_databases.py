"""What models make of a database, what a fix makes of it, and what Alembic says of both."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from uuid import uuid4

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import NullPool, create_engine

from pgwright.embedded import EmbeddedServer
from pgwright.model.remedy import Step
from tests.support.database import Database
from tests.support.model_loading import Models

Objects = dict[tuple[str, str, str], str]
"""What a database has: the definition by kind, table and name."""

_OBJECTS = """
SELECT 'index', i.indrelid::regclass::text, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE conrelid <> 0 AND connamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT 'column', c.oid::regclass::text, a.attname, concat_ws(
    ' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END, a.attidentity,
    a.attgenerated, pg_get_expr(d.adbin, d.adrelid)
)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
"""
_LABELS = "SELECT t.typname, min(e.enumlabel) FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY 1"


_OWN_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
# Emptying one takes a tenth of the time of making one. They go with their server.
_idle: dict[str, list[Database]] = {}


@contextmanager
def fresh_database(server: EmbeddedServer) -> Iterator[Database]:
    """Lend an empty database."""
    idle = _idle.setdefault(server.dsn(), [])
    database = idle.pop() if idle else _new_database(server)
    try:
        yield database
    finally:
        _empty(database)
        idle.append(database)


def _new_database(server: EmbeddedServer) -> Database:
    name = f"m_{uuid4().hex[:12]}"
    server.create_database(name)
    return Database(server, name)


def _empty(database: Database) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as session:
        for (schema,) in session.execute(_OWN_SCHEMAS).fetchall():
            session.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        session.execute("CREATE SCHEMA public")


def create_all(models: Models, database: Database) -> None:
    """Make the tables, as the app would for its tests."""
    schemas = sorted({table.schema for table in models.metadata.tables.values() if table.schema is not None})
    with psycopg.connect(database.dsn, autocommit=True) as session:
        for schema in schemas:
            session.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    engine = create_engine(database.url("psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        models.metadata.create_all(connection)
    engine.dispose()


def differences(models: Models, database: Database) -> frozenset[str]:
    """Return what `alembic check` would say of the models on a database."""
    engine = create_engine(database.url("psycopg"), poolclass=NullPool)
    options = {"compare_type": True, "compare_server_default": False, "include_schemas": models.has_schemas}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        with warnings.catch_warnings():
            # Older ones of Alembic compare what is computed, whether asked to or not.
            warnings.filterwarnings("ignore", "Computed default on", UserWarning)
            found = compare_metadata(context, models.metadata)
    engine.dispose()
    flat = [one for group in found for one in (group if isinstance(group, list) else [group])]
    return frozenset(" ".join(map(str, one)) for one in flat)


def objects(database: Database) -> Objects:
    """Return all indexes, constraints and columns of a database, as the server writes them."""
    return {(str(kind), str(of), str(name)): str(text) for kind, of, name, text in database.rows(_OBJECTS)}


def enum_labels(database: Database) -> dict[str, str]:
    """Return one label of each enum type."""
    return {str(name): str(label) for name, label in database.rows(_LABELS)}


def run_steps(database: Database, steps: Sequence[Step]) -> None:
    """Run steps as a revision does: those that may be in a transaction together, the others each on its own."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for is_transactional, group in groupby(steps, key=lambda step: step.is_transactional):
            with ExitStack() as stack:
                if is_transactional:
                    stack.enter_context(connection.transaction())
                for step in group:
                    connection.execute(step.sql.encode())
