"""Indexes that could help but are not proposed, for the statement hides what they would need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pgwright.advisor.candidates.use import STRINGS, is_worth_indexing
from pgwright.figures import listing
from pgwright.indexes.raising import may_raise
from pgwright.model.names import quote
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sizes.limits import LARGEST_TUPLE, bound
from pgwright.sqltext import Block, ColumnUse, StatementShape

# pg_stat_statements replaces every constant, those that an expression index would have to repeat among them.
_HIDDEN = re.compile(
    r"(?i)\b(?:date_trunc|date_part|date_bin|left|substr|substring|round|jsonb_extract_path_text|to_tsvector)\s*\([^()]*\$\d"
    r"|\bextract\s*\(\s*\$\d|(?:->>?|#>>?)\s*\$\d"
)
_MOST_NAMED = 5
_SEARCHED = re.compile(r"(?i)\bi?like\s+(?:'%|\$\d|concat)|~~\*?\s*\$\d")


def unseen(statements: Sequence[Statement], snapshot: Snapshot) -> Iterator[str]:
    """Yield what is left to a person, in sentences."""
    hidden = [one for one in statements if _HIDDEN.search(one.text)]
    if hidden:
        yield (
            f"{_count(hidden)} an expression whose constant is not known, as date_trunc($1, …) or data ->> $1: no "
            "index on it is proposed. Try one: pgwright plan --with-index."
        )
    searching = [one for one in statements if _SEARCHED.search(one.text)]
    if searching and "pg_trgm" not in snapshot.server.extensions:
        yield (
            f"{_count(searching)} a pattern. If it begins with %, only an index of trigrams helps: "
            "CREATE EXTENSION pg_trgm, then ask again."
        )


def withheld(shapes: Iterable[StatementShape], snapshot: Snapshot) -> Iterator[str]:
    """Yield which columns get no B-tree, for one of their values could be too large for it; in one sentence."""
    wanted = dict.fromkeys(column for shape in shapes for block in shape.blocks for column in _sought(block))
    found = [
        f"{one.table.short} ({quote(one.column)})"
        for one in wanted
        if (table := snapshot.table_by_name.get(one.table)) is not None
        and is_worth_indexing(table)
        and table.column_by_name[one.column].base_type in STRINGS
        and bound(one.table, one.column, snapshot) > LARGEST_TUPLE
    ]
    if found:
        yield (
            f"No B-tree is proposed on {listing(found, _MOST_NAMED)}: a value may exceed the {LARGEST_TUPLE:,} bytes "
            "that one takes, and its INSERT would fail. A type with a length would do, or one on left(column, 100)."
        )


def failing(shapes: Iterable[StatementShape], snapshot: Snapshot) -> Iterator[str]:
    """Yield which expressions get no index, for they may raise an error for a row; in one sentence."""
    wanted = dict.fromkeys(one for shape in shapes for block in shape.blocks for one in block.expressions)
    found = [
        f"{one.table.short} ({one.text})"
        for one in wanted
        if (table := snapshot.table_by_name.get(one.table)) is not None
        and is_worth_indexing(table)
        and may_raise(one.text, table)
    ]
    if found:
        yield (
            f"No index is proposed on {listing(list(dict.fromkeys(found)), _MOST_NAMED)}: where the expression fails "
            "for a value, its INSERT would fail. Build one by hand if you know that it never does."
        )


def _sought(block: Block) -> Iterator[ColumnUse]:
    """Yield the columns by which a B-tree would find or sort rows."""
    yield from (one.column for one in (*block.conditions, *block.lookups) if one.operator in ("=", "in", "range"))
    yield from (key.column for ordering in block.orderings for key in ordering.keys)


def _count(statements: Sequence[Statement]) -> str:
    return "1 statement compares" if len(statements) == 1 else f"{len(statements)} statements compare"
