"""What a run of migrations did, and what it would do."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.migrated import Migrated, MigratedDatabase, MigratedRevision, MigratedStatement
from tests.support.samples.names import HOSTILE

_RAN = MigratedRevision(
    revision="4f1c0a9be2d7",
    message=f"Add {HOSTILE}",
    statements=3,
    resumed_after=1,
    seconds=12.5,
    waited_seconds=11.0,
    tries=4,
    locks={"note": "AccessExclusiveLock", HOSTILE: "ShareUpdateExclusiveLock"},
    analyzed=("note",),
    notes=(f"{HOSTILE} was not analyzed (canceling statement due to lock timeout)",),
)
_PLANNED = MigratedRevision(
    revision="8a02",
    message="Keep it",
    statements=2,
    plan=(
        MigratedStatement(
            f"ALTER TABLE note ADD COLUMN {HOSTILE} int",
            {"note": "AccessExclusiveLock"},
            (f"note is held by process 7, {HOSTILE} (of app, active, for 90 s): SELECT 1",),
            False,
        ),
        MigratedStatement("CREATE INDEX CONCURRENTLY ix ON note (a)", {"note": "ShareUpdateExclusiveLock"}, (), True),
    ),
    unknown="it needs the database to say what it does (AttributeError: scalars)",
)

MIGRATED = Migrated(
    source="/srv/shop/alembic.ini",
    target="head",
    is_dry_run=False,
    is_done=True,
    ended="done",
    seconds=13.0,
    databases=(
        MigratedDatabase(
            "deploy@db.example:5432/shop", ("11aa",), ("4f1c0a9be2d7",), (_RAN,), notes=(f"no journal: {HOSTILE}",)
        ),
        MigratedDatabase(f"deploy@db.example/{HOSTILE}", (), (), ()),
    ),
)
MIGRATION_STOPPED = replace(
    MIGRATED,
    is_done=False,
    ended=f"ALTER TABLE note was not begun, for after 600 s note is held by {HOSTILE}",
    databases=(replace(MIGRATED.databases[0], pending=("8a02",)),),
)
MIGRATION_PLANNED = replace(
    MIGRATED,
    is_dry_run=True,
    is_done=False,
    seconds=0.2,
    databases=(MigratedDatabase("deploy@db.example:5432/shop", ("11aa",), ("11aa",), (_PLANNED,)),),
)
