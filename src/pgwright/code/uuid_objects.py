"""Which edits let a key be a `uuid.UUID` in Python, where it was a str: for those who ask for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pgwright.code.edits import Edit, SetAnnotation, SetKeyword
from pgwright.code.index_edits import Unclear
from pgwright.code.spelling import UUID, Spelling
from pgwright.code.tables import DeclaredColumn
from pgwright.code.texts import keyword

_DEFAULTS = ("default", "insert_default", "default_factory")


def object_edits(column: DeclaredColumn, spelling: Spelling) -> Iterator[Edit]:
    """Yield the edits of the annotation and of the default. Raises Unclear: one of them may still give a str."""
    statement = column.statement
    if isinstance(statement, ast.AnnAssign):
        annotation = _Objects(spelling, column).visit(ast.parse(ast.unparse(statement.annotation), mode="eval").body)
        written = ast.unparse(annotation)
        if written == ast.unparse(statement.annotation) and "UUID" not in written:
            raise Unclear(f"its annotation {written} does not tell that it is a str")
        if written != ast.unparse(statement.annotation):
            yield SetAnnotation(statement, written)
    if column.call is None:
        return
    for word in _DEFAULTS:
        given = keyword(column.call, word)
        made = _maker(given) if given is not None else None
        if made is not None:
            yield SetKeyword(column.call, word, ast.unparse(made))
        elif given is not None and not _gives_uuids(given):
            raise Unclear(f"its {word} {ast.unparse(given)} may give a str")
    if keyword(column.call, "max_length") is not None:
        yield SetKeyword(column.call, "max_length", None)  # of a str


class _Objects(ast.NodeTransformer):
    """Puts UUID in the place of str."""

    def __init__(self, spelling: Spelling, column: DeclaredColumn) -> None:
        self._spelling, self._column = spelling, column

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._spelling.say("UUID", self._column.owner, UUID)) if node.id == "str" else node


def _maker(given: ast.expr) -> ast.expr | None:
    """Return `uuid4` of `lambda: str(uuid4())` and `lambda: uuid4().hex`."""
    body = given.body if isinstance(given, ast.Lambda) else None
    if isinstance(body, ast.Call) and isinstance(body.func, ast.Name) and body.func.id == "str" and body.args:
        body = body.args[0]
    elif isinstance(body, ast.Attribute) and body.attr == "hex":
        body = body.value
    else:
        return None
    return body.func if isinstance(body, ast.Call) and not body.args and _gives_uuids(body.func) else None


def _gives_uuids(function: ast.expr) -> bool:
    return ast.unparse(function).rpartition(".")[2] in ("uuid1", "uuid4", "uuid6", "uuid7", "None")
