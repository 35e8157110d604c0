"""A Fix."""

from __future__ import annotations

from pgwright.model.fix import Fix
from pgwright.model.not_examined import NotExamined
from pgwright.model.remedy import Remedy, Step
from tests.support.samples.names import CREATE, HOSTILE, INDEX, MESSAGES

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
    not_examined=(NotExamined(f"statistics of {HOSTILE}", "the role may not read it", "GRANT x TO y"),),
)
