"""Work on many rows in batches of bounded time: what retention, backfills and online changes have in common."""

from pgwright_runtime.batches.errors import BatchTooSlow, LockHeld, NotWalkable
from pgwright_runtime.batches.job import Acted, BatchJob, BatchStep, BatchTally
from pgwright_runtime.batches.metrics import BatchMetrics
from pgwright_runtime.batches.pace import Pace
from pgwright_runtime.batches.progress import BatchProgress
from pgwright_runtime.batches.rows import FoundRow, RowAddress
from pgwright_runtime.batches.run import BatchEnd, run_batches
from pgwright_runtime.batches.stopping import StopFlag, stopping_at_signals
from pgwright_runtime.batches.walk import KeyWalk

__all__ = [
    "Acted",
    "BatchEnd",
    "BatchJob",
    "BatchMetrics",
    "BatchProgress",
    "BatchStep",
    "BatchTally",
    "BatchTooSlow",
    "FoundRow",
    "KeyWalk",
    "LockHeld",
    "NotWalkable",
    "Pace",
    "RowAddress",
    "StopFlag",
    "run_batches",
    "stopping_at_signals",
]
