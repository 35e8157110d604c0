"""Binds each transaction to the tenant of the code that runs it.

Before the first statement of a transaction goes `SELECT set_config(name, value, true)`, one round trip. The setting
ends with the transaction, so neither a pool nor a pooler in transaction mode can hand it to somebody else. The server
applies the policies; this module only sees to it that no statement runs unbound, or for another tenant.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, overload
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker

from pgwright_runtime.statements import TRANSACTION_CONTROL
from pgwright_runtime.tenancy.context import (
    Tenant,
    TenantType,
    check_type,
    current_tenant,
    is_same_tenant,
    parse_tenant,
)
from pgwright_runtime.tenancy.errors import TenancyError, TenantChanged, TenantMissing

DEFAULT_SETTING = "app.current_org_id"

_SET = text("SELECT set_config(:name, :value, true)")
_OPTION = "pgwright_tenant_binding"
_BOUND = "pgwright_bound_tenant"
_JOINED = "pgwright_joined_sessions"
_PROCESS = "pgwright_process_id"

_bound_engines: WeakSet[Engine] = WeakSet()


@dataclass(frozen=True)
class Binding:
    """How the tenant of one engine reaches the server."""

    setting: str
    kind: TenantType


S = TypeVar("S", bound=Session)
A = TypeVar("A", bound=AsyncSession)
AnyEngine: TypeAlias = Engine | AsyncEngine
Factory: TypeAlias = sessionmaker[Any] | async_sessionmaker[Any]


@overload
def for_tenants(target: Engine, *, setting: str = ..., type: TenantType = ...) -> Engine: ...
@overload
def for_tenants(target: AsyncEngine, *, setting: str = ..., type: TenantType = ...) -> AsyncEngine: ...
@overload
def for_tenants(target: sessionmaker[S], *, setting: str = ..., type: TenantType = ...) -> sessionmaker[S]: ...
@overload
def for_tenants(
    target: async_sessionmaker[A], *, setting: str = ..., type: TenantType = ...
) -> async_sessionmaker[A]: ...
def for_tenants(
    target: AnyEngine | Factory,
    *,
    setting: str = DEFAULT_SETTING,
    type: TenantType = int,  # noqa: A002  (the word that policies use, too)
) -> AnyEngine | Factory:
    """Return a copy of an engine, or of a session factory, each transaction of which runs for `current_tenant` only.

    The copy of an engine shares its pool, and a factory's makes sessions on such a copy; what was given stays unbound.
    There is no way to lift a binding: work across tenants needs another engine, with a role of its own.

    Args:
        target: what the app's requests use.
        setting: the setting that the policies read; it has a dot in its name.
        type: the type of a tenant's id.
    Raises: TenancyError: it is bound already. ValueError: the setting, the type or the target cannot be used.
    """
    binding = Binding(check_setting(setting), check_type(type))
    if isinstance(target, Engine | AsyncEngine):
        return _copied(target, binding)
    if isinstance(target, sessionmaker | async_sessionmaker):
        return _copied_factory(target, binding)
    raise ValueError(f"an engine or a session factory can be bound, not {target!r}")


def check_setting(name: str) -> str:
    """Return the name of a setting that PostgreSQL accepts from everybody. Raises: ValueError."""
    if not re.fullmatch(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)+", name, re.ASCII):
        raise ValueError(f"{name!r} cannot be a setting of an app; it needs a prefix, as in {DEFAULT_SETTING!r}")
    return name


def _copied(engine: AnyEngine, binding: Binding) -> AnyEngine:
    bound = _own(engine).get_execution_options().get(_OPTION)
    if bound is not None:
        raise TenancyError(f"{engine!r} is bound to a tenant already, by the setting {bound.setting!r}")
    copy = engine.execution_options(**{_OPTION: binding})
    _listen(_own(copy), binding)
    return copy


def _copied_factory(factory: Factory, binding: Binding) -> Factory:
    engine = factory.kw.get("bind")
    if not isinstance(engine, Engine | AsyncEngine) or factory.kw.get("binds"):
        raise ValueError("a session factory is bound through its engine: give it one engine, as bind=engine")
    # Made of the given one's class, so that listeners of its sessions hear those of the copy as well.
    return type(factory)(class_=factory.class_, **{**factory.kw, "bind": _copied(engine, binding)})


def _own(engine: AnyEngine) -> Engine:
    return engine.sync_engine if isinstance(engine, AsyncEngine) else engine


def _listen(engine: Engine, binding: Binding) -> None:
    _bound_engines.add(engine)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        _forget(connection)

    @event.listens_for(engine, "begin_twophase")
    def begin_twophase(connection: Connection, transaction_id: object) -> None:
        _forget(connection)

    # Not at `begin`: an error there leaves SQLAlchemy's connection unable to begin again. A SAVEPOINT is a statement
    # as well, so that the setting is always made outside of it and its rollback does not undo it.
    @event.listens_for(engine, "before_cursor_execute")
    def check(connection: Connection, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        if context is None or not context.execution_options.get(TRANSACTION_CONTROL):
            _require_tenant(connection, binding)


def _forget(connection: Connection) -> None:
    connection.info.pop(_BOUND, None)
    connection.info.pop(_JOINED, None)


def _require_tenant(connection: Connection, binding: Binding) -> None:
    tenant = current_tenant.get()
    if tenant is None:
        raise TenantMissing
    opened_by = connection.info.setdefault(_PROCESS, os.getpid())
    if opened_by != os.getpid():
        raise TenancyError(f"process {opened_by} opened this connection; after a fork, open another one")
    bound = connection.info.get(_BOUND)
    if bound is not None and tenant != bound and not is_same_tenant(tenant, bound, binding.kind):
        raise TenantChanged("transaction", bound, tenant, "Commit or roll back before the tenant changes.")
    if _JOINED in connection.info:
        for session in connection.info[_JOINED]:
            _keep_to_one_tenant(session, tenant, binding.kind)
        del connection.info[_JOINED]
    if bound is None:
        _set_tenant(connection, binding, tenant)


def _set_tenant(connection: Connection, binding: Binding, tenant: Tenant) -> None:
    # Asked of the driver, for it may be set in `connect_args` as well; all of PostgreSQL's drivers have the attribute.
    if getattr(connection.connection.dbapi_connection, "autocommit", False):
        raise TenancyError("the connection commits by itself, so a tenant would last one statement: begin transactions")
    value = str(parse_tenant(tenant, binding.kind))
    connection.execute(
        _SET, {"name": binding.setting, "value": value}, execution_options={TRANSACTION_CONTROL: True}
    ).close()
    connection.info[_BOUND] = tenant


@event.listens_for(Session, "after_begin")
def _join(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    # Whoever takes a connection early may do it for another tenant than the first statement's, or for none: so the
    # session is asked at that statement. An error here would not be repeated at the next one, either.
    if connection.get_execution_options().get(_OPTION) is not None:
        connection.info.setdefault(_JOINED, WeakSet()).add(session)


def _keep_to_one_tenant(session: Session, tenant: Tenant, kind: TenantType) -> None:
    # A session answers from the objects that it holds, and no policy sees that.
    holds = session.info.get(_BOUND) if len(session.identity_map) else None
    if holds is not None and not is_same_tenant(tenant, holds, kind):
        raise TenantChanged("session", holds, tenant, "Use one session for each unit of work, or close() it first.")
    session.info[_BOUND] = tenant


def _leave_connections_to_the_parent() -> None:
    for engine in list(_bound_engines):
        engine.dispose(close=False)


if hasattr(os, "register_at_fork"):
    # Two processes on one connection would read each other's rows.
    os.register_at_fork(after_in_child=_leave_connections_to_the_parent)
