"""The dashboard refreshed by the runtime, and a view of the months over it.

Autogenerate wrote the table of the refreshes and the new view from the models; who may read them, the view that lets
one tenant through, and that the moment of the last refresh is kept, is by hand.

The app's role loses the function by which it could refresh: the scheduler connects as the owner of the views.
`delivery_dashboard` stays as it is. All is done in a moment, the new view being small.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import pgwright_runtime.materialized.alembic  # noqa: F401  (registers op.create_materialized_view)

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TENANT_MONTHS = """
    CREATE VIEW tenant_months WITH (security_barrier) AS
    SELECT * FROM delivery_months
    WHERE organization_id = (SELECT current_setting('app.current_org_id')::bigint)
"""

# As revision 0003 made it.
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


def upgrade() -> None:
    # Rather fail and be run again than make the app wait behind us.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "pgwright_refreshes",
        sa.Column("view_name", sa.Text(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("data_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("every", sa.Interval(), nullable=True),
        sa.Column("max_age", sa.Interval(), nullable=True),
        sa.PrimaryKeyConstraint("view_name", name="pk_pgwright_refreshes"),
    )
    op.execute(
        "INSERT INTO pgwright_refreshes (view_name, refreshed_at, data_at) "
        "SELECT view_name, refreshed_at, refreshed_at FROM view_refreshes"
    )
    op.execute("DROP FUNCTION refresh_delivery_dashboard()")
    op.drop_table("view_refreshes")
    op.create_materialized_view(  # type: ignore[attr-defined]
        "delivery_months",
        """
        SELECT organization_id,
               date_trunc('month', day::timestamp)::date AS month,
               sum(pending + in_transit + delivered + returned + cancelled)::bigint AS deliveries,
               sum(delivered)::bigint AS delivered,
               sum(revenue) AS revenue
        FROM delivery_dashboard
        GROUP BY organization_id, date_trunc('month', day::timestamp)::date
        """,
        unique=["organization_id", "month"],
    )
    op.execute(TENANT_MONTHS)
    op.execute("GRANT SELECT ON pgwright_refreshes, tenant_months TO fleet_app")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP VIEW tenant_months")
    op.drop_materialized_view("delivery_months")  # type: ignore[attr-defined]
    op.create_table(
        "view_refreshes",
        sa.Column("view_name", sa.Text(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("view_name", name="pk_view_refreshes"),
    )
    # Of a view that is due the moment is not known: it counts as old.
    op.execute(
        "INSERT INTO view_refreshes SELECT view_name, coalesce(data_at, 'epoch') FROM pgwright_refreshes "
        "WHERE view_name = 'delivery_dashboard'"
    )
    op.drop_table("pgwright_refreshes")
    op.execute(REFRESH)
    op.execute("GRANT SELECT ON view_refreshes TO fleet_app")
    op.execute("REVOKE ALL ON FUNCTION refresh_delivery_dashboard() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION refresh_delivery_dashboard() TO fleet_app")
