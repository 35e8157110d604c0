"""What a patch must leave as it is: every byte that has nothing to do with the tables it edits."""

from __future__ import annotations

import ast
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from io import BytesIO
from pathlib import Path

from pgwright.model.names import QualifiedName

Files = Mapping[Path, bytes]
# What one edit may take: the lines of a call that is written one argument a line.
_LINES_REMOVED, _LINES_ADDED = 8, 12
_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.Assign, ast.AnnAssign)
_IMPORTS = (ast.Import, ast.ImportFrom)
_OF_IMPORT = re.compile(rb"[\w\s,.()*]*(#.*)?")


@dataclass(frozen=True)
class Lines:
    """Lines of one file, counted from 1."""

    path: Path
    numbers: frozenset[int]


def python_files(root: Path) -> dict[Path, bytes]:
    """Return the bytes of all Python files below a folder, by their path from there."""
    return {path.relative_to(root): path.read_bytes() for path in sorted(root.rglob("*.py"))}


def find_damage(
    before: Files, after: Files, *, classes: Mapping[str, QualifiedName], tables: Iterable[QualifiedName], edits: int
) -> Iterator[str]:
    """Yield what a patch did beyond its task. Raises SyntaxError: it left no Python.

    Args:
        classes: the table of each mapped class.
        tables: those that the changes are about.
        edits: how many changes there are, a converted column counted as one.
    """
    if set(before) != set(after):
        yield f"files came or went: {sorted(map(str, set(before) ^ set(after)))}"
        return
    trees = {path: ast.parse(text) for path, text in before.items()}
    own = _lines_of(trees, classes, set(tables))
    for path, old in before.items():
        new = after[path]
        if new != old:
            ast.parse(new)
            imports = _numbers(node for node in ast.walk(trees[path]) if isinstance(node, _IMPORTS))
            yield from _of_lines(path, old, new, own.get(path, set()), imports, edits)
            yield from _of_newlines(path, old, new)
            yield from _of_comments(path, old, new, trees[path])


def _lines_of(
    trees: Mapping[Path, ast.Module], classes: Mapping[str, QualifiedName], tables: set[QualifiedName]
) -> dict[Path, set[int]]:
    """Return the lines where the tables are defined: their classes and calls, and what these are made of."""
    defined = _definitions(trees)
    found: dict[Path, set[int]] = {}
    seen: set[int] = set()
    queue: list[tuple[Path, ast.AST]] = [
        (path, node) for path, tree in trees.items() for node in _roots(tree, classes, tables)
    ]
    while queue:
        path, node = queue.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        found.setdefault(path, set()).update(_numbers([node]))
        bases = {_name(base) for base in node.bases} if isinstance(node, ast.ClassDef) else set()
        for name in _names(node):
            for place, other in defined.get(name, ()):
                is_other_table = name in classes and name not in bases and classes[name] not in tables
                if not is_other_table and not _is_table_call(other):
                    queue.append((place, other))
    return found


def _definitions(trees: Mapping[Path, ast.Module]) -> dict[str, list[tuple[Path, ast.stmt]]]:
    """Return what is defined outside classes, by its name."""
    found: dict[str, list[tuple[Path, ast.stmt]]] = {}
    for path, tree in trees.items():
        for node in _outside_classes(tree):
            for name in _defined_names(node):
                found.setdefault(name, []).append((path, node))
    return found


def _outside_classes(tree: ast.AST) -> Iterator[ast.stmt]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _DEFINITIONS):
            yield node
        if not isinstance(node, ast.ClassDef):
            yield from _outside_classes(node)


def _defined_names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _roots(tree: ast.Module, classes: Mapping[str, QualifiedName], tables: set[QualifiedName]) -> Iterator[ast.AST]:
    """Yield the statements that define a table, or an index of one."""
    names = {table.name for table in tables}
    own = {name for name, table in classes.items() if table in tables}
    variables = {name for node in _outside_classes(tree) if _makes(node, names) for name in _defined_names(node)}
    for node in ast.walk(tree):
        is_class = isinstance(node, ast.ClassDef) and node.name in own
        if is_class or (isinstance(node, ast.Assign) and _makes(node, names)):
            yield node
        is_index = isinstance(node, (ast.Assign, ast.Expr)) and _is_call(node.value, *_called(tree, "Index"))
        if is_index and set(_names(node)) & (own | variables):
            yield node


