"""What the text of a revision tells without running: its title, where it asks the database, what it leaves out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pgwright.model.finding import CodeLine

_COMMITS = re.compile(r"autocommit|\bcommit\b", re.IGNORECASE)


class RevisionSource:
    """The syntax of one revision file, which parses: its ids were read from it."""

    def __init__(self, text: str, shown_path: str) -> None:
        self._text, self._tree = text, ast.parse(text)
        self._path = shown_path

    @property
    def title(self) -> str:
        """The first line of its docstring."""
        return (ast.get_docstring(self._tree) or "").strip().partition("\n")[0]

    @property
    def commits(self) -> bool:
        """Whether it may commit by itself, by Alembic's block or as text."""
        return bool(_COMMITS.search(self._text))

    def uses_bind(self) -> tuple[CodeLine, ...]:
        """Return where it takes the connection, which there is none of under `--sql`; guarded places are left out."""
        found = {
            (node.lineno, function.name)
            for function in self._functions()
            for node in _unguarded(function.body)
            if isinstance(node, ast.Attribute) and _is_bind(node)
        }
        return tuple(CodeLine(self._path, line, name) for line, name in sorted(found))

    def is_missing(self, function: str) -> bool:
        """Tell whether a function is not there, does nothing, or only raises NotImplementedError."""
        found = next((one for one in self._functions() if one.name == function), None)
        return found is None or all(_is_nothing(one) for one in found.body)

    def parameters(self, function: str) -> int:
        """Return how many arguments a function has to be called with: `engine_name`, of several databases."""
        found = next((one for one in self._functions() if one.name == function), None)
        return 0 if found is None else len(found.args.args) - len(found.args.defaults)

    def _functions(self) -> Iterator[ast.FunctionDef]:
        yield from (one for one in ast.walk(self._tree) if isinstance(one, ast.FunctionDef))


def _is_bind(node: ast.Attribute) -> bool:
    owner = node.value
    if node.attr == "get_bind":
        return True
    # `op.get_context().bind`, `context.connection` of a migration context
    return node.attr in ("bind", "connection") and isinstance(owner, ast.Call) and "get_context" in ast.unparse(owner)


def _is_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Raise) and "NotImplementedError" in ast.unparse(statement)


def _unguarded(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes that run offline, too: those below a test of `is_offline_mode()` may not."""
    for statement in body:
        if isinstance(statement, ast.If) and "is_offline_mode" in ast.unparse(statement.test):
            if any(isinstance(one, ast.Return) for one in statement.body) and not statement.orelse:
                return
            continue
        yield from _nodes(statement)


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "is_offline_mode" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.FunctionDef):
            continue
        yield child
        yield from _nodes(child)
