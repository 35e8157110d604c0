"""The types of guard, replicas and tenancy as an app's type checker sees them: `mypy --strict` on this file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import assert_type
from uuid import UUID

from sqlalchemy import Engine, MetaData
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from pgwright_runtime.errors import Error
from pgwright_runtime.guard import (
    CodeLine,
    GuardCounters,
    GuardMiddleware,
    GuardRules,
    Kind,
    Mode,
    Problem,
    ProblemCounts,
    ProblemKey,
    QueryGuard,
    QueryProblems,
    QueryWarning,
    StatementUse,
    Unit,
)
from pgwright_runtime.replicas import (
    AsyncReplicas,
    NotAReplica,
    ReadYourWritesMiddleware,
    Reason,
    ReplicaError,
    Replicas,
    ReplicaSettings,
    RoutingMetrics,
)
from pgwright_runtime.tenancy import (
    InvalidTenant,
    SqlType,
    TenancyError,
    Tenant,
    TenantPolicy,
    TenantType,
    current_tenant,
    for_tenants,
    tenant,
    tenant_policy,
)
from pgwright_runtime.tenancy.testing import assert_tenants_isolated, async_assert_tenants_isolated


def guards(engine: Engine, async_engine: AsyncEngine) -> None:
    guard = QueryGuard(engine)
    QueryGuard(async_engine, mode="raise", max_queries=5, rules=GuardRules(ignore=["A.bs"]), follow_threads=True)
    QueryGuard(None, mode="sample", share=0.01, max_keys=100)
    QueryGuard(engine, mode="shout")  # type: ignore[arg-type]
    QueryGuard(engine, lazy_loads=2)  # type: ignore[call-arg]
    assert_type(guard.mode, Mode)
    assert_type(guard.counters(), GuardCounters)
    assert_type(guard.counters().problems, Mapping[ProblemKey, ProblemCounts])
    with guard.unit("list", max_queries=3) as unit:
        assert_type(unit, Unit)
        unit.name, unit.is_blind = "another", True
    assert_type(unit.count, int)
    assert_type(unit.statements, tuple[StatementUse, ...])
    (problem,) = unit.problems
    assert_type(problem, Problem)
    assert_type(problem.kind, Kind)
    assert_type(problem.place, CodeLine | None)


async def async_replicas(primary: AsyncEngine, replica: AsyncEngine, token: str | None) -> None:
    replicas = AsyncReplicas(primary, [replica], secret="a text will do, too", settings=ReplicaSettings(wait_ms=20))
    AsyncReplicas(primary, [replica], secret=b"bytes", session_options={"autoflush": False})
    AsyncReplicas(primary, [replica], secret=["the first signs", b"all of them verify"])
    assert_type(replicas.metrics().reads_on_primary, Mapping[Reason, int])
    assert_type(replicas.session(), AsyncSession)
    assert_type(replicas.read_session(), AsyncSession)
    assert_type(replicas.get_db(), AsyncIterator[AsyncSession])
    assert_type(await replicas.read(count), int)
    with replicas.caller(token):
        assert_type(replicas.token(), str | None)
    async with replicas as entered:
        assert_type(entered, AsyncReplicas)


def replicas(primary: Engine, replica: Engine, async_engine: AsyncEngine) -> None:
    replicas = Replicas(primary, [replica], secret="a text will do, too")
    Replicas(primary, [async_engine], secret="of another kind")  # type: ignore[list-item]
    assert_type(replicas.session(), Session)
    assert_type(replicas.read_session(), Session)
    assert_type(replicas.get_read_db(), Iterator[Session])
    assert_type(replicas.read(lambda session: session.is_active), bool)
    assert_type(replicas.metrics(), RoutingMetrics)
    with replicas.caller("of", None), replicas as entered:
        assert_type(entered, Replicas)


async def count(session: AsyncSession) -> int:
    return len(session.new)


def middlewares(guard: QueryGuard, replicas: Replicas, async_replicas: AsyncReplicas) -> None:
    app = GuardMiddleware(ReadYourWritesMiddleware(_app, replicas), guard)
    assert_type(app, GuardMiddleware)
    ReadYourWritesMiddleware(app, async_replicas, cookie=None, header="X-Read-Your-Writes")


async def _app(scope: object, receive: object, send: object) -> None: ...


class AppSession(Session): ...


def tenants(engine: Engine, async_engine: AsyncEngine, any_tenant: Tenant) -> None:
    assert_type(for_tenants(engine), Engine)
    assert_type(for_tenants(async_engine, setting="app.shop", type=UUID), AsyncEngine)
    assert_type(for_tenants(sessionmaker(engine)), sessionmaker[Session])
    assert_type(for_tenants(sessionmaker(engine, class_=AppSession)), sessionmaker[AppSession])
    assert_type(for_tenants(async_sessionmaker(async_engine)), async_sessionmaker[AsyncSession])
    for_tenants(engine, type=float)  # type: ignore[arg-type]
    with tenant(7) as number, tenant("7", type=int) as parsed, tenant(UUID(int=7)) as uuid:
        assert_type((number, parsed, uuid), tuple[int, int, UUID])
    assert_type(tenant(any_tenant), AbstractContextManager[Tenant])
    assert_type(tenant(any_tenant, type=str), AbstractContextManager[str])
    tenant(7.0)  # type: ignore[call-overload]
    assert_type(current_tenant.get(), Tenant | None)
    tenant_policy("org", type="bigint")
    TenantPolicy("org", type="int")  # type: ignore[arg-type]


async def isolation(engine: Engine, async_engine: AsyncEngine, metadata: MetaData) -> None:
    assert_tenants_isolated(engine, metadata, (7, 8), ignore=["public.couriers"])
    await async_assert_tenants_isolated(async_engine, metadata, tenants=(7, 8))


def errors(
    problems: QueryProblems, warning: QueryWarning, replica: NotAReplica, invalid: InvalidTenant
) -> tuple[Error, ReplicaError, TenancyError, ValueError, UserWarning]:
    return problems, replica, invalid, invalid, warning


def kinds(kind: TenantType, policy: TenantPolicy) -> None:
    assert_type(kind, type[int] | type[UUID] | type[str])
    assert_type(policy.type, SqlType | None)
