"""What backfills did, what they would do, and how far they are."""

from __future__ import annotations

from pgwright.model.backfilled import Backfilled, BackfilledTable, UnfilledRow
from tests.support.samples.names import HOSTILE

_PLACE = "owner@db.example:5432"
BACKFILLED = Backfilled(
    database=HOSTILE,
    server=_PLACE,
    mode="run",
    backfills=(
        BackfilledTable(
            name="notes_title_lower",
            table='"public"."notes"',
            is_done=True,
            says="done",
            left=0,
            changed=1_200_000,
            rate=10_434.8,
            batches=840,
            seconds=115.0,
            waited_seconds=3.25,
            longest_ms=71.2,
            notes=("replicas are not watched, because the role may not see them; GRANT pg_monitor TO it",),
        ),
        BackfilledTable(
            name=HOSTILE,
            table=f'"public"."{HOSTILE}"',
            is_done=False,
            says="rows are left that cannot be done",
            left=2,
            changed=1,
            rate=1.0,
            left_out={f"would violate a constraint {HOSTILE} (23514)": 2},
            failed=(UnfilledRow(("7", HOSTILE), f"would violate a constraint {HOSTILE} (23514)"),),
            batches=1,
            seconds=1.0,
            longest_ms=20.0,
        ),
        BackfilledTable("orders_total", '"public"."orders"', False, "refused", refusals=(f"no table {HOSTILE}",)),
    ),
    is_done=False,
)
PLANNED = Backfilled(
    database="shop",
    server=_PLACE,
    mode="dry run",
    backfills=(
        BackfilledTable(
            name="notes_title_lower",
            table='"public"."notes"',
            is_done=False,
            says="along id",
            reads="the title, in small letters",
            sets={"title_lower": "lower(title)", HOSTILE: f"'{HOSTILE}'"},
            where="title_lower IS NULL",
            rows=1_200_000,
            left=1_199_000,
            triggers=("audit", HOSTILE),
        ),
    ),
    is_done=True,
)
STATES = Backfilled(
    database="shop",
    server=_PLACE,
    mode="status",
    backfills=(
        BackfilledTable(
            name="notes_title_lower",
            table='"public"."notes"',
            is_done=False,
            says="running",
            rows=1_200_000,
            walked=700_000,
            changed=690_000,
            rate=9_800.0,
            left_out={"could not be done when they were last looked at": 3},
            notes=("last heard of at 2026-11-30 02:00:00 UTC",),
        ),
    ),
    is_done=False,
)
NO_BACKFILLS = Backfilled("shop", _PLACE, "run", (), True)
