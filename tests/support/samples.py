"""One small result of each kind, with names that try to break every format."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.advice import Advice, DroppedIndex, IndexAdvice, Risk, RunnerUp, ServedStatement
from pgwright.model.advice import PlannedStatement as ChangedStatement
from pgwright.model.advice import Step as CurveStep
from pgwright.model.change import CreateIndex
from pgwright.model.finding import Diagnosis, Evidence, Finding, LostPoint, SubjectScore
from pgwright.model.fix import Fix
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.proof import MeasuredOperation, MeasuredStatement, PlannedStatement, Proof, Timing, WritePrice
from pgwright.model.remedy import Remedy, Step

# Markup of rich, of HTML, of Markdown, and a terminal's escape sequence.
HOSTILE = '"[red]a|b`<script>alert(1)</script>\x1b[31m"'

MESSAGES = QualifiedName("public", "messages")
INDEX = IndexDefinition(
    "ix_messages_conversation_id_created_at",
    MESSAGES,
    (IndexKey("conversation_id"), IndexKey("created_at", is_descending=True)),
)
BODY = IndexDefinition("ix_messages_body", MESSAGES, (IndexKey("body", operator_class="gin_trgm_ops"),), method="gin")
CREATE = CreateIndex(INDEX, size_bytes=19_000_000)
QUERY = "SELECT id, body\nFROM messages\nWHERE conversation_id = $1 ORDER BY created_at DESC LIMIT $2"

DIAGNOSIS = Diagnosis(
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
        NotExamined("replicas", "nobody was asked"),
    ),
    scorecard=(
        SubjectScore("keys", 8.5, (LostPoint(1.5, f"missing-primary-key: {HOSTILE}"),)),
        SubjectScore("indexes", 3.0, (LostPoint(6.0, "missing-index: messages"), LostPoint(1.0, "unused-index"))),
        SubjectScore("retention", None, (LostPoint(0.0, "retention-overdue was not examined: no statistics"),)),
    ),
    allowed=("deep-offset:audit",),
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

ADVICE = Advice(
    indexes=(
        IndexAdvice(
            definition=INDEX,
            serves=(ServedStatement(42, QUERY, 1200, 9600.0, 20.0, 0.83),),
            gain=11_000_000.0,
            gain_share=0.81,
            size_bytes=19_000_000,
            writes=600_000,
            write_cost=9000.0,
            reason="Equality on conversation_id first, then the order of the result.",
            replaces=(QualifiedName("public", "ix_messages_conversation_id"),),
            runner_up=RunnerUp(replace(INDEX, include=("body",), predicate="deleted_at IS NULL"), 0.812, 58_900_000),
            build_seconds=4.2,
            hot_updates_lost=1200,
        ),
        IndexAdvice(
            definition=BODY,
            serves=(
                ServedStatement(50, f"SELECT * FROM {HOSTILE} WHERE body LIKE $1", 10, 9.5, 4.0, 0.0004),
                *(ServedStatement(51 + n, f"SELECT {n} FROM messages", 9 - n, 9.0, 8.0, 0.0001) for n in range(6)),
            ),
            gain=4000.0,
            gain_share=0.0003,
            size_bytes=9_000_000,
            writes=1,
            write_cost=0.5,
            reason="Patterns that begin with % need trigrams.",
            runner_up=RunnerUp(replace(BODY, method="gist"), 0.0003, 9_100_000),
            is_partitioned=True,
        ),
    ),
    statements=12,
    cost_before=14_000_000.0,
    cost_after=2_500_000.0,
    budget_bytes=32 * 2**20,
    candidates=31,
    plans=412,
    seconds=1.7,
    unplanned=(NotExamined("41.0 % of the workload's time: SELECT <x>", 'syntax error at or near "$1"'),),
    limits=(
        "The twin plans as PostgreSQL 18 does, whatever the server's version is.",
        "public.events was never analyzed, so its costs are guesses: run ANALYZE public.events first.",
    ),
    drops=(
        DroppedIndex(
            QualifiedName("public", "ix_messages_conversation_id"),
            MESSAGES,
            "CREATE INDEX ix_messages_conversation_id ON public.messages USING btree (conversation_id)",
            14_000_000,
            INDEX.outline,
            6000.0,
        ),
        DroppedIndex(QualifiedName("old", HOSTILE), MESSAGES, "CREATE INDEX …", 8192, HOSTILE, 0.0),
    ),
    changed=(
        ChangedStatement(
            42,
            QUERY,
            1200,
            0.83,
            9600.0,
            20.0,
            "Limit\n  Sort\n    Seq Scan on messages",
            f"Limit\n  Index Scan using {INDEX.name} on messages",
        ),
        *(ChangedStatement(50 + n, HOSTILE, 3, 0.01, 9.0, 8.0, f"Seq Scan on {HOSTILE}", HOSTILE) for n in range(4)),
    ),
    risks=(
        Risk(
            43,
            f"SELECT count(*) FROM {HOSTILE}",
            12,
            0.002,
            80.0,
            95.0,
            "Its plan becomes a nested loop by a thin margin.",
            2.3,
            (INDEX.outline,),
        ),
        Risk(44, "SELECT 1", 12, 0.1, 80.0, 240.0, "Its planned cost rises.", None, ("(body)",), is_left_out=True),
    ),
    curve=(
        CurveStep(0, 14_000_000.0, ""),
        CurveStep(19_000_000, 2_660_000.0, INDEX.outline),
        CurveStep(28_000_000, 2_500_000.0, HOSTILE),
    ),
    unplanned_share=0.41,
    first_answer_seconds=0.3,
    ended="deadline",
    objective="planned cost times calls, within 32 MB.",
)

FIX = Fix(
    remedies=(
        Remedy(
            title="Create index ix_messages_conversation_id_created_at on messages",
            change=CREATE,
            findings=("missing-index:messages (conversation_id, created_at DESC)",),
            upgrade=(
                Step(
                    INDEX.sql(concurrently=True), False, "SHARE UPDATE EXCLUSIVE", ("messages",), builds=str(MESSAGES)
                ),
            ),
            downgrade=(Step("DROP INDEX CONCURRENTLY ix", False, "ACCESS EXCLUSIVE", ("messages",)),),
            is_safe=True,
            warning="",
            seconds_estimate=4.0,
            model_hint='Index("ix_messages",\n      "conversation_id", text("created_at DESC"))',
        ),
        Remedy(
            title=f"Analyze {HOSTILE}",
            change=CREATE,
            findings=(f"never-analyzed:{HOSTILE}",),
            upgrade=(Step(f"ANALYZE {HOSTILE}", True, "ACCESS EXCLUSIVE", (HOSTILE,)),),
            downgrade=(),
            is_safe=False,
            warning="Nobody reads or writes it meanwhile.",
            seconds_estimate=None,
            model_hint="",
        ),
    ),
    by_hand=("deep-offset:users",),
    refused=(NotExamined("drop ix_old", "a foreign key rests on it", "drop the key first"),),
)


def timing(median_ms: float, buffers: int | None = None) -> Timing:
    return Timing(runs=7, median_ms=median_ms, low_ms=median_ms * 0.9, high_ms=median_ms * 1.1, buffers=buffers)


FASTER = MeasuredOperation("list_messages", timing(312.0), timing(3.1), 51, 2, True, "faster")
SAME = MeasuredOperation(HOSTILE, timing(0.42), timing(0.41), 1, 1, True, "same")
SLOWER = MeasuredOperation("create_message", timing(1.0), timing(2.0), 1, 1, True, "slower")
DIFFERENT = MeasuredOperation("count_messages", timing(10.0), timing(1.0), 1, 1, False, "results differ")

PROOF = Proof(
    server_version="18.6",
    pgwright_version="0.1.0",
    revision="4f1c2a9b8d7e",
    apply_seconds=4.2,
    row_counts={"messages": 600_000, HOSTILE: 17},
    planned=(PlannedStatement(42, QUERY, 1200, 9600.0, 20.0, "Seq Scan messages", "Index Scan messages"),),
    statements=(
        MeasuredStatement(42, QUERY, 1200, timing(96.0, 9000), timing(0.12, 5), True, "faster"),
        MeasuredStatement(43, "SELECT 1", 3, timing(0.02), timing(0.02), True, "same"),
    ),
    operations=(FASTER, SAME),
    writes=(WritePrice("messages", "INSERT", 500, timing(9.0), timing(12.0)),),
    bytes_before=400 * 2**20,
    bytes_after=310 * 2**20,
    not_examined=(NotExamined("triggers", "they were not fired"),),
)
