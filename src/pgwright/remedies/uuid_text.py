"""Text that holds UUIDs: what proves that it does, and the column's default as a uuid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pglast import ast, parse_sql
from pglast.parser import ParseError
from pglast.stream import RawStream

from pgwright.model.change import ColumnConversion
from pgwright.model.index import IndexDefinition
from pgwright.model.names import quote, quote_literal
from pgwright.remedies.blocks import block

# In either case: 36 characters with hyphens, or 32 without where the column is said to hold such.
_HYPHENATED = "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"
_ANY = "^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$"

_UUID_FUNCTIONS = {
    "gen_random_uuid", "uuidv4", "uuidv7", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4",
}  # fmt: skip


def require_uuids(columns: Sequence[ColumnConversion]) -> str:
    """Return the block that fails, naming a value, when one of the columns holds something else than UUIDs."""
    places = _values(
        (str(each.table), quote(each.column), _HYPHENATED if each.uuid_format == "hyphenated" else _ANY)
        for each in columns
    )
    return block("require_uuids", places=places)


def require_distinct(columns: Sequence[ColumnConversion], indexes: Iterable[IndexDefinition]) -> str:
    """Return the block that fails when two texts of a unique index are one and the same uuid; "" without such indexes.

    Args:
        indexes: the unique indexes of the tables; those without one of the columns are passed over.
    """
    converted = {(each.table, each.column) for each in columns}
    rows = []
    for index in indexes:
        if any((index.table, column) in converted for column in index.columns):
            keys = [
                f"{quote(column)}::text::uuid" if (index.table, column) in converted else quote(column)
                for column in index.columns
            ]
            nulls = [] if index.nulls_not_distinct else [f"{quote(column)} IS NOT NULL" for column in index.columns]
            where = " AND ".join([*nulls, *([f"({index.predicate})"] if index.predicate else [])]) or "true"
            rows.append((str(index.table), ", ".join(map(quote, index.columns)), ", ".join(keys), where))
    if not rows:
        return ""
    return block("require_distinct", places=_values(rows))


def uuid_default(default: str) -> str:
    """Return a text default as one of type uuid.

    >>> uuid_default("(gen_random_uuid())::text")
    'gen_random_uuid()'
    >>> uuid_default("replace((public.uuid_generate_v4())::text, '-'::text, ''::text)")
    'public.uuid_generate_v4()'
    >>> uuid_default("md5(random()::text)")
    '(md5(random()::text))::uuid'
    """
    try:
        statement: Any = parse_sql(f"SELECT {default}")[0].stmt
    except ParseError:
        return f"({default})::uuid"
    node = statement.targetList[0].val
    while True:
        name = node.funcname[-1].sval if isinstance(node, ast.FuncCall) and node.funcname else ""
        if name in _UUID_FUNCTIONS:
            return str(RawStream()(node))
        if isinstance(node, ast.TypeCast):
            node = node.arg
        elif name in ("replace", "lower", "upper"):
            node = node.args[0]
        else:
            return f"({default})::uuid"


def _values(rows: Iterable[tuple[str, ...]]) -> str:
    separator = ",\n" + " " * 12
    return separator.join(f"({', '.join(quote_literal(part).strip() for part in row)})" for row in rows)
