"""What a tenant's policy costs, by the form it is written in: the wrapped one of `op.create_tenant_policy`, and others.

A table of 1,000,000 rows for each form, all alike. A role without BYPASSRLS asks for the rows of its tenant, a
hundredth of them, and the policy alone says which these are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

import pgwright_runtime.tenancy.alembic  # noqa: F401  (registers op.create_tenant_policy)
from pgwright.embedded import EmbeddedServer, run_server
from pgwright_runtime import create_async_engine
from pgwright_runtime.tenancy import for_tenants, tenant
from query_bars.figures import Figure, in_turn, shown

ROWS, TENANTS, TENANT = 1_000_000, 100, 7
MANY_ROUNDS, FEW_ROUNDS = 60, 3
ROLE = "app"

# Whose member a user is; a user's number is that of the organization, so that one setting serves all forms.
PREPARE = f"""
CREATE ROLE {ROLE} LOGIN;
CREATE TABLE members (user_id integer, organization_id integer, PRIMARY KEY (user_id, organization_id));
INSERT INTO members SELECT i, i FROM generate_series(1, {TENANTS}) AS i;
GRANT SELECT ON members TO {ROLE};
CREATE FUNCTION current_org() RETURNS integer LANGUAGE plpgsql AS
    $$ BEGIN RETURN current_setting('app.current_org_id')::integer; END $$;
CREATE FUNCTION is_member(organization integer) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN EXISTS (SELECT FROM public.members WHERE organization_id = organization
                   AND user_id = current_setting('app.current_org_id')::integer);
"""
TABLE = """
CREATE TABLE {table} (id bigint PRIMARY KEY, organization_id integer NOT NULL, body text NOT NULL);
INSERT INTO {table} SELECT i, i % {tenants} + 1, 'row ' || i FROM generate_series(1, {rows}) AS i;
CREATE INDEX ON {table} (organization_id, id);
GRANT SELECT ON {table} TO {role};
"""
SECURED = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON {table} USING ({condition});
"""

WRAPPED = "wrapped"
# By table, the other forms that are met. current_setting is STABLE, so the first one may still be looked up in an
# index; PL/pgSQL functions are VOLATILE unless declared otherwise, and asked for each row.
FORMS = {
    "setting": ("a setting per row", "organization_id = current_setting('app.current_org_id')::integer"),
    "function": ("a volatile function", "organization_id = current_org()"),
    "subquery": (
        "EXISTS",
        (
            "EXISTS (SELECT FROM members m WHERE m.organization_id = subquery.organization_id "
            "AND m.user_id = current_setting('app.current_org_id')::integer)"
        ),
    ),
    "lookup": ("a security definer lookup", "is_member(organization_id)"),
}
# The others take seconds.
FAST = {"setting"}

# As where no index begins with the tenant's column: the policy is applied to every row.
WITHOUT_INDEX = text(
    "SELECT set_config(name, 'off', true) FROM unnest(ARRAY"
    "['enable_indexscan', 'enable_indexonlyscan', 'enable_bitmapscan']) AS name"
)
# With whether an index may be used. The third has a text of its own: the plan that a connection keeps for a prepared
# statement outlives the settings under which it was made.
QUESTIONS = {
    "count": ("SELECT count(*) FROM {table}", True),
    "page of 50": ("SELECT max(body) FROM (SELECT body FROM {table} ORDER BY id DESC LIMIT 50) AS page", True),
    "count without an index": ("SELECT count(id) FROM {table}", False),
}


async def measure(scale: float) -> AsyncIterator[Figure]:
    """Yield the ratios to the wrapped form; the number of rows is fixed, so the scale changes nothing here."""
    with run_server() as server:
        _prepare(server)
        await _secure(server)
        engine = for_tenants(
            create_async_engine(server.url().replace("postgres@", f"{ROLE}@"), pool_size=1, max_overflow=0)
        )
        try:
            with tenant(TENANT):
                for name, (question, uses_index) in QUESTIONS.items():
                    async for figure in _compare(engine, name, question, uses_index):
                        yield figure
        finally:
            await engine.dispose()


async def _compare(engine: AsyncEngine, name: str, question: str, uses_index: bool) -> AsyncIterator[Figure]:
    ask = {table: _asking(engine, question.format(table=table), uses_index) for table in (WRAPPED, *FORMS)}
    answers = {await one() for one in ask.values()}
    assert len(answers) == 1, f"the policies let different rows through: {answers}"
    ratios: dict[str, float] = {}
    for tables, rounds in ((FAST, MANY_ROUNDS), (set(FORMS) - FAST, FEW_ROUNDS)):
        compared = [table for table in FORMS if table in tables]
        wrapped, *others = await in_turn([ask[WRAPPED], *(ask[table] for table in compared)], rounds)
        if tables == FAST:
            yield shown(f"{name}: {WRAPPED}", wrapped * 1e3, "ms")
        ratios |= {table: seconds / wrapped for table, seconds in zip(compared, others, strict=True)}
    for table, (form, _) in FORMS.items():
        yield shown(f"{name}: {form} / {WRAPPED}", ratios[table], "")


def _prepare(server: EmbeddedServer) -> None:
    with server.admin() as connection:
        connection.execute(PREPARE.encode())
        for table in (WRAPPED, *FORMS):
            connection.execute(TABLE.format(table=table, tenants=TENANTS, rows=ROWS, role=ROLE).encode())
        for table, (_, condition) in FORMS.items():
            connection.execute(SECURED.format(table=table, condition=condition).encode())
        connection.execute("VACUUM (ANALYZE)")


async def _secure(server: EmbeddedServer) -> None:
    """Put the wrapped policy on its table, as a migration does."""
    engine = create_async_engine(server.url())
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_create_policy)
    finally:
        await engine.dispose()


def _create_policy(connection: Connection) -> None:
    operations = Operations(MigrationContext.configure(connection))
    operations.create_tenant_policy(  # type: ignore[attr-defined]
        WRAPPED, column="organization_id", setting="app.current_org_id", type="integer"
    )


def _asking(engine: AsyncEngine, question: str, uses_index: bool) -> Callable[[], Coroutine[None, None, object]]:
    async def ask() -> object:
        async with engine.connect() as connection:
            if not uses_index:
                await connection.execute(WITHOUT_INDEX)
            return (await connection.execute(text(question))).all()[0][0]

    return ask
