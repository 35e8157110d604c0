"""What a check of the workload says where there is none."""

from __future__ import annotations

from pgwright.model.snapshot import Snapshot
from pgwright.workload.shaped import shaped_statements

NO_WORKLOAD = "the snapshot holds no statements of pg_stat_statements"
NO_WORKLOAD_REMEDY = "see `pgwright explain extension-missing`; then let the app run for a day"
NOT_OF_TABLES = "no statement of the workload uses a table"
LET_IT_RUN = "let the app run for a day, then ask again"


def why_no_workload(snapshot: Snapshot) -> tuple[str, str] | None:
    """Return why nothing can be said of the app's statements, and what helps; None where there are some.

    What reads the catalogs only, as we do, is none of the app's: after a reset of the counters there is nothing else.
    """
    if not snapshot.statements:
        return NO_WORKLOAD, NO_WORKLOAD_REMEDY
    if not shaped_statements(snapshot):
        return NOT_OF_TABLES, LET_IT_RUN
    return None
