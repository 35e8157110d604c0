"""A Proof, and one operation for each verdict."""

from __future__ import annotations

from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.proof import MeasuredOperation, MeasuredStatement, MeasuredWrite, PlannedStatement, Proof, Timing
from pgwright.version import VERSION
from tests.support.samples.names import HOSTILE, QUERY


def timing(median_ms: float, buffers: int | None = None) -> Timing:
    return Timing(runs=7, median_ms=median_ms, low_ms=median_ms * 0.9, high_ms=median_ms * 1.1, buffers=buffers)


FASTER = MeasuredOperation("list_messages", timing(312.0), timing(3.1), 51, 2, True, "faster")
SAME = MeasuredOperation(HOSTILE, timing(0.42), timing(0.41), 1, 1, True, "same")
SLOWER = MeasuredOperation("create_message", timing(1.0), timing(2.0), 1, 1, True, "slower")
DIFFERENT = MeasuredOperation("count_messages", timing(10.0), timing(1.0), 1, 1, False, "results differ")

PROOF = Proof(
    server_version="18.6",
    planned_on=PlannedOn("16.4", True, "", f"role alone: {HOSTILE}"),
    pgwright_version=VERSION,
    revision="4f1c2a9b8d7e",
    apply_seconds=4.2,
    row_counts={"messages": 600_000, HOSTILE: 17},
    planned=(PlannedStatement(42, QUERY, 1200, 9600.0, 20.0, "Seq Scan messages", "Index Scan messages"),),
    statements=(
        MeasuredStatement(42, QUERY, 1200, timing(96.0, 9000), timing(0.12, 5), True, "faster"),
        MeasuredStatement(43, "SELECT 1", 3, timing(0.02), timing(0.02), True, "same"),
    ),
    operations=(FASTER, SAME),
    writes=(MeasuredWrite("messages", "INSERT", 500, timing(9.0), timing(12.0)),),
    bytes_before=400 * 2**20,
    bytes_after=310 * 2**20,
    not_examined=(NotExamined("triggers", "they were not fired"),),
)
