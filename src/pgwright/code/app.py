"""An app's tables as its code declares them, and which of them is a table of the database."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pgwright.code.conventions import conventions, names_of_named
from pgwright.code.declarations import declared_tables
from pgwright.code.modules import Module, read_modules
from pgwright.code.tables import DeclaredColumn, DeclaredTable
from pgwright.code.texts import keyword, text_of
from pgwright.model.names import QualifiedName

# What class names add to the noun that the table is named by.
_SUFFIX = re.compile(r"(model|orm|table|entity|record|db|row)$")
_PREFIX = re.compile(r"^(db|orm)")


@dataclass(frozen=True)
class NotFound:
    """Why no declaration of a table can be edited."""

    reason: str


class App:
    """What the Python files below a folder declare.

    Args:
        root: the folder, or one file.
        entries: the modules whose models count, as `app.models`, where several declare a table of one name: they, and
            what they import, go before others.
    """

    def __init__(self, root: Path, entries: Sequence[str] = ()) -> None:
        self.root = root
        self.modules, self._unread = read_modules(root)
        self.tables = declared_tables(self.modules)
        self._preferred = set(_reachable(self.modules, entries))
        self._known: dict[QualifiedName, DeclaredTable | NotFound] = {}

    @cached_property
    def conventions(self) -> list[dict[str, str]]:
        """The naming conventions of its MetaData."""
        return conventions(self.modules)

    @cached_property
    def writes_index_true(self) -> bool:
        """Whether it says `index=True` on columns, and more often than a lone column in an `Index(…)`."""
        said = sum(one.has("index") for table in self.tables for one in table.columns)
        listed = sum(len(call.args) == 2 and not call.keywords for _, call in self.index_calls)
        return said > listed

    @cached_property
    def index_calls(self) -> list[tuple[Module, ast.Call]]:
        """Every call of Index in the modules that count."""
        return [
            (module, node)
            for module in (one for one in self.modules if not self._preferred or one in self._preferred)
            for node in module.calls
            if module.kind(node) == "Index"
        ]

    @cached_property
    def index_functions(self) -> list[tuple[Module, ast.Call]]:
        """The calls of Index in functions of the app that compute its name: for the tables that they are given."""
        found = [one for one in self.index_calls if has_computed_name(one[1], one[0]) and not one[0].is_aside]
        inside = {
            id(node)
            for module in {module for module, _ in found}
            for function in ast.walk(module.tree)
            if isinstance(function, ast.FunctionDef) and function.name != "__table_args__"
            for node in ast.walk(function)
        }
        return [(module, call) for module, call in found if id(call) in inside]

    def index_call(self, name: str, table: DeclaredTable) -> tuple[Module, ast.Call] | None:
        """Return the call of Index that gives an index of a table this name."""
        found = [one for one in self.index_calls if is_named(one[1], one[0], name, table, self.conventions)]
        return min(found, key=lambda one: one[0].is_aside, default=None)

    def constant(self, node: ast.expr | None, module: Module) -> ast.expr | None:
        """Return what a name stands for that a module, or one that it imports from, assigns; None for other nodes."""
        if not isinstance(node, ast.Name):
            return None
        if node.id in module.constants:
            return module.constants[node.id]
        home, _, name = module.names.get(node.id, "").rpartition(".")
        found = (one.constants.get(name) for one in self.modules if home and _is_of(home, one.name))
        return next((one for one in found if one is not None), None)

    def sharing(self, column: DeclaredColumn) -> list[DeclaredTable]:
        """Return the tables that have a column by the same statement, or the same call of a function.

        What tests declare follows the app.
        """
        return [
            table
            for table in self.tables
            if (column.module.is_aside or not table.module.is_aside)
            and any(
                (one.statement is not None and one.statement is column.statement)
                or (one.call is not None and one.call is column.call)
                for one in table.columns
            )
        ]

    def places_of_arguments(self, table: DeclaredTable) -> Iterator[tuple[Module, ast.AST]]:
        """Yield the code that gives the arguments of a table, with the constants that it names."""
        if table.call is not None:
            yield table.module, table.call
        elif table.arguments is not None:
            yield table.module, table.arguments
            for node in ast.walk(table.arguments):
                if isinstance(node, ast.Name) and node.id in table.module.constants:
                    yield table.module, table.module.constants[node.id]

    def table(self, name: QualifiedName) -> DeclaredTable | NotFound:
        """Return the declaration of a table of the database."""
        if name not in self._known:
            self._known[name] = self._declaration(name)
        return self._known[name]

    def _declaration(self, name: QualifiedName) -> DeclaredTable | NotFound:
        found = [one for one in self.tables if one.name == name.name and one.schema in (None, name.schema)]
        found = found or [one for one in self.tables if one.name is None and _may_be(one, name.name)]
        if not found:
            return NotFound(f"no table {name.short} was found in the Python files{self._unread_of(name.name)}")
        found = [one for one in found if one.module in self._preferred] or found
        found = [one for one in found if one.schema] or found
        found = [one for one in found if not one.module.is_aside] or found
        if len(found) > 1:
            places = ", ".join(f"{one.module.path.name}:{_line(one)}" for one in found[:3])
            return NotFound(f"several classes declare {name.short}: {places}. Name the one with --models")
        return found[0]

    def _unread_of(self, table: str) -> str:
        """Return which file may declare a table, of those in a syntax that this Python does not know."""
        quoted = re.compile(rf"['\"]{re.escape(table)}['\"]".encode())
        found = next((path.name for path in self._unread if quoted.search(path.read_bytes())), None)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"; {found} names it, and is no Python {version}" if found is not None else ""


def has_computed_name(call: ast.Call, module: Module) -> bool:
    """Whether the name that a call of Index or UniqueConstraint gives is not known before it runs."""
    given = given_name(call)
    return isinstance(given, ast.JoinedStr | ast.BinOp | ast.Call) and text_of(given, module) is None


def given_name(call: ast.Call) -> ast.expr | None:
    """Return what stands where a call of Index or UniqueConstraint has its name."""
    return keyword(call, "name") or (call.args[0] if call.args else None)


def is_named(call: ast.Call, module: Module, name: str, table: DeclaredTable, stated: Sequence[dict[str, str]]) -> bool:
    """Whether a call of Index or UniqueConstraint gives something of a table this name."""
    is_index = module.kind(call) == "Index"
    given = keyword(call, "name") or (call.args[0] if is_index and call.args else None)
    said = text_of(given, module)
    if said is None:
        return False
    if isinstance(given, ast.Call):  # conv("…"), which no convention adds to
        return said == name
    columns = [text_of(one, module) or "" for one in call.args[int(is_index) :]]
    kind = "ix" if is_index else "uq"
    return name == said or name in names_of_named(said, table.name or "", table.schema, columns, stated, kind)


def _line(table: DeclaredTable) -> int:
    node = table.call or (table.owner.node if table.owner is not None else None)
    return node.lineno if node is not None else 0


def _may_be(table: DeclaredTable, name: str) -> bool:
    """Whether a table whose name is computed from its class's may have this one.

    >>> from types import SimpleNamespace
    >>> _may_be(SimpleNamespace(owner=SimpleNamespace(name="UserGroup")), "user_groups")
    True
    """
    if table.owner is None:
        return False
    noun = table.owner.name.lower()
    nouns = {noun, _SUFFIX.sub("", noun), _PREFIX.sub("", noun)} - {""}
    plain = name.replace("_", "").lower()
    return any(plain in {one, f"{one}s", f"{one}es", f"{one[:-1]}ies"} for one in nouns)


def _reachable(modules: Sequence[Module], entries: Sequence[str]) -> Iterator[Module]:
    """Yield the modules of these names, and what they import, over all."""
    found = [one for entry in entries for one in modules if one.name == entry or one.name.endswith(f".{entry}")]
    # Its own name may be longer than the path below the root: `backend.app.models` in the folder of backend.
    found = found or [one for entry in entries for one in modules if one.name and entry.endswith(f".{one.name}")]
    for module in found:
        yield module
        origins = {*module.names.values(), *module.stars}
        below = [f"{module.name}."] if module.is_package else []
        for other in modules:
            is_named = any(_is_of(origin, other.name) for origin in origins)
            if other not in found and (is_named or any(other.name.startswith(each) for each in below)):
                found.append(other)


def _is_of(origin: str, module: str) -> bool:
    """Whether a dotted name is a module, or something in it; either may begin further up."""
    parts, wanted = origin.split("."), module.split(".")
    for end in (len(parts), len(parts) - 1):
        head = parts[:end]
        shorter = min(len(head), len(wanted))
        if shorter and head[-shorter:] == wanted[-shorter:]:
            return True
    return False
