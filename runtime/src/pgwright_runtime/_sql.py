"""SQL that lives in a file of its own, beside the module that runs it; and names in SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from pkgutil import get_data

_MOST_BYTES = 63  # of a name


def read_sql(package: str, name: str) -> str:
    """Return the text of `sql/<name>.sql` in a package, without the comment on top."""
    # importlib.resources would load zipfile and tempfile for it.
    found = get_data(package, f"sql/{name}.sql")
    assert found is not None  # the loader of the package cannot read files
    return "\n".join(line for line in found.decode().splitlines() if not line.startswith("--"))


def quote(name: str) -> str:
    """Return an identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def quoted(table: str, schema: str | None) -> str:
    """Return the name of a table, quoted."""
    return (f"{quote(schema)}." if schema else "") + quote(table)


def literal(text: str) -> str:
    """Return a text as SQL has it, whatever `standard_conforming_strings` is."""
    escaped = text.replace("'", "''")
    return f"E'{escaped}'".replace("\\", "\\\\") if "\\" in text else f"'{escaped}'"


def shortened(prefix: str, name: str) -> str:
    """Return a name that PostgreSQL does not cut, so that two long ones stay apart."""
    whole = prefix + name
    if len(whole.encode()) <= _MOST_BYTES:
        return whole
    digest = blake2b(whole.encode(), digest_size=4).hexdigest()
    return whole.encode()[: _MOST_BYTES - len(digest) - 1].decode(errors="ignore") + "_" + digest


def filled_sql(package: str, name: str, literals: Mapping[str, str]) -> str:
    """Return a statement with its words in capital letters replaced, all at once: a literal may hold another's word."""
    words = re.compile(rf"\b({'|'.join(literals)})\b")
    filled = words.sub(lambda word: literals[word[0]], read_sql(package, name).strip())
    tag = "$pgwright$"
    if filled.count(tag) > 2:
        raise ValueError(f"no name may hold {tag!r}")
    return filled
