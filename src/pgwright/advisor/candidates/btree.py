"""B-trees on whole columns: equality first, then the order or a range; joins in each order that differs in worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from pgwright.advisor.candidates.proposal import Proposal, define
from pgwright.advisor.candidates.use import TableUse
from pgwright.model.index import IndexKey
from pgwright.model.names import QualifiedName, quote

# Pairs of columns grow with the square; the columns that filter most come first.
_MOST_PAIRED = 6
_MOST_JOINED = 8
_MOST_COMBINED = 4
_MOST_JOINED_IN_PAIRS = 3
_MOST_BESIDE_A_BRANCH = 2

_SAID = {
    "order": "the order of the result, so that nothing is sorted",
    "group": "the order of the groups, so that nothing is sorted",
    "distinct": "the order in which duplicates stand together",
    "window": "the order of the window, so that nothing is sorted",
    "extreme": "the extreme value, which stands at one end",
}


@dataclass(frozen=True)
class KeyOrder:
    """Keys in an order that is worth a try."""

    keys: tuple[IndexKey, ...]
    reason: str
    covers: bool = False
    """True: worth a variant that holds all columns read."""


def plain_trees(use: TableUse) -> Iterator[Proposal]:
    for group in groups(use):
        if use.fits(group.keys) and (use.goal.is_plain or not _is_beyond_unique(use, group.keys)):
            yield Proposal(define(use.name, group.keys), group.reason)


@lru_cache(maxsize=1)
def groups(use: TableUse) -> tuple[KeyOrder, ...]:
    """Return the orders of keys, the likeliest to help first, each once."""
    found: dict[tuple[IndexKey, ...], KeyOrder] = {}
    for group in _groups(use):
        keys = group.keys[: use.goal.most_keys]
        known = found.get(keys)
        if keys and (known is None or (group.covers and not known.covers)):
            found[keys] = KeyOrder(keys, known.reason if known else group.reason, group.covers)
    return tuple(found.values())


def _groups(use: TableUse) -> Iterator[KeyOrder]:
    equal, joined = use.equal, use.joined[:_MOST_JOINED]
    if equal:
        yield _on(use, equal, "equality", covers=True)
    yield from _ordered(use, equal)
    for column in use.ranges:
        if column not in equal:
            yield _after(use, equal, use.keys([column]), f"the range on {quote(column)}", covers=True)
    for column in joined:
        yield _on(use, (column,), "join", covers=True)
    for column in joined[:_MOST_COMBINED]:
        rest = tuple(other for other in equal if other != column)
        if rest:
            yield _on(use, (*rest, column), "equality and join")
            yield _on(use, (column, *rest), "join and equality", covers=True)
        for other in use.ranges:
            if other != column:
                yield _after(use, (column,), use.keys([other]), f"the range on {quote(other)}", "join", covers=True)
    for pair in _joined_pairs(use, joined):
        yield _on(use, pair, "join")
    for lead in joined[:1]:
        yield from _ordered(use, (lead,), "join")
    for column in (*equal, *use.ranges):
        yield _on(use, (column,), "condition", covers=True)
    yield from _ordered(use, ())
    yield from _in_branches(use)
    if use.goal.is_plain:
        yield from _all_pairs(use)


def _ordered(use: TableUse, lead: tuple[str, ...], said: str = "equality") -> Iterator[KeyOrder]:
    for ordering in use.orderings:
        rest = use.sort_keys(ordering.keys, without=lead)
        is_turned = any(key.is_descending for key in ordering.keys) and not any(key.is_descending for key in rest)
        reason = _SAID[ordering.purpose] + (", read backwards" if is_turned else "")
        for length in sorted({1, len(rest)} if rest else ()):
            is_whole = length == len(rest)
            yield _after(use, lead, rest[:length], reason, said, covers=is_whole)


def _joined_pairs(use: TableUse, joined: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield pairs of join columns in both orders: those of a join on two columns, and of the first few columns all."""
    partners: dict[str, set[QualifiedName]] = {}
    for join in use.block.joins:
        for side, partner in ((join.left, join.right), (join.right, join.left)):
            if side.table == use.name:
                partners.setdefault(side.column, set()).add(partner.table)
    few = joined[:_MOST_JOINED_IN_PAIRS]
    for one, two in permutations(joined, 2):
        if (one in few and two in few) or partners.get(one, set()) & partners.get(two, set()):
            yield one, two


def _in_branches(use: TableUse) -> Iterator[KeyOrder]:
    """Yield an index for each branch of an OR, which a bitmap scan puts together, and for what the branches share."""
    for branch in use.branches:
        equal = use.sorted_columns(c.column.column for c in branch if c.operator in ("=", "in"))
        ranges = use.sorted_columns(c.column.column for c in branch if c.operator == "range" or use.is_plain_prefix(c))
        if equal:
            yield _on(use, equal, "one branch of OR")
        for column in ranges:
            yield _after(use, equal, use.keys([column]), f"the range on {quote(column)} in a branch of OR")
        for column in (*equal, *ranges):
            yield _on(use, (column,), "one branch of OR")
            for other in (*use.equal, *use.ranges)[:_MOST_BESIDE_A_BRANCH]:
                if other != column:
                    yield _on(use, (other, column), "the condition of all branches and that of one")


def _all_pairs(use: TableUse) -> Iterator[KeyOrder]:
    """Yield every ordered pair of the columns that take part, as two columns may be all that an index may have."""
    truths = [c.column.column for c in use.conditions if c.operator in ("is null", "is true", "is false")]
    in_branches = [c.column.column for branch in use.branches for c in branch if c.operator in ("=", "in")]
    sorts = [key.column.column for ordering in use.orderings for key in ordering.keys[:2]]
    few_reads = use.reads if len(use.reads) <= use.goal.most_keys else ()
    every = (*use.joined, *use.equal, *use.ranges, *in_branches, *truths, *sorts, *few_reads)
    columns = [column for column in dict.fromkeys(every) if use.is_sortable(column)][:_MOST_PAIRED]
    leading = {*use.joined, *use.equal, *truths, *in_branches, *sorts}
    for pair in permutations(columns, 2):
        # What follows a range narrows the scan little: only another range, or holding all that is read, is worth it.
        if pair[0] in leading or pair[1] in use.ranges or set(pair) == set(use.reads):
            yield _on(use, pair, "condition, join or order")


def _on(use: TableUse, columns: Iterable[str], said: str, *, covers: bool = False) -> KeyOrder:
    names = tuple(columns)
    return KeyOrder(use.keys(names), f"{said} on {', '.join(map(quote, names))} first", covers)


def _after(
    use: TableUse,
    lead: tuple[str, ...],
    rest: tuple[IndexKey, ...],
    reason: str,
    said: str = "equality",
    *,
    covers: bool = False,
) -> KeyOrder:
    before = f"{said} on {', '.join(map(quote, lead))} first, then " if lead else ""
    return KeyOrder(use.keys(lead) + rest, before + reason, covers)


def _is_beyond_unique(use: TableUse, keys: tuple[IndexKey, ...]) -> bool:
    """Tell whether a unique index on the first keys finds the one row already."""
    columns = [key.column for key in keys]
    for index in use.snapshot.indexes_by_table.get(use.name, ()):
        own = index.definition
        is_whole = own.is_unique and own.predicate is None and len(own.columns) == len(own.keys)
        if (
            is_whole
            and index.is_valid
            and len(own.keys) < len(keys)
            and set(columns[: len(own.keys)]) == set(own.columns)
        ):
            return True
    return False
