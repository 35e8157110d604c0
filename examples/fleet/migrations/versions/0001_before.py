"""The schema as the team first wrote it: primary keys and foreign keys, and no other index.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Parents first.
TABLES = ("organizations", "users", "vehicles", "couriers", "deliveries", "cash_collections", "salaries")


def upgrade() -> None:
    create("organizations", text("name"), time("created_at"))
    create("users", *tenant(), text("email"), text("full_name"), time("created_at"))
    create("vehicles", *tenant(), text("plate_number"), text("kind"))
    create(
        "couriers",
        *tenant(),
        text("name"),
        text("phone"),
        text("status"),
        *reference("current_vehicle_id", "vehicles", nullable=True),
        time("created_at"),
    )
    create(
        "deliveries",
        *tenant(),
        *reference("courier_id", "couriers", nullable=True),
        text("status"),
        money("price"),
        sa.Column("cash_on_delivery", sa.Boolean(), nullable=False),
        text("address"),
        time("created_at"),
        time("delivered_at", nullable=True),
    )
    create(
        "cash_collections",
        *tenant(),
        *reference("delivery_id", "deliveries"),
        money("amount"),
        time("collected_at"),
        time("settled_at", nullable=True),
    )
    create(
        "salaries",
        *tenant(),
        *reference("courier_id", "couriers"),
        sa.Column("month", sa.Date(), nullable=False),
        money("amount"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def create(table: str, *items: sa.Column[Any] | sa.ForeignKeyConstraint) -> None:
    """Create a table with a key that the database counts up."""
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *items,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def money(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Numeric(10, 2), nullable=False)


def time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    server_default = None if name != "created_at" else sa.func.now()
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=server_default)


def tenant() -> tuple[sa.Column[Any], sa.ForeignKeyConstraint]:
    return reference("organization_id", "organizations")


def reference(name: str, parent: str, *, nullable: bool = False) -> tuple[sa.Column[Any], sa.ForeignKeyConstraint]:
    """Return a column and its foreign key, which the naming convention of the models names."""
    return sa.Column(name, sa.BigInteger(), nullable=nullable), sa.ForeignKeyConstraint([name], [f"{parent}.id"])
