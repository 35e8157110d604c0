"""Import the models of a folder for a while, as if the process had never seen them."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import cast

from sqlalchemy import Index, MetaData, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.exc import SADeprecationWarning
from sqlalchemy.orm import registry
from sqlalchemy.sql.schema import CallableColumnDefault

from pgwright.model.names import QualifiedName


@dataclass(frozen=True)
class Models:
    """Models that were imported."""

    metadata: MetaData
    by_hand: Mapping[str, str] = field(default_factory=dict)
    """What no syntax tool can edit, tables, indexes or columns (`table.column`), and why."""
    classes: Mapping[str, QualifiedName] = field(default_factory=dict)
    """The table of each mapped class, by the class's name."""

    @property
    def has_schemas(self) -> bool:
        return any(table.schema is not None for table in self.metadata.tables.values())

    def table(self, name: QualifiedName) -> Table:
        (found,) = (one for one in self.metadata.tables.values() if name == _name_of(one))
        return found

    def doubt(self, table: QualifiedName, column: str) -> str:
        """Return why the app may not bear a column's type: its own default is no value of it; "" where it may."""
        (found,) = (one for one in self.table(table).columns if one.name == column)
        if not isinstance(found.default, CallableColumnDefault):
            return ""
        value = found.default.arg(cast(ExecutionContext, None))
        try:
            expected = found.type.python_type
        except NotImplementedError:  # of older SQLAlchemy, for a type of the app's own
            return ""
        if isinstance(value, expected):
            return ""
        return f"{table.short}.{column} gives a {expected.__name__} now, and its default a {type(value).__name__}"

    def index_name(self, table: QualifiedName, column: str) -> str:
        """Return how SQLAlchemy calls the index that `index=True` makes on a column."""
        copied = self.table(table).to_metadata(MetaData(naming_convention=self.metadata.naming_convention))
        (chosen,) = (one for one in copied.columns if one.name == column)
        try:
            dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
            name = dialect.identifier_preparer.format_index(Index(None, chosen))
        except Exception:  # noqa: BLE001  a convention that wants a name to begin with
            name = None
        return name.strip('"') if name is not None else f"ix_{table.name}_{column}"


@contextmanager
def load(root: Path, name: str) -> Iterator[Models]:
    """Import the models in a folder, under their own name, and forget them afterwards."""
    assert name not in sys.modules, f"{name} is a module already: call the entry otherwise"
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    _forget_sqlmodels()
    registries: set[registry] = set()
    try:
        with warnings.catch_warnings():
            # Apps use what newer versions of SQLAlchemy would no longer have.
            warnings.simplefilter("ignore", SADeprecationWarning)
            module = importlib.import_module(name)
        registries = set(_registries(_modules_of(name).values()))
        for each in registries:
            each.configure(cascade=True)
        yield Models(_metadata(module), getattr(module, "BY_HAND", {}), _classes(registries))
    finally:
        for each in registries:
            each.dispose(cascade=True)
        _forget_sqlmodels()
        _silence(_modules_of(name).values())
        for loaded in _modules_of(name):
            del sys.modules[loaded]
        sys.path.remove(str(root))
        sys.dont_write_bytecode = writes_bytecode


def _modules_of(name: str) -> dict[str, ModuleType]:
    return {one: module for one, module in sys.modules.items() if one == name or one.startswith(f"{name}.")}


def _registries(modules: Iterable[ModuleType]) -> Iterator[registry]:
    for module in modules:
        for value in vars(module).values():
            kept = (value, getattr(value, "registry", None), getattr(value, "_sa_registry", None))
            yield from (one for one in kept if isinstance(one, registry))


def _silence(modules: Iterable[ModuleType]) -> None:
    """Let concrete classes do nothing when others are configured: before version 2.1 they go on listening."""
    for module in modules:
        for value in vars(module).values():
            if getattr(value, "__module__", "") == module.__name__ and hasattr(value, "__declare_first__"):
                type.__setattr__(value, "__declare_first__", staticmethod(lambda: None))


def _metadata(module: ModuleType) -> MetaData:
    for name in ("Base", "SQLModel", "db", ""):
        found = getattr(getattr(module, name, None) if name else module, "metadata", None)
        if isinstance(found, MetaData):
            return found
    raise AssertionError(f"{module.__name__} has no Base, SQLModel, db or metadata")


def _classes(registries: Iterable[registry]) -> dict[str, QualifiedName]:
    mappers = (mapper for each in registries for mapper in each.mappers)
    return {one.class_.__name__: _name_of(one.local_table) for one in mappers if isinstance(one.local_table, Table)}


def _name_of(table: Table) -> QualifiedName:
    return QualifiedName(table.schema or "public", table.name)


def _forget_sqlmodels() -> None:
    """Empty what SQLModel keeps for all models of a process."""
    known = sys.modules.get("sqlmodel")
    if known is not None:
        known.SQLModel.metadata.clear()
        known.main.default_registry.dispose(cascade=True)
        known.main.default_registry._class_registry.clear()
