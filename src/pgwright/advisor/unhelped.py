"""Statements of notable time that no index helps: they need another form, not an index.

Either no candidate brings their planned cost down; or what is chosen does not, and their time is far above what they
cost by plan: then it is spent where the plan sees none, and a cheaper look-up saves nothing there.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.advisor.field import Field
from pgwright.advisor.rates import ms_a_cost, quantile
from pgwright.model.advice import UnhelpedStatement
from pgwright.sqltext import asks_unknown_key
from pgwright.workload.reading import share_of_time

# Statements that anybody would want faster: a call takes long, or all calls together a notable part of the time.
_LONG_MS, _LARGE_SHARE, _FELT_MS = 1_000.0, 0.05, 10.0
# An index that leaves more of the cost than this does not help.
_LITTLE = 0.8
# So many times the time for each unit of cost that half of the statements take, and less.
_FAR_FROM_PLAN, _HALF = 5.0, 0.5


def unhelped(field: Field, chosen: int) -> Iterator[UnhelpedStatement]:
    """Yield them, the dearest first."""
    found = [one for position in range(len(field.workload.statements)) if (one := _unhelped(field, chosen, position))]
    yield from sorted(found, key=lambda one: -one.total_ms)


def _unhelped(field: Field, chosen: int, position: int) -> UnhelpedStatement | None:
    statement = field.workload.statements[position].statement
    if field.workload.statements[position].shape.kind != "select":
        return None  # what writes waits for locks, triggers and foreign keys, which no plan prices
    if asks_unknown_key(statement.text):
        return None  # an index on the key would help, and was not tried
    share = share_of_time([statement], field.snapshot)
    if statement.mean_ms < _LONG_MS and not (share >= _LARGE_SHARE and statement.mean_ms >= _FELT_MS):
        return None
    before, after = field.call_cost(position, field.existing), field.call_cost(position, chosen)
    least = _least(field, position)
    if least is None or least < _LITTLE * before:
        is_far = ms_a_cost(field, position) >= _FAR_FROM_PLAN * quantile(field, _HALF)
        if not is_far or after < _LITTLE * before:
            return None
    cost = after if least is None else min(least, after)
    return UnhelpedStatement(statement.query_id, statement.text, statement.calls, statement.total_ms, before, cost)


def _least(field: Field, position: int) -> float | None:
    """Return the cost of one call with every candidate that could serve it; None where one was not tried."""
    least = 0.0
    for query in field.queries_of[position]:
        asked = field.pricer.queries[query]
        portions = field.pricer.portions(query, field.pricer.relevant[query] | field.existing, field.existing)
        if any(field.pricer.find(query, portion) is None for portion in portions):
            return None
        least += asked.share * field.pricer.atoms(query)[0].cost
    return least
