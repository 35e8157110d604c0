"""Tries to cross from one tenant to another on every table, with the role that the app has.

For the app's tests: the database needs a row of each tenant in every table that declares a policy. All that is tried
is rolled back; only sequences may move on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Executable,
    MetaData,
    Table,
    delete,
    exc,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright_runtime._alchemy import without_listeners
from pgwright_runtime.tenancy.constraints import telling_constraints
from pgwright_runtime.tenancy.context import Tenant, tenant
from pgwright_runtime.tenancy.exposure import bypassing_role, exposed_tables, exposing_functions, exposing_views
from pgwright_runtime.tenancy.policy import TenantPolicy, declared_policy

_INSUFFICIENT_PRIVILEGE = "42501"  # which is also what a row gets that violates a policy
_CONSTRAINT_VIOLATION = "23"  # a class: policies are checked before constraints, so the row had passed them


def assert_tenants_isolated(
    engine: Engine, metadata: MetaData, tenants: tuple[Tenant, Tenant], *, ignore: Collection[str] = ()
) -> None:
    """Fail when a tenant reaches a row of the other one.

    Args:
        engine: connects as the app's role; it may be bound to tenants or not.
        metadata: its tables with `info["tenant"]` are tried.
        tenants: two tenants that have rows in each of them.
        ignore: what is meant to be as it is, by the name that its problem begins with, as in "public.couriers".
    Raises:
        AssertionError: with one line for each problem. A table that could not be tried is a problem, too.
        ValueError: `ignore` is one text.
    """
    _check_ignore(ignore)
    with tenant(tenants[0]), engine.connect() as connection:
        _fail(_problems(connection, metadata, tenants), ignore)


async def async_assert_tenants_isolated(
    engine: AsyncEngine, metadata: MetaData, tenants: tuple[Tenant, Tenant], *, ignore: Collection[str] = ()
) -> None:
    """Fail when a tenant reaches a row of the other one, as `assert_tenants_isolated` does, with an async engine.

    Args:
        engine: connects as the app's role; it may be bound to tenants or not.
        metadata: its tables with `info["tenant"]` are tried.
        tenants: two tenants that have rows in each of them.
        ignore: what is meant to be as it is, by the name that its problem begins with, as in "public.couriers".
    Raises:
        AssertionError: with one line for each problem. A table that could not be tried is a problem, too.
        ValueError: `ignore` is one text.
    """
    _check_ignore(ignore)
    with tenant(tenants[0]):
        async with engine.connect() as connection:
            _fail(await connection.run_sync(_problems, metadata, tenants), ignore)


def _check_ignore(ignore: Collection[str]) -> None:
    if isinstance(ignore, str):
        raise ValueError(f"give a collection: ignore=[{ignore!r}], not ignore={ignore!r}")


def _fail(problems: list[str], ignore: Collection[str]) -> None:
    left = [problem for problem in problems if not problem.startswith(tuple(f"{name}: " for name in ignore))]
    if left:
        raise AssertionError("tenants are not isolated:\n  " + "\n  ".join(left))


def _problems(connection: Connection, metadata: MetaData, tenants: tuple[Tenant, Tenant]) -> list[str]:
    default = connection.dialect.default_schema_name or "public"
    declared = [(table, policy) for table in metadata.sorted_tables if (policy := declared_policy(table))]
    if not declared:
        return ["metadata: no table declares a tenant's policy in its info"]
    problem, bypasses = bypassing_role(connection)
    problems = [problem] if problem else []
    if bypasses:
        return problems
    columns = {policy.column for table, policy in declared if not _is_key(table, policy.column)}
    problems += exposed_tables(connection, {_name(table, default) for table, _ in declared}, columns)
    problems += exposing_views(connection)
    problems += exposing_functions(connection)
    problems += telling_constraints(connection, declared, default)
    connection.rollback()
    for table, policy in declared:
        problems += [
            f"{_name(table, default)}: {problem}" for problem in _read_without_tenant(connection, table, policy)
        ]
    for own, other in (tenants, tenants[::-1]):
        for table, policy in declared:
            with tenant(own), connection.begin() as transaction:
                for problem in _cross(connection, table, policy, own, other):
                    problems.append(f"{_name(table, default)}: as tenant {own!r}, {problem}")
                transaction.rollback()
    return problems


def _name(table: Table, default_schema: str) -> str:
    return f"{table.schema or default_schema}.{table.name}"


def _is_key(table: Table, column: str) -> bool:
    """Return whether it is the table of the tenants themselves; other tables have a column of that name as well."""
    return list(table.primary_key.columns.keys()) == [column]


def _read_without_tenant(connection: Connection, table: Table, policy: TenantPolicy) -> Iterator[str]:
    """Yield what a connection reads that nobody bound: as it is opened, and after a transaction has ended."""
    unbound = without_listeners(connection.engine)
    count = select(func.count()).select_from(table)
    try:
        with unbound.connect() as fresh:
            for state in ("without a tenant", "with an empty setting"):
                found = _result(fresh, count)
                if isinstance(found, int) and found:
                    yield f"{state}, it reads rows: {found}"
                _set(fresh, policy, "")
    finally:
        unbound.dispose()


def _cross(connection: Connection, table: Table, policy: TenantPolicy, own: Tenant, other: Tenant) -> Iterator[str]:
    """Yield how `own` reaches rows of `other`; both are known to the database by the setting of the policy."""
    column = table.c[policy.column]
    of_others = column.is_distinct_from(own)
    count = select(func.count()).select_from(table)
    _set(connection, policy, other)
    # As the other tenant, for a tenant that is well isolated cannot tell whether there is a row to reach.
    has_target = _result(connection, count.where(column == other))
    _set(connection, policy, own)
    visible = _result(connection, count.where(column == own))
    for who, rows in ((other, has_target), (own, visible)):
        if rows == 0:
            yield f"nothing was tried: tenant {who!r} has no row here"
            return
    # A condition reads, so the policy for reading holds as well; without one, only that of the command does.
    attempts: dict[str, Executable] = {
        "it reads rows of others": count.where(of_others),
        "it updates rows of others": update(table).values({column: own}).where(of_others),
        "it deletes rows of others": delete(table).where(of_others),
        f"it inserts a row for {other!r}": _copy(table, column, own, other),
        f"it moves a row to {other!r}": update(table).values({column: other}),
    }
    for what, statement in attempts.items():
        yield from _judge(what, _result(connection, statement), allowed=0)
    if isinstance(visible, str):
        return
    taken = _result(connection, update(table).values({column: own}))
    yield from _judge("it takes rows of others", taken, allowed=visible)
    deleted = _result(connection, delete(table))
    if isinstance(deleted, int):  # own rows that are referenced prevent it, and tell nothing
        yield from _judge("it deletes rows of others unseen", deleted, allowed=visible)


def _judge(what: str, result: int | str, *, allowed: int) -> Iterator[str]:
    if isinstance(result, int):
        if result > allowed:
            yield f"{what}: {result}"
    elif result.startswith(_CONSTRAINT_VIOLATION):
        yield f"{what}: only a constraint stood in the way (SQLSTATE {result})"
    elif result != _INSUFFICIENT_PRIVILEGE:
        yield f"it is not known whether {what}: SQLSTATE {result}"


def _copy(table: Table, column: ColumnElement[object], own: Tenant, other: Tenant) -> Executable:
    taken = [c for c in table.columns if c.computed is None and not (c.identity is not None and c.identity.always)]
    source = select(*(literal(other, c.type) if c is column else c for c in taken)).where(column == own).limit(1)
    return insert(table).from_select(taken, source, include_defaults=False)


def _set(connection: Connection, policy: TenantPolicy, value: Tenant) -> None:
    connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": policy.setting, "value": str(value)})


def _result(connection: Connection, statement: Executable) -> int | str:
    """Return the rows that a statement touched (or counted), or its SQLSTATE; its effect is taken back."""
    with connection.begin_nested() as savepoint:
        try:
            # Else SQLAlchemy does not tell how many rows an INSERT made.
            result = connection.execute(statement, execution_options={"preserve_rowcount": True})
            return int(result.scalar_one()) if result.returns_rows else result.rowcount
        except exc.DBAPIError as error:
            return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or error)
        finally:
            savepoint.rollback()
