"""The name of a table that a mixin computes from the name of a class: worked out from its code, which is never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from pgwright.code.modules import Module
from pgwright.code.texts import text_of

_METHODS = {"lower": str.lower, "upper": str.upper, "title": str.title, "capitalize": str.capitalize}
_DEEPEST = 8  # calls
_LONGEST_PATTERN = 100


def computed_name(function: ast.FunctionDef, class_name: str, module: Module) -> str | None:
    """Return what a function of `cls` returns for a class of this name; None where it does more than is known here."""
    return _returned(function, {f"{_parameter(function)}.__name__": class_name}, module, 0)


def computed_text(node: ast.expr, function: ast.FunctionDef, class_name: str, table: str, module: Module) -> str | None:
    """Return a text in a function of `cls`, for a class of this name with a table of this name; None where unknown."""
    parameter = _parameter(function)
    return _value(node, {f"{parameter}.__name__": class_name, f"{parameter}.__tablename__": table}, module, 0)


def _parameter(function: ast.FunctionDef) -> str:
    return function.args.args[0].arg if function.args.args else "cls"


def is_the_same_for_all(function: ast.FunctionDef, module: Module) -> bool:
    """Whether a function of `cls` returns one name whatever the class: it names one table."""
    found = computed_name(function, "A", module)
    return found is not None and found == computed_name(function, "B", module)


def _returned(function: ast.FunctionDef, known: Mapping[str, str], module: Module, depth: int) -> str | None:
    values = dict(known)
    for statement in function.body:
        if isinstance(statement, ast.Return) and statement.value is not None:
            return _value(statement.value, values, module, depth)
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            value = _value(statement.value, values, module, depth)
            if value is None:
                return None
            values[statement.targets[0].id] = value
        elif not isinstance(statement, ast.Expr | ast.Import | ast.ImportFrom):
            return None
    return None


def _value(node: ast.expr, known: Mapping[str, str], module: Module, depth: int) -> str | None:
    if (name := ast.unparse(node)) in known:
        return known[name]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _joined([node.left, node.right], known, module, depth)
    if isinstance(node, ast.JoinedStr):
        parts = [one.value if isinstance(one, ast.FormattedValue) else one for one in node.values]
        return _joined(parts, known, module, depth)
    if isinstance(node, ast.Call) and depth < _DEEPEST:
        return _called(node, known, module, depth + 1)
    return text_of(node, module)


def _joined(nodes: list[ast.expr], known: Mapping[str, str], module: Module, depth: int) -> str | None:
    parts = [_value(one, known, module, depth) for one in nodes]
    return None if any(one is None for one in parts) else "".join(part or "" for part in parts)


def _called(call: ast.Call, known: Mapping[str, str], module: Module, depth: int) -> str | None:
    arguments = [_value(one, known, module, depth) for one in call.args]
    if call.keywords or any(one is None for one in arguments):
        return None
    texts = [one for one in arguments if one is not None]
    if isinstance(call.func, ast.Attribute):
        if call.func.attr == "sub":
            return _substituted(call.func, texts, module)
        receiver = _value(call.func.value, known, module, depth)
        if receiver is None:
            return None
        if call.func.attr == "replace" and len(texts) == 2:
            return receiver.replace(texts[0], texts[1])
        return _METHODS[call.func.attr](receiver) if call.func.attr in _METHODS and not texts else None
    if module.origin(call.func) == "re.sub":
        return _sub(texts)
    return _of_own_function(call, texts, module, depth)


def _substituted(function: ast.Attribute, texts: list[str], module: Module) -> str | None:
    """Return what `re.sub(…)`, or `sub` of a pattern that the module compiles, gives."""
    if module.origin(function) == "re.sub":
        return _sub(texts)
    compiled = module.constants.get(ast.unparse(function.value))
    if isinstance(compiled, ast.Call) and module.origin(compiled.func) == "re.compile" and len(compiled.args) == 1:
        pattern = text_of(compiled.args[0], module)
        return _sub([pattern, *texts]) if pattern is not None else None
    return None


def _sub(texts: list[str]) -> str | None:
    if len(texts) != 3 or len(texts[0]) > _LONGEST_PATTERN:
        return None
    try:
        return re.sub(texts[0], texts[1], texts[2])
    except re.error:
        return None


def _of_own_function(call: ast.Call, texts: list[str], module: Module, depth: int) -> str | None:
    name = ast.unparse(call.func)
    found = next((one for one in module.tree.body if isinstance(one, ast.FunctionDef) and one.name == name), None)
    if found is None or len(found.args.args) != len(texts):
        return None
    return _returned(found, dict(zip((one.arg for one in found.args.args), texts, strict=True)), module, depth)
