"""Indexes that must not be dropped, because more than speed rests on them."""

from __future__ import annotations

import re

from pgwright.model.change import DropIndex
from pgwright.model.index import Index
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.remedies.draft import Draft
from pgwright.sqltext import gist
from pgwright.sqltext.functions import functions_that_name

# pg_hint_plan reads a comment that begins so.
_NAMES_INDEX = re.compile(r"\s*(?:(?:CLUSTER|REINDEX)\b|/\*\+)", re.IGNORECASE)
_AFTER_CHANGE = "change that first, then drop the index by hand"


def refuse_bad_drops(draft: Draft) -> None:
    """Give up each drop of an index that enforces something, belongs to another, or is used by its name."""
    for change in draft.of(DropIndex):
        index = draft.index_by_name.get(change.name)
        if index is None:
            continue
        is_bound = index.constraint is not None or index.is_replica_identity
        # One that is not valid is what a failed build of a unique index left behind.
        if is_bound or (index.is_valid and index.enforces):
            draft.refuse(change, f"{change.name} enforces a constraint, uniqueness or the replica identity")
        elif index.parent is not None:
            draft.refuse(change, f"{change.name} is a part of {index.parent} and falls only with it")
        elif index.is_clustered and index.is_valid:
            draft.refuse(change, f"CLUSTER orders {index.table} by {change.name}", "ALTER TABLE … SET WITHOUT CLUSTER")
        elif (statement := _naming(draft.snapshot, index)) is not None:
            draft.refuse(change, f"a statement of the workload names {change.name}: {gist(statement.text)}")
        elif functions := functions_that_name(draft.snapshot.schema_sql, (index.name,)):
            draft.refuse(change, f"the body of {', '.join(functions)} holds the name of {change.name}", _AFTER_CHANGE)
        elif (user := _using(draft.snapshot, index)) is not None:
            draft.refuse(change, f"{user} depends on {change.name}", _AFTER_CHANGE)


def _naming(snapshot: Snapshot, index: Index) -> Statement | None:
    """Return a statement that names an index: CLUSTER … USING, REINDEX INDEX, or one with a planner's hint."""
    name = re.compile(rf"(?<![\w$]){re.escape(index.name.name)}(?![\w$])")
    return next((one for one in snapshot.statements if _NAMES_INDEX.match(one.text) and name.search(one.text)), None)


def _using(snapshot: Snapshot, index: Index) -> str | None:
    """Return what the server would not leave without the index: a view with its name as a constant, say."""
    dependents = snapshot.dependents_by_table.get(index.table, ())
    found = (one.definition for one in dependents if one.kind == "use of an index" and one.name == str(index.name))
    return next(found, None)
