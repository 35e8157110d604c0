"""A Proof, and one operation for each verdict."""

from __future__ import annotations

from pgwright.model.log import LoggedError, LoggedStatement, ServerLog
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.proof import (
    Effort,
    FailedOperation,
    LostRows,
    MeasuredOn,
    MeasuredOperation,
    MeasuredStatement,
    MeasuredWrite,
    PlannedStatement,
    Proof,
    Timing,
)
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
        MeasuredStatement(
            42,
            QUERY,
            1200,
            timing(96.0, 9000),
            timing(0.12, 5),
            True,
            "faster",
            Effort(20, 8800),
            Effort(20, 9000),
            (f"{HOSTILE}: now() gives another value each time",),
        ),
        MeasuredStatement(
            43,
            "SELECT 1",
            3,
            timing(0.02),
            timing(0.02),
            True,
            "same",
            Effort(0.25, 8518),
            Effort(0, 3),
        ),
        MeasuredStatement(
            44,
            "SELECT id FROM messages WHERE author = $1",
            60,
            timing(80.0, 9000),
            timing(0.4, 40),
            True,
            "faster",
            Effort(20, 8800),
            Effort(900, 9000),
            values="log",
            planned_otherwise=("messages: Index Scan in the log, Seq Scan here",),
        ),
    ),
    operations=(FASTER, SAME),
    writes=(MeasuredWrite("messages", "INSERT", 500, timing(9.0), timing(18.0), "slower", 4000),),
    bytes_before=400 * 2**20,
    bytes_after=310 * 2**20,
    not_examined=(NotExamined("triggers", "they were not fired"),),
    measured_on=MeasuredOn(
        "staging",
        "me@staging.example:5432/postgres",
        "18.6",
        f"app@db.example:5432/{HOSTILE}",
        "16.4",
        "2026-11-01T12:00:00+00:00",
    ),
    observed_seconds=86_400.0,
    log=ServerLog(
        2,
        12_345,
        678,
        9,
        (
            LoggedStatement(
                44,
                "SELECT id FROM messages WHERE author = $1",
                60,
                81.0,
                3,
                4_500.0,
                2,
                5 * 2**20,
                (LoggedError("40P01", "deadlock", 2), LoggedError("", "canceled by statement_timeout", 1)),
            ),
            LoggedStatement(45, f"SELECT 1 AS {HOSTILE}", 1, None, 0, 0.0, 1, 2**30, ()),
            LoggedStatement(42, QUERY, 9, 90.0, 0, 0.0, 0, 0, ()),
            LoggedStatement(None, "", 0, None, 0, 0.0, 0, 0, (LoggedError("23505", "unique violation", 17),)),
        ),
    ),
)
LOST = LostRows(QualifiedName("public", HOSTILE), 60_000, 0, "a check failed")
FAILED = FailedOperation("list_orders", "after", f"ValueError: {HOSTILE}", "change the models")
