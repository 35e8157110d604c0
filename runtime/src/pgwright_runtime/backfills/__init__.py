"""Backfills: declared in a revision, run outside of it in batches, resumable, and asked about by the app's code."""

from pgwright_runtime.backfills.asking import BackfillState, async_is_backfilled, backfill_states, is_backfilled
from pgwright_runtime.backfills.errors import (
    BackfillError,
    BackfillNotDone,
    BackfillRefused,
    UnknownBackfill,
    UntrustedBackfills,
)
from pgwright_runtime.backfills.planning import PlannedBackfill, plan_backfills
from pgwright_runtime.backfills.results import BackfillRun, FailedRow
from pgwright_runtime.backfills.running import run_backfills

__all__ = [
    "BackfillError",
    "BackfillNotDone",
    "BackfillRefused",
    "BackfillRun",
    "BackfillState",
    "FailedRow",
    "PlannedBackfill",
    "UnknownBackfill",
    "UntrustedBackfills",
    "async_is_backfilled",
    "backfill_states",
    "is_backfilled",
    "plan_backfills",
    "run_backfills",
]
