"""The tags of values: tables, each of one tenant or of all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_ANY = "*"


def tags_read(tables: Iterable[str], tenant: str | None) -> Sequence[str]:
    """Return the tags of a value that was computed from some tables for a tenant; None: from the rows of all.

    >>> tags_read(["t"], "7")
    ['=7/*', '=7/t', '*/*', '*/t']
    """
    owners = (_own(tenant), _ANY) if tenant is not None else ("+",)
    names = sorted({*tables, _ANY})
    return [f"{owner}/{name}" for owner in owners for name in names]


def tags_written(table: str | None, tenant: str | None) -> Sequence[str]:
    """Return the tags of what a write makes invalid.

    Args:
        table: None: any.
        tenant: whose rows they were; None: perhaps everybody's.

    >>> tags_written("t", "7"), tags_written(None, None)
    (['=7/t', '+/t'], ['*/*', '+/*'])
    """
    name = _ANY if table is None else table
    return [f"{_ANY if tenant is None else _own(tenant)}/{name}", f"+/{name}"]


def _own(tenant: str) -> str:
    # In front of a slash of its own no tenant can look like another's table.
    return "=" + tenant.replace("%", "%25").replace("/", "%2F")
