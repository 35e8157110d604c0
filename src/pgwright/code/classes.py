"""The classes of an app, and which inherits from which, as far as names tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile

from pgwright.code.modules import Module

# Packages whose classes bring no table.
_WITHOUT_TABLES = ("object", "typing", "abc", "enum")


@dataclass(frozen=True, eq=False)
class Class:
    """A class statement."""

    module: Module
    qualname: str
    """`Outer.Inner`; a function that it stands in counts as well: `make.Model`."""
    node: ast.ClassDef = field(repr=False)

    @property
    def name(self) -> str:
        return self.node.name

    @cached_property
    def own(self) -> dict[str, ast.stmt]:
        """The statements of its body that bind a name, by the name; the last one of each."""
        return {name: statement for statement in self.node.body for name in _bound(statement)}

    def is_set(self, name: str) -> bool:
        """Whether its body, or an argument of the class statement, sets a name to True."""
        statement = self.own.get(name)
        value = getattr(statement, "value", None) or next(
            (one.value for one in self.node.keywords if one.arg == name), None
        )
        return isinstance(value, ast.Constant) and value.value is True


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.Assign):
        yield from (one.id for one in statement.targets if isinstance(one, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id
    elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.If):
        for one in (*statement.body, *statement.orelse):
            yield from _bound(one)


class Classes:
    """All classes of some modules."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.all = [one for module in modules for one in _classes(module, module.tree.body, "")]
        self._by_name: dict[str, list[Class]] = {}
        for one in self.all:
            self._by_name.setdefault(one.name, []).append(one)
        # Each class is asked for by each table.
        self._bases: dict[Class, list[Class]] = {}
        self._ancestry: dict[Class, list[Class]] = {}

    def bases(self, child: Class) -> list[Class]:
        """Return the classes of the app that one names as its bases, in their order."""
        if child not in self._bases:
            found = (self._find(child, base) for base in child.node.bases)
            self._bases[child] = [one for one in found if one is not None]
        return self._bases[child]

    def has_foreign_base(self, child: Class) -> bool:
        """Whether it inherits, over all, from a class that is none of the app's, but for `object` and typing's."""
        return any(
            self._find(one, base) is None and one.module.origin(base).partition(".")[0] not in _WITHOUT_TABLES
            for one in self.ancestry(child)
            for base in one.node.bases
        )

    def ancestry(self, child: Class) -> list[Class]:
        """Return a class and all that it inherits from, nearest first, about as Python's own order."""
        if child not in self._ancestry:
            found = [child]
            for base in self.bases(child):
                found += [one for one in self.ancestry(base) if one not in found] if base is not child else []
            self._ancestry[child] = found
        return self._ancestry[child]

    def _find(self, child: Class, base: ast.expr) -> Class | None:
        if isinstance(base, ast.Subscript):  # Base[int]
            base = base.value
        dotted = child.module.origin(base)
        name = dotted.rpartition(".")[2]
        candidates = [one for one in self._by_name.get(name, ()) if one is not child and name]
        return max(candidates, key=lambda one: _nearness(child, one, dotted), default=None)


def _nearness(child: Class, other: Class, dotted: str) -> tuple[bool, bool, int]:
    """Return how likely a name in the module of a class means another class: where imports say, else nearby."""
    full = f"{other.module.name}.{other.name}"
    is_named = dotted == full or dotted.endswith(f".{full}") or full.endswith(f".{dotted}")
    is_here = other.module is child.module
    pairs = zip(other.module.name.split("."), child.module.name.split("."), strict=False)
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
    return is_here or ("." in dotted and is_named), is_here, shared


def _classes(module: Module, body: list[ast.stmt], prefix: str) -> Iterator[Class]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield Class(module, f"{prefix}{statement.name}", statement)
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _classes(module, statement.body, f"{prefix}{statement.name}.")
        elif isinstance(statement, ast.If):
            yield from _classes(module, [*statement.body, *statement.orelse], prefix)
        elif isinstance(statement, ast.Try):
            handled = [one for handler in statement.handlers for one in handler.body]
            yield from _classes(module, [*statement.body, *handled, *statement.orelse, *statement.finalbody], prefix)
        elif isinstance(statement, ast.With):
            yield from _classes(module, statement.body, prefix)
