"""Parameters that must be the same for GROUP BY: pg_stat_statements numbers equal constants apart.

An app says `SELECT date_trunc('day', at) … GROUP BY date_trunc('day', at)`; its text in the workload says `$1` and
`$2`, and PostgreSQL then takes the second expression for another one.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from typing import Any

from pgwright.sqltext import parse, repaired
from pgwright.sqltext.nodes import ast, everything

_PARAMETER = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\d+)\b")
_NO_MATTER = frozenset({"location", "number"})


def as_grouped(text: str) -> str | None:
    """Return the statement with one parameter where an expression has to be that of GROUP BY or of SELECT DISTINCT.

    The parameters are numbered anew, without gaps. None: there is nothing to make equal. Raises UnparsableStatement.

    >>> as_grouped("SELECT date_trunc($1, at), count(*) FROM t WHERE a = $2 GROUP BY date_trunc($3, at)")
    'SELECT date_trunc($1, at), count(*) FROM t WHERE a = $2 GROUP BY date_trunc($1, at)'
    >>> as_grouped("SELECT DISTINCT a + $1 FROM t ORDER BY a + $2 LIMIT $3")
    'SELECT DISTINCT a + $1 FROM t ORDER BY a + $1 LIMIT $2'
    >>> as_grouped("SELECT a FROM t GROUP BY a")
    """
    whole = repaired(text)
    tree = parse(whole)
    same: dict[int, int] = {}
    for select in (node for node in everything((tree,)) if isinstance(node, ast.SelectStmt)):
        for one, other in _pairs(select):
            first, second = sorted((_root(same, one), _root(same, other)))
            if first != second:
                same[second] = first
    if not same:
        return None
    numbers = sorted({_root(same, int(found[1])) for found in _PARAMETER.finditer(whole) if found[1]})
    anew = {number: place for place, number in enumerate(numbers, start=1)}
    return _PARAMETER.sub(lambda found: f"${anew[_root(same, int(found[1]))]}" if found[1] else found[0], whole)


def _root(same: dict[int, int], number: int) -> int:
    while number in same:
        number = same[number]
    return number


def _pairs(select: ast.SelectStmt) -> Iterator[tuple[int, int]]:
    """Yield the parameters that take the same places in two expressions that have to be one."""
    targets = [target.val for target in select.targetList or ()]
    orders = [order.node for order in select.sortClause or ()]
    if select.groupClause:
        keys, uses = list(select.groupClause), [*targets, *orders, select.havingClause]
    elif select.distinctClause:
        keys, uses = targets, orders
    else:
        return
    known = {shape: numbers for shape, numbers in map(_masked, keys) if numbers}
    for node in (below for use in uses if use is not None for below in (use, *everything(use))):
        shape, numbers = _masked(node)
        yield from zip(known.get(shape, ()), numbers, strict=False)


def _masked(node: Any) -> tuple[Hashable, tuple[int, ...]]:
    """Return an expression without the numbers of its parameters, and these, in order."""
    numbers: list[int] = []

    def mask(value: Any) -> Hashable:
        if isinstance(value, ast.ParamRef):
            numbers.append(int(value.number or 0))
        if isinstance(value, ast.Node):
            kept = (mask(getattr(value, name)) for name in value.__slots__ if name not in _NO_MATTER)
            return (type(value).__name__, *kept)
        return tuple(map(mask, value)) if isinstance(value, tuple | list) else repr(value)

    shape = mask(node)
    return shape, tuple(numbers)
