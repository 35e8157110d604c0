"""What hangs on a column or a table, beside its indexes, foreign keys, defaults and sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgwright.model.names import QualifiedName

DependentKind = Literal[
    "view",
    "materialized view",
    "rule",
    "trigger",
    "policy",
    "check constraint",
    "generated column",
    "statistics",
    "statistics on an expression",
    "index statistics",
    "index comment",
    "constraint comment",
    "use of an index",
    "function",
    "publication",
    "partition key",
    "row type",
    "type",
    "heir of several tables",
]


@dataclass(frozen=True)
class Dependent:
    """One thing that hangs on a column, as `pg_depend` and the other catalogs have it."""

    table: QualifiedName
    column: str | None
    """None: on the table as a whole. A publication names a column by its row filter or its list of columns."""
    kind: DependentKind
    name: str
    """As SQL text, with its schema where it is in another than `public`; of statistics and indexes always."""
    definition: str = ""
    """The expression of a check constraint or generated column, the partition key, the column of a row type; the
    statistics target where one is set, of an index after the number of its column; the comment on an index or a
    constraint; what depends on an index, as the server describes it."""
