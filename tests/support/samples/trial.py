"""A Trial: one setting that helps and slows a statement, one that does not help, and both together."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.proof import Effort, MeasuredStatement
from pgwright.model.trial import Trial, TriedSetting
from pgwright.version import VERSION
from tests.support.samples.names import HOSTILE, QUERY
from tests.support.samples.proof import PROOF, timing

DEAR = MeasuredStatement(
    42, QUERY, 1200, timing(96.0, 9000), timing(12.0, 900), True, "faster", Effort(20, 8800), Effort(20, 9000)
)
SLOWED = MeasuredStatement(
    43, f"SELECT {HOSTILE}", 100, timing(4.0, 90), timing(40.0, 9000), True, "slower", Effort(1, 90), Effort(1, 90)
)
HELPING = TriedSetting(
    settings={"random_page_cost": "1.1"},
    reason="99.9 % of the statements' blocks were found in the cache.",
    statements=(DEAR, SLOWED),
    failed=(),
    unchanged=17,
    before_ms=200_000.0,
    apply_sql="ALTER DATABASE shop SET random_page_cost = '1.1';",
    undo_sql="ALTER DATABASE shop RESET random_page_cost;",
    observed_seconds=86_400.0,
)
USELESS = replace(
    HELPING,
    settings={"work_mem": "8MB"},
    reason=f"1 statement wrote 3 MB to temporary files: {HOSTILE}.",
    statements=(replace(DEAR, verdict="unclear", after=timing(95.0, 9000)),),
    failed=(NotExamined(f"statement {HOSTILE}", "canceling statement due to statement timeout"),),
)
TRIAL = Trial(
    database=HOSTILE,
    planned_on=PlannedOn("16.4", True, "", "role alone"),
    pgwright_version=VERSION,
    statements=19,
    tried=(HELPING, USELESS),
    together=replace(
        HELPING,
        settings={"random_page_cost": "1.1", "work_mem": "8MB"},
        reason="All that help, at the same time.",
        statements=(DEAR,),
    ),
    untried={"jit": "it is off"},
    not_examined=(NotExamined("jit", "the server of the copy has no jit", "name another"),),
    measured_on=PROOF.measured_on,
)
NO_TRIAL = replace(TRIAL, statements=0, tried=(), together=None, not_examined=(), measured_on=None)
