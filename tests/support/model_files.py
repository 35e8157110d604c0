"""Model files of every form, loaded and brought to a database, so that what a patch makes of them can be judged."""

from __future__ import annotations

import importlib
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import Index, MetaData, NullPool, create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SADeprecationWarning
from sqlalchemy.orm import registry

from pgwright.embedded import EmbeddedServer
from pgwright.model.change import Change
from pgwright.model.fix import Fix
from pgwright.model.names import QualifiedName
from pgwright.model.remedy import Step
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import make_fix
from pgwright.snapshot import read_snapshot
from tests.support.database import Database
from tests.support.model_changes import findings_of_every_kind

CORPUS = Path(__file__).resolve().parents[1] / "code" / "corpus"

Objects = dict[tuple[str, str, str], str]
"""What a database has: the definition by kind, table and name."""

_OBJECTS = """
SELECT 'index', i.indrelid::regclass::text, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE conrelid <> 0 AND connamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT 'column', c.oid::regclass::text, a.attname, concat_ws(
    ' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END, a.attidentity,
    a.attgenerated, pg_get_expr(d.adbin, d.adrelid)
)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
"""
_LABELS = "SELECT t.typname, min(e.enumlabel) FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY 1"


@dataclass(frozen=True)
class Entry:
    """One form of models: a file, or a package of several."""

    name: str
    path: Path

    def copy_to(self, folder: Path) -> Path:
        """Copy it into an empty folder, byte by byte, and return the folder: what is patched."""
        folder.mkdir(parents=True)
        if self.path.is_dir():
            shutil.copytree(self.path, folder / self.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(self.path, folder / self.path.name)
        return folder


@dataclass(frozen=True)
class Models:
    """Models that were imported."""

    metadata: MetaData
    by_hand: Mapping[str, str]
    """The tables that no syntax tool can edit, and why."""

    @property
    def has_schemas(self) -> bool:
        return any(table.schema is not None for table in self.metadata.tables.values())

    def index_name(self, table: QualifiedName, column: str) -> str:
        """Return how SQLAlchemy calls the index that `index=True` makes on a column."""
        (known,) = (
            one for one in self.metadata.tables.values() if table == QualifiedName(one.schema or "public", one.name)
        )
        copied = known.to_metadata(MetaData(naming_convention=self.metadata.naming_convention))
        (chosen,) = (one for one in copied.columns if one.name == column)
        index = Index(None, chosen)
        name = postgresql.dialect().identifier_preparer.format_index(index)
        return name.strip('"') if name is not None else ""


@dataclass(frozen=True)
class Prepared:
    """A copy of an entry, and the database of its models, migrated by a fix with changes of every kind."""

    entry: Entry
    root: Path
    database: Database
    snapshot: Snapshot
    """Before the fix."""
    fix: Fix
    noise: frozenset[str]
    """What Alembic says of the models on their own database, before anything was changed."""
    by_hand: Mapping[str, str]

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(remedy.change for remedy in self.fix.remedies)


def entries() -> tuple[Entry, ...]:
    """Return the corpus, by name."""
    paths = sorted(path for path in CORPUS.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())
    return tuple(Entry(path.stem, path) for path in paths)


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
        yield Models(_metadata(module), getattr(module, "BY_HAND", {}))
    finally:
        for each in registries:
            each.dispose(cascade=True)
        _forget_sqlmodels()
        for loaded in _modules_of(name):
            del sys.modules[loaded]
        sys.path.remove(str(root))
        sys.dont_write_bytecode = writes_bytecode


def _modules_of(name: str) -> dict[str, ModuleType]:
    return {one: module for one, module in sys.modules.items() if one == name or one.startswith(f"{name}.")}


def _registries(modules: Iterable[ModuleType]) -> Iterator[registry]:
    for module in modules:
        for value in vars(module).values():
            found = value if isinstance(value, registry) else getattr(value, "registry", None)
            if isinstance(found, registry):
                yield found


def _metadata(module: ModuleType) -> MetaData:
    for name in ("Base", "SQLModel", "db", ""):
        found = getattr(getattr(module, name, None) if name else module, "metadata", None)
        if isinstance(found, MetaData):
            return found
    raise AssertionError(f"{module.__name__} has no Base, SQLModel, db or metadata")


def _forget_sqlmodels() -> None:
    """Empty what SQLModel keeps for all models of a process."""
    known = sys.modules.get("sqlmodel")
    if known is not None:
        known.SQLModel.metadata.clear()
        known.main.default_registry.dispose(cascade=True)
        known.main.default_registry._class_registry.clear()


def create_all(models: Models, database: Database) -> None:
    """Make the tables, as the app would for its tests."""
    schemas = sorted({table.schema for table in models.metadata.tables.values() if table.schema is not None})
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for schema in schemas:
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    engine = create_engine(database.url("psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        models.metadata.create_all(connection)
    engine.dispose()


def differences(models: Models, database: Database) -> frozenset[str]:
    """Return what `alembic check` would say of the models on a database."""
    engine = create_engine(database.url("psycopg"), poolclass=NullPool)
    options = {"compare_type": True, "compare_server_default": False, "include_schemas": models.has_schemas}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        found = compare_metadata(context, models.metadata)
    engine.dispose()
    flat = [one for group in found for one in (group if isinstance(group, list) else [group])]
    return frozenset(" ".join(map(str, one)) for one in flat)


def objects(database: Database) -> Objects:
    """Return all indexes, constraints and columns of a database, as the server writes them."""
    return {(str(kind), str(of), str(name)): str(text) for kind, of, name, text in database.rows(_OBJECTS)}


@contextmanager
def fresh_database(server: EmbeddedServer) -> Iterator[Database]:
    name = f"m_{uuid4().hex[:12]}"
    server.create_database(name)
    yield Database(server, name)
    server.drop_database(name)


@contextmanager
def prepare(entry: Entry, server: EmbeddedServer, folder: Path) -> Iterator[Prepared]:
    """Copy an entry into an empty folder, make its database, and run a fix with changes of every kind there."""
    with ExitStack() as stack:
        database = stack.enter_context(fresh_database(server))
        root = entry.copy_to(folder / entry.name)
        with load(root, entry.name) as models:
            create_all(models, database)
            noise = differences(models, database)
            snapshot = read_snapshot(database.dsn)
            labels = {str(name): str(label) for name, label in database.rows(_LABELS)}
            findings = findings_of_every_kind(snapshot, named=models.index_name, labels=labels)
            by_hand = models.by_hand
        fix = make_fix(snapshot, findings)
        run_steps(database, [step for remedy in fix.remedies for step in remedy.upgrade])
        yield Prepared(entry, root, database, snapshot, fix, noise, by_hand)


def run_steps(database: Database, steps: Sequence[Step]) -> None:
    """Run steps as a revision does: those that may be in a transaction together, the others each on its own."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for is_transactional, group in groupby(steps, key=lambda step: step.is_transactional):
            with ExitStack() as stack:
                if is_transactional:
                    stack.enter_context(connection.transaction())
                for step in group:
                    connection.execute(step.sql.encode())
