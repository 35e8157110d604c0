"""The values of a call in the numbering of the workload, by comparing two parse trees node by node.

`pg_stat_statements` writes `$n` for each constant of a statement; the log has the constant there, or a parameter of the
app's own numbering.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgwright.errors import UnparsableStatement
from pgwright.logs.parameters import Parameters
from pgwright.sqltext import parse
from pgwright.sqltext.nodes import ast, bare
from pgwright.workload.literals import array

Values = tuple[str | None, ...]
"""Of `$1`, `$2`, …, in text form; None is NULL."""

_PLACES = ("location", "list_start", "list_end")
_LISTS = {("=", "AEXPR_IN"): ("=", "AEXPR_OP_ANY"), ("<>", "AEXPR_IN"): ("<>", "AEXPR_OP_ALL")}


# PostgreSQL's scanner looks at all the rest for each of them: 20 kB of nothing else take it a second.
_MOST_COMMENTS = 100


class _Different(Exception):
    """The trees are not of one statement."""


class _Unknown(Exception):
    """A parameter of the log has no value."""


def is_costly(text: str) -> bool:
    """Tell whether a text of the log would take the parser long, as only one that was made for that does."""
    return text.count("/*") > _MOST_COMMENTS


def is_same(known: str, text: str) -> bool:
    """Tell whether a text of the log is a call of a statement of the workload, whatever its values are."""
    if is_costly(text):
        return False
    try:
        _Comparison({}, needs_values=False).compare(parse(known), parse(text))
    except (_Different, UnparsableStatement, RecursionError):
        return False
    return True


def read_values(known: str, text: str, parameters: Parameters) -> Values | None:
    """Return the values that a call in the log gives the parameters of a statement of the workload.

    Args:
        known: the statement as `pg_stat_statements` has it.
        text: the call as the log has it.
        parameters: those that the log tells of the call, by the numbers that `text` has.
    Returns: None where a value is missing, or `text` is another statement.

    >>> read_values("SELECT a FROM t WHERE b = $1 AND c = $2", "SELECT a FROM t WHERE b = -5 AND c = $1", {1: "it's"})
    ('-5', "it's")
    """
    if is_costly(text):
        return None
    comparison = _Comparison(parameters, needs_values=True)
    try:
        comparison.compare(parse(known), parse(text))
    except (_Different, _Unknown, UnparsableStatement, RecursionError):
        return None
    numbers = range(1, max(comparison.found, default=0) + 1)
    if len(numbers) != len(comparison.found):
        return None
    return tuple(comparison.found[number] for number in numbers)


class _Comparison:
    def __init__(self, parameters: Parameters, *, needs_values: bool) -> None:
        self._parameters, self._needs_values = parameters, needs_values
        self.found: dict[int, str | None] = {}

    def compare(self, known: Any, given: Any) -> None:
        """Note the value of each parameter of `known`. Raises _Different, _Unknown."""
        if isinstance(known, ast.ParamRef):
            self._note(known.number, self._value(given))
        elif isinstance(known, ast.A_Expr) and isinstance(given, ast.A_Expr) and _is_list_of(known, given):
            self.compare(known.lexpr, given.lexpr)
            self._note(bare(known.rexpr).number, self._array(given.rexpr))
        elif isinstance(known, tuple) and isinstance(given, tuple):
            if len(known) != len(given):
                raise _Different
            for one, other in zip(known, given, strict=True):
                self.compare(one, other)
        elif isinstance(known, ast.Node):
            if type(known) is not type(given):
                raise _Different
            for name in _fields(known):
                self.compare(getattr(known, name), getattr(given, name))
        elif known != given:
            raise _Different

    def _note(self, number: int, value: str | None) -> None:
        if self.found.setdefault(number, value) != value:
            raise _Different

    def _value(self, node: Any) -> str | None:
        if isinstance(node, ast.ParamRef):
            if not self._needs_values:
                return None
            if node.number not in self._parameters:
                raise _Unknown
            return self._parameters[node.number]
        if not isinstance(node, ast.A_Const):
            raise _Different
        return _constant(node) if self._needs_values else None

    def _array(self, nodes: Sequence[Any]) -> str | None:
        values = [self._value(bare(node)) for node in nodes]
        known = [value for value in values if value is not None]
        if self._needs_values and len(known) < len(values):
            raise _Unknown
        return array(known) if self._needs_values else None


def _is_list_of(known: Any, given: Any) -> bool:
    """Tell whether `known` has one array where `given` has a list, as PostgreSQL 18 counts IN lists of any length."""
    wanted = _LISTS.get((given.name[-1].sval, given.kind.name))
    is_array = isinstance(bare(known.rexpr), ast.ParamRef)
    return wanted == (known.name[-1].sval, known.kind.name) and is_array and isinstance(given.rexpr, tuple)


def _constant(node: Any) -> str | None:
    """Return a constant in text form; None of NULL."""
    if node.isnull:
        return None
    value = node.val
    if isinstance(value, ast.Boolean):
        return "true" if value.boolval else "false"
    if isinstance(value, ast.Integer):
        return str(value.ival)
    if isinstance(value, ast.Float):
        return str(value.fval)
    return str(value.bsval if isinstance(value, ast.BitString) else value.sval)


def _fields(node: Any) -> list[str]:
    """Return the fields that mean something: not where a node stands, nor how a call is written."""
    return [name for name in node.__slots__ if not name.endswith(_PLACES) and name != "funcformat"]
