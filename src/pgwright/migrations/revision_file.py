"""What a revision file says of itself, read from its syntax tree: its imports need not be installed where we run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pgwright.errors import MigrationError

_NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
# As Alembic takes the id of files older than its 0.2.
_LEGACY = re.compile(r"([a-f0-9]+)\.py\Z")
Ids = tuple[str, ...]


@dataclass(frozen=True)
class RevisionIds:
    """The identifiers of a revision."""

    revision: str
    down_revision: Ids
    """Several of a merge, none of a base."""
    branch_labels: Ids
    depends_on: Ids


def read_ids(path: Path) -> RevisionIds:
    """Return the identifiers in a file. Raises MigrationError: it says them in no way that can be read."""
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:  # ValueError: a NUL
        raise MigrationError(f"the revision {str(path)!r} is no Python: {error}. Repair it") from error
    except OSError as error:
        raise MigrationError(f"the revision {str(path)!r} cannot be read: {error.strerror}") from error
    return ids_of(tree, path)


def ids_of(tree: ast.Module, path: Path) -> RevisionIds:
    """Return the identifiers in a syntax tree; `path` is where it came from. Raises MigrationError."""
    values: dict[str, object] = {}
    for name, node in _assignments(tree.body):
        try:
            values[name] = _value(node, values)
        except ValueError as error:
            if name in _NAMES:
                raise MigrationError(
                    f"{str(path)!r}, line {node.lineno}: {name} is computed, and revisions are read without being "
                    f"run. Write it as a text: {name} = '…'"
                ) from error
    legacy = _LEGACY.match(path.name)
    revision = values.get("revision", legacy[1] if legacy else None)
    if not isinstance(revision, str):
        raise MigrationError(f"{str(path)!r} has no revision id. Write it: revision = '…'; or move the file elsewhere")
    return RevisionIds(revision, *(_ids(name, values.get(name), path) for name in _NAMES[1:]))


def _assignments(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names of a module that get a value, and its expression, in their order."""
    for statement in body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from _pairs(target, statement.value)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            yield from _pairs(statement.target, statement.value)
        elif isinstance(statement, ast.If | ast.Try | ast.With):
            yield from _assignments(statement.body)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        for one, its_value in zip(target.elts, value.elts, strict=False):
            yield from _pairs(one, its_value)


def _value(node: ast.expr, known: Mapping[str, object]) -> object:
    """Return a literal, or the value of a name that has one. Raises ValueError."""
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return tuple(_value(one, known) for one in node.elts)
    return ast.literal_eval(node)


def _ids(name: str, value: object, path: Path) -> Ids:
    found = value if isinstance(value, tuple) else () if value is None else (value,)
    if not all(isinstance(one, str) for one in found):
        raise MigrationError(f"{str(path)!r}: {name} is {value!r}; expected a text, several, or None")
    return tuple(str(one) for one in found)
