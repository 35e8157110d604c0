"""index what the app asks for

Written by pgwright for the database 'fleet' as it was on 2026-11-30T15:51:08+00:00.

  1. Create index ix_deliveries_organization_id_status_created_at on deliveries
     (organization_id, status, created_at)
     answers missing-index:deliveries (organization_id, status, created_at),
     unindexed-foreign-key:deliveries (organization_id)
     saves 100 ms a call, 88.0 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on deliveries; about 2 s
  2. Create index ix_deliveries_organization_id_created_at on deliveries
     (organization_id, created_at)
     answers missing-index:deliveries (organization_id, created_at)
     saves 238 ms a call, 29.5 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on deliveries; about 2 s
  3. Create index ix_cash_collections_delivery_id on cash_collections (delivery_id)
     answers missing-index:cash_collections (delivery_id),
     unindexed-foreign-key:cash_collections (delivery_id)
     saves 32 ms a call, 23.8 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on cash_collections; under a second
  4. Create index ix_deliveries_courier_id on deliveries (courier_id)
     answers missing-index:deliveries (courier_id),
     unindexed-foreign-key:deliveries (courier_id)
     saves 250 ms a call, 2.4 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on deliveries; about 1 s
  5. Create index ix_couriers_organization_id_name_id on couriers (organization_id,
     name, id)
     answers missing-index:couriers (organization_id, name, id),
     unindexed-foreign-key:couriers (organization_id)
     saves 5.0 ms a call, 2.0 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on couriers; under a second
  6. Create index ix_salaries_courier_id on salaries (courier_id)
     answers missing-index:salaries (courier_id),
     unindexed-foreign-key:salaries (courier_id)
     saves 30 ms a call, 0.3 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on salaries; under a second
  7. Create index ix_cash_collections_organization_id on cash_collections
     (organization_id)
     answers unindexed-foreign-key:cash_collections (organization_id)
     SHARE UPDATE EXCLUSIVE on cash_collections; under a second
  8. Create index ix_salaries_organization_id on salaries (organization_id)
     answers unindexed-foreign-key:salaries (organization_id)
     SHARE UPDATE EXCLUSIVE on salaries; under a second
  9. Create index ix_couriers_current_vehicle_id on couriers (current_vehicle_id)
     answers unindexed-foreign-key:couriers (current_vehicle_id)
     SHARE UPDATE EXCLUSIVE on couriers; under a second
  10. Create index ix_users_organization_id on users (organization_id)
      answers unindexed-foreign-key:users (organization_id)
      SHARE UPDATE EXCLUSIVE on users; under a second
  11. Create index ix_vehicles_organization_id on vehicles (organization_id)
      answers unindexed-foreign-key:vehicles (organization_id)
      SHARE UPDATE EXCLUSIVE on vehicles; under a second

Reads and writes go on meanwhile.
Times are estimated from table sizes, on an idle server; waiting for locks comes on top.

Not examined, so without findings (how to, by pgwright check): pool-over-budget,
n-plus-one, repeated-statement, unused-eager-load.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-30 15:51:17.117427+00:00
"""

from __future__ import annotations

from alembic import op

from pgwright_runtime.migrations import create_index, patient_session, run_long

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with patient_session(), op.get_context().autocommit_block():
        create_index(
            "public.ix_deliveries_organization_id_status_created_at",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_deliveries_organization_id_status_created_at
            ON public.deliveries (organization_id, status, created_at)
            """,
        )
        create_index(
            "public.ix_deliveries_organization_id_created_at",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_deliveries_organization_id_created_at
            ON public.deliveries (organization_id, created_at)
            """,
        )
        create_index(
            "public.ix_cash_collections_delivery_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_cash_collections_delivery_id
            ON public.cash_collections (delivery_id)
            """,
        )
        create_index(
            "public.ix_deliveries_courier_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_deliveries_courier_id
            ON public.deliveries (courier_id)
            """,
        )
        create_index(
            "public.ix_couriers_organization_id_name_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_couriers_organization_id_name_id
            ON public.couriers (organization_id, name, id)
            """,
        )
        create_index(
            "public.ix_salaries_courier_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_salaries_courier_id
            ON public.salaries (courier_id)
            """,
        )
        create_index(
            "public.ix_cash_collections_organization_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_cash_collections_organization_id
            ON public.cash_collections (organization_id)
            """,
        )
        create_index(
            "public.ix_salaries_organization_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_salaries_organization_id
            ON public.salaries (organization_id)
            """,
        )
        create_index(
            "public.ix_couriers_current_vehicle_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_couriers_current_vehicle_id
            ON public.couriers (current_vehicle_id)
            """,
        )
        create_index(
            "public.ix_users_organization_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_users_organization_id
            ON public.users (organization_id)
            """,
        )
        create_index(
            "public.ix_vehicles_organization_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_vehicles_organization_id
            ON public.vehicles (organization_id)
            """,
        )


def downgrade() -> None:
    with patient_session(), op.get_context().autocommit_block():
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_vehicles_organization_id")
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_users_organization_id")
        run_long(
            "DROP INDEX CONCURRENTLY IF EXISTS public.ix_couriers_current_vehicle_id",
        )
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_salaries_organization_id")
        run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_cash_collections_organization_id
            """
        )
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_salaries_courier_id")
        run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_couriers_organization_id_name_id
            """
        )
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_deliveries_courier_id")
        run_long(
            "DROP INDEX CONCURRENTLY IF EXISTS public.ix_cash_collections_delivery_id",
        )
        run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_deliveries_organization_id_created_at
            """
        )
        run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_deliveries_organization_id_status_created_at
            """
        )
