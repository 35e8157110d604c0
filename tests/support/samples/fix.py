"""A Fix."""

from __future__ import annotations

from pgwright.model.fix import Fix, Later
from pgwright.model.gain import Gain, MeasuredGain
from pgwright.model.not_examined import NotExamined
from pgwright.model.remedy import Remedy, Step
from pgwright.model.worth import Worth
from tests.support.samples.names import CREATE, HOSTILE, INDEX, MESSAGES
from tests.support.samples.proof import PROOF

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
            gain=Gain(Worth(126_000.0, 12.0, 0.1, 86_400.0)),
            measured=(MeasuredGain(42, 96.0, 0.12), MeasuredGain(43, 3.0, 0.0)),
        ),
        Remedy(
            title=f"Analyze {HOSTILE}",
            change=CREATE,
            findings=(f"never-analyzed:{HOSTILE}",),
            upgrade=(Step(f"ANALYZE {HOSTILE}", True, "ACCESS EXCLUSIVE", (HOSTILE,)),),
            downgrade=(),
            is_safe=False,
            warning="Nobody reads or writes it meanwhile.",
            deploy="Deploy it together with the models.",
            seconds_estimate=None,
            model_hint="",
        ),
    ),
    by_hand=("deep-offset:users",),
    refused=(NotExamined("drop ix_old", "a foreign key rests on it", "drop the key first"),),
    not_examined=(NotExamined(f"statistics of {HOSTILE}", "the role may not read it", "GRANT x TO y"),),
    later=(
        Later(
            "Create index ix_2 on users (a)", ("missing-index:users (a)",), "beyond the top",
            Gain(Worth(60_000.0, 9.0, 0.1, 86_400.0)), "pgwright fix --only 'missing-index:users (a)'",
        ),
        Later(
            f"Drop index {HOSTILE} of users", (f"unused-index:{HOSTILE}",), "info", Gain(freed_bytes=8192),
            f"pgwright fix --only 'unused-index:{HOSTILE}'",
        ),
    ),
    proof=PROOF,
)  # fmt: skip
