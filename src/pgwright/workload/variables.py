"""The variables of a function in the text of a statement inside it, as parameters.

Where `pg_stat_statements.track` is 'all', statements inside functions are in the workload as they stand in the source:
`WHERE customer_id = c` with the argument `c`, and `NEW.id` in a trigger. The planner then knows no such column.
"""

from __future__ import annotations

import re

from pglast import ast
from pglast.visitors import Visitor

from pgwright.sqltext import parse, repaired

_COLUMN = re.compile(r'^column "(.+)" does not exist$')
_RECORD = re.compile(r'^missing FROM-clause entry for table "(.+)"$')
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'


def as_parameter(text: str, refusal: str) -> str | None:
    """Return the statement with the name that PostgreSQL does not know as a parameter; None when that is not why.

    Args:
        refusal: what PostgreSQL said.
    Raises: UnparsableStatement.

    >>> as_parameter("SELECT 1 FROM t WHERE a = c AND b = $1", 'column "c" does not exist')
    'SELECT 1 FROM t WHERE a = $2 AND b = $1'
    >>> as_parameter("DELETE FROM t WHERE id = NEW.id", 'missing FROM-clause entry for table "new"')
    'DELETE FROM t WHERE id = $1'
    """
    column, record = _COLUMN.match(refusal), _RECORD.match(refusal)
    if (column is None and record is None) or repaired(text) != text:
        return None
    found = _References()
    found(parse(text))
    first = 1 + max(found.parameters, default=0)
    numbers: dict[tuple[str, ...], int] = {}
    pieces, end = [], 0
    for start, names in sorted(found.columns):
        is_meant = names == (column[1],) if column else record is not None and names[0] == record[1] and len(names) == 2
        written = re.compile(r"\s*\.\s*".join([_IDENTIFIER] * len(names))).match(text, start)
        if is_meant and written:
            number = numbers.setdefault(names, first + len(numbers))
            pieces += [text[end:start], f"${number}"]
            end = written.end()
    return "".join(pieces) + text[end:] if pieces else None


class _References(Visitor):
    """The columns and the parameters of a statement, those of nested ones too."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: list[tuple[int, tuple[str, ...]]] = []
        self.parameters: list[int] = []

    def visit_ColumnRef(self, ancestors: object, node: ast.ColumnRef) -> None:  # noqa: N802 - named by pglast
        names = tuple(getattr(field, "sval", "*") for field in node.fields or ())
        self.columns.append((node.location or 0, names))

    def visit_ParamRef(self, ancestors: object, node: ast.ParamRef) -> None:  # noqa: N802 - named by pglast
        self.parameters.append(node.number or 0)
