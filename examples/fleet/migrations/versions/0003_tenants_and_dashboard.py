"""Row-level security, the dashboard as a materialized view, and the indexes of both.

Written by hand: who may see what, and how old a figure may be, is the team's word.

The app gets a role of its own, `fleet_app`, that owns nothing: policies do not hold for a superuser. It can log in
once you give it a password: ALTER ROLE fleet_app PASSWORD '…'. Whoever owns the tables and refreshes the dashboard is
a superuser or has BYPASSRLS, for a refresh reads the rows of all tenants; without it, it fails.

Locks: a policy locks its table for a moment. The indexes are built and dropped, and the view is filled, while the app
reads and writes. An interrupted run, up or down, is simply run again: first come the indexes, which may be there
already, then all else in one transaction.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import pgwright_runtime.tenancy.alembic  # noqa: F401  (registers op.create_tenant_policy)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SETTING = "app.current_org_id"
TENANT_TABLES = ("users", "vehicles", "couriers", "deliveries", "cash_collections", "salaries")
POLICIES = (("organizations", "id"), *((table, "organization_id") for table in TENANT_TABLES))

# No policy holds for a materialized view: the app reads it through this view, which belongs to its owner.
TENANT_DASHBOARD = f"""
    CREATE VIEW tenant_dashboard WITH (security_barrier) AS
    SELECT * FROM delivery_dashboard
    WHERE organization_id = (SELECT current_setting('{SETTING}')::bigint)
"""

# One row: what came in for an organization on a day (UTC).
DELIVERY_DASHBOARD = """
    CREATE MATERIALIZED VIEW delivery_dashboard AS
    SELECT deliveries.organization_id,
           (deliveries.created_at AT TIME ZONE 'UTC')::date AS day,
           count(*) FILTER (WHERE status = 'pending') AS pending,
           count(*) FILTER (WHERE status = 'in_transit') AS in_transit,
           count(*) FILTER (WHERE status = 'delivered') AS delivered,
           count(*) FILTER (WHERE status = 'returned') AS returned,
           count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
           coalesce(sum(price) FILTER (WHERE status = 'delivered'), 0) AS revenue,
           coalesce(sum(amount) FILTER (WHERE settled_at IS NULL), 0) AS cash_to_hand_in
    FROM deliveries
    LEFT JOIN cash_collections ON cash_collections.delivery_id = deliveries.id
    GROUP BY 1, 2
"""

# Owned by the owner of the view, since nobody else may refresh it. now() is from before the rows are read, so the
# dashboard is never older than it says.
REFRESH = """
    CREATE FUNCTION refresh_delivery_dashboard() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        -- A second one at the same time would wait, and do the same again.
        IF NOT pg_try_advisory_xact_lock(hashtextextended('public.delivery_dashboard', 0)) THEN
            RETURN false;
        END IF;
        REFRESH MATERIALIZED VIEW CONCURRENTLY public.delivery_dashboard;
        UPDATE public.view_refreshes SET refreshed_at = now() WHERE view_name = 'delivery_dashboard';
        RETURN true;
    END
    $$
"""

CREATE_ROLE = """
    DO $$ BEGIN
        CREATE ROLE fleet_app LOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- roles belong to the server, and another database may have made it
    END $$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # The GROUP BY of the statistics came with the new app, so no advisor had seen it.
        build("idx_deliveries_org_status", "deliveries", ["organization_id", "status"], ["price", "cash_on_delivery"])
        # The team had named it; with so few couriers it saves nothing that the advisor would notice.
        build("idx_couriers_org_status", "couriers", ["organization_id", "status", "name", "id"], [])
    # Rather fail and be run again than make the app wait behind us.
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_dashboard()
    for table, column in POLICIES:
        op.create_tenant_policy(table, column=column, setting=SETTING, type="bigint")  # type: ignore[attr-defined]
    op.execute(CREATE_ROLE)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(TENANT_TABLES)} TO fleet_app")
    op.execute("GRANT SELECT ON organizations, tenant_dashboard, view_refreshes TO fleet_app")
    op.execute("REVOKE ALL ON FUNCTION refresh_delivery_dashboard() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION refresh_delivery_dashboard() TO fleet_app")


def downgrade() -> None:
    """Take all of it away but the role, which may serve another database."""
    with op.get_context().autocommit_block():
        drop("idx_couriers_org_status", "couriers")
        drop("idx_deliveries_org_status", "deliveries")
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"REVOKE ALL ON {', '.join(table for table, _ in POLICIES)} FROM fleet_app")
    for table, column in POLICIES:
        op.drop_tenant_policy(table, column=column, setting=SETTING, type="bigint")  # type: ignore[attr-defined]
    op.execute("DROP FUNCTION refresh_delivery_dashboard()")
    op.execute("DROP VIEW tenant_dashboard")
    op.execute("DROP MATERIALIZED VIEW delivery_dashboard")
    op.drop_table("view_refreshes")


def create_dashboard() -> None:
    op.execute(DELIVERY_DASHBOARD)
    # REFRESH … CONCURRENTLY asks for it, and the app reads by it.
    op.execute("CREATE UNIQUE INDEX idx_delivery_dashboard_org_day ON delivery_dashboard (organization_id, day)")
    op.execute(TENANT_DASHBOARD)
    op.create_table(
        "view_refreshes",
        sa.Column("view_name", sa.Text(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("view_name", name="pk_view_refreshes"),
    )
    op.execute("INSERT INTO view_refreshes VALUES ('delivery_dashboard', now())")
    op.execute(REFRESH)


def build(name: str, table: str, columns: list[str], include: list[str]) -> None:
    # What an interrupted run left behind is invalid and of no use.
    drop(name, table)
    op.create_index(name, table, columns, postgresql_include=include, postgresql_concurrently=True)


def drop(name: str, table: str) -> None:
    op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
