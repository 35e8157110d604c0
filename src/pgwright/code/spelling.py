"""How a module says a name of SQLAlchemy: as it imports it, by the module that it imports, or by an import to add."""

from __future__ import annotations

import ast
from collections.abc import Collection

from pgwright.code.classes import Class
from pgwright.code.edits import AddImport
from pgwright.code.modules import Module

HOME, ORM, SCHEMA, SQLMODEL, UUID = "sqlalchemy", "sqlalchemy.orm", "sqlalchemy.schema", "sqlmodel", "uuid"
# Modules that hand out names of SQLAlchemy beside their own.
_HOUSES = (HOME, SQLMODEL, "sqlalchemy.schema", "sqlalchemy.types", "sqlalchemy.sql", "sqlalchemy.sql.schema")


class Spelling:
    """The names of SQLAlchemy in one module, with the imports that they need and that it lacks."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._bound = set(module.names) | _bound(module.tree)
        self._added: dict[str, AddImport] = {}

    @property
    def imports(self) -> list[AddImport]:
        """What has to be imported for the names that were asked for."""
        return list(self._added.values())

    def forget(self, imports: Collection[AddImport]) -> None:
        """Need none but these imports: what asked for others is not written."""
        self._added = {one.name: one for one in imports}

    def say(self, name: str, scope: Class | None = None, home: str = HOME) -> str:
        """Return how to write a name of `sqlalchemy`: `Index`, `sa.Index`.

        Args:
            scope: the class in whose body it is written: an attribute of that name would be meant there.
            home: the module that has it.
        """
        hidden = set(scope.own) if scope is not None else set()
        houses = {f"{house}.{name}" for house in (_HOUSES if home == HOME else (home,))}
        for local, origin in self._module.names.items():
            if origin in houses and local not in hidden:
                return local
        for local, origin in self._module.names.items():
            if origin == home and local not in hidden:
                return f"{local}.{name}"
        if home in self._module.stars and name not in hidden | self._bound:
            return name
        if name not in self._added:
            is_taken = name in self._bound or name in hidden
            self._added[name] = AddImport(home, name, f"sa_{name.lower()}" if is_taken else None)
        added = self._added[name]
        return added.as_name or added.name


def _bound(tree: ast.Module) -> set[str]:
    """Return the names that a module's top level binds without importing them."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return found
