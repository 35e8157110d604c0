"""The counts of an erasure, by table."""

from __future__ import annotations

from pgwright_runtime._references import children_first
from pgwright_runtime.erasure.collecting import Collection
from pgwright_runtime.erasure.declaration import Anonymise, Keep
from pgwright_runtime.erasure.graph import RowSet
from pgwright_runtime.erasure.outcome import ErasedTable


def tally(collection: Collection, found: dict[RowSet, int], changed: dict[RowSet, int]) -> tuple[ErasedTable, ...]:
    """Return what happens to each table that has rows of the person, children first.

    Args:
        found: rows of each part.
        changed: rows of those that are made anonymous which have other values.
    """
    order = [table for component in children_first(collection.graph.tables) for table in component]
    done = [ErasedTable(
        table.fullname,
        deleted=_sum(found, table, "delete"),
        anonymised=sum(rows for part, rows in changed.items() if part.table is table),
        unlinked=_sum(found, table, "mention"),
        kept=_sum(found, table, "keep"),
        reasons=_reasons(found, table),
    ) for table in order]  # fmt: skip
    return tuple(one for one in done if one.deleted or one.anonymised or one.unlinked or one.kept)


def _sum(found: dict[RowSet, int], table: object, fate: str) -> int:
    return sum(rows for part, rows in found.items() if part.table is table and part.fate == fate)


def _reasons(found: dict[RowSet, int], table: object) -> tuple[str, ...]:
    rules = [part.rule for part, rows in found.items() if part.table is table and rows]
    reasons = [rule.reason for rule in rules if isinstance(rule, Keep | Anonymise) and rule.reason]
    return tuple(dict.fromkeys(reasons))
