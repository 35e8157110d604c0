"""What expressions are worth that are known without being run: texts, truth values, dictionaries of texts."""

from __future__ import annotations

import ast

from pgwright.code.modules import Module


def text_of(node: ast.expr | None, module: Module) -> str | None:
    """Return a text that an expression stands for; None where it is computed.

    Literals, texts put together, and names that the module gives such a value.
    """
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name) and node.id in module.constants:
        value = module.constants[node.id]
        return None if isinstance(value, ast.Name) else text_of(value, module)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return text_of(_attribute(node.value.id, node.attr, module), module)
    if isinstance(node, ast.Call) and module.kind(node) == "conv" and node.args:
        return text_of(node.args[0], module)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = text_of(node.left, module), text_of(node.right, module)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.JoinedStr):
        parts = [text_of(one.value if isinstance(one, ast.FormattedValue) else one, module) for one in node.values]
        return None if None in parts else "".join(part or "" for part in parts)
    return None


def _attribute(owner: str, name: str, module: Module) -> ast.expr | None:
    """Return what the body of a class of the module assigns to a name."""
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and node.name == owner:
            for statement in node.body:
                if isinstance(statement, ast.Assign) and any(ast.unparse(one) == name for one in statement.targets):
                    return statement.value
    return None


def texts_of(node: ast.expr | None, module: Module) -> dict[str, str] | None:
    """Return a dictionary of texts that an expression stands for; None where it is none."""
    if isinstance(node, ast.Name) and node.id in module.constants:
        node = module.constants[node.id]
    if isinstance(node, ast.Call) and module.kind(node) == "dict" and not node.args:
        keys = [one.arg for one in node.keywords]
        values = [text_of(one.value, module) for one in node.keywords]
    elif isinstance(node, ast.Dict):
        keys = [text_of(key, module) for key in node.keys]
        values = [text_of(value, module) for value in node.values]
    else:
        return None
    return {key: value for key, value in zip(keys, values, strict=True) if key is not None and value is not None}


def keyword(call: ast.Call | None, name: str) -> ast.expr | None:
    """Return the value of a keyword argument; None where the call has none of that name."""
    found = (one.value for one in call.keywords if one.arg == name) if call is not None else iter(())
    return next(found, None)


def is_true(node: ast.expr | None) -> bool:
    """Whether an expression is the word True."""
    return isinstance(node, ast.Constant) and node.value is True
