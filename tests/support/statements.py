"""Two tables, and the one block of a statement on them."""

from pgwright.model.names import QualifiedName
from pgwright.sqltext import Block, ColumnUse, Schema, read_shape

T, U = QualifiedName("public", "t"), QualifiedName("public", "u")
SCHEMA = Schema({T: frozenset({"id", "a", "b", "u_id", "deleted_at", "Odd Name"}), U: frozenset({"id", "email"})})


def block(text: str) -> Block:
    """Return the shape of a statement without a subquery."""
    (only,) = read_shape(text, SCHEMA).blocks
    return only


def a(column: str) -> ColumnUse:
    """Return a column of `t`."""
    return ColumnUse(T, column)


def b(column: str) -> ColumnUse:
    """Return a column of `u`."""
    return ColumnUse(U, column)
