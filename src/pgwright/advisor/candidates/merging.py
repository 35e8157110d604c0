"""One index in the place of two: candidates of different statements with the same keys, their columns put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from pgwright.advisor.candidates.covering import MOST_COLUMNS, MOST_SHARE_OF_ROW
from pgwright.advisor.candidates.proposal import Proposal, define
from pgwright.advisor.candidates.use import row_bytes, width
from pgwright.indexes.coverage import is_covered
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.sizes.limits import takes_every_row

# Pairs grow with the square of the statements that read by the same key.
_MOST_A_KEY = 12


def merged(definitions: Iterable[IndexDefinition], snapshot: Snapshot) -> Iterator[Proposal]:
    """Yield covering indexes that serve several statements: included columns of two, or of all, put together.

    Args:
        definitions: those of the whole workload, the likeliest to help first.
    """
    known = list(dict.fromkeys(definitions))
    groups: dict[tuple[QualifiedName, tuple[IndexKey, ...]], list[tuple[str, ...]]] = {}
    for one in known:
        if one.include and one.predicate is None:
            groups.setdefault((one.table, one.keys), []).append(one.include)
    for (table, keys), includes in groups.items():
        unions = [_union([one, other]) for one, other in combinations(includes, 2)]
        fresh = dict.fromkeys([*unions, _union(includes)])
        made = 0
        for include in fresh:
            definition = define(table, keys, include=include)
            is_new = set(include) not in map(set, includes) and not is_covered(definition, snapshot)
            if made < _MOST_A_KEY and is_new and _is_narrow(definition, snapshot):
                made += 1
                yield Proposal(definition, "it holds the columns that several statements read by the same key")


def _union(includes: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({column for include in includes for column in include}))


def _is_narrow(definition: IndexDefinition, snapshot: Snapshot) -> bool:
    table = snapshot.table_by_name[definition.table]
    columns = (*definition.columns, *definition.include)
    bytes_held = sum(width(snapshot, table.name, column) for column in columns)
    is_small = len(columns) <= MOST_COLUMNS and bytes_held <= MOST_SHARE_OF_ROW * row_bytes(snapshot, table)
    return is_small and takes_every_row(definition, snapshot)
