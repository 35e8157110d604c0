"""Couriers of two organizations, and the role of an app that row security holds for; shared by the tests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from pgwright_runtime._sql import quote
from pgwright_runtime.tenancy import TenantPolicy, tenant_policy
from pgwright_runtime.tenancy.policy import create_statements
from tests.support.database import Database

SETTING = "app.current_org_id"
ROLE = "tenancy_app"
A, B = 7, 8


class Base(DeclarativeBase):
    pass


class Vehicle(Base):
    __tablename__ = "vehicles"
    __table_args__ = (Index("ix_vehicles_org", "organization_id"), tenant_policy("organization_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int]


class Courier(Base):
    __tablename__ = "couriers"
    __table_args__ = (Index("ix_couriers_org_status", "organization_id", "status"), tenant_policy("organization_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int]
    status: Mapped[str]
    vehicle_id: Mapped[int | None] = mapped_column(ForeignKey("vehicles.id"))
    vehicle: Mapped[Vehicle | None] = relationship()


def policy_sql(table: str, **changes: Any) -> str:
    policy = TenantPolicy(**{"column": "organization_id", "setting": SETTING, "type": "integer", **changes})
    return ";".join(create_statements(quote(table), policy))


TABLES = """
    CREATE TABLE vehicles (id serial PRIMARY KEY, organization_id int NOT NULL);
    CREATE INDEX ix_vehicles_org ON vehicles (organization_id);
    CREATE TABLE couriers (id serial PRIMARY KEY, organization_id int NOT NULL, status text NOT NULL,
                           vehicle_id int REFERENCES vehicles);
    CREATE INDEX ix_couriers_org_status ON couriers (organization_id, status);
    INSERT INTO vehicles (organization_id) SELECT 7 + i % 2 FROM generate_series(0, 9) i;
    INSERT INTO couriers (organization_id, status, vehicle_id) SELECT 7 + i % 2, 'free', i + 1
    FROM generate_series(0, 9) i;
"""


def make_role(database: Database) -> None:
    """Make the app's role, and let it use the tables that exist."""
    if not database.rows(f"SELECT FROM pg_roles WHERE rolname = '{ROLE}'"):
        database.execute(f"CREATE ROLE {ROLE} LOGIN")
    database.execute(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE};"
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}"
    )


def make_couriers(database: Database) -> None:
    """Make both tables with their policies, and 5 rows of each organization in each."""
    database.execute(f"{TABLES}; {policy_sql('vehicles')}; {policy_sql('couriers')}")
    make_role(database)


def app_url(database: Database, driver: str) -> str:
    return database.url(driver).replace("//postgres@", f"//{ROLE}@")
