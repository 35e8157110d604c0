"""SQL that stands in files: `sql/<name>.sql` beside the package that runs it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def read_sql(package: str, name: str, version_number: int = 0) -> str:
    """Return the text of `sql/<name>.sql`; of several variants the newest that a server knows.

    Args:
        package: in dotted form.
        version_number: of the server, as libpq tells it: `name_post_160000.sql` is preferred from 16 on, `name.sql` is
            the general one.
    """
    folder = files(package) / "sql"
    variants = [entry.name for entry in folder.iterdir() if entry.name.startswith(f"{name}_post_")]
    since = {int(variant.removesuffix(".sql").rsplit("_", 1)[1]): variant for variant in variants}
    fitting = [version for version in since if version <= version_number]
    chosen = since[max(fitting)] if fitting else f"{name}.sql"
    return (folder / chosen).read_text(encoding="utf-8")
