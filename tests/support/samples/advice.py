"""An Advice."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.advice import Advice, CurvePoint, DroppedIndex, IndexAdvice, Risk, RunnerUp, ServedStatement
from pgwright.model.advice import ChangedStatement as ChangedStatement
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from tests.support.samples.names import BODY, HOSTILE, INDEX, MESSAGES, QUERY

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
    limits=("public.events was never analyzed, so its costs are guesses: run ANALYZE public.events first.",),
    planned_on=PlannedOn("18.6", False, "no programs of PostgreSQL 16 were found", "Landlock, seccomp, namespaces"),
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
        CurvePoint(0, 14_000_000.0, ""),
        CurvePoint(19_000_000, 2_660_000.0, INDEX.outline),
        CurvePoint(28_000_000, 2_500_000.0, HOSTILE),
    ),
    unplanned_share=0.41,
    first_answer_seconds=0.3,
    ended="deadline",
    objective="planned cost times calls, within 32 MB.",
)
