"""The tags of values: tables, and rows of them, each of one tenant or of all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from pgwright_runtime.caching.keys import Keys

_ANY = "*"
_ROW = "#"


def tags_read(
    tables: Iterable[str], tenant: str | None, rows: Mapping[str, Iterable[str]] | None = None
) -> Sequence[str]:
    """Return the tags of a value that was computed from some tables for a tenant; None: from the rows of all.

    Args:
        rows: the keys of the only rows that were read of other tables.

    >>> tags_read(["t"], "7")
    ['=7/*', '=7/t', '*/*', '*/t']
    >>> tags_read([], None, {"u": ["5"]})
    ['+/*', '+/u#*', '+/u#5']
    """
    owners = (_own(tenant), _ANY) if tenant is not None else ("+",)
    names = sorted({*map(_escaped, tables), _ANY})
    for table, keys in sorted((rows or {}).items()):
        names += [_row(table, key) for key in sorted({*keys, _ANY})]
    return [f"{owner}/{name}" for owner in owners for name in names]


def tags_written(table: str | None, tenant: str | None, keys: Keys = None) -> Sequence[str]:
    """Return the tags of what a write makes invalid.

    Args:
        table: None: any.
        tenant: whose rows they were; None: perhaps everybody's.
        keys: of the rows; None: any of the table.

    >>> tags_written("t", "7"), tags_written(None, None)
    (['=7/t', '=7/t#*', '+/t', '+/t#*'], ['*/*', '+/*'])
    >>> tags_written("t", None, frozenset(["5"]))
    ['*/t', '*/t#5', '+/t', '+/t#5']
    """
    names = [_ANY] if table is None else [_escaped(table), *_rows(table, keys)]
    return [f"{owner}/{name}" for owner in (_ANY if tenant is None else _own(tenant), "+") for name in names]


def are_covered(tags: Iterable[str], by: AbstractSet[str]) -> bool:
    """Return whether each write that makes a value with some tags invalid does so to one with others."""
    return all(tag in by or tag.partition(_ROW)[0] in by for tag in tags)


def _rows(table: str, keys: Keys) -> Iterator[str]:
    yield from (_row(table, key) for key in ((_ANY,) if keys is None else sorted(keys)))


def _row(table: str, key: str) -> str:
    return f"{_escaped(table)}{_ROW}{key}"


def _own(tenant: str) -> str:
    # In front of a slash of its own no tenant can look like another's table.
    return "=" + _escaped(tenant).replace("/", "%2F")


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace(_ROW, "%23")
