"""The code of a finding, cut into what each revision runs, and what undoes each of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgwright.errors import MigrationError
from pgwright.migrations.editing import EditableRevision
from pgwright.model.finding import Finding
from pgwright.sqltext.actions import read_actions

_PART = re.compile(r"^# next revision\b,?[ \t]*(?:after\b[ \t]*)?(.*)$", re.MULTILINE)
_IMPORT = re.compile(r"^(?:import|from) [\w.]+.*\n?", re.MULTILINE)
_NEEDS = {"sa.": "import sqlalchemy as sa", "op.": "from alembic import op"}
_OUTSIDE = "with op.get_context().autocommit_block():"
_INDEX_CALLS = ("create_index", "drop_index")
_DROP = re.compile(r"(ALTER TABLE .+? DROP CONSTRAINT )(?!IF EXISTS)")


@dataclass(frozen=True)
class Piece:
    """What one revision is to run of a finding's code."""

    code: str
    why: str
    """What it is to come after; "" for the first."""
    imports: tuple[str, ...]


@dataclass(frozen=True)
class Mending:
    """A finding whose code takes the place of one statement."""

    finding: Finding
    line: int
    """On which the statement begins."""
    pieces: tuple[Piece, ...]

    @property
    def is_outside(self) -> bool:
        """Whether it commits what its revision did before: so it wants one of its own."""
        return self.pieces[0].code.startswith(_OUTSIDE)


def pieces_of(code: str) -> Iterator[Piece]:
    """Yield the revisions that a finding's code is for."""
    parts = _PART.split(code)
    for why, text in zip(("", *parts[1::2]), parts[::2], strict=True):
        imports = tuple(line.partition("#")[0].strip() for line in _IMPORT.findall(text))
        body = _IMPORT.sub("", text).strip("\n")
        yield Piece(body, why.strip(), (*imports, *(line for word, line in _NEEDS.items() if word in body)))


def with_downgrades(text: str, mendings: Sequence[Mending], later: Sequence[Piece]) -> tuple[str, dict[Piece, str]]:
    """Return a revision whose downgrade undoes what is left in it, and what undoes each later one.

    What goes to a later revision takes along the statement of the downgrade that names its index; a constraint that
    only helps on the way is dropped where the way ended early.

    Raises: MigrationError: there is no downgrade that can be read.
    """
    undone: dict[Piece, str] = {}
    for piece in later:
        names = set(_indexes(piece.code))
        if not piece.code.startswith(_OUTSIDE) or len(names) != 1:
            continue
        source = EditableRevision(text, "downgrade")
        if (found := source.naming(names.pop())) is not None:
            undone[piece] = source.source_of(found)
            text = source.with_statements({found.lineno: ""}, ())
    for helper in dict.fromkeys(line for one in mendings for line in _helpers(one.pieces)):
        text = EditableRevision(text, "downgrade").with_first(helper)
    return text, undone


def _indexes(code: str) -> Iterator[str]:
    """Yield the indexes that code builds or drops."""
    for call in _calls(code):
        first = call.args[0] if call.args else None
        if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
            continue
        if ast.unparse(call.func).rpartition(".")[2] in _INDEX_CALLS:
            yield first.value
        elif ast.unparse(call.func) == "op.execute":
            yield from (one.name for one in read_actions(first.value) if one.kind in ("create index", "drop index"))


def _helpers(pieces: Sequence[Piece]) -> Iterator[str]:
    """Yield what drops the constraints that an earlier revision adds and a later one drops."""
    added = "\n".join(one.code for one in pieces[:-1])
    for piece in pieces[1:]:
        for line in piece.code.splitlines():
            name = line.rpartition(" DROP CONSTRAINT ")[2].rstrip('")')
            if _DROP.search(line) and name and f"ADD CONSTRAINT {name} " in added:
                yield _DROP.sub(r"\1IF EXISTS ", line.strip(), count=1)


def _calls(code: str) -> Iterator[ast.Call]:
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        raise MigrationError(f"its code is no Python: {error}") from error
    yield from (one for one in ast.walk(tree) if isinstance(one, ast.Call))
