"""Decorators, metaclass arguments and things in class bodies that are no columns."""

from __future__ import annotations

import typing
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, Select, String, event, func, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, DeclarativeBaseNoMeta, Mapped, deferred, mapped_column, relationship, validates

T = typing.TypeVar("T", bound=type)
tracked: list[type] = []


def track(*, why: str) -> typing.Callable[[T], T]:
    def decorate(cls: T) -> T:
        tracked.append(cls)
        return cls

    return decorate


class Base(DeclarativeBaseNoMeta):
    def __init_subclass__(cls, /, *, audited: bool = False, **kw: typing.Any) -> None:
        cls.audited = audited
        super().__init_subclass__(**kw)


@track(
    why="the finance team asked",
)
@typing.final
class Budget(Base, audited=True):
    "A docstring in plain quotes"

    __tablename__ = "budget"
    if typing.TYPE_CHECKING:
        audited: typing.ClassVar[bool]

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    limit_cents: Mapped[int]
    ended_at: Mapped[datetime | None]

    class Meta:
        ordering = ["name"]

    costs: Mapped[list[Cost]] = relationship(back_populates="budget")

    @hybrid_property
    def is_open(self) -> bool:
        return self.ended_at is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ended_at.is_(None)

    @validates("name")
    def _strip(self, key: str, value: str) -> str:
        return value.strip()


@track(why="the same")
class Cost(Base):
    __tablename__ = "cost"

    PAGE: typing.ClassVar[int] = 50

    id: Mapped[int] = mapped_column(primary_key=True)
    budget_id: Mapped[int] = mapped_column(ForeignKey("budget.id"))
    payee: Mapped[str] = mapped_column(String(100), index=True)
    memo: Mapped[str | None] = deferred(mapped_column(String(2000)))
    cents: Mapped[int] = mapped_column("amount_cents")
    spent_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)

    budget: Mapped[Budget] = relationship(back_populates="costs")

    __table_args__ = (Index("ix_cost_payee_spent_at", "payee", "spent_at"),)

    @classmethod
    def of_last(cls, span: timedelta) -> Select[tuple[Cost]]:
        return select(cls).where(cls.spent_at > func.now() - span).limit(cls.PAGE)


@event.listens_for(Cost, "before_insert")
def _check(mapper: object, connection: object, target: Cost) -> None:
    if target.cents < 0:
        raise ValueError(target.cents)
