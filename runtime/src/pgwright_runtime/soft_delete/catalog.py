"""Reads from a database what the operations of soft delete made there."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import BindParameter, Connection, bindparam, text

from pgwright_runtime._sql import read_sql
from pgwright_runtime.soft_delete.policies import ALL_ROWS, VIEW_COMMENT
from pgwright_runtime.soft_delete.triggers import CHECKS, LOCKS, TableTriggers

_PACKAGE = "pgwright_runtime.soft_delete"
_SCHEMAS: BindParameter[str] = bindparam("schemas", expanding=True)
_TRIGGERS = text(read_sql(_PACKAGE, "triggers")).bindparams(_SCHEMAS, bindparam("names", expanding=True))
_VIEWS = text(read_sql(_PACKAGE, "views")).bindparams(_SCHEMAS)
_POLICIES = text(read_sql(_PACKAGE, "policies")).bindparams(_SCHEMAS)


@dataclass
class FoundLiving:
    """What a table has."""

    sources: dict[str, str] = field(default_factory=dict)
    """The bodies of its triggers' functions, by the trigger's name."""
    views: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Views of its living rows, with their columns."""
    roles: dict[str, bool] = field(default_factory=dict)
    """Roles that see only its living rows, and whether a policy lets all others see all."""

    @property
    def triggers(self) -> TableTriggers | None:
        """What its triggers were made from; None: it has none of ours."""
        return next((found for source in self.sources.values() if (found := TableTriggers.of_source(source))), None)


def read_living(connection: Connection, schemas: Collection[str]) -> dict[tuple[str, str], FoundLiving]:
    """Return what the tables of these schemas have, by schema and name."""
    found: dict[tuple[str, str], FoundLiving] = defaultdict(FoundLiving)
    names = {"schemas": list(schemas)}
    for schema, table, trigger, source in connection.execute(_TRIGGERS, {**names, "names": [CHECKS, LOCKS]}):
        found[schema, table].sources[trigger] = source
    for schema, view, comment, columns in connection.execute(_VIEWS, {**names, "comment": VIEW_COMMENT}):
        found[schema, json.loads(comment.removeprefix(VIEW_COMMENT))].views[view] = tuple(columns)
    for schema, table, role, all_rows in connection.execute(_POLICIES, {**names, "all_rows": ALL_ROWS}):
        found[schema, table].roles[role] = all_rows
    return dict(found)
