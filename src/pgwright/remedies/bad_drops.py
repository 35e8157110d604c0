"""Indexes that must not be dropped, because more than speed rests on them."""

from __future__ import annotations

import re

from pgwright.model.change import DropIndex
from pgwright.model.index import Index
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.remedies.draft import Draft
from pgwright.sqltext import gist

_NAMES_INDEX = re.compile(r"\s*(?:CLUSTER|REINDEX)\b", re.IGNORECASE)


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


def _naming(snapshot: Snapshot, index: Index) -> Statement | None:
    """Return a statement that names an index: CLUSTER … USING, or REINDEX INDEX."""
    name = re.compile(rf"(?<![\w$]){re.escape(index.name.name)}(?![\w$])")
    return next((one for one in snapshot.statements if _NAMES_INDEX.match(one.text) and name.search(one.text)), None)
