"""Parameters that must be the same for GROUP BY, which pg_stat_statements numbers apart, or only in one place.

An app says `SELECT date_trunc('day', at) … GROUP BY date_trunc('day', at)`; its text in the workload says `$1` and
`$2`, or `$1` and still `'day'`, and PostgreSQL then takes the second expression for another one.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from typing import Any

from pglast.stream import RawStream

from pgwright.sqltext import parse, repaired
from pgwright.sqltext.nodes import ast, everything

_PARAMETER = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\d+)\b")
# The number of a parameter, or a constant as SQL text.
_Place = int | str


def as_grouped(text: str) -> str | None:
    """Return the statement with equal parameters where an expression has to be that of GROUP BY or SELECT DISTINCT.

    Where one of them is still the constant, both are. The parameters are numbered anew, without gaps. None: there is
    nothing to make equal. Raises UnparsableStatement.

    >>> as_grouped("SELECT date_trunc($1, at), count(*) FROM t WHERE a = $2 GROUP BY date_trunc($3, at)")
    'SELECT date_trunc($1, at), count(*) FROM t WHERE a = $2 GROUP BY date_trunc($1, at)'
    >>> as_grouped("SELECT DISTINCT a + $1 FROM t ORDER BY a + $2 LIMIT $3")
    'SELECT DISTINCT a + $1 FROM t ORDER BY a + $1 LIMIT $2'
    >>> as_grouped("SELECT date_trunc($2, at) FROM t WHERE a = $1 AND b = $3 GROUP BY date_trunc('day', at)")
    "SELECT date_trunc('day', at) FROM t WHERE a = $1 AND b = $2 GROUP BY date_trunc('day', at)"
    >>> as_grouped("SELECT a FROM t GROUP BY a")
    """
    whole = repaired(text)
    tree = parse(whole)
    same: dict[int, int] = {}
    known: dict[int, str] = {}
    for select in (node for node in everything((tree,)) if isinstance(node, ast.SelectStmt)):
        for one, other in _pairs(select):
            if isinstance(one, int) and isinstance(other, int):
                first, second = sorted((_root(same, one), _root(same, other)))
                if first != second:
                    same[second] = first
            elif isinstance(one, int) != isinstance(other, int):
                number, constant = (one, other) if isinstance(one, int) else (other, one)
                known.setdefault(int(number), str(constant))
    if not same and not known:
        return None
    known = {_root(same, number): constant for number, constant in known.items()}
    numbers = sorted({_root(same, int(found[1])) for found in _PARAMETER.finditer(whole) if found[1]} - known.keys())
    written = known | {number: f"${place}" for place, number in enumerate(numbers, start=1)}
    return _PARAMETER.sub(lambda found: written[_root(same, int(found[1]))] if found[1] else found[0], whole)


def _root(same: dict[int, int], number: int) -> int:
    while number in same:
        number = same[number]
    return number


def _pairs(select: ast.SelectStmt) -> Iterator[tuple[_Place, _Place]]:
    """Yield what takes the same places in two expressions that have to be one."""
    targets = [target.val for target in select.targetList or ()]
    orders = [order.node for order in select.sortClause or ()]
    if select.groupClause:
        keys, uses = list(select.groupClause), [*targets, *orders, select.havingClause]
    elif select.distinctClause:
        keys, uses = targets, orders
    else:
        return
    known: dict[Hashable, list[tuple[_Place, ...]]] = {}
    for shape, places in map(_masked, keys):
        if places and shape:  # a number alone is the place of a column
            known.setdefault(shape, []).append(places)
    for node in (below for use in uses if use is not None for below in (use, *everything(use))):
        shape, places = _masked(node)
        for others in known.get(shape, ()):
            pairs = list(zip(others, places, strict=True))
            if all(isinstance(one, int) or isinstance(other, int) or one == other for one, other in pairs):
                yield from pairs


def _masked(node: Any) -> tuple[Hashable, tuple[_Place, ...]]:
    """Return an expression without its parameters and constants, and these, in order."""
    places: list[_Place] = []

    def mask(value: Any) -> Hashable:
        if isinstance(value, ast.ParamRef | ast.A_Const):
            places.append(int(value.number or 0) if isinstance(value, ast.ParamRef) else RawStream()(value))
            return ()
        if isinstance(value, ast.Node):
            kept = (mask(getattr(value, name)) for name in value.__slots__ if name != "location")
            return (type(value).__name__, *kept)
        return tuple(map(mask, value)) if isinstance(value, tuple | list) else repr(value)

    shape = mask(node)
    return shape, tuple(places)
