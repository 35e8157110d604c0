"""Engine of `deploy`: windows of the workload compared, what became of the indexes, and the backup before it all."""

from __future__ import annotations

from pgwright.deployment.backup import check_backup, dump_command
from pgwright.deployment.comparing import compare, judge
from pgwright.deployment.indexes import IndexChange, changed_indexes, judge_indexes
from pgwright.deployment.state import DeploymentState, read_state, write_state
from pgwright.deployment.windows import Counts, counts_of, window

__all__ = [
    "Counts",
    "DeploymentState",
    "IndexChange",
    "changed_indexes",
    "check_backup",
    "compare",
    "counts_of",
    "dump_command",
    "judge",
    "judge_indexes",
    "read_state",
    "window",
    "write_state",
]