def _makes(node: ast.AST, tables: set[str]) -> bool:
    """Tell whether a statement makes one of these tables in Core's words."""
    calls = (one for one in ast.walk(node) if _is_call(one, "Table"))
    firsts = (one.args[0] for one in calls if isinstance(one, ast.Call) and one.args)
    return any(isinstance(first, ast.Constant) and first.value in tables for first in firsts)


def _is_table_call(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and _is_call(node.value, "Table")


def _is_call(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) in names


def _called(tree: ast.AST, name: str) -> set[str]:
    """Return what a file calls something that it imports."""
    aliases = (alias for node in ast.walk(tree) if isinstance(node, _IMPORTS) for alias in node.names)
    return {name, *(alias.asname for alias in aliases if alias.name == name and alias.asname is not None)}


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _names(node: ast.AST) -> Iterator[str]:
    yield from (_name(one) for one in ast.walk(node) if isinstance(one, (ast.Name, ast.Attribute)))


def _numbers(nodes: Iterable[ast.AST]) -> set[int]:
    found: set[int] = set()
    for node in nodes:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(one.lineno for one in decorators)])  # type: ignore[attr-defined]
        found.update(range(first, node.end_lineno + 1))  # type: ignore[attr-defined]
    return found


def _of_lines(path: Path, old: bytes, new: bytes, own: set[int], imports: set[int], edits: int) -> Iterator[str]:
    lines, others = old.splitlines(keepends=True), new.splitlines(keepends=True)
    removed = added = 0
    for kind, first, last, start, end in SequenceMatcher(None, lines, others, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        removed, added = removed + last - first, added + end - start
        foreign = set(range(first + 1, last + 1)) - own - imports
        foreign = {number for number in foreign if lines[number - 1].strip()}
        if foreign:
            yield f"{path}: line {min(foreign)} belongs to no edited table: {lines[min(foreign) - 1]!r}"
        if first == last and not _is_beside(lines, first, own) and not _are_imports(others[start:end]):
            yield f"{path}: {others[start]!r} stands after line {first}, beside no edited table"
    if removed > _LINES_REMOVED * edits:
        yield f"{path}: {removed} lines went for {edits} edits"
    if added > _LINES_ADDED * edits:
        yield f"{path}: {added} lines came for {edits} edits"


def _is_beside(lines: Sequence[bytes], place: int, known: set[int]) -> bool:
    """Tell whether the next line above or below a place, empty ones and comments left out, is one of these."""
    above = next((n for n in range(place, 0, -1) if _is_code(lines[n - 1])), 0)
    below = next((n for n in range(place + 1, len(lines) + 1) if _is_code(lines[n - 1])), 0)
    return above in known or below in known


def _is_code(line: bytes) -> bool:
    return bool(line.strip()) and not line.strip().startswith(b"#")


def _are_imports(lines: Sequence[bytes]) -> bool:
    return all(_OF_IMPORT.fullmatch(line.strip()) for line in lines)


def _of_newlines(path: Path, old: bytes, new: bytes) -> Iterator[str]:
    ends = {bytes(end) for end in re.findall(rb"\r\n|\n|\r", old)}
    others = {bytes(end) for end in re.findall(rb"\r\n|\n|\r", new)}
    if not others <= ends:
        yield f"{path}: ends of lines were {ends}, and are {others}"
    indents = {line[:1] for line in old.splitlines() if line[:1] in (b" ", b"\t")}
    if indents == {b"\t"} and any(line[:1] == b" " for line in new.splitlines()):
        yield f"{path}: it was indented by tabs, and has spaces now"


def _of_comments(path: Path, old: bytes, new: bytes, tree: ast.Module) -> Iterator[str]:
    """Yield the comments that are gone, but for those inside or behind what may have been removed."""
    kept = Counter(comment for _, comment in _comments(new))
    called = _called(tree, "Index") | _called(tree, "UniqueConstraint")
    removable = [node for node in ast.walk(tree) if _is_call(node, *called)]
    arguments = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg in ("index", "unique")]
    inside = _numbers([*removable, *arguments])
    for number, comment in sorted(_comments(old), key=lambda one: one[0] in inside):
        kept[comment] -= 1
        if kept[comment] < 0 and number not in inside:
            yield f"{path}: the comment of line {number} is gone: {comment!r}"


def _comments(text: bytes) -> list[tuple[int, str]]:
    tokens = tokenize.tokenize(BytesIO(text).readline)
    return [(one.start[0], one.string) for one in tokens if one.type == tokenize.COMMENT]
