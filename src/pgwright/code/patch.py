"""Make the models say what the database will be: the changes of a fix become edits of source files."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from pgwright.code.app import App, NotFound
from pgwright.code.column_edits import conversion, type_text
from pgwright.code.edits import AddArgument, AddElement, Edit
from pgwright.code.index_call import index_call
from pgwright.code.index_edits import Placed, Unclear, creation
from pgwright.code.index_removals import removal
from pgwright.code.modules import Module
from pgwright.code.spelling import Spelling
from pgwright.code.syntax.transform import edited
from pgwright.code.tables import Table
from pgwright.model.change import Change, ColumnConversion, ConvertColumns, CreateIndex, DropIndex, UniqueAmongLiving
from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.patch import FileEdit, HandEdit, ModelPatch
from pgwright.sqltext.indexes import read_index
from pgwright.sqltext.schema import Schema

# Black's and ruff's own.
_WIDTH = 88


def patch_models(
    root: Path, changes: Sequence[Change], *, entries: Sequence[str] = (), as_uuid: bool = False
) -> ModelPatch:
    """Return the edits after which the models below a folder say what these changes make of the database.

    Nothing is imported or run: what is edited is found by the syntax trees of the files. Nothing is written.

    Args:
        root: the folder of the app's sources, or one file.
        changes: what is done to the database.
        entries: the modules whose models count, as `app.models`, where several files declare tables of one name.
        as_uuid: keys that become uuid are a `uuid.UUID` in Python; else they stay a str, so that response models, type
            checkers and clients see no change.
    """
    return _Patching(App(root, entries), _line_length(root), as_uuid=as_uuid).patch(changes)


def spelled(change: Change) -> tuple[str, ...]:
    """Return what to write in the models for a change, to paste; () where there is nothing to write."""
    if isinstance(change, CreateIndex | UniqueAmongLiving):
        return (str(index_call(change.definition)),)
    if isinstance(change, ConvertColumns):
        return tuple(f"{one.table.short}.{one.column}: {type_text(one)}" for one in change.columns)
    return ()


class _Patching:
    """Edits in the making, by module."""

    def __init__(self, app: App, width: int, *, as_uuid: bool) -> None:
        self._app, self._width, self._as_uuid = app, width, as_uuid
        self._edits: dict[Module, list[Edit]] = {}
        self._spellings: dict[Module, Spelling] = {}
        self._by_hand: list[HandEdit] = []
        self._dropped: set[tuple[str, str]] = set()

    def patch(self, changes: Sequence[Change]) -> ModelPatch:
        self._dropped = set(_dropped(changes))
        for change in changes:
            if isinstance(change, CreateIndex):
                self._create(change.definition)
            elif isinstance(change, DropIndex):
                self._drop(change.sql, change.table, change.name.name, None)
            elif isinstance(change, UniqueAmongLiving):
                self._drop(change.sql, change.definition.table, change.replaces.name, change.constraint)
                self._create(change.definition)
            elif isinstance(change, ConvertColumns):
                self._convert(change)
        return ModelPatch(tuple(self._files()), tuple(self._by_hand))

    def _create(self, definition: IndexDefinition) -> None:
        self._try(
            definition.table,
            f"{definition.table.short}: the new index {definition.name}",
            (str(index_call(definition)),),
            lambda table: creation(definition, table, self._app, self._spelling(table.module)),
        )

    def _drop(self, sql: str, name: QualifiedName, index: str, constraint: str | None) -> None:
        old = _index(sql).named(constraint or index)
        is_constraint = constraint is not None

        def edits(table: Table) -> list[Placed]:
            return removal(old, table, self._app, self._dropped, is_constraint=is_constraint)

        kind = "unique constraint" if is_constraint else "index"
        self._try(name, f"{name.short}: the {kind} {old.name} goes", (), edits)

    def _convert(self, change: ConvertColumns) -> None:
        for each in change.columns:
            what = f"{each.table.short}.{each.column} becomes {each.to_type}"
            lines = (type_text(each, as_uuid=self._as_uuid),)
            self._try(each.table, what, lines, partial(self._conversion, each, change))

    def _conversion(self, each: ColumnConversion, change: ConvertColumns, table: Table) -> list[Placed]:
        edits = conversion(each, table, self._app, self._spelling, as_uuid=self._as_uuid)
        column = table.column(each.column)
        if edits and column is not None:
            converted = {(one.table.name, one.column) for one in change.columns}
            others = [one for one in self._app.sharing(column) if one is not table]
            rest = [one.name or one.module.name for one in others if (one.name, column.name) not in converted]
            if rest:
                raise Unclear(f"the column is declared for {', '.join(rest)} too, which keep theirs")
        return edits

    def _try(
        self, name: QualifiedName, what: str, lines: tuple[str, ...], edits: Callable[[Table], list[Placed]]
    ) -> None:
        """Keep the edits of a table, or why there are none."""
        table = self._app.table(name)
        if isinstance(table, NotFound):
            self._by_hand.append(HandEdit(what, table.reason, lines))
            return
        needed = {module: spelling.imports for module, spelling in self._spellings.items()}
        try:
            for module, edit in edits(table):
                kept = self._edits.setdefault(module, [])
                kept += [edit] if edit not in kept else []
        except Unclear as error:
            for module, spelling in self._spellings.items():
                spelling.forget(needed.get(module, []))
            self._by_hand.append(HandEdit(what, str(error), lines))

    def _spelling(self, module: Module) -> Spelling:
        return self._spellings.setdefault(module, Spelling(module))

    def _files(self) -> Iterator[FileEdit]:
        for module, edits in self._edits.items():
            # What is added goes behind what was there, so what is taken out is counted as it was.
            ordered = sorted(edits, key=lambda one: not isinstance(one, AddElement | AddArgument))
            after = edited(module.text, [*ordered, *self._spelling(module).imports], self._width)
            ast.parse(after)
            if after != module.text:
                yield FileEdit(module.path, module.text, after)


def _dropped(changes: Iterable[Change]) -> Iterator[tuple[str, str]]:
    """Yield the tables with the column of each index of one column that goes."""
    for change in changes:
        if isinstance(change, DropIndex | UniqueAmongLiving):
            keys = _index(change.sql).keys
            table = change.table if isinstance(change, DropIndex) else change.definition.table
            if len(keys) == 1 and keys[0].column is not None:
                yield table.name, keys[0].column


def _index(sql: str) -> IndexDefinition:
    return read_index(sql, Schema({}))


def _line_length(root: Path) -> int:
    """Return the length of lines that the app's formatter keeps, as the nearest pyproject.toml says."""
    for folder in (root, *root.absolute().parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            try:
                tools = tomllib.loads(path.read_text("utf-8")).get("tool", {})
            except (tomllib.TOMLDecodeError, UnicodeDecodeError):
                return _WIDTH
            lengths: Iterable[object] = (
                tools.get("ruff", {}).get("line-length"), tools.get("black", {}).get("line-length"),
            )  # fmt: skip
            return next((one for one in lengths if isinstance(one, int)), _WIDTH)
    return _WIDTH
