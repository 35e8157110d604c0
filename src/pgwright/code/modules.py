"""A Python file as its syntax tree, and what the names in it stand for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from pgwright.code.files import python_files

# A file without any of these declares no table, and no class that one is made of.
_HINTS = re.compile(
    rb"sqlalchemy|sqlmodel|__table|mapped_column|\bMapped\b|\bColumn\(|\bTable\(|table=True|naming_convention"
    rb"|%\(table_name\)s"
)
# A revision of Alembic builds tables that the models may have no more.
_REVISION = re.compile(rb"^(down_)?revision\b", re.MULTILINE)
# So many texts show which quotes a file has.
_ENOUGH = 60
_TESTS = re.compile(r"(^|\.)(tests?|testing|conftest|test_\w+|\w+_test|migrations?|alembic|versions)(\.|$)")


@dataclass(frozen=True, eq=False)
class Module:
    """A file that may declare tables."""

    path: Path
    name: str
    """Dotted, from the root: `app.models.user`; of a package the folder's."""
    is_package: bool
    text: str
    """With its own line ends, without a mark of the byte order."""
    tree: ast.Module = field(repr=False)

    @property
    def is_aside(self) -> bool:
        """Whether it is a test, or belongs to the migrations: what the app's own modules declare goes before it."""
        return _TESTS.search(self.name) is not None

    @cached_property
    def quote(self) -> str:
        """The quotes of most of its texts."""
        shown = (ast.get_source_segment(self.text, node) for node in self._texts)
        first = [one.lstrip("rRuUbBfF")[:1] for one in shown if one]
        return "'" if first.count("'") > first.count('"') else '"'

    @property
    def _texts(self) -> Iterator[ast.Constant]:
        """Some of its texts, those on one line."""
        found = (node for node in ast.walk(self.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
        return islice((node for node in found if node.lineno == node.end_lineno), _ENOUGH)

    @cached_property
    def calls(self) -> list[ast.Call]:
        """Every call, in the order of the text."""
        return [node for node in self._picked if isinstance(node, ast.Call)]

    @cached_property
    def imports(self) -> list[ast.Import | ast.ImportFrom]:
        """Every import, in functions and conditions too."""
        return [node for node in self._picked if isinstance(node, ast.Import | ast.ImportFrom)]

    @cached_property
    def _picked(self) -> list[ast.AST]:
        """What is asked of the whole tree, in one walk; `ast.walk` takes three times as long, as long as parsing."""
        found: list[ast.AST] = []
        rest: list[ast.AST] = [self.tree]
        while rest:
            node = rest.pop()
            if isinstance(node, ast.Call | ast.Import | ast.ImportFrom):
                found.append(node)
            for value in vars(node).values():
                if isinstance(value, ast.AST):
                    rest.append(value)
                elif isinstance(value, list):
                    rest += [one for one in value if isinstance(one, ast.AST)]
        return sorted(found, key=lambda node: (node.lineno, node.col_offset))  # type: ignore[attr-defined]

    @cached_property
    def names(self) -> dict[str, str]:
        """What the names that it imports stand for, dotted: `{"sa": "sqlalchemy", "Index": "sqlalchemy.Index"}`."""
        found: dict[str, str] = {}
        for node in self.imports:
            if isinstance(node, ast.Import):
                for one in node.names:
                    # `import a.b` binds `a`.
                    found[one.asname or one.name.partition(".")[0]] = (
                        one.name if one.asname else one.name.partition(".")[0]
                    )
            else:
                base = self._base(node)
                found |= {one.asname or one.name: f"{base}.{one.name}" for one in node.names if one.name != "*"}
        return found

    @cached_property
    def stars(self) -> tuple[str, ...]:
        """The modules of which it imports everything."""
        nodes = (node for node in self.imports if isinstance(node, ast.ImportFrom))
        return tuple(self._base(node) for node in nodes if any(one.name == "*" for one in node.names))

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """What its top level assigns to a name, the last one."""
        return dict(_assigned(self.tree.body))

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".") if self.name else []
        up = node.level - self.is_package
        parts = parts[: len(parts) - up] if up else parts
        return ".".join([*parts, *([node.module] if node.module else [])])

    def origin(self, node: ast.expr) -> str:
        """Return what a name or an attribute stands for, dotted, as far as imports tell: `sqlalchemy.orm.Mapped`."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self.origin(node.value)}.{node.attr}"
        return ""

    def kind(self, node: ast.AST | None) -> str:
        """Return the last part of what a call calls: `mapped_column`; "" for what is no call of a name."""
        return self.origin(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for statement in body:
        if isinstance(statement, ast.Assign):
            yield from ((one.id, statement.value) for one in statement.targets if isinstance(one, ast.Name))
        elif isinstance(statement, ast.AnnAssign) and statement.value and isinstance(statement.target, ast.Name):
            yield statement.target.id, statement.value
        elif isinstance(statement, ast.If | ast.Try | ast.With):
            yield from _assigned(statement.body)


def returned(function: ast.AST) -> list[ast.expr | None]:
    """Return what the statements of a function return, those of functions in it too."""
    found: list[ast.expr | None] = []
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for statement in getattr(function, name, ()):
            found += [statement.value] if isinstance(statement, ast.Return) else returned(statement)
    return found


def read_modules(root: Path) -> tuple[tuple[Module, ...], tuple[Path, ...]]:
    """Return the modules below a folder that may declare tables, and the files that this Python could not read."""
    folder = root.parent if root.is_file() else root
    found = {path: _read(path, folder) for path in python_files(root) if _may_declare(path)}
    modules = tuple(module for module in found.values() if module is not None)
    return modules, tuple(path for path, module in found.items() if module is None)


def _may_declare(path: Path) -> bool:
    content = path.read_bytes()
    return _HINTS.search(content) is not None and not (_REVISION.search(content) and b"def upgrade" in content)


def _read(path: Path, root: Path) -> Module | None:
    parts = path.relative_to(root).with_suffix("").parts
    return parse(path, ".".join(parts[:-1] if parts[-1] == "__init__" else parts))


def parse(path: Path, name: str) -> Module | None:
    """Return the module of a file; None where it is no Python, or not in UTF-8."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return Module(path, name, path.stem == "__init__", text, ast.parse(text, str(path)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: nested without end
        return None
