"""What is edited in a file: each edit names a place by a node of the file's syntax tree, and says what it becomes."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from pgwright.code.call_text import CallText


@dataclass(frozen=True)
class AddElement:
    """One more element of a literal `__table_args__`, before a dictionary that ends it."""

    statement: ast.stmt
    """An assignment, or the return of a function that gives `__table_args__`."""
    element: CallText


@dataclass(frozen=True)
class RemoveElement:
    """An element of a tuple or a list goes; with the last one of a `__table_args__` its assignment."""

    element: ast.expr


@dataclass(frozen=True)
class AddArguments:
    """A `__table_args__` with one element in the body of a class that has none."""

    owner: ast.ClassDef
    after: ast.stmt | None
    """None: it comes first, below the docstring."""
    element: CallText


@dataclass(frozen=True)
class AddAfter:
    """A statement more, below another one and on its level."""

    statement: ast.stmt
    call: CallText
    lines_between: int
    """Empty lines."""


@dataclass(frozen=True)
class RemoveStatement:
    statement: ast.stmt


@dataclass(frozen=True)
class AddArgument:
    """A positional argument more in a call, behind so many."""

    call: ast.Call
    argument: CallText
    place: int


@dataclass(frozen=True)
class RemoveArgument:
    """A positional argument goes."""

    call: ast.Call
    argument: ast.expr


@dataclass(frozen=True)
class SetArgument:
    """A positional argument gets another value."""

    call: ast.Call
    place: int
    code: str


@dataclass(frozen=True)
class SetKeyword:
    """A keyword argument gets a value, or goes."""

    call: ast.Call
    name: str
    code: str | None
    """None: it goes."""


@dataclass(frozen=True)
class SetValue:
    """An attribute with an annotation alone gets a value; several make one call together."""

    statement: ast.AnnAssign
    call: CallText


@dataclass(frozen=True)
class SetAnnotation:
    """An attribute gets another annotation."""

    statement: ast.AnnAssign
    code: str


@dataclass(frozen=True)
class AddImport:
    """`from module import name`, as another name where that one is taken."""

    module: str
    name: str
    as_name: str | None = None


Edit = (
    AddElement
    | RemoveElement
    | AddArguments
    | AddAfter
    | RemoveStatement
    | AddArgument
    | RemoveArgument
    | SetArgument
    | SetKeyword
    | SetValue
    | SetAnnotation
    | AddImport
)
