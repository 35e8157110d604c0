"""The definition of a foreign key to the columns that it ties."""

from __future__ import annotations

from typing import Any

from pglast import ast

from pgwright.errors import UnparsableStatement
from pgwright.model.names import QualifiedName
from pgwright.sqltext.reader import parse

ColumnName = tuple[QualifiedName, str]


def read_foreign_key(definition: str, table: QualifiedName) -> list[tuple[ColumnName, ColumnName]]:
    """Return the columns that a key of a table ties, each referring one with the one that it refers to.

    Args:
        definition: `pg_get_constraintdef`; a table without a schema is in that of the referring one.
    Raises: UnparsableStatement: it is no foreign key.

    >>> pairs = read_foreign_key("FOREIGN KEY (owner_id) REFERENCES owner(id)", QualifiedName("public", "note"))
    >>> [(table.name, column) for pair in pairs for table, column in pair]
    [('note', 'owner_id'), ('owner', 'id')]
    """
    text = f"ALTER TABLE referring ADD {definition}"
    tree = parse(text)
    constraint: Any = tree.cmds[0].def_ if isinstance(tree, ast.AlterTableStmt) and tree.cmds else None
    if constraint is None or constraint.pktable is None:
        raise UnparsableStatement(text, "FOREIGN KEY … REFERENCES … is expected")
    referred = QualifiedName(constraint.pktable.schemaname or table.schema, constraint.pktable.relname)
    own, others = ([one.sval for one in side or ()] for side in (constraint.fk_attrs, constraint.pk_attrs))
    return [((table, left), (referred, right)) for left, right in zip(own, others, strict=False)]
