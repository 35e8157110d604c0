"""From one conversion to the remedies of its series: four, each for a revision of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pgwright.figures import listing
from pgwright.model.change import ConvertColumns, ConvertOnline, OnlineStage
from pgwright.model.fix import Fix
from pgwright.model.not_examined import NotExamined
from pgwright.model.remedy import Remedy, Step
from pgwright.model.snapshot import Snapshot
from pgwright.remedies.estimate import rewrite_seconds
from pgwright.remedies.online import build, contract, expand, swap
from pgwright.remedies.online.obstacles import online_obstacles
from pgwright.remedies.online.series import NEW_SCHEMA, OLD_SCHEMA, Series, series_of
from pgwright.sqltext.functions import functions_of_triggers

# A rewrite of a second is what nobody waits longer for than for the series' own locks: below it the series is work in
# vain. At REWRITE_BYTES_PER_SECOND that is 25 MB of tables with their indexes.
SMALL_REWRITE_S = 1.0

_Stage = tuple[OnlineStage, Callable[[Series], tuple[Step, ...]], Callable[[Series], tuple[Step, ...]]]
_STAGES: tuple[_Stage, ...] = (
    ("expand", expand.upgrade, expand.downgrade),
    ("build", build.upgrade, build.downgrade),
    ("swap", swap.upgrade, swap.downgrade),
    ("contract", contract.upgrade, contract.downgrade),
)
_TITLES: dict[OnlineStage, str] = {
    "expand": "Add {types} columns beside those of {tables}, kept in step",
    "build": "Index and check the {types} columns of {tables}",
    "swap": "Let the {types} columns of {tables} take the names",
    "contract": "Drop the old columns of {tables}",
}


def go_online(fix: Fix, snapshot: Snapshot, *, small_s: float = SMALL_REWRITE_S) -> Fix:
    """Return a fix whose conversions are series, where they have no obstacle and the rewrite takes longer than this.

    Args:
        small_s: up to so many seconds, estimated, the plain rewrite stays.
    """
    remedies: list[Remedy] = []
    refused: list[NotExamined] = []
    for remedy in fix.remedies:
        change = remedy.change
        if not isinstance(change, ConvertColumns) or _is_small(change, small_s):
            remedies.append(remedy)
        elif (reason := next(online_obstacles(change, snapshot), None)) is not None:
            told = "change that first, or convert it in a quiet hour: pgwright fix --breaking"
            refused.append(NotExamined(", ".join(remedy.findings), reason, told))
        else:
            remedies += series(remedy, change, snapshot)
    return replace(fix, remedies=tuple(remedies), refused=(*fix.refused, *refused))


def _is_small(change: ConvertColumns, small_s: float) -> bool:
    sizes = {each.table: each.table_bytes for each in change.columns}
    return rewrite_seconds(sum(sizes.values())) < small_s


def series(plain: Remedy, change: ConvertColumns, snapshot: Snapshot) -> list[Remedy]:
    """Return the remedies of a series in place of the one that rewrites."""
    made = series_of(change, snapshot)
    tables = listing([table.short for table in made.tables], 3)
    types = " and ".join(sorted({one.to_type for one in made.pairs}))
    return [
        replace(
            plain,
            title=_TITLES[stage].format(types=types, tables=tables),
            change=ConvertOnline(change.columns, change.foreign_keys, stage),
            upgrade=upgrade(made),
            downgrade=downgrade(made),
            is_safe=True,
            warning=_warning(made) if stage == "expand" else "",
            seconds_estimate=plain.seconds_estimate if stage == "build" else None,
            model_hint=plain.model_hint if stage == "build" else "",
            deploy=_deploy(stage),
        )
        for stage, upgrade, downgrade in _STAGES
    ]


def _warning(series: Series) -> str:
    sentences = []
    if called := functions_of_triggers(series.snapshot.schema_sql, series.tables):
        sentences.append(f"The backfill updates every row, so triggers fire: {', '.join(sorted(called))}.")
    if not series.snapshot.schema_sql:
        sentences.append("The snapshot has no schema text, so nobody looked for triggers, which the backfill fires.")
    if any(one.to_type == "uuid" for one in series.pairs):
        sentences.append("From here on a value that is no UUID is refused in these columns.")
    return " ".join(sentences)


def _deploy(stage: OnlineStage) -> str:
    return {
        "expand": "Nothing: the code that runs notices nothing. After it, fill the new columns: pgwright backfill",
        "build": "It waits for no code, but refuses to run before the backfill is done. After it, deploy the code with "
        f"the changed models and let its connections have the search_path {NEW_SCHEMA} first, then what they have: it "
        "runs beside the old code.",
        "swap": f"Before it, end what runs with the old models, or let it connect with {OLD_SCHEMA} first in its "
        f"search_path. After it, code with the changed models needs {NEW_SCHEMA} no more. Before its downgrade, let "
        f"all of that code have {NEW_SCHEMA} again.",
        "contract": f"Before it, end all code with the old models: {OLD_SCHEMA} goes. After its downgrade, fill the "
        "old columns: pgwright backfill",
    }[stage]
