"""How new indexes are called where the app's MetaData has a naming convention: as it would call them."""

from __future__ import annotations

from collections.abc import Sequence

from pgwright.code.conventions import adds_to_names, names_of_index
from pgwright.model.index import IndexDefinition, index_name
from pgwright.model.names import shorten

# A convention that names the first column alone would call two indexes alike.
_EVERY_COLUMN = {
    "%(column_0_label)s": "%(table_name)s_%(column_0_N_name)s",
    "%(column_0_name)s": "%(column_0_N_name)s",
    "%(column_0_key)s": "%(column_0_N_key)s",
}


def conventional(definition: IndexDefinition, stated: Sequence[dict[str, str]]) -> IndexDefinition:
    """Return an index under the name that the one convention of an app gives it; what tells it apart stays behind.

    >>> from pgwright.model.index import IndexKey
    >>> from pgwright.model.names import QualifiedName
    >>> job = QualifiedName("public", "job")
    >>> index = IndexDefinition("ix_job_at_status_new", job, (IndexKey("at"),), predicate="status = 'new'")
    >>> conventional(index, [{"ix": "idx_%(table_name)s_%(column_0_N_name)s"}]).name
    'idx_job_at_status_new'
    >>> both = IndexDefinition("ix_job_at_kind", job, (IndexKey("at"), IndexKey("kind")))
    >>> conventional(both, [{"ix": "%(column_0_label)s_idx"}]).name
    'job_at_kind_idx'
    """
    columns = [one.column for one in definition.keys]
    if len(stated) != 1 or adds_to_names(stated[0]) or not definition.columns or None in columns:
        return definition
    ours = index_name(definition.table, definition.columns)
    pattern = stated[0]["ix"]
    for first, every in _EVERY_COLUMN.items():
        pattern = pattern.replace(first, every)
    named = names_of_index(definition.table.name, _schema(definition), definition.columns, [{"ix": pattern}])
    if len(named) != 1 or not definition.name.startswith(ours):
        return definition
    return definition.named(shorten(named.pop() + definition.name.removeprefix(ours)))


def _schema(definition: IndexDefinition) -> str | None:
    return None if definition.table.schema == "public" else definition.table.schema
