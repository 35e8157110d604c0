"""An app's tables as its code declares them, and which of them is a table of the database."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pgwright.code.conventions import conventions
from pgwright.code.declarations import declared_tables
from pgwright.code.modules import Module, read_modules
from pgwright.code.tables import Table
from pgwright.code.texts import text_of
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
        entry: the module whose models count, as `app.models`, where several declare a table of one name: it, and what
            it imports, goes before others.
    """

    def __init__(self, root: Path, entry: str | None = None) -> None:
        self.modules = read_modules(root)
        self.tables = declared_tables(self.modules)
        self._preferred = set(_reachable(self.modules, entry)) if entry else set()

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
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call) and module.kind(node) == "Index"
        ]

    def index_call(self, name: str) -> tuple[Module, ast.Call] | None:
        """Return the call of Index that gives an index this name."""
        found = [(module, call) for module, call in self.index_calls if name_in_call(call, module) == name]
        return min(found, key=lambda one: one[0].is_aside, default=None)

    def table(self, name: QualifiedName) -> Table | NotFound:
        """Return the declaration of a table of the database."""
        found = [one for one in self.tables if one.name == name.name and one.schema in (None, name.schema)]
        found = found or [one for one in self.tables if one.name is None and _may_be(one, name.name)]
        if not found:
            return NotFound(f"no table {name.short} was found in the Python files")
        found = [one for one in found if one.module in self._preferred] or found
        found = [one for one in found if one.schema] or found
        found = [one for one in found if not one.module.is_aside] or found
        if len(found) > 1:
            places = ", ".join(f"{one.module.path.name}:{_line(one)}" for one in found[:3])
            return NotFound(f"several classes declare {name.short}: {places}. Name the one with --models")
        return found[0]


def name_in_call(call: ast.Call, module: Module) -> str | None:
    """Return the name that a call of Index or a constraint gives."""
    first = text_of(call.args[0], module) if call.args else None
    named = next((text_of(one.value, module) for one in call.keywords if one.arg == "name"), None)
    return named or (first if module.kind(call) == "Index" else None)


def _line(table: Table) -> int:
    node = table.call or (table.owner.node if table.owner is not None else None)
    return node.lineno if node is not None else 0


def _may_be(table: Table, name: str) -> bool:
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


def _reachable(modules: Sequence[Module], entry: str) -> Iterator[Module]:
    """Yield the module of that name, and what it imports, over all."""
    found = [one for one in modules if one.name == entry or one.name.endswith(f".{entry}")]
    # Its own name may be longer than the path below the root: `backend.app.models` in the folder of backend.
    found = found or [one for one in modules if one.name and entry.endswith(f".{one.name}")]
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
