"""Statements of notable time that no candidate index helps: they need another form, not an index."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.advisor.field import Field
from pgwright.model.advice import UnhelpedStatement
from pgwright.workload.reading import share_of_time

# Statements that anybody would want faster: a call takes long, or all calls together a notable part of the time.
_LONG_MS, _LARGE_SHARE, _FELT_MS = 1_000.0, 0.05, 10.0
# An index that leaves more of the cost than this does not help.
_LITTLE = 0.8


def unhelped(field: Field) -> Iterator[UnhelpedStatement]:
    """Yield them, the dearest first; only those for which every candidate was tried."""
    found = [one for position in range(len(field.workload.statements)) if (one := _unhelped(field, position))]
    yield from sorted(found, key=lambda one: -one.total_ms)


def _unhelped(field: Field, position: int) -> UnhelpedStatement | None:
    statement = field.workload.statements[position].statement
    share = share_of_time([statement], field.snapshot)
    if statement.mean_ms < _LONG_MS and not (share >= _LARGE_SHARE and statement.mean_ms >= _FELT_MS):
        return None
    before, least = field.call_cost(position, field.existing), 0.0
    for query in field.queries_of[position]:
        asked = field.pricer.queries[query]
        portions = field.pricer.portions(query, field.pricer.relevant[query] | field.existing, field.existing)
        if any(field.pricer.find(query, portion) is None for portion in portions):
            return None
        least += asked.share * field.pricer.atoms(query)[0].cost
    if least < _LITTLE * before:
        return None
    return UnhelpedStatement(statement.query_id, statement.text, statement.calls, statement.total_ms, before, least)
