"""The helper for tests finds each way across, and nothing where there is none."""

from __future__ import annotations

import pytest
from sqlalchemy import MetaData, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from pgwright_runtime.tenancy import for_tenants
from pgwright_runtime.tenancy.testing import assert_tenants_isolated, async_assert_tenants_isolated
from runtime.tests.support.tenancy_couriers import ROLE, A, B, Base, app_url, make_couriers, make_role, policy_sql
from tests.support.database import Database


@pytest.fixture
def couriers(database: Database) -> Database:
    make_couriers(database)
    return database


KNOWN = "public.couriers.couriers_vehicle_id_fkey"  # leaves the organization out


def problems(
    database: Database, *, url: str = "", metadata: MetaData = Base.metadata, ignore: tuple[str, ...] = (KNOWN,)
) -> list[str]:
    engine = create_engine(url or app_url(database, "psycopg"))
    try:
        assert_tenants_isolated(engine, metadata, (A, B), ignore=ignore)
    except AssertionError as failure:
        return str(failure).splitlines()[1:]
    finally:
        engine.dispose()
    return []


def rows(database: Database) -> list[tuple[object, ...]]:
    return database.rows(
        "SELECT 'c', organization_id, count(*) FROM couriers GROUP BY 2 UNION ALL "
        "SELECT 'v', organization_id, count(*) FROM vehicles GROUP BY 2 ORDER BY 1, 2"
    )


def test_isolated_tenants_pass_and_nothing_stays(couriers: Database) -> None:
    before = rows(couriers)
    assert problems(couriers) == []
    assert rows(couriers) == before


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_bound_engines_and_async_ones_do_as_well(couriers: Database, driver: str) -> None:
    engine = for_tenants(create_async_engine(app_url(couriers, driver)))
    await async_assert_tenants_isolated(engine, Base.metadata, (A, B), ignore=[KNOWN])
    couriers.execute("ALTER POLICY tenant_isolation ON vehicles WITH CHECK (true)")
    with pytest.raises(AssertionError, match="it moves a row to 8"):
        await async_assert_tenants_isolated(engine, Base.metadata, (A, B))
    await engine.dispose()


async def test_one_text_to_ignore_is_refused() -> None:
    with pytest.raises(ValueError, match="give a collection: ignore="):
        assert_tenants_isolated(create_engine("postgresql+psycopg://"), MetaData(), (A, B), ignore=KNOWN)
    engine = create_async_engine("postgresql+psycopg://")
    with pytest.raises(ValueError, match="give a collection: ignore="):
        await async_assert_tenants_isolated(engine, MetaData(), (A, B), ignore=KNOWN)


ALSO = "CREATE POLICY also ON vehicles FOR"
CROSSINGS = {
    "it reads rows of others: 5": f"{ALSO} SELECT USING (true)",
    "it takes rows of others: 10": f"{ALSO} UPDATE USING (true)",
    "it deletes rows of others unseen: 10": f"DELETE FROM couriers; {ALSO} DELETE USING (true)",
    "it inserts a row for 8: only a constraint stood in the way (SQLSTATE 23505)": f"{ALSO} INSERT WITH CHECK (true)",
    "it inserts a row for 8: 1": (
        "ALTER TABLE couriers DROP CONSTRAINT couriers_vehicle_id_fkey;"
        f"ALTER TABLE vehicles DROP CONSTRAINT vehicles_pkey; {ALSO} INSERT WITH CHECK (true)"
    ),
    "it moves a row to 8: 5": "ALTER POLICY tenant_isolation ON vehicles WITH CHECK (true)",
    "it updates rows of others: 5": "ALTER POLICY tenant_isolation ON vehicles USING (true)",
    "it deletes rows of others: only a constraint": "ALTER POLICY tenant_isolation ON vehicles USING (true)",
    "nothing was tried: tenant 8 has no row here": (
        "DELETE FROM couriers; DELETE FROM vehicles WHERE organization_id = 8"
    ),
    "it is not known whether it reads rows of others: SQLSTATE 22012": f"{ALSO} SELECT USING (1 / (id - id) > 0)",
}


@pytest.mark.parametrize(("found", "change"), CROSSINGS.items(), ids=CROSSINGS.keys())
def test_each_way_across_is_found(couriers: Database, found: str, change: str) -> None:
    couriers.execute(change)
    before = rows(couriers)
    assert [line for line in problems(couriers) if f"public.vehicles: as tenant 7, {found}" in line]
    assert rows(couriers) == before


EXPOSED = {
    "open: has the column organization_id and no policy": "CREATE TABLE open (organization_id int)",
    "couriers: has a policy, and row security is not enabled": "ALTER TABLE couriers DISABLE ROW LEVEL SECURITY",
    "couriers: its owner is not held by the policy; FORCE ROW LEVEL SECURITY": (
        f"GRANT ALL ON SCHEMA public TO {ROLE}; ALTER TABLE couriers OWNER TO {ROLE};"
        "ALTER TABLE couriers NO FORCE ROW LEVEL SECURITY"
    ),
    "listed: reads couriers with the rights of postgres; security_invoker is not set": (
        "CREATE VIEW listed AS SELECT * FROM couriers"
    ),
    "board: a materialized view keeps the rows of all tenants of couriers": (
        "CREATE MATERIALIZED VIEW board AS SELECT organization_id, count(*) FROM couriers GROUP BY 1"
    ),
    "couriers: no policy holds for TRUNCATE; REVOKE it, and let another role own the table": (
        f"GRANT TRUNCATE ON couriers TO {ROLE}"
    ),
    "child: has the column organization_id and no policy": "CREATE TABLE child () INHERITS (couriers)",
    "everybody(): SECURITY DEFINER, and no policy holds for its owner postgres": (
        "CREATE FUNCTION everybody() RETURNS SETOF couriers SECURITY DEFINER LANGUAGE sql AS 'SELECT * FROM couriers'"
    ),
    "vehicles.vehicles_plate_key: unique for all tenants, so it tells of other rows; add 'organization_id' to it": (
        "ALTER TABLE vehicles ADD plate text; CREATE UNIQUE INDEX vehicles_plate_key ON vehicles (lower(plate))"
    ),
    "couriers: without a tenant, it reads rows: 10": (
        "CREATE POLICY nobody ON couriers FOR SELECT USING (current_setting('app.current_org_id', true) IS NULL);"
        "ALTER POLICY tenant_isolation ON couriers"
        " USING (organization_id::text = current_setting('app.current_org_id', true))"
    ),
    "couriers: with an empty setting, it reads rows: 10": (
        "CREATE POLICY nobody ON couriers FOR SELECT USING (current_setting('app.current_org_id', true) = '');"
        "ALTER POLICY tenant_isolation ON couriers"
        " USING (organization_id::text = current_setting('app.current_org_id', true))"
    ),
}


