"""SQL that lives in a file of its own, beside the module that runs it; and names in SQL."""

from __future__ import annotations

from pkgutil import get_data


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
