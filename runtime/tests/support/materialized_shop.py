"""A shop with orders, a view of its days, and one of its months over that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Connection, Date, DateTime, Engine, Integer, MetaData, Table, create_engine, func, select
from sqlalchemy.dialects import postgresql

import pgwright_runtime.materialized.alembic  # noqa: F401
from pgwright_runtime.materialized import MaterializedView
from tests.support.database import Database

MINUTE = timedelta(minutes=1)
AN_HOUR_AGO = (
    "UPDATE pgwright_refreshes SET refreshed_at = now() - interval '1 hour', data_at = now() - interval '1 hour'"
)


class Shop:
    """Its models, fresh for each test: views belong to a MetaData."""

    def __init__(self) -> None:
        self.metadata = MetaData()
        self.orders = Table(
            "orders",
            self.metadata,
            Column("id", Integer, primary_key=True),
            Column("day", Date, nullable=False),
            Column("price", Integer, nullable=False),
            Column("paid_at", DateTime(timezone=True)),
        )
        orders = self.orders
        self.days = self.view(
            "days", select(orders.c.day, func.sum(orders.c.price).label("total")).group_by(orders.c.day)
        )
        month = func.date_trunc("month", self.days.c.day).label("day")
        self.months = self.view("months", select(month, func.sum(self.days.c.total).label("total")).group_by(month))

    def view(self, name: str, query: Any, **options: Any) -> MaterializedView:
        defaults: dict[str, Any] = {"unique": ["day"], "every": 5 * MINUTE, "max_age": 15 * MINUTE}
        return MaterializedView(name, query, metadata=self.metadata, **{**defaults, **options})

    def create(self, engine: Engine) -> None:
        """Make tables and views as a revision of autogenerate does, and some orders."""
        with engine.connect() as connection:
            migrate(connection, self.metadata)
            sell(connection, 100)
            connection.commit()


def sell(connection: Connection, orders: int) -> None:
    connection.exec_driver_sql(
        f"INSERT INTO orders (day, price) SELECT date '2026-01-01' + n, 10 FROM generate_series(1, {orders}) n"
    )


def migrate(connection: Connection, metadata: MetaData) -> tuple[str, str]:
    """Run the upgrade that autogenerate writes; return it, and its downgrade."""
    up, down = revision(connection, metadata)
    run(connection, up)
    return up, down


def revision(connection: Connection, metadata: MetaData) -> tuple[str, str]:
    context = configured(connection)
    script = produce_migrations(context, metadata)
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    up, down = (
        render_python_code(ops, migration_context=context) for ops in (script.upgrade_ops, script.downgrade_ops)
    )
    return up, down


def configured(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"compare_server_default": False})


def run(connection: Connection, body: str) -> None:
    lines = [line[4:] if line.startswith("    ") else line for line in body.splitlines()]
    exec("\n".join(lines), {"op": Operations(configured(connection)), "sa": sqlalchemy, "postgresql": postgresql})
    connection.commit()


@contextmanager
def engine_of(database: Database, **options: Any) -> Iterator[Engine]:
    engine = create_engine(database.url("psycopg"), **options)
    try:
        yield engine
    finally:
        engine.dispose()
