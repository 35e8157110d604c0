"""Blocks of SQL with checks in them, from the files in `sql/`."""

from __future__ import annotations

import re

from pgwright.sql_files import read_sql

_PLACE = re.compile(r"\{(\w+)\}")


def block(name: str, /, **values: str) -> str:
    """Return `sql/<name>.sql` with the values in the places of their names in braces.

    >>> block("drop_invalid", index="'public.ix'").splitlines()[0]
    "SELECT 'DROP INDEX CONCURRENTLY ' || 'public.ix'"
    """
    text = read_sql("pgwright.remedies", name).strip()
    tag = "block"
    while any(f"${tag}$" in value for value in values.values()):
        tag += "_"
    return _PLACE.sub(lambda place: values[place[1]], text.replace("$block$", f"${tag}$"))
