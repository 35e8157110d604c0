"""Which tables and columns the names in a statement may mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot

_DEFAULT = '"$user", public'


def search_path(snapshot: Snapshot, role: str | None = None) -> tuple[str, ...]:
    """Return where names without a schema are looked for in a new session of a role, those without tables left out.

    Args:
        role: None for the one that read the snapshot.
    """
    if role is None:
        found = snapshot.setting_by_name.get("search_path")
        raw = found.raw if found else _DEFAULT
    else:
        raw = snapshot.setting_of(role, "search_path") or _DEFAULT
    user = snapshot.server.role if role is None else role
    parts = (part.strip().strip('"') for part in raw.split(","))
    schemas = _schemas(snapshot)
    return tuple(user if part == "$user" else part for part in parts if (user if part == "$user" else part) in schemas)


@dataclass(frozen=True)
class Schema:
    """The tables and columns that names in a statement may mean."""

    columns: Mapping[QualifiedName, frozenset[str]]
    search_path: tuple[str, ...] = ("public",)
    views: Mapping[QualifiedName, Any] = field(default_factory=dict)
    """The parse trees of views, where statements are to be seen through them; otherwise a view is unknown."""

    @classmethod
    def of(cls, snapshot: Snapshot, role: str | None = None) -> Schema:
        """Return the tables of a snapshot, with the search path of a role: None for the one that read it."""
        path = search_path(snapshot, role)
        known = _schema_by_path(snapshot)
        if path not in known:
            known[path] = cls(_columns(snapshot), path)
        return known[path]

    @cached_property
    def _tables_by_name(self) -> dict[str, list[QualifiedName]]:
        return _by_name(self.columns)

    @cached_property
    def _views_by_name(self) -> dict[str, list[QualifiedName]]:
        return _by_name(self.views)

    def find(self, schema: str | None, name: str) -> QualifiedName | None:
        """Return the table that a name means, by the search path; a name that only one schema has is found there."""
        return self._meant(schema, name, self._tables_by_name)

    def view(self, schema: str | None, name: str) -> Any | None:
        """Return the query of the view that a name means, likewise."""
        found = self._meant(schema, name, self._views_by_name)
        return None if found is None else self.views[found]

    def _meant(self, schema: str | None, name: str, by_name: Mapping[str, list[QualifiedName]]) -> QualifiedName | None:
        candidates = by_name.get(name, [])
        for path in self.search_path if schema is None else (schema,):
            if QualifiedName(path, name) in candidates:
                return QualifiedName(path, name)
        return candidates[0] if schema is None and len(candidates) == 1 else None


@once_a_snapshot
def _schemas(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(table.name.schema for table in snapshot.tables)


@once_a_snapshot
def _columns(snapshot: Snapshot) -> Mapping[QualifiedName, frozenset[str]]:
    return {table.name: frozenset(table.column_by_name) for table in snapshot.tables}


@once_a_snapshot
def _schema_by_path(_: Snapshot) -> dict[tuple[str, ...], Schema]:
    """Return what `Schema.of` fills: statements share few paths, and thousands of tables take long to group."""
    return {}


def _by_name(relations: Iterable[QualifiedName]) -> dict[str, list[QualifiedName]]:
    grouped: dict[str, list[QualifiedName]] = {}
    for relation in relations:
        grouped.setdefault(relation.name, []).append(relation)
    return grouped
