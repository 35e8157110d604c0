"""What a condition makes equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import FromClause
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList


def equal_columns(condition: Any, of: FromClause) -> Iterator[tuple[Any, Any]]:
    """Yield columns of a FROM clause, each with the column of another one that it must be equal to."""
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for part in condition.clauses:
            yield from equal_columns(part, of)
    elif isinstance(condition, BinaryExpression) and condition.operator is operators.eq:
        for own, other in ((condition.left, condition.right), (condition.right, condition.left)):
            if getattr(own, "table", None) == of and getattr(other, "table", None) is not None:
                yield own, other
