"""One small result of each kind, with names that try to break every format."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.result import Result
from tests.support.samples.advice import ADVICE
from tests.support.samples.backfill import BACKFILLED, NO_BACKFILLS, PLANNED, STATES
from tests.support.samples.deployment import CONFIRMED, WORSE
from tests.support.samples.diagnosis import DIAGNOSIS, EMPTY_DIAGNOSIS
from tests.support.samples.erasure import ERASURE, STOPPED_ERASURE
from tests.support.samples.fix import FIX
from tests.support.samples.lint import LINT, NOTHING_PENDING, WITHOUT_SIZES
from tests.support.samples.migration import MIGRATED, MIGRATION_PLANNED, MIGRATION_STOPPED
from tests.support.samples.names import HOSTILE, INDEX
from tests.support.samples.plan import COMPARISON, PLAN
from tests.support.samples.probe import EMPTY_PROBE, PROBE
from tests.support.samples.proof import DIFFERENT, FAILED, FASTER, LOST, PROOF, SAME, SLOWER, timing
from tests.support.samples.pull_request import PULL_REQUEST, UNMEASURED
from tests.support.samples.retention import DRY_RUN, FAULTY, INTERRUPTED, RETAINED
from tests.support.samples.trial import DEAR, HELPING, NO_TRIAL, SLOWED, TRIAL, USELESS

RESULTS: dict[str, Result] = {
    "diagnosis": DIAGNOSIS,
    "diagnosis-empty": EMPTY_DIAGNOSIS,
    "advice": ADVICE,
    "fix": FIX,
    "pull_request": PULL_REQUEST,
    "pull_request-unmeasured": UNMEASURED,
    "proof": PROOF,
    "proof-none": replace(PROOF, lost_rows=(LOST,), failed_operations=(FAILED,)),
    "trial": TRIAL,
    "trial-none": NO_TRIAL,
    "plan": COMPARISON,
    "plan-alone": PLAN,
    "probe": PROBE,
    "probe-empty": EMPTY_PROBE,
    "deployment": CONFIRMED,
    "deployment-slower": WORSE,
    "backfill": BACKFILLED,
    "backfill-dry-run": PLANNED,
    "backfill-status": STATES,
    "backfill-none": NO_BACKFILLS,
    "lint": LINT,
    "lint-without-sizes": WITHOUT_SIZES,
    "lint-nothing": NOTHING_PENDING,
    "erasure": ERASURE,
    "erasure-stopped": STOPPED_ERASURE,
    "migration": MIGRATED,
    "migration-dry-run": MIGRATION_PLANNED,
    "migration-stopped": MIGRATION_STOPPED,
    "retention": RETAINED,
    "retention-dry-run": DRY_RUN,
    "retention-faulty": FAULTY,
    "retention-interrupted": INTERRUPTED,
}
"""By the name of its golden file: the kind, and what is special about it."""

__all__ = [
    "ADVICE",
    "COMPARISON",
    "DEAR",
    "DIAGNOSIS",
    "DIFFERENT",
    "EMPTY_DIAGNOSIS",
    "EMPTY_PROBE",
    "FAILED",
    "FASTER",
    "FIX",
    "HELPING",
    "HOSTILE",
    "INDEX",
    "LINT",
    "LOST",
    "NOTHING_PENDING",
    "NO_TRIAL",
    "PLAN",
    "PROBE",
    "PROOF",
    "PULL_REQUEST",
    "RESULTS",
    "SAME",
    "SLOWED",
    "SLOWER",
    "TRIAL",
    "UNMEASURED",
    "USELESS",
    "WITHOUT_SIZES",
    "timing",
]
