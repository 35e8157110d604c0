"""A part of a snapshot that could not be read must not make a fault of what is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pgwright.checks import run_checks
from pgwright.model.finding import Check, Finding
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot

# Each reader of a snapshot, with the fields that are empty when it fails.
PARTS: dict[str, tuple[str, ...]] = {
    "tables": ("tables", "indexes", "foreign_keys", "dependents", "sequences"),
    **{
        name: (name,)
        for name in (
            "indexes", "foreign_keys", "dependents", "sequences", "statistics", "extended_statistics", "statements",
            "settings", "role_settings", "roles", "sessions", "materialized_views",
        )
    },
    "schema": ("schema_sql",),
}  # fmt: skip

Badness = tuple[int, float, int, str]
# Larger ones are tests of speed.
_MOST_TABLES = 20

# Without pg_stat_statements these say what they can, as their manuals tell: the roles are then those of the sessions,
# columns are tied by foreign keys and names, not by joins, and deletes take what their tables' sizes tell.
WITHOUT_WORKLOAD = {"no-statement-timeout", "text-uuid-key", "unindexed-foreign-key"}


def without(snapshot: Snapshot, reader: str) -> Snapshot:
    """Return a snapshot as it is when a reader fails."""
    parts = PARTS[reader]
    empty: dict[str, Any] = {part: "" if part == "schema_sql" else () for part in parts}
    entry = NotExamined(reader, "canceling statement due to lock timeout", parts=parts)
    return replace(snapshot, not_examined=(*snapshot.not_examined, entry), **empty)


# What may be hidden of one table alone: its lock hides everything, its privileges the statistics.
_OF_A_TABLE = ("indexes", "foreign_keys", "sequences", "statistics", "tables")


def without_one(snapshot: Snapshot, part: str, table: QualifiedName) -> Snapshot:
    """Return a snapshot in which a part is missing of one table only."""
    fields: dict[str, Any] = {
        "tables": tuple(one for one in snapshot.tables if one.name != table),
        "indexes": tuple(one for one in snapshot.indexes if one.table != table),
        "foreign_keys": tuple(one for one in snapshot.foreign_keys if table not in (one.table, one.referenced_table)),
        "dependents": tuple(one for one in snapshot.dependents if one.table != table),
        "sequences": tuple(one for one in snapshot.sequences if one.table != table),
        "statistics": tuple(one for one in snapshot.statistics if one.relation != table),
    }
    parts = PARTS[part]
    if part == "tables":  # with its partitions, or its parent
        snapshot = snapshot.without([table])
        fields |= {name: getattr(snapshot, name) for name in parts}
    keys = [(key.table, key.referenced_table) for key in snapshot.foreign_keys]
    ends = {end for key in keys if table in key for end in key} if part in ("tables", "foreign_keys") else set()
    entry = NotExamined(f"{part} of {table.short}", "hidden", "show it", parts, relations=(table, *sorted(ends)))
    kept = {name: fields[name] for name in parts}
    return replace(snapshot, not_examined=(*snapshot.not_examined, entry), **kept)


def _require_no_false_finding_of_a_table(check: Check[Any], snapshot: Snapshot, known: dict[str, Badness]) -> None:
    for part in _OF_A_TABLE:
        for table in snapshot.tables:
            if part in check.needs or part == "tables":
                found = run_checks(without_one(snapshot, part, table.name), [check]).findings
                worse = {one.key for one in found if one.key not in known or one.badness < known[one.key]}
                assert not worse, f"{check.name} without the {part} of {table.name} finds {worse}"


def require_no_false_finding(check: Check[Any], snapshot: Snapshot, answers: Iterable[Finding | NotExamined]) -> None:
    """Fail where a check finds more, or worse, without a part that it does not say it needs."""
    known = {one.key: one.badness for one in answers if isinstance(one, Finding)}
    for reader, parts in PARTS.items():
        if set(parts) & set(check.needs) or (reader == "statements" and check.name in WITHOUT_WORKLOAD):
            continue
        found = [one for one in check.find(without(snapshot, reader)) if isinstance(one, Finding)]
        worse = {one.key for one in found if one.key not in known or one.badness < known[one.key]}
        assert not worse, f"{check.name} without {reader} finds {worse}: let it need them"
    if len(snapshot.tables) <= _MOST_TABLES:
        _require_no_false_finding_of_a_table(check, snapshot, known)
