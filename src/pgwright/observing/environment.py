"""What `env.py` and Alembic's settings say of how migrations run, read by syntax: env.py is never executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pgwright.migrations import AlembicDirectory
from pgwright.model.migration import MigrationEnvironment
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.observing.names import shown

LOCK, STATEMENT = "lock_timeout", "statement_timeout"
_ENGINES = {"create_engine", "engine_from_config", "create_async_engine", "async_engine_from_config"}
_ASYNC = {"create_async_engine", "async_engine_from_config", "run_sync"}
_SAFELY = {"run_migrations_safely", "run_migrations_safely_async"}
_OFF = re.compile(r"^0+\s*(ms|s)?$")


class EnvironmentFile:
    """An `env.py`, with what it imports of the app."""

    def __init__(self, directory: AlembicDirectory) -> None:
        self.path = Path(directory.script.dir, "env.py")
        self._folders = [*map(Path, directory.imports_from), directory.source.parent, Path(directory.script.dir)]
        self._tree = _parsed(self.path)
        self._settings = " ".join(_values(directory))

    def read(self, snapshot: Snapshot | None) -> MigrationEnvironment:
        """Return what it says, and what the database sets for whoever connects."""
        called = set(self._called())
        return MigrationEnvironment(
            shown(str(self.path)),
            sets_lock_timeout=self._sets(LOCK, snapshot),
            sets_statement_timeout=self._sets(STATEMENT, snapshot),
            transaction_per_migration=self._per_migration(),
            runs_safely=bool(called & _SAFELY),
            is_async=bool(called & _ASYNC),
        )

    def configured(self, name: str) -> str | None:
        """Return a text that `context.configure()` is called with; None where none is."""
        found = (_keyword(call, name) for call in self._configuring())
        return next((one.value for one in found if isinstance(one, ast.Constant) and isinstance(one.value, str)), None)

    def left_out(self) -> Iterator[NotExamined]:
        """Yield what it does that the revisions did not have here, for it is not executed."""
        where = shown(str(self.path))
        if self._says("search_path"):
            yield NotExamined(f"search_path of {where}", "it is not executed: names were looked for in public", _NAMED)
        if self._says("schema_translate_map"):
            reason = "it maps schemas while it runs, and is not executed: revisions were run once, in public"
            yield NotExamined(f"schema_translate_map of {where}", reason, _NAMED)

    def _sets(self, name: str, snapshot: Snapshot | None) -> bool | None:
        if self._says(name) or name in self._settings:
            return True
        role = snapshot.setting_of(snapshot.server.role, name) if snapshot is not None else None
        if role is not None and not _OFF.match(role):
            return True
        if self._tree is None:
            return None
        imported = list(self._imported())
        if any(_mentions(tree, name) for tree in imported):
            return True
        # An engine that comes from elsewhere may have been made with it.
        return False if set(self._called()) & _ENGINES else None

    def _per_migration(self) -> bool | None:
        calls = list(self._configuring())
        if not calls:
            return None
        # One with `connection=` runs revisions; any other may be that of `--sql`.
        calls = [call for call in calls if _keyword(call, "connection") is not None] or calls
        values = [_keyword(call, "transaction_per_migration") for call in calls]
        if any(isinstance(one, ast.Constant) and one.value is True for one in values):
            return True
        is_computed = any(one.arg is None for call in calls for one in call.keywords)
        is_said = [one for one in values if one is not None and not isinstance(one, ast.Constant)]
        return None if is_computed or is_said else False

    def _configuring(self) -> Iterator[ast.Call]:
        for node in ast.walk(self._tree) if self._tree is not None else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "configure":
                yield node

    def _called(self) -> Iterator[str]:
        for node in ast.walk(self._tree) if self._tree is not None else ():
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func).rpartition(".")[2]

    def _says(self, name: str) -> bool:
        return self._tree is not None and _mentions(self._tree, name)

    @property
    def imports(self) -> tuple[str, ...]:
        """The modules that it imports, wherever in it."""
        found: dict[str, None] = {}
        for node in ast.walk(self._tree) if self._tree is not None else ():
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            found |= dict.fromkeys(names)
        return tuple(found)

    def _imported(self) -> Iterator[ast.Module]:
        """Yield the app's modules that it imports, as far as they are found."""
        trees = (_module(name, self._folders) for name in self.imports)
        yield from (one for one in trees if one is not None)


_NAMED = "Take a snapshot of a database where the role's search_path is the one of env.py, or name schemas in revisions"


def _mentions(tree: ast.Module, name: str) -> bool:
    """Tell whether the code, docstrings left out, says a setting: as a text, a keyword or a key."""
    documented = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    word = re.compile(rf"(?<!session_)(?<![a-z_]){name}")
    return any(
        (isinstance(node, ast.Constant) and isinstance(node.value, str) and word.search(node.value) is not None
         and id(node) not in documented)
        or (isinstance(node, ast.keyword) and node.arg == name)
        for node in ast.walk(tree)
    )  # fmt: skip


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in call.keywords if one.arg == name), None)


def _module(name: str, folders: Sequence[Path]) -> ast.Module | None:
    for folder in folders:
        path = folder.joinpath(*name.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return _parsed(file)
    return None


def _parsed(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None


def _values(directory: AlembicDirectory) -> Iterator[str]:
    """Yield what alembic.ini says of the engine."""
    for name in ("sqlalchemy.url", "sqlalchemy.connect_args"):
        yield directory.config.get_main_option(name) or ""
