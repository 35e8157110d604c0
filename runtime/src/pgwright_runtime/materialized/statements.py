"""The SQL that makes, replaces and drops a materialized view; it stands for itself, so it can be printed as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgwright_runtime._sql import filled_sql, literal, quote, quoted, shortened
from pgwright_runtime.materialized.refreshes import NAME

_PACKAGE = "pgwright_runtime.materialized"


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
    return shortened("uq_", view)


def create_statements(view: ViewDefinition) -> Iterator[str]:
    """Yield what makes the view, fills it, and remembers when."""
    yield _remember(view)  # before it is filled, so its data are never older than said
    yield f"CREATE MATERIALIZED VIEW {view.relation} AS\n{view.definition}"
    yield f"CREATE UNIQUE INDEX {quote(view.index)} ON {view.relation} ({view.unique_columns})"
    yield f"ANALYZE {view.relation}"
    yield _track(view)


def replace_statements(view: ViewDefinition) -> Iterator[str]:
    """Yield what makes the view anew beside the old one, and then puts it in its place."""
    new = quoted(shortened("new_", view.name), view.schema)
    literals = {
        "OLD_RELATION": f"{literal(view.relation)}::regclass",
        "NEW_RELATION": f"{literal(new)}::regclass",
        "VIEW_NAME": literal(view.name),
        "INDEX_NAME": literal(view.index),
        "UNIQUE_COLUMNS": f"ARRAY[{', '.join(map(literal, view.unique))}]::text[]",
    }
    yield _remember(view)
    yield f"DROP MATERIALIZED VIEW IF EXISTS {new}"  # of a run that was interrupted
    yield f"CREATE MATERIALIZED VIEW {new} AS\n{view.definition}"
    yield filled_sql(_PACKAGE, "carry_indexes", literals)
    yield f"ANALYZE {new}"
    yield filled_sql(_PACKAGE, "swap", literals)
    yield _track(view)


def drop_statements(view: ViewDefinition) -> Iterator[str]:
    """Yield what drops the view and forgets when it was refreshed."""
    yield f"DROP MATERIALIZED VIEW {view.relation}"
    yield f"DELETE FROM {quoted(NAME, view.schema)} WHERE view_name = {literal(view.name)}"  # noqa: S608  (quoted)


def _remember(view: ViewDefinition) -> str:
    return (
        f"INSERT INTO {quoted(NAME, view.schema)} (view_name, refreshed_at, data_at)\n"
        f"VALUES ({literal(view.name)}, now(), now())\n"
        "ON CONFLICT (view_name) DO UPDATE SET refreshed_at = now(), data_at = now()"
    )


def _track(view: ViewDefinition) -> str:
    literals = {"RELATION": literal(view.relation), "VIEW_NAME": literal(view.name)}
    return filled_sql(_PACKAGE, "track", {**literals, "REFRESHES": quoted(NAME, view.schema)})
