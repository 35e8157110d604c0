"""A tenant's table is declared wherever the declaration stands."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Column, Index, Integer, MetaData, Table, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pgwright_runtime.tenancy import tenant_policy
from pgwright_runtime.tenancy.policy import declared_policy

POLICY = tenant_policy("org", setting="app.org")
INDEX = Index("by_org", "org", "name")
OTHERS = {"schema": "shop", "info": {"team": "blue"}}


@pytest.mark.parametrize(
    "arguments",
    [
        lambda: POLICY,
        lambda: (POLICY,),
        lambda: (Index(None, "org"), POLICY),
        lambda: (POLICY, Index(None, "org")),
        lambda: (UniqueConstraint("org", "name"), POLICY, CheckConstraint("name <> ''")),
        lambda: (POLICY, OTHERS),
        lambda: (Index(None, "org"), POLICY, OTHERS),
    ],
    ids=["alone", "only", "last", "first", "between", "before a dict", "between an index and a dict"],
)
def test_the_policy_may_stand_anywhere(arguments: Any) -> None:
    class Base(DeclarativeBase):
        pass

    class Courier(Base):
        __tablename__ = "couriers"
        __table_args__ = arguments()
        id: Mapped[int] = mapped_column(primary_key=True)
        org: Mapped[int]
        name: Mapped[str]

    table = Courier.__table__
    assert isinstance(table, Table)
    policy = declared_policy(table)
    assert policy is not None
    assert (policy.column, policy.setting, policy.type) == ("org", "app.org", "integer")
    assert table.info.get("team") == ("blue" if table.schema else None)
    assert "tenant" not in OTHERS["info"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_table_takes_it_too(place: int) -> None:
    items: list[Any] = [Column("id", Integer, primary_key=True), Column("org", Integer)]
    items.insert(place, POLICY)
    assert declared_policy(Table("couriers", MetaData(), *items)) is not None
