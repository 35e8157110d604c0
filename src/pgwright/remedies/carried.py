"""The functions that a revision runs its steps with: imported from the runtime, or carried by their source.

Carried, the revision runs where neither pgwright nor its runtime is installed. Either way the names are the same.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Collection

from pgwright_runtime import _steps as steps

MODULE = "pgwright_runtime.migrations"
BACKFILLS = "pgwright_runtime.backfills.alembic"

_Function = Callable[..., object]
_SESSION: tuple[_Function, ...] = (inspect.unwrap(steps.patient_session), steps._execute, steps.run)
_BUILDS: tuple[_Function, ...] = (steps.create_index, steps._drop_invalid)


def imported(names: Collection[str], *, uses_op: bool, uses_backfills: bool = False) -> str:
    """Return the imports of a revision that calls these functions of the runtime, or its operations."""
    op = [f"import {BACKFILLS}  # noqa: F401  (op.declare_backfill and its like)"] if uses_backfills else []
    op += ["from alembic import op"] if uses_op else []
    return "\n".join([*op, *([f"from {MODULE} import {', '.join(sorted(names))}"] if names else [])])


def carried(names: Collection[str]) -> tuple[str, str]:
    """Return the imports, and the settings and functions, of a revision that carries what it calls."""
    needed = [*_SESSION]
    needed += [steps.run_long] if {"run_long", "create_index"} & set(names) else []
    needed += _BUILDS if "create_index" in names else ()
    functions = "\n\n\n".join(inspect.getsource(one).strip() for one in (*needed, steps._oldest_transactions))
    imports, constants = _head()
    if "suppress(" not in functions:
        imports = imports.replace(", suppress", "")
    return imports, f"{constants}\n\n\n{functions}"


def _head() -> tuple[str, str]:
    """Return what stands in the module before its first function: the imports, and what follows them."""
    source = inspect.getsource(steps)
    nodes = ast.parse(source).body
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) and not _is_future(node)]
    function = next(node for node in nodes if isinstance(node, ast.FunctionDef))
    begins = min([function.lineno, *(node.lineno for node in function.decorator_list)])
    lines, ends = source.splitlines(), imports[-1].end_lineno
    return "\n".join(lines[imports[0].lineno - 1 : ends]), "\n".join(lines[ends : begins - 1]).strip()


def _is_future(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
