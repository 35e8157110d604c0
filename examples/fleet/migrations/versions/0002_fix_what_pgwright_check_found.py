"""fix what pgwright check found

Written by pgwright for the database 'fleet' as it was on 2026-11-21T11:26:09+00:00.

Answers these findings:

  - missing-index:cash_collections (delivery_id) INCLUDE (amount, settled_at)
  - unindexed-foreign-key:cash_collections (delivery_id)
  - missing-index:deliveries (organization_id, created_at)
  - unindexed-foreign-key:deliveries (organization_id)
  - missing-index:deliveries (organization_id, status, created_at)
  - unindexed-foreign-key:deliveries (courier_id)
  - missing-index:deliveries (courier_id)
  - unindexed-foreign-key:cash_collections (organization_id)
  - unindexed-foreign-key:salaries (organization_id)
  - missing-index:deliveries (organization_id) INCLUDE (status, price, created_at, id)
  - missing-index:couriers (organization_id, status, name, id)
  - unindexed-foreign-key:couriers (organization_id)
  - missing-index:salaries (courier_id) INCLUDE (month, organization_id, amount, id)
  - unindexed-foreign-key:salaries (courier_id)
  - missing-index:couriers (organization_id, name, id)
  - unindexed-foreign-key:users (organization_id)
  - unindexed-foreign-key:vehicles (organization_id)
  - unindexed-foreign-key:couriers (current_vehicle_id)
  - missing-index:vehicles (id) INCLUDE (kind, organization_id, plate_number)

Steps (estimated from table sizes: 40 MB/s for an index build, 25 MB/s for a rewrite;
waiting for locks comes on top):

  1. Create index ix_cash_collections_delivery_id_covering_6ddefa on cash_collections
     (delivery_id): about 2 s.
     SHARE UPDATE EXCLUSIVE on cash_collections
  2. Create index ix_deliveries_organization_id_created_at on deliveries
     (organization_id, created_at): about 8 s.
     SHARE UPDATE EXCLUSIVE on deliveries
  3. Create index ix_deliveries_organization_id_status_created_at on deliveries
     (organization_id, status, created_at): about 8 s.
     SHARE UPDATE EXCLUSIVE on deliveries
  4. Create index ix_deliveries_courier_id on deliveries (courier_id): about 8 s.
     SHARE UPDATE EXCLUSIVE on deliveries
  5. Create index ix_cash_collections_organization_id on cash_collections
     (organization_id): about 2 s.
     SHARE UPDATE EXCLUSIVE on cash_collections
  6. Create index ix_salaries_organization_id on salaries (organization_id): under a
     second.
     SHARE UPDATE EXCLUSIVE on salaries
  7. Create index ix_deliveries_organization_id_covering_efcce2 on deliveries
     (organization_id): about 8 s.
     SHARE UPDATE EXCLUSIVE on deliveries
  8. Create index ix_couriers_organization_id_status_name_id on couriers
     (organization_id, status, name, id): under a second.
     SHARE UPDATE EXCLUSIVE on couriers
  9. Create index ix_salaries_courier_id_covering_084405 on salaries (courier_id): under
     a second.
     SHARE UPDATE EXCLUSIVE on salaries
  10. Create index ix_couriers_organization_id_name_id on couriers (organization_id,
      name, id): under a second.
      SHARE UPDATE EXCLUSIVE on couriers
  11. Create index ix_users_organization_id on users (organization_id): under a second.
      SHARE UPDATE EXCLUSIVE on users
  12. Create index ix_vehicles_organization_id on vehicles (organization_id): under a
      second.
      SHARE UPDATE EXCLUSIVE on vehicles
  13. Create index ix_couriers_current_vehicle_id on couriers (current_vehicle_id):
      under a second.
      SHARE UPDATE EXCLUSIVE on couriers
  14. Create index ix_vehicles_id_covering_375289 on vehicles (id): under a second.
      SHARE UPDATE EXCLUSIVE on vehicles

What these locks do:

  - SHARE UPDATE EXCLUSIVE: blocks no reads and no writes, only other changes of the
    table and VACUUM

Change the models too, so that `alembic check` stays clean:

    cash_collections: Index(
        "ix_cash_collections_delivery_id_covering_6ddefa",
        "delivery_id",
        postgresql_include=["amount", "settled_at"],
    )
    deliveries: Index(
        "ix_deliveries_organization_id_created_at",
        "organization_id",
        "created_at",
    )
    deliveries: Index(
        "ix_deliveries_organization_id_status_created_at",
        "organization_id",
        "status",
        "created_at",
    )
    deliveries: Index("ix_deliveries_courier_id", "courier_id")
    cash_collections: Index("ix_cash_collections_organization_id", "organization_id")
    salaries: Index("ix_salaries_organization_id", "organization_id")
    deliveries: Index(
        "ix_deliveries_organization_id_covering_efcce2",
        "organization_id",
        postgresql_include=["status", "price", "created_at", "id"],
    )
    couriers: Index(
        "ix_couriers_organization_id_status_name_id",
        "organization_id",
        "status",
        "name",
        "id",
    )
    salaries: Index(
        "ix_salaries_courier_id_covering_084405",
        "courier_id",
        postgresql_include=["month", "organization_id", "amount", "id"],
    )
    couriers: Index(
        "ix_couriers_organization_id_name_id",
        "organization_id",
        "name",
        "id",
    )
    users: Index("ix_users_organization_id", "organization_id")
    vehicles: Index("ix_vehicles_organization_id", "organization_id")
    couriers: Index("ix_couriers_current_vehicle_id", "current_vehicle_id")
    vehicles: Index(
        "ix_vehicles_id_covering_375289",
        "id",
        postgresql_include=["kind", "organization_id", "plate_number"],
    )

Left to you:

  - n-plus-one-suspect:couriers (id)
  - sequential-scan-heavy:deliveries
  - n-plus-one-suspect:vehicles (id)
  - deep-offset:deliveries
  - deep-offset:couriers
  - no-statement-timeout:fleet
  - sequential-scan-heavy:cash_collections
  - sequential-scan-heavy:couriers
  - superuser-application:postgres
  - n-plus-one-suspect:deliveries (id)
  - foreign-key-without-cascade:couriers
  - foreign-key-without-cascade:deliveries
  - foreign-key-without-cascade:organizations
  - foreign-key-without-cascade:vehicles

Revision ID: 0002
Revises: 0001
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from textwrap import dedent

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Whoever waits for an exclusive lock holds up all who come after; so wait shortly, let
# the others pass, and try again.
LOCK_WAIT = "2s"
TRIES = 20

# A concurrent build waits for older transactions, but nobody who reads or writes queues
# behind it.
LONG_WAIT = "30min"


def upgrade() -> None:
    with _patient_session(), op.get_context().autocommit_block():
        # Create index ix_cash_collections_delivery_id_covering_6ddefa on
        # cash_collections (delivery_id)
        _create_index(
            "public.ix_cash_collections_delivery_id_covering_6ddefa",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_cash_collections_delivery_id_covering_6ddefa
            ON public.cash_collections (delivery_id) INCLUDE (amount, settled_at)
            """,
        )
        # Create index ix_deliveries_organization_id_created_at on deliveries
        # (organization_id, created_at)
        _create_index(
            "public.ix_deliveries_organization_id_created_at",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_deliveries_organization_id_created_at
            ON public.deliveries (organization_id, created_at)
            """,
        )
        # Create index ix_deliveries_organization_id_status_created_at on deliveries
        # (organization_id, status, created_at)
        _create_index(
            "public.ix_deliveries_organization_id_status_created_at",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_deliveries_organization_id_status_created_at
            ON public.deliveries (organization_id, status, created_at)
            """,
        )
        # Create index ix_deliveries_courier_id on deliveries (courier_id)
        _create_index(
            "public.ix_deliveries_courier_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_deliveries_courier_id
            ON public.deliveries (courier_id)
            """,
        )
        # Create index ix_cash_collections_organization_id on cash_collections
        # (organization_id)
        _create_index(
            "public.ix_cash_collections_organization_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_cash_collections_organization_id
            ON public.cash_collections (organization_id)
            """,
        )
        # Create index ix_salaries_organization_id on salaries (organization_id)
        _create_index(
            "public.ix_salaries_organization_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_salaries_organization_id
            ON public.salaries (organization_id)
            """,
        )
        # Create index ix_deliveries_organization_id_covering_efcce2 on deliveries
        # (organization_id)
        _create_index(
            "public.ix_deliveries_organization_id_covering_efcce2",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_deliveries_organization_id_covering_efcce2
            ON public.deliveries (organization_id) INCLUDE (status, price, created_at, id)
            """,
        )
        # Create index ix_couriers_organization_id_status_name_id on couriers
        # (organization_id, status, name, id)
        _create_index(
            "public.ix_couriers_organization_id_status_name_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_couriers_organization_id_status_name_id
            ON public.couriers (organization_id, status, name, id)
            """,
        )
        # Create index ix_salaries_courier_id_covering_084405 on salaries (courier_id)
        _create_index(
            "public.ix_salaries_courier_id_covering_084405",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_salaries_courier_id_covering_084405
            ON public.salaries (courier_id) INCLUDE (month, organization_id, amount, id)
            """,
        )
        # Create index ix_couriers_organization_id_name_id on couriers (organization_id,
        # name, id)
        _create_index(
            "public.ix_couriers_organization_id_name_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_couriers_organization_id_name_id
            ON public.couriers (organization_id, name, id)
            """,
        )
        # Create index ix_users_organization_id on users (organization_id)
        _create_index(
            "public.ix_users_organization_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_users_organization_id
            ON public.users (organization_id)
            """,
        )
        # Create index ix_vehicles_organization_id on vehicles (organization_id)
        _create_index(
            "public.ix_vehicles_organization_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_vehicles_organization_id
            ON public.vehicles (organization_id)
            """,
        )
        # Create index ix_couriers_current_vehicle_id on couriers (current_vehicle_id)
        _create_index(
            "public.ix_couriers_current_vehicle_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_couriers_current_vehicle_id
            ON public.couriers (current_vehicle_id)
            """,
        )
        # Create index ix_vehicles_id_covering_375289 on vehicles (id)
        _create_index(
            "public.ix_vehicles_id_covering_375289",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_vehicles_id_covering_375289
            ON public.vehicles (id) INCLUDE (kind, organization_id, plate_number)
            """,
        )


def downgrade() -> None:
    with _patient_session(), op.get_context().autocommit_block():
        # Create index ix_vehicles_id_covering_375289 on vehicles (id)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_vehicles_id_covering_375289
            """
        )
        # Create index ix_couriers_current_vehicle_id on couriers (current_vehicle_id)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_couriers_current_vehicle_id
            """
        )
        # Create index ix_vehicles_organization_id on vehicles (organization_id)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_vehicles_organization_id
            """
        )
        # Create index ix_users_organization_id on users (organization_id)
        _run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_users_organization_id")
        # Create index ix_couriers_organization_id_name_id on couriers (organization_id,
        # name, id)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_couriers_organization_id_name_id
            """
        )
        # Create index ix_salaries_courier_id_covering_084405 on salaries (courier_id)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_salaries_courier_id_covering_084405
            """
        )
        # Create index ix_couriers_organization_id_status_name_id on couriers
        # (organization_id, status, name, id)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_couriers_organization_id_status_name_id
            """
        )
        # Create index ix_deliveries_organization_id_covering_efcce2 on deliveries
        # (organization_id)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_deliveries_organization_id_covering_efcce2
            """
        )
        # Create index ix_salaries_organization_id on salaries (organization_id)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_salaries_organization_id
            """
        )
        # Create index ix_cash_collections_organization_id on cash_collections
        # (organization_id)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_cash_collections_organization_id
            """
        )
        # Create index ix_deliveries_courier_id on deliveries (courier_id)
        _run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_deliveries_courier_id")
        # Create index ix_deliveries_organization_id_status_created_at on deliveries
        # (organization_id, status, created_at)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_deliveries_organization_id_status_created_at
            """
        )
        # Create index ix_deliveries_organization_id_created_at on deliveries
        # (organization_id, created_at)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_deliveries_organization_id_created_at
            """
        )
        # Create index ix_cash_collections_delivery_id_covering_6ddefa on
        # cash_collections (delivery_id)
        _run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_cash_collections_delivery_id_covering_6ddefa
            """
        )


@contextmanager
def _patient_session() -> Iterator[None]:
    """Let long steps run to their end; give the session its own timeouts back after.

    It needs a session of its own: no pooler in transaction mode.
    """
    if getattr(op.get_context(), "_in_external_transaction", False):
        raise CommandError(
            "env.py began a transaction before context.begin_transaction(), and CREATE "
            "INDEX CONCURRENTLY runs in none: let it use connect(), not begin(), and "
            "commit what it executes before, which begins a transaction as well"
        )
    timeouts = """
        FROM pg_settings WHERE name IN ('lock_timeout', 'statement_timeout',
            'transaction_timeout', 'idle_in_transaction_session_timeout')
    """
    own = "'pgwright.' || name"
    _execute(f"SELECT set_config({own}, current_setting(name), false) {timeouts}")
    _execute(f"SELECT set_config(name, '0', false) {timeouts}")
    yield
    _execute(f"SELECT set_config(name, current_setting({own}), false) {timeouts}")


def _execute(statement: str) -> None:
    """Send one statement as it stands; in offline mode print it."""
    context, sql = op.get_context(), dedent(statement).strip()
    if context.as_sql:
        context.impl.static_output(f"{sql};")
    else:
        options = {"no_parameters": True}  # a percent sign is a percent sign
        op.get_bind().exec_driver_sql(sql, execution_options=options)


def _run(statement: str, wait: str = LOCK_WAIT, tries: int = TRIES) -> None:
    """Run one statement; try again when a lock does not come in time."""
    _execute(f"SET lock_timeout = '{wait}'")
    if op.get_context().as_sql:
        _execute(statement)
        return
    connection = op.get_bind()
    level = connection.get_execution_options().get("isolation_level")
    for attempt in range(1, tries + 1):
        try:
            with nullcontext() if level == "AUTOCOMMIT" else connection.begin_nested():
                _execute(statement)
            return
        except sa.exc.DBAPIError as error:
            codes = [getattr(error.orig, name, None) for name in ("sqlstate", "pgcode")]
            if not {"55P03", "40P01"}.intersection(codes):  # no lock, deadlock
                raise
            if attempt == tries:
                raise CommandError(
                    f"no lock in {tries} tries of {wait} for: {dedent(statement).strip()}\n"
                    f"Who may hold it, longest first: {_oldest_transactions()}\n"
                    "Run this again when they are through; what is done is not done twice."
                ) from error
        _execute(f"SELECT pg_sleep({random.uniform(0.1, 2):.2f})")


def _run_long(statement: str) -> None:
    """Run a statement that may wait long, for nobody queues behind it."""
    _run(statement, wait=LONG_WAIT, tries=1)


def _create_index(index: str, statement: str) -> None:
    """Build an index concurrently; what an interrupted build left goes first."""
    _drop_invalid(index)
    try:
        _run_long(statement)
    except Exception:
        # Whoever stopped the build may stop this too; then the next run does it.
        with suppress(sa.exc.DBAPIError, CommandError):
            _drop_invalid(index, tries=1)
        raise


def _drop_invalid(index: str, tries: int = TRIES) -> None:
    """Drop the index if it is invalid: IF NOT EXISTS would keep it, useless as it is."""
    found = "FROM pg_index WHERE NOT indisvalid AND indexrelid = to_regclass"
    if op.get_context().as_sql:
        literal = "'" + index.replace("'", "''") + "'"
        condition = f"EXISTS (SELECT {found}({literal}))"
        drop = f"IF {condition} THEN DROP INDEX {index}; END IF;"
        _execute(f"DO $drop_invalid$ BEGIN {drop} END $drop_invalid$")
    elif op.get_bind().scalar(sa.text(f"SELECT 1 {found}(:index)"), {"index": index}):
        _run(f"DROP INDEX CONCURRENTLY IF EXISTS {index}", tries=tries)


def _oldest_transactions() -> str:
    """Name the sessions that may hold the lock."""
    query = """
        SELECT format('pid %s (%s, %s, for %s): %s', pid, usename, state,
            date_trunc('second', clock_timestamp() - xact_start), left(query, 60))
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND xact_start IS NOT NULL
        ORDER BY xact_start LIMIT 3
    """
    options = {"no_parameters": True}
    rows = op.get_bind().exec_driver_sql(query, execution_options=options)
    return "; ".join(row[0] for row in rows) or "they have ended"
