"""The calls that make columns: of SQLAlchemy and SQLModel, and of functions of the app that call these."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from pgwright.code.modules import Module, returned
from pgwright.code.texts import keyword

COLUMN_CALLS = ("Column", "mapped_column", "Field")
# Calls that are given a column, and make one.
_AROUND_COLUMNS = ("deferred", "column_property")


def column_call(value: ast.expr | None, module: Module) -> ast.Call | None:
    """Return the call that makes the column of an expression: the innermost, for `Field(sa_column=Column(…))`."""
    if not isinstance(value, ast.Call):
        return None
    kind = module.kind(value)
    if kind in _AROUND_COLUMNS and value.args:
        return column_call(value.args[0], module)
    inner = keyword(value, "sa_column") if kind == "Field" else None
    if inner is not None:
        return column_call(inner, module)
    return value if kind in COLUMN_CALLS or _is_partial(kind, module) else None


def _is_partial(name: str, module: Module) -> bool:
    """Whether a name of the module is `partial(mapped_column, …)`."""
    made = module.constants.get(name)
    is_partial = isinstance(made, ast.Call) and module.kind(made) == "partial" and bool(made.args)
    return is_partial and module.origin(made.args[0]).rpartition(".")[2] in COLUMN_CALLS  # type: ignore[union-attr]


class Functions:
    """The functions of an app that return one column, whatever they are given."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self._found: dict[str, list[tuple[Module, ast.Call]]] = {}
        for module in modules:
            for node in module.tree.body:
                call = _returned_column(node, module) if isinstance(node, ast.FunctionDef) else None
                if call is not None and isinstance(node, ast.FunctionDef):
                    self._found.setdefault(node.name, []).append((module, call))

    def column(self, value: ast.expr | None, module: Module) -> tuple[Module | None, ast.Call | None]:
        """Return the module and the call of the column that a function makes; None where nobody can tell."""
        found = self._found.get(module.kind(value), [])
        here = [one for one in found if one[0] is module] or found
        return here[0] if len(here) == 1 else (None, None)


def _returned_column(function: ast.FunctionDef, module: Module) -> ast.Call | None:
    values = returned(function)
    return column_call(values[0], module) if len(values) == 1 else None
