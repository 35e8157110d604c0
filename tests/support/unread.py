"""A part of a snapshot that could not be read must not make a fault of what is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pgwright.model.finding import Check, Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot

# Each reader of a snapshot, with the fields that are empty when it fails.
PARTS: dict[str, tuple[str, ...]] = {
    "tables": ("tables", "indexes", "foreign_keys", "dependents", "sequences"),
    **{
        name: (name,)
        for name in (
            "indexes", "foreign_keys", "dependents", "sequences", "statistics", "extended_statistics", "statements",
            "settings", "role_settings", "roles", "sessions",
        )
    },
    "schema": ("schema_sql",),
}  # fmt: skip

# Without pg_stat_statements these say what they can, as their manuals tell: the roles are then those of the sessions,
# and columns are tied by foreign keys and names, not by joins.
WITHOUT_WORKLOAD = {"no-statement-timeout", "text-uuid-key"}


def without(snapshot: Snapshot, reader: str) -> Snapshot:
    """Return a snapshot as it is when a reader fails."""
    parts = PARTS[reader]
    empty: dict[str, Any] = {part: "" if part == "schema_sql" else () for part in parts}
    entry = NotExamined(reader, "canceling statement due to lock timeout", parts=parts)
    return replace(snapshot, not_examined=(*snapshot.not_examined, entry), **empty)


def require_no_false_finding(check: Check[Any], snapshot: Snapshot, answers: Iterable[Finding | NotExamined]) -> None:
    """Fail where a check finds more, or worse, without a part that it does not say it needs."""
    known = {one.key: one.badness for one in answers if isinstance(one, Finding)}
    for reader, parts in PARTS.items():
        if set(parts) & set(check.needs) or (reader == "statements" and check.name in WITHOUT_WORKLOAD):
            continue
        found = [one for one in check.find(without(snapshot, reader)) if isinstance(one, Finding)]
        worse = {one.key for one in found if one.key not in known or one.badness < known[one.key]}
        assert not worse, f"{check.name} without {reader} finds {worse}: let it need them"
