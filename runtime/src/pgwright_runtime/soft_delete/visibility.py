"""Engines and session factories whose statements see no deleted row."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar, overload

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from pgwright_runtime._alchemy import sync_engine
from pgwright_runtime._alchemy_compiler import filtering_dialect
from pgwright_runtime.soft_delete.criteria import living

_OPTION = "pgwright_hides_deleted"

S = TypeVar("S", bound=Session)
A = TypeVar("A", bound=AsyncSession)
AnyEngine: TypeAlias = Engine | AsyncEngine
Factory: TypeAlias = sessionmaker[Any] | async_sessionmaker[Any]


@overload
def hide_deleted(target: Engine) -> Engine: ...
@overload
def hide_deleted(target: AsyncEngine) -> AsyncEngine: ...
@overload
def hide_deleted(target: sessionmaker[S]) -> sessionmaker[S]: ...
@overload
def hide_deleted(target: async_sessionmaker[A]) -> async_sessionmaker[A]: ...
def hide_deleted(target: AnyEngine | Factory) -> AnyEngine | Factory:
    """Return a copy of an engine, or of a session factory, whose SELECT, UPDATE and DELETE see no deleted row.

    The copy of an engine shares its pool, and a factory's makes sessions on such a copy; what was given stays as it is.
    Hidden are the rows of the classes with the mixin `SoftDelete`, and of the tables that `soft_deletable` declared,
    wherever a statement built of them reads them; `show_deleted` shows them. SQL as text is sent as it is.

    Raises: ValueError: the target cannot be used, or hides deleted rows already.
    """
    if isinstance(target, Engine | AsyncEngine):
        return _copied(target)
    if isinstance(target, sessionmaker | async_sessionmaker):
        return _copied_factory(target)
    raise ValueError(f"an engine or a session factory can hide deleted rows, not {target!r}")


def _copied(engine: AnyEngine) -> AnyEngine:
    if sync_engine(engine).get_execution_options().get(_OPTION):
        raise ValueError(f"{engine!r} hides deleted rows already")
    copy = engine.execution_options(**{_OPTION: True})
    own = sync_engine(copy)
    own.dialect = filtering_dialect(own.dialect, living)
    return copy


def _copied_factory(factory: Factory) -> Factory:
    engine = factory.kw.get("bind")
    if not isinstance(engine, Engine | AsyncEngine) or factory.kw.get("binds"):
        raise ValueError("a session factory hides deleted rows through its engine: give it one engine, as bind=engine")
    # Made of the given one's class, so that listeners of its sessions hear those of the copy as well.
    return type(factory)(class_=factory.class_, **{**factory.kw, "bind": _copied(engine)})
