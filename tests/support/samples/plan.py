"""A StatementComparison: with every kind of change, and without any."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.comparison import PlanNode, StatementComparison, StatementPlan, TriedIndex
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from tests.support.samples.names import HOSTILE, INDEX, MESSAGES, QUERY

_CONVERSATION = "(conversation_id = '42'::bigint)"

BEFORE = StatementPlan(
    (
        PlanNode(0, "Limit", None, None, None, 20.0, 9600.0, (), is_changed=False),
        PlanNode(
            1, "Sort", None, None, None, 480.0, 9599.2, (("Sort Key", "messages.created_at DESC"),), is_changed=True
        ),
        PlanNode(2, "Nested Loop", "Left", None, None, 480.0, 9580.0, (), is_changed=True),
        PlanNode(3, "Seq Scan", None, "messages", None, 480.0, 9000.0, (("Filter", _CONVERSATION),), is_changed=True),
        PlanNode(
            3,
            "Index Scan",
            None,
            HOSTILE,
            f"{HOSTILE}_pkey",
            1.0,
            0.42,
            (("Index Cond", f"({HOSTILE}.id = messages.author_id)"),),
        ),
    ),
    (f"{HOSTILE}_pkey",),
)
AFTER = StatementPlan(
    (
        PlanNode(0, "Limit", None, None, None, 20.0, 20.0, (), is_changed=False),
        PlanNode(1, "Nested Loop", "Left", None, None, 480.0, 480.0, (), is_changed=True),
        PlanNode(
            2,
            "Index Scan",
            None,
            "messages",
            INDEX.name,
            480.0,
            78.4,
            (("Index Cond", _CONVERSATION),),
            is_changed=True,
        ),
        PlanNode(
            2,
            "Index Scan",
            None,
            HOSTILE,
            f"{HOSTILE}_pkey",
            1.0,
            0.42,
            (("Index Cond", f"({HOSTILE}.id = messages.author_id)"),),
        ),
    ),
    (f"{HOSTILE}_pkey", INDEX.name),
)

COMPARISON = StatementComparison(
    database="shop",
    server_version="16.4",
    taken_at="2026-11-01T12:00:00+00:00",
    planned_on=PlannedOn("18.6", False, f"no programs of PostgreSQL 16 in {HOSTILE}", "Landlock, seccomp"),
    text=QUERY,
    query_id=42,
    values=("42", None),
    values_from="given",
    before=BEFORE,
    after=AFTER,
    added=(
        TriedIndex(INDEX.name, INDEX.sql(), 19_000_000, is_used=True),
        TriedIndex("ix_hostile", f"CREATE INDEX ix_hostile ON {MESSAGES} ({HOSTILE})", 8192, is_used=False),
    ),
    removed=(HOSTILE, "ix_messages_conversation_id"),
    settings=(("work_mem", "256MB"),),
    limits=(NotExamined("extension postgis", "the twin has none", "plan on a copy with it"),),
    context=(("role", "app"), ("app.tenant", HOSTILE)),
)

PLAN = StatementComparison(
    database="shop",
    server_version="16.4",
    taken_at="2026-11-01T12:00:00+00:00",
    planned_on=PlannedOn("16.4", True, "", f"role alone: {HOSTILE}"),
    text=f"SELECT count(*) FROM {HOSTILE} WHERE id = $1",
    query_id=None,
    values=(),
    values_from="generic plan",
    before=replace(BEFORE, nodes=tuple(replace(node, is_changed=False) for node in BEFORE.nodes)),
    after=None,
    added=(),
    removed=(),
    settings=(),
    limits=(),
)
