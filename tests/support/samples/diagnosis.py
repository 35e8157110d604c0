"""A Diagnosis."""

from __future__ import annotations

from pgwright.model.finding import Diagnosis, Evidence, Finding, LookedAt, LostPoint, SubjectScore
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.statement import SlowStatement
from pgwright.model.worth import Worth
from tests.support.samples.names import CREATE, HOSTILE, INDEX, QUERY

DIAGNOSIS = Diagnosis(
    planned_on=PlannedOn(
        "18.6", False, f"the PostgreSQL 16.4 in {HOSTILE!r} lacks the extension vector", "role alone: x"
    ),
    database="shop",
    server_version="16.4",
    taken_at="2026-11-01T12:00:00+00:00",
    checks_run=("missing-index", "text-uuid-key", "unused-index"),
    findings=(
        Finding(
            check="missing-index",
            subject="indexes",
            severity="high",
            confidence="likely",
            object="messages (conversation_id, created_at DESC)",
            message="An index would make 1 statement of the workload up to 480 times cheaper by planned cost.",
            evidence=(
                Evidence(" ".join(QUERY.split()), "cost 9,600.00 → 20.00, 1,200 calls", "planned"),
                Evidence("size", "18.1 MB", "estimated"),
                Evidence("rows", "600,000"),
            ),
            advice=f"Create it: {INDEX.sql(concurrently=True)};",
            changes=(CREATE,),
            queries=(42,),
            worth=Worth(3_600_000.0, 310.0, 0.83, 86_400.0),
            symptoms=(
                Finding(
                    check="unindexed-foreign-key",
                    subject="indexes",
                    severity="medium",
                    confidence="likely",
                    object=f"messages ({HOSTILE})",
                    message="Each delete of a conversation reads all 600,000 rows of messages.",
                    evidence=(),
                    advice="Create an index that begins with the key's columns.",
                    changes=(CREATE,),
                ),
            ),
        ),
        Finding(
            check="missing-primary-key",
            subject="keys",
            severity="medium",
            confidence="certain",
            object=HOSTILE,
            message=f"{HOSTILE} has no primary key.",
            evidence=(Evidence("rows", "17"),),
            advice="Declare a primary key.",
            sql=f"ALTER TABLE {HOSTILE} ADD COLUMN id bigint PRIMARY KEY",
        ),
        *(
            Finding(
                check="unused-index",
                subject="indexes",
                severity="low",
                confidence="possible",
                object=f"ix_old_{number}",
                message="No query used it in 40 days.",
                evidence=(Evidence("scans", "0"),),
                advice="Drop it, when no replica uses it.",
            )
            for number in range(12)
        ),
        Finding(
            check="foreign-key-without-cascade",
            subject="keys",
            severity="info",
            confidence="certain",
            object="users",
            message="Deleting from users fails while rows of orders refer to it.",
            evidence=(Evidence("children", "orders (user_id)"),),
            advice="Decide whether the database should delete them.",
        ),
    ),
    not_examined=(
        NotExamined("what other roles do", "the role is no member of pg_monitor", "GRANT pg_monitor TO app"),
        NotExamined(
            f"columns' statistics of {HOSTILE}",
            "row-level security",
            "ALTER ROLE app BYPASSRLS",
            ("statistics",),
            relations=(QualifiedName("public", "orders"),),
        ),
        NotExamined("replicas", "nobody was asked"),
    ),
    scorecard=(
        SubjectScore(
            "keys", 8.5, (LostPoint(1.5, f"missing-primary-key: {HOSTILE}"),), (LookedAt(0.875, "the tables"),)
        ),
        SubjectScore("indexes", 3.0, (LostPoint(6.0, "missing-index: messages"), LostPoint(1.0, "unused-index"))),
        SubjectScore("retention", None, (LostPoint(0.0, "retention-overdue was not examined: no statistics"),)),
    ),
    allowed=("deep-offset:audit",),
    slowest=(
        SlowStatement(
            42,
            QUERY,
            1_200,
            3_610_000.0,
            3_008.3,
            20.0,
            0.834,
            "missing-index messages (conversation_id, created_at DESC) saves 1.0 h a day",
            "missing-index:messages (conversation_id, created_at DESC)",
        ),
        SlowStatement(
            7, f"SELECT {HOSTILE}\nFROM x", 3, 600_000.0, 200_000.0, 1e6, 0.139, "no index helps: rewrite it"
        ),
        SlowStatement(8, "VACUUM", 3, 9_000.0, 3_000.0, 0.0, 0.002, f"not planned: {HOSTILE}"),
    ),
    observed_seconds=86_400.0,
)

EMPTY_DIAGNOSIS = Diagnosis(
    database="empty",
    server_version="18.6",
    taken_at="2026-11-01T12:00:00+00:00",
    checks_run=("text-uuid-key",),
    findings=(),
    not_examined=(),
    scorecard=(SubjectScore("keys", 10.0, ()),),
)
