"""The SQL that makes, replaces and drops a materialized view; it stands for itself, so it can be printed as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from pgwright_runtime._sql import quote, quoted, read_sql
from pgwright_runtime.materialized.refreshes import NAME

_PACKAGE = "pgwright_runtime.materialized"
_MOST_BYTES = 63  # of a name


@dataclass(frozen=True)
class ViewDefinition:
    """What a revision says of a view."""

    name: str
    definition: str
    unique: tuple[str, ...]
    schema: str | None = None

    @property
    def relation(self) -> str:
        return quoted(self.name, self.schema)

    @property
    def index(self) -> str:
        return index_name(self.name)

    @property
    def unique_columns(self) -> str:
        return ", ".join(map(quote, self.unique))


def index_name(view: str) -> str:
    """Return the name of the unique index by which a view is refreshed."""
    return _shortened("uq_", view)


def create_statements(view: ViewDefinition) -> Iterator[str]:
    """Yield what makes the view, fills it, and remembers when."""
    yield _remember(view)  # before it is filled, so its data are never older than said
    yield f"CREATE MATERIALIZED VIEW {view.relation} AS\n{view.definition}"
    yield f"CREATE UNIQUE INDEX {quote(view.index)} ON {view.relation} ({view.unique_columns})"
    yield f"ANALYZE {view.relation}"
    yield _track(view)


def replace_statements(view: ViewDefinition) -> Iterator[str]:
    """Yield what makes the view anew beside the old one, and then puts it in its place."""
    new = quoted(_shortened("new_", view.name), view.schema)
    literals = {
        "OLD_RELATION": f"{_literal(view.relation)}::regclass",
        "NEW_RELATION": f"{_literal(new)}::regclass",
        "VIEW_NAME": _literal(view.name),
        "INDEX_NAME": _literal(view.index),
        "UNIQUE_COLUMNS": f"ARRAY[{', '.join(map(_literal, view.unique))}]::text[]",
    }
    yield _remember(view)
    yield f"DROP MATERIALIZED VIEW IF EXISTS {new}"  # of a run that was interrupted
    yield f"CREATE MATERIALIZED VIEW {new} AS\n{view.definition}"
    yield _filled("carry_indexes", literals)
    yield f"ANALYZE {new}"
    yield _filled("swap", literals)
    yield _track(view)


def drop_statements(view: ViewDefinition) -> Iterator[str]:
    """Yield what drops the view and forgets when it was refreshed."""
    yield f"DROP MATERIALIZED VIEW {view.relation}"
    yield f"DELETE FROM {quoted(NAME, view.schema)} WHERE view_name = {_literal(view.name)}"  # noqa: S608  (quoted)


def _remember(view: ViewDefinition) -> str:
    return (
        f"INSERT INTO {quoted(NAME, view.schema)} (view_name, refreshed_at, data_at)\n"
        f"VALUES ({_literal(view.name)}, now(), now())\n"
        "ON CONFLICT (view_name) DO UPDATE SET refreshed_at = now(), data_at = now()"
    )


def _track(view: ViewDefinition) -> str:
    literals = {"RELATION": _literal(view.relation), "VIEW_NAME": _literal(view.name)}
    return _filled("track", {**literals, "REFRESHES": quoted(NAME, view.schema)})


def _filled(name: str, literals: Mapping[str, str]) -> str:
    """Return a statement with its words in capital letters replaced, all at once: a literal may hold another's word."""
    words = re.compile(rf"\b({'|'.join(literals)})\b")
    filled = words.sub(lambda word: literals[word[0]], read_sql(_PACKAGE, name).strip())
    tag = "$pgwright$"
    if filled.count(tag) > 2:
        raise ValueError(f"no name may hold {tag!r}")
    return filled


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"E'{escaped}'".replace("\\", "\\\\") if "\\" in text else f"'{escaped}'"


def _shortened(prefix: str, name: str) -> str:
    """Return a name that PostgreSQL does not cut, so that two long ones stay apart."""
    whole = prefix + name
    if len(whole.encode()) <= _MOST_BYTES:
        return whole
    digest = blake2b(whole.encode(), digest_size=4).hexdigest()
    return whole.encode()[: _MOST_BYTES - len(digest) - 1].decode(errors="ignore") + "_" + digest
