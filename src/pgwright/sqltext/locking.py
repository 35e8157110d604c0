"""How a query locks the rows that it returns: FOR UPDATE and its like."""

from __future__ import annotations

from typing import Any, Literal

from pglast.enums import LockClauseStrength, LockWaitPolicy

from pgwright.sqltext.nodes import ast, everything
from pgwright.sqltext.reader import parse

RowLock = Literal["none", "waits", "skips", "fails"]
_POLICIES: dict[int, RowLock] = {
    LockWaitPolicy.LockWaitBlock: "waits",
    LockWaitPolicy.LockWaitSkip: "skips",
    LockWaitPolicy.LockWaitError: "fails",
}
# Two sessions may hold the others at once.
_ALONE = (LockClauseStrength.LCS_FORUPDATE, LockClauseStrength.LCS_FORNOKEYUPDATE)


def row_lock(text: str) -> RowLock:
    """Return what a query does about rows that others have locked; "none" where it locks none for itself.

    Raises: UnparsableStatement.

    >>> row_lock("SELECT a FROM t LIMIT 1 FOR UPDATE SKIP LOCKED"), row_lock("SELECT a FROM t FOR SHARE")
    ('skips', 'none')
    """
    queries: list[Any] = [node for node in everything((parse(text),)) if isinstance(node, ast.SelectStmt)]
    clauses = [one for query in queries for one in query.lockingClause or () if one.strength in _ALONE]
    return _POLICIES[clauses[0].waitPolicy] if clauses else "none"
