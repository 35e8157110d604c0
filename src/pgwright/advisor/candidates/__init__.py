"""Every index that could help a statement: B-trees in each order that differs in worth, and the other kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from pgwright.advisor.candidates.brin import block_ranges
from pgwright.advisor.candidates.btree import plain_trees
from pgwright.advisor.candidates.containers import inverted
from pgwright.advisor.candidates.covering import covering
from pgwright.advisor.candidates.expressions import on_expressions
from pgwright.advisor.candidates.hashes import by_hash
from pgwright.advisor.candidates.merging import merged
from pgwright.advisor.candidates.partial import partial
from pgwright.advisor.candidates.patterns import for_patterns
from pgwright.advisor.candidates.proposal import Proposal
from pgwright.advisor.candidates.ranges import for_ranges
from pgwright.advisor.candidates.use import TableUse, is_worth_indexing
from pgwright.advisor.candidates.vectors import for_vectors
from pgwright.advisor.goal import Goal
from pgwright.indexes.coverage import is_covered
from pgwright.indexes.raising import raising
from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.sizes.limits import takes_every_row
from pgwright.sqltext import StatementShape, as_if_of
from pgwright.workload.parameters import InferredValue

__all__ = ["Proposal", "merged", "propose"]

# Each is priced on the twin, at about a millisecond a plan.
_MOST_A_TABLE = 60
_FEWEST_A_BLOCK = 20

_EVERYTHING = Goal()

Kind = Callable[[TableUse], Iterator[Proposal]]
_PLAIN: tuple[Kind, ...] = (plain_trees,)
# Those that few statements give rise to stand first, so that the limit cuts the many.
_ALL: tuple[Kind, ...] = (
    for_vectors, for_patterns, inverted, for_ranges, by_hash, on_expressions, plain_trees, covering, partial,
    block_ranges,
)  # fmt: skip


def propose(
    shape: StatementShape, snapshot: Snapshot, inferred: Iterable[InferredValue] = (), goal: Goal = _EVERYTHING
) -> Iterator[Proposal]:
    """Yield candidates for one statement, at most 60 a table; none that repeats the key of an existing index."""
    known = tuple(inferred)
    uses = [
        TableUse(
            snapshot.table_by_name[table],
            block if table in block.tables else as_if_of(block, read, table),
            snapshot,
            known,
            goal,
        )
        for block in shape.blocks
        for read in dict.fromkeys(block.tables)
        for table in _indexed_for(read, snapshot)
        if is_worth_indexing(snapshot.table_by_name[table])
    ]
    count = Counter(use.name for use in uses)
    seen: set[IndexDefinition] = set()
    made: Counter[QualifiedName] = Counter()
    for use in uses:
        share = max(_FEWEST_A_BLOCK, _MOST_A_TABLE // count[use.name])
        room = min(share, _MOST_A_TABLE - made[use.name])
        fresh = (one for one in _for(use) if one.definition not in seen)
        for proposal in islice(_once(fresh, seen), room):
            made[use.name] += 1
            yield proposal


def _indexed_for(table: QualifiedName, snapshot: Snapshot) -> Iterator[QualifiedName]:
    """Yield a table, and those that inherit from it in the old way: each has indexes of its own."""
    yield table
    if snapshot.table_by_name[table].kind != "partitioned table":
        yield from snapshot.heirs(table)


def _for(use: TableUse) -> Iterator[Proposal]:
    for kind in _PLAIN if use.goal.is_plain else _ALL:
        for proposal in kind(use):
            definition = proposal.definition
            is_allowed = use.goal.methods is None or definition.method in use.goal.methods
            is_fit = is_allowed and takes_every_row(definition, use.snapshot)
            if is_fit and raising(definition, use.table) is None and not is_covered(definition, use.snapshot):
                yield proposal


def _once(proposals: Iterable[Proposal], seen: set[IndexDefinition]) -> Iterator[Proposal]:
    for proposal in proposals:
        if proposal.definition not in seen:
            seen.add(proposal.definition)
            yield proposal
