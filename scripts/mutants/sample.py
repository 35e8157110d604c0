"""All mutants of the targets, and a seeded sample of them."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from scripts.mutants.operators import edits
from scripts.mutants.source import Source

# Texts for people: the words are nobody's contract.
_SPEAKING = {"NotExamined", "warn", "debug", "info", "warning", "error", "exception"}


@dataclass(frozen=True)
class Mutant:
    """One small change of one file."""

    path: str
    function: str
    """Qualified name, or of the class; empty at module level."""
    was: str
    """The source lines, without indentation."""
    now: str
    place: tuple[int, int]
    """Bytes that are replaced: the first, and the one after the last."""
    text: str
    """What replaces them."""
    line: int
    lines: tuple[int, int]
    """First and last line of the code that a test has to run to notice."""
    names: tuple[str, ...] = ()
    """For code that runs on import: the names that it defines; whoever runs a line with one of them may notice."""
    twin: int = 0
    """Number among mutants of the function that read the same."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Identity that survives shifted lines."""
        return self.path, self.function, self.was, self.now

    def spoil(self, root: Path) -> bytes:
        """Return the file with the change."""
        code = (root / self.path).read_bytes()
        return code[: self.place[0]] + self.text.encode() + code[self.place[1] :]

    def rank(self, seed: int) -> bytes:
        return hashlib.sha256(repr((seed, self.key, self.twin)).encode()).digest()


def sources(root: Path, targets: Iterable[str]) -> list[str]:
    """Return the Python files of the targets, relative to `root`. Raises FileNotFoundError: a target is gone."""
    found: set[str] = set()
    for target in targets:
        path = root / target
        if not path.exists():
            raise FileNotFoundError(f"{target!r} does not exist. Edit scripts/mutants/targets.py.")
        files = path.rglob("*.py") if path.is_dir() else [path]
        found.update(file.relative_to(root).as_posix() for file in files)
    return sorted(found)


def draw(root: Path, mutants: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """Return a random sample. A mutant keeps its rank when other code changes, so two samples of one seed overlap."""
    ranked = sorted(mutants, key=lambda mutant: mutant.rank(seed))
    return list(islice((mutant for mutant in ranked if _is_python(mutant.spoil(root))), count))


def mutants_of(root: Path, path: str) -> Iterator[Mutant]:
    """Yield every mutant of a file, also the few that are no Python."""
    seen: Counter[tuple[str, ...]] = Counter()
    for mutant in _Walk(path, Source((root / path).read_bytes())).mutants():
        yield replace(mutant, twin=seen[mutant.key])
        seen[mutant.key] += 1


def _is_python(code: bytes) -> bool:
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


@dataclass(frozen=True)
class _Place:
    """Where the walk is."""

    function: tuple[str, ...] = ()
    lines: tuple[int, int] = (0, 0)
    names: tuple[str, ...] = ()
    is_import_time: bool = True
    speaks: bool = False


class _Walk:
    """A walk over the code that runs, leaving out annotations, decorators, docstrings and texts for people."""

    def __init__(self, path: str, source: Source) -> None:
        self._path, self._source = path, source

    def mutants(self) -> Iterator[Mutant]:
        for statement in self._source.tree.body:
            yield from self._statement(statement, _Place())

    def _statement(self, node: ast.stmt, place: _Place) -> Iterator[Mutant]:
        if _is_left_out(node):
            return
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                inside = _Place((*place.function, node.name), is_import_time=False)
                body = node.body[0].lineno, node.end_lineno or node.lineno
                for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
                    yield from self._expression(default, replace(inside, lines=body))
                yield from self._body(node.body, inside)
            case ast.ClassDef():
                names = (node.name,) if place.is_import_time else ()
                yield from self._body(node.body, replace(place, function=(*place.function, node.name), names=names))
            case _:
                yield from self._simple(node, _at(node, place))

    def _body(self, body: Iterable[ast.stmt], place: _Place) -> Iterator[Mutant]:
        for statement in body:
            yield from self._statement(statement, place)

    def _simple(self, node: ast.stmt, place: _Place) -> Iterator[Mutant]:
        yield from self._edits(node, place)
        for child in ast.iter_child_nodes(node):
            yield from self._child(child, node, place)

    def _child(self, child: ast.AST, parent: ast.AST, place: _Place) -> Iterator[Mutant]:
        match child:
            case ast.stmt():
                yield from self._statement(child, place)
            case ast.expr():
                if not (isinstance(parent, ast.AnnAssign) and child is parent.annotation):
                    yield from self._expression(
                        child, replace(place, speaks=place.speaks or isinstance(parent, ast.Raise))
                    )
            case ast.ExceptHandler() | ast.match_case() | ast.withitem():
                for below in ast.iter_child_nodes(child):
                    yield from self._child(below, child, place)

    def _expression(self, node: ast.AST, place: _Place) -> Iterator[Mutant]:
        if isinstance(node, ast.JoinedStr):
            return
        if isinstance(node, ast.Call) and _called(node) in _SPEAKING:
            place = replace(place, speaks=True)
        if not (place.speaks and isinstance(node, ast.Constant) and isinstance(node.value, str)):
            yield from self._edits(node, place)
        for child in ast.iter_child_nodes(node):
            yield from self._expression(child, place)

    def _edits(self, node: ast.AST, place: _Place) -> Iterator[Mutant]:
        for first, last, text in edits(node, self._source):
            changed = self._source.changed(first, last, text)
            was = self._source.lines(first, last)
            now = self._source.lines(first, first + len(text.encode()), changed)
            name = ".".join(place.function)
            line = self._source.data.count(b"\n", 0, first) + 1
            yield Mutant(self._path, name, was, now, (first, last), text, line, place.lines, place.names)


def _at(node: ast.stmt, place: _Place) -> _Place:
    """Return the place of a statement: its lines, of a compound one those of its head."""
    body = getattr(node, "body", None)
    last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
    if not place.is_import_time:
        return replace(place, lines=(node.lineno, last))
    names = {found.id for found in ast.walk(node) if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store)}
    return replace(place, lines=(node.lineno, last), names=tuple(sorted(names)) + place.names)


def _is_left_out(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()) | ast.Assert():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() | ast.BinOp(op=ast.BitOr())):
            return name[0].isupper() and not name.isupper()  # the alias of a type
    return False


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
