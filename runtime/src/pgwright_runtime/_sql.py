"""SQL that lives in a file of its own, beside the module that runs it."""

from __future__ import annotations

from importlib.resources import files


def read_sql(package: str, name: str) -> str:
    """Return the text of `sql/<name>.sql` in a package, without the comment on top."""
    lines = files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))
