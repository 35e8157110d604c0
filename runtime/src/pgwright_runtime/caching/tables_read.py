"""Which tables a query reads, by its text: so that none is forgotten that a cached value is made from.

What it cannot tell it leaves out, as what functions read: it finds what was forgotten, and proves nothing.
Source: PostgreSQL manual, SELECT, FROM Clause.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from pgwright_runtime.caching.reading import folded, is_name, tokens_of
from pgwright_runtime.caching.written_rows import Part, nested

# To read a text costs about a ms for 10,000 signs.
_LONGEST_TEXT = 30_000
_BEGINS_QUERY = ("SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE")
# What may stand between FROM, JOIN or a comma and the name of a table.
_BEFORE_NAME = ("ONLY", "LATERAL")
_ENDS_FROM = frozenset(
    (
        *("WHERE", "GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET", "FETCH"),
        *("FOR", "RETURNING", "ON", "USING", "SET", "WHEN"),
    )
)
_CATALOGS = ("pg_catalog", "information_schema")


@lru_cache(maxsize=4_096)
def tables_read(text: str) -> frozenset[str]:
    """Return the names of tables and views that a query reads, without schema, those of the server's own left out.

    >>> sorted(tables_read("WITH own AS (SELECT n FROM item) SELECT * FROM own, shop.owner o JOIN tag ON true"))
    ['item', 'owner', 'tag']
    >>> tables_read("SELECT extract(year FROM at), a IS DISTINCT FROM b FROM f(1), pg_class")
    frozenset()
    """
    parts = nested(list(tokens_of(text))) if len(text) <= _LONGEST_TEXT else None
    if parts is None:
        return frozenset()
    return frozenset(_read(parts)) - frozenset(_named_queries(parts))


def _read(parts: Sequence[Part], *, is_query: bool = True, is_from: bool = False) -> Iterator[str]:
    """Yield the names of one level and those below.

    Args:
        is_query: FROM is that of a query, and not of a function's arguments, as of extract().
        is_from: it is what stands in brackets in a FROM, as a join.
    """
    awaits_name = is_from
    for place, part in enumerate(parts):
        if isinstance(part, list):
            begins_query = part[:1] != [] and part[0] in _BEGINS_QUERY
            yield from _read(part, is_query=begins_query, is_from=awaits_name and not begins_query)
            awaits_name = False
        elif part == "FROM":
            is_from = awaits_name = is_query and parts[place - 1 : place] != ["DISTINCT"]
        elif part == "JOIN":
            is_from = awaits_name = True
        elif part in _ENDS_FROM:
            # After ON and USING there may be another JOIN, or a comma.
            is_from, awaits_name = is_from and part in ("ON", "USING"), False
        elif part == ",":
            awaits_name = is_from
        elif awaits_name and part not in _BEFORE_NAME:
            awaits_name = False
            yield from _name(parts, place)


def _name(parts: Sequence[Part], place: int) -> Iterator[str]:
    """Yield the last part of the qualified name that begins there, unless it is a function's or a catalog's."""
    names: list[str] = []
    while place < len(parts) and isinstance(part := parts[place], str) and is_name(part):
        names.append(folded(part))
        place += 1
        if parts[place : place + 1] != ["."]:
            break
        place += 1
    is_call = place < len(parts) and isinstance(parts[place], list)
    if names and not is_call and not names[-1].startswith("pg_") and names[0] not in _CATALOGS:
        yield names[-1]


def _named_queries(parts: Sequence[Part]) -> Iterator[str]:
    """Yield the names of common table expressions, wherever they are."""
    for place, part in enumerate(parts):
        if isinstance(part, list):
            yield from _named_queries(part)
        elif part == "AS" and place and _is_query(parts[place + 1 : place + 4]):
            before = parts[place - 1] if isinstance(parts[place - 1], str) else parts[place - 2]
            if isinstance(before, str) and is_name(before):
                yield folded(before)


def _is_query(after: Sequence[Part]) -> bool:
    """Return whether a query in brackets follows, which may be MATERIALIZED or not."""
    for part in after:
        if isinstance(part, list):
            return part[:1] != [] and part[0] in _BEGINS_QUERY
        if part not in ("NOT", "MATERIALIZED"):
            return False
    return False
