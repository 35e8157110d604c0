"""What indexes save in measured time: that of each statement × the share of its planned cost that they save.

What several indexes save together is shared among them by what each alone would lose; whether an index is worth having
is asked of what would be lost without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pgwright.advisor.field import Field, Loss
from pgwright.advisor.pricer import members
from pgwright.advisor.rates import ms_a_cost
from pgwright.model.worth import Worth

# A unit of cost is a page read in sequence. Where a call takes longer than this for each, it waits for something else,
# as a lock, which no index ends: a page that a disk has to seek for takes some milliseconds, and costs 4.
_MOST_MS_A_COST = 1.0
# One call shows no rate: a statement that ran once counts where it saves as much.
_AD_HOC_MS = 1_000.0


def has_times(field: Field) -> bool:
    """Tell whether the workload's times are known."""
    return any(one.statement.total_ms > 0 for one in field.workload.statements)


def worth_of(field: Field, saved: Mapping[int, float]) -> Worth:
    """Return what it is worth to save so much planned cost of one call of statements, by their positions."""
    total, most = 0.0, 0.0
    for position, cost in saved.items():
        statement = field.workload.statements[position].statement
        a_call = cost * min(ms_a_cost(field, position), _MOST_MS_A_COST)
        if a_call > 0 and (statement.calls > 1 or a_call >= _AD_HOC_MS):
            total += a_call * statement.calls
            most = max(most, a_call)
    whole = sum(one.total_ms for one in field.snapshot.statements)
    return Worth(total, most, total / whole if whole else 0.0, field.snapshot.observed_seconds)


def worth_of_change(field: Field, chosen: int, changed: int) -> Worth:
    """Return what another choice is worth; what gets dearer by it is not counted."""
    saved = {
        position: field.call_cost(position, chosen) - field.call_cost(position, changed)
        for position in _concerned(field, chosen ^ changed)
    }
    return worth_of(field, saved)


def marginal_worths(field: Field, losses: Mapping[int, Loss]) -> dict[int, Worth]:
    """Return for each index what would be lost without it."""
    return {one: worth_of(field, loss.by_position) for one, loss in losses.items()}


def shared_worths(field: Field, chosen: int, losses: Mapping[int, Loss]) -> dict[int, Worth]:
    """Return for each index its part of what the choice saves; the parts add up to the whole."""
    parts: dict[int, dict[int, float]] = {one: {} for one in losses}
    for position in range(len(field.workload.statements)):
        saved = field.call_cost(position, field.existing) - field.call_cost(position, chosen)
        used = [one for one in members(field.used(position, chosen) & ~field.existing) if one in losses]
        whole = sum(max(losses[one].by_position.get(position, 0.0), 0.0) for one in used)
        for one in used:
            alone = max(losses[one].by_position.get(position, 0.0), 0.0)
            parts[one][position] = saved * (alone / whole if whole else 1 / len(used))
    return {one: worth_of(field, saved) for one, saved in parts.items()}


def _concerned(field: Field, changed: int) -> Iterable[int]:
    """Return the statements on the tables of some candidates."""
    return dict.fromkeys(position for one in members(changed) for position in field.positions(one))
