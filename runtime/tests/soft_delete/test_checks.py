"""The tool agrees: its checks find nothing to mend in what the mixin and its operations make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine, ForeignKey, String, UniqueConstraint, create_engine, delete, insert, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

import pgwright_runtime.soft_delete.alembic  # noqa: F401
from pgwright.model.change import UniqueAmongLiving
from pgwright.model.policy import Policy, Retention
from pgwright.snapshot import read_snapshot
from pgwright_runtime.soft_delete import NEVER_AGAIN, SoftDelete, hide_deleted, living_index, living_unique, restore
from tests.support.builders import run
from tests.support.database import Database, share_counters

CHECKS = (
    "missing-soft-delete-index",
    "soft-delete-unique",
    "retention-overdue",
    "unused-index",
    "duplicate-index",
    "redundant-index",
    "unindexed-foreign-key",
)
RESET = "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)"


class Base(DeclarativeBase):
    pass


class Owner(SoftDelete, Base):
    __tablename__ = "owners"
    __table_args__ = (living_unique("email"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(80))


class Page(SoftDelete, Base):
    __tablename__ = "pages"
    __table_args__ = (living_index("owner_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"), index=True)


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    plain = create_engine(database.url("psycopg"))
    Base.metadata.create_all(plain)
    with plain.connect() as connection:
        context = MigrationContext.configure(connection)
        script = produce_migrations(context, Base.metadata)
        assert script.upgrade_ops is not None
        for operation in script.upgrade_ops.ops:
            Operations(context).invoke(operation)
        connection.commit()
    yield hide_deleted(plain)
    plain.dispose()


def work(engine: Engine) -> None:
    """Fill the tables, delete every third page, and let the app read and write."""
    with Session(engine) as session:
        session.execute(insert(Owner), [{"id": n, "email": f"{n}@example.org"} for n in range(1, 2001)])
        session.execute(insert(Page), [{"id": n, "owner_id": 1 + n % 100} for n in range(1, 20001)])
        session.execute(delete(Page).where(Page.id % 3 == 0))
        session.commit()
        session.execute(text("ANALYZE owners, pages"))
        session.execute(text(RESET))
        session.commit()
        for number in range(150):
            key = 1 + number % 100
            session.scalars(select(Page).where(Page.owner_id == key).order_by(Page.id).limit(20)).all()
            session.scalars(select(Owner).where(Owner.email == f"{key}@example.org")).all()
            session.expire_all()
        session.delete(session.get_one(Owner, 7))
        session.flush()
        restore(session, Owner, 7)
        session.commit()
        driver: Any = session.connection().connection.driver_connection
        share_counters(driver)


def test_checks_are_quiet_on_what_the_mixin_made(database: Database, engine: Engine) -> None:
    work(engine)
    policy = Policy(retention=(Retention("owners (deleted_at)", 90), Retention("pages (deleted_at)", 90)))
    snapshot = read_snapshot(database.dsn, policy=policy)
    server = replace(snapshot.server, statistics_reset_at="2020-01-01 00:00:00+00")
    old = replace(snapshot, server=server)
    found = [(check, one.object, one.changes) for check in CHECKS for one in run(check, old)]
    # Beside the index of living rows no query needs that of the foreign key; a purge does, so there is nothing to do.
    assert found == [("unused-index", "ix_pages_owner_id", ())]


def test_a_unique_key_of_all_rows_becomes_the_same_index(database: Database) -> None:
    class Models(DeclarativeBase):
        pass

    class Member(SoftDelete, Models):
        __tablename__ = "members"
        __table_args__ = (UniqueConstraint("email", name="members_email_key"),)
        id: Mapped[int] = mapped_column(primary_key=True)
        email: Mapped[str]
        number: Mapped[str] = mapped_column(unique=True, info=dict(NEVER_AGAIN))

    engine = create_engine(database.url("psycopg"))
    Models.metadata.create_all(engine)
    engine.dispose()
    snapshot = read_snapshot(database.dsn, policy=Policy(unique_among_living=("members_email_key",)))
    (change,) = [c for f in run("soft-delete-unique", snapshot) for c in f.changes]
    assert isinstance(change, UniqueAmongLiving)

    class Renewed(DeclarativeBase):
        pass

    class Renamed(SoftDelete, Renewed):
        __tablename__ = "members"
        __table_args__ = (living_unique("email"),)
        id: Mapped[int] = mapped_column(primary_key=True)
        email: Mapped[str]

    (index,) = [index for index in Renewed.metadata.tables["members"].indexes if index.unique]
    assert change.definition.name == index.name
    assert change.definition.predicate == "deleted_at IS NULL"
