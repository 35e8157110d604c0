"""What a retention did, and what it would do."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.retained import Retained, RetainedPartitions, RetainedRule
from pgwright.model.revision_text import RevisionText
from tests.support.samples.names import HOSTILE

EVENTS = RetainedPartitions(
    table='"public"."events"',
    created=('"public"."events_2026_12"', f'"public"."{HOSTILE}"'),
    detached=('"public"."events_2025_11"',),
    dropped=('"public"."events_2025_11"',),
    left={'"public"."events_2025_10"': f"rows refer to its rows: {HOSTILE}"},
    notes=('the DEFAULT partition "public"."events_rest" is not empty',),
)

RETAINED = Retained(
    policies="app.retention:RETENTION",
    database=HOSTILE,
    server="app@db.example:5432",
    at="2026-11-30 02:00:00 UTC",
    is_dry_run=False,
    rules=(
        RetainedRule(
            name="token (expires_at)",
            says="expires_at has passed",
            rows={"token": 1_200_000},
            kept={},
            batches=240,
            seconds=11.5,
            waited_seconds=3.25,
            longest_ms=71.2,
        ),
        RetainedRule(
            name=f"{HOSTILE} (deleted_at)",
            says="deleted 90 days ago",
            rows={HOSTILE: 3, "comment": 12},
            kept={f"held: {HOSTILE}": 1, "invoice (owner_id) refers to it": 4},
            batches=1,
            seconds=0.02,
            longest_ms=20.0,
        ),
        RetainedRule("session (expires_at)", "expires_at has passed", {}, {}),
    ),
    is_done=True,
    ended="done",
    seconds=61.0,
    partitions=(EVENTS, RetainedPartitions('"public"."visits"', (), (), (), {}, is_busy=True)),
    notes=("replicas are not watched, because the role may not see them; GRANT pg_monitor TO it",),
)
INTERRUPTED = replace(RETAINED, is_done=False, ended="gave way: the replica r1 is 40.0 MB behind, and that for 600 s")
DRY_RUN = replace(
    RETAINED,
    is_dry_run=True,
    is_done=False,
    ended="counted",
    seconds=0.0,
    rules=(
        *(
            replace(rule, batches=0, seconds=0.0, waited_seconds=0.0, longest_ms=0.0, walk="along expires_at")
            for rule in RETAINED.rules
        ),
        RetainedRule(
            name="log (at)",
            says="at 7 days ago",
            rows={"log": 9},
            kept={},
            walk="along its key, all rows",
            advice=(f"advice {HOSTILE}",),
            partitioning=RevisionText("Partition log by at.", "from alembic import op", "    up()", "    down()", ""),
        ),
    ),
    partitions=(replace(EVENTS, left={}), RetainedPartitions('"public"."visits"', (), (), (), {})),
    notes=(),
    refusals=(f"log (at): no index finds the due rows, so all 5,000,000 rows of {HOSTILE} are read.",),
)
FAULTY = replace(DRY_RUN, rules=(), refusals=(), faults=("log (at): the role lacks DELETE on log.",))