@pytest.mark.parametrize(("found", "change"), EXPOSED.items(), ids=EXPOSED.keys())
def test_what_is_exposed_is_found(couriers: Database, found: str, change: str) -> None:
    couriers.execute(change)
    make_role(couriers)
    assert f"  public.{found}" in problems(couriers)


def test_a_view_on_what_the_app_may_not_read_itself_is_found(couriers: Database) -> None:
    couriers.execute(
        "CREATE MATERIALIZED VIEW board AS SELECT * FROM couriers; CREATE VIEW over_it AS SELECT * FROM board;"
        "CREATE VIEW over_that AS SELECT * FROM over_it;"
        f"GRANT SELECT ON over_that TO {ROLE}"
    )
    assert problems(couriers) == [
        "  public.over_that: reads couriers with the rights of postgres; security_invoker is not set"
    ]


def test_a_partition_and_a_table_of_another_schema_are_found(couriers: Database) -> None:
    couriers.execute(
        f"CREATE SCHEMA archive; GRANT USAGE ON SCHEMA archive TO {ROLE};"
        "CREATE TABLE archive.trips (organization_id int) PARTITION BY LIST (organization_id);"
        "CREATE TABLE archive.trips_7 PARTITION OF archive.trips FOR VALUES IN (7);"
        f"SET search_path = archive; {policy_sql('trips')};"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA archive TO {ROLE}"
    )
    assert problems(couriers) == ["  archive.trips_7: has the column organization_id and no policy"]


def test_a_reference_to_a_row_of_others_is_found_unless_the_key_has_the_tenant(couriers: Database) -> None:
    assert problems(couriers, ignore=()) == [
        f"  {KNOWN}: lets a row refer to others' rows of public.vehicles; add 'organization_id' to both sides"
    ]
    couriers.execute(
        "ALTER TABLE vehicles ADD UNIQUE (organization_id, id);"
        "ALTER TABLE couriers DROP CONSTRAINT couriers_vehicle_id_fkey,"
        " ADD FOREIGN KEY (organization_id, vehicle_id) REFERENCES vehicles (organization_id, id)"
    )
    assert not [line for line in problems(couriers, ignore=()) if "refer to" in line]


@pytest.mark.parametrize("setting", ["the role", "the database"])
def test_a_setting_that_every_connection_is_born_with_is_found(couriers: Database, setting: str) -> None:
    where = f"ROLE {ROLE} IN DATABASE {couriers.name}" if setting == "the role" else f"DATABASE {couriers.name}"
    couriers.execute(f"ALTER {where} SET app.current_org_id = '7'")
    assert "  public.couriers: without a tenant, it reads rows: 5" in problems(couriers)


def test_a_role_that_can_become_a_free_one_is_named(couriers: Database) -> None:
    free = f"free_{couriers.name}"
    couriers.execute(f"CREATE ROLE {free} BYPASSRLS; GRANT {free} TO {ROLE}")
    try:
        expected = [f"  role {ROLE}: may become {free} by SET ROLE or RESET ROLE: BYPASSRLS"]
        assert problems(couriers) == expected
    finally:
        couriers.execute(f"DROP ROLE {free}")


def test_a_superuser_in_the_clothes_of_the_app_is_named(couriers: Database) -> None:
    engine = create_engine(couriers.url("psycopg"), connect_args={"options": f"-c role={ROLE}"})
    with pytest.raises(AssertionError, match="may become postgres by SET ROLE or RESET ROLE: a superuser"):
        assert_tenants_isolated(engine, Base.metadata, (A, B))
    engine.dispose()


def test_views_of_the_invoker_and_what_the_app_may_not_use_are_quiet(couriers: Database) -> None:
    couriers.execute("CREATE VIEW listed WITH (security_invoker) AS SELECT * FROM couriers")
    make_role(couriers)
    couriers.execute("CREATE VIEW owned AS SELECT * FROM couriers; CREATE TABLE hidden (organization_id int)")
    assert problems(couriers) == []


def test_what_is_meant_to_be_open_can_be_named(couriers: Database) -> None:
    couriers.execute("CREATE VIEW listed AS SELECT * FROM couriers")
    make_role(couriers)
    assert problems(couriers, ignore=("public.listed", KNOWN)) == []


def test_a_role_that_no_policy_holds_is_named(couriers: Database) -> None:
    assert problems(couriers, url=couriers.url("psycopg")) == [
        "  role postgres: a superuser, so no policy holds for it"
    ]


def test_a_metadata_without_policies_fails(couriers: Database) -> None:
    assert problems(couriers, metadata=MetaData()) == ["  metadata: no table declares a tenant's policy in its info"]
