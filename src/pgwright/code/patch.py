"""Make the models say what the database will be: the changes of a fix become edits of source files."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pgwright.code.app import App, NotFound
from pgwright.code.column_edits import conversion, type_text
from pgwright.code.edits import AddArgument, AddElement, AddImport, Edit
from pgwright.code.foreign_key_edits import cascading
from pgwright.code.index_call import index_call
from pgwright.code.index_edits import Placed, Unclear, creation
from pgwright.code.index_removals import Dropped, removal, require_alone
from pgwright.code.linked import linked
from pgwright.code.modules import Module
from pgwright.code.spelling import Spelling
from pgwright.code.syntax.transform import edited
from pgwright.code.tables import DeclaredTable
from pgwright.model.change import (
    CascadeDelete,
    Change,
    ColumnConversion,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    UniqueAmongLiving,
)
from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.patch import FileEdit, HandEdit, ModelPatch
from pgwright.sqltext.indexes import read_index
from pgwright.sqltext.schema import Schema

# Black's and ruff's own; and the longest that people set.
_WIDTH, _WIDEST = 88, 120


def patch_models(root: Path, changes: Sequence[Change], *, entries: Sequence[str] = ()) -> ModelPatch:
    """Return the edits after which the models below a folder say what these changes make of the database.

    Nothing is imported or run: what is edited is found by the syntax trees of the files. Nothing is written.

    Args:
        root: the folder of the app's sources, or one file.
        changes: what is done to the database.
        entries: the modules whose models count, as `app.models`, where several files declare tables of one name.
    """
    return patch_app(App(root, entries), changes)


def patch_app(app: App, changes: Sequence[Change], *, as_uuid: bool = False) -> ModelPatch:
    """Return the edits of an app's models, as `patch_models` does.

    Args:
        as_uuid: keys that become uuid are a `uuid.UUID` in Python; else they stay a str, so that response models, type
            checkers and clients see no change.
    """
    return _Patching(app, _line_length(app.root), as_uuid=as_uuid).patch(changes)


def spelled(change: Change) -> tuple[str, ...]:
    """Return what to write in the models for a change, to paste; () where there is nothing to write."""
    if isinstance(change, CreateIndex | UniqueAmongLiving):
        return (str(index_call(change.definition)),)
    if isinstance(change, ConvertColumns):
        return tuple(f"{one.table.short}.{one.column}: {type_text(one)}" for one in change.columns)
    if isinstance(change, CascadeDelete):
        return (f'{change.table.short} ({", ".join(change.columns)}): ondelete="CASCADE"',)
    return ()


class _Patching:
    """Edits in the making, by module."""

    def __init__(self, app: App, width: int | None, *, as_uuid: bool) -> None:
        self._app, self._width, self._as_uuid = app, width, as_uuid
        self._edits: dict[Module, list[Edit]] = {}
        self._spellings: dict[Module, Spelling] = {}
        self._by_hand: list[HandEdit] = []
        self._dropped = Dropped((), ())
        self._cascaded: set[tuple[str, tuple[str, ...]]] = set()

    def patch(self, changes: Sequence[Change]) -> ModelPatch:
        self._dropped = self._dropped_by(changes)
        self._cascaded = {(one.table.name, one.columns) for one in changes if isinstance(one, CascadeDelete)}
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
            elif isinstance(change, CascadeDelete):
                self._cascade(change)
        return ModelPatch(tuple(self._files()), tuple(self._by_hand))

    def _dropped_by(self, changes: Iterable[Change]) -> Dropped:
        columns: set[tuple[QualifiedName, str]] = set()
        names: set[tuple[str, str]] = set()
        for change in changes:
            if isinstance(change, DropIndex):
                table, name = change.table, change.name.name
            elif isinstance(change, UniqueAmongLiving):
                table, name = change.definition.table, change.constraint or change.replaces.name
            else:
                continue
            keys = _index(change.sql).keys
            names.add((table.name, name))
            if len(keys) == 1 and keys[0].column is not None:
                columns.add((table, keys[0].column))
        return Dropped(self._declared(columns), names)

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

        def edits(table: DeclaredTable) -> list[Placed]:
            return removal(old, table, self._app, self._dropped, is_constraint=is_constraint)

        kind = "unique constraint" if is_constraint else "index"
        self._try(name, f"{name.short}: the {kind} {old.name} goes", (), edits)

    def _cascade(self, change: CascadeDelete) -> None:
        what = f"{change.table.short}: the foreign key {change.name} deletes with its parent"
        self._try(
            change.table,
            what,
            ('ondelete="CASCADE"',),
            lambda table: cascading(change, table, self._app, self._cascaded),
        )

    def _convert(self, change: ConvertColumns) -> None:
        """Edit all columns that foreign keys tie or none: with a part of them, the keys would not fit."""
        converted = self._declared((one.table, one.column) for one in change.columns)
        for group in linked(change):
            self._convert_together(group, converted)

    def _convert_together(self, columns: Sequence[ColumnConversion], converted: set[tuple[DeclaredTable, str]]) -> None:
        needed = self._needed()
        placed: list[Placed] = []
        reasons: dict[ColumnConversion, str] = {}
        for each in columns:
            table = self._app.table(each.table)
            try:
                if isinstance(table, NotFound):
                    raise Unclear(table.reason)
                placed += self._conversion(each, converted, table)
            except Unclear as error:
                reasons[each] = str(error)
        if not reasons:
            self._keep(placed)
            return
        self._forget(needed)
        at_fault = next(iter(reasons))
        together = f"it changes together with {at_fault.table.short}.{at_fault.column}"
        for each in columns:
            what = f"{each.table.short}.{each.column} becomes {each.to_type}"
            self._by_hand.append(HandEdit(what, reasons.get(each, together), (type_text(each, as_uuid=self._as_uuid),)))

    def _conversion(
        self, each: ColumnConversion, converted: set[tuple[DeclaredTable, str]], table: DeclaredTable
    ) -> list[Placed]:
        edits = conversion(each, table, self._app, self._spelling, as_uuid=self._as_uuid)
        column = table.column(each.column)
        if edits and column is not None:
            require_alone(column, table, self._app, converted)
        return edits

    def _declared(self, columns: Iterable[tuple[QualifiedName, str]]) -> set[tuple[DeclaredTable, str]]:
        """Return columns with what declares their tables, those whose declaration was found."""
        found = ((self._app.table(name), column) for name, column in columns)
        return {(table, column) for table, column in found if isinstance(table, DeclaredTable)}

    def _try(
        self, name: QualifiedName, what: str, lines: tuple[str, ...], edits: Callable[[DeclaredTable], list[Placed]]
    ) -> None:
        """Keep the edits of a table, or why there are none."""
        table = self._app.table(name)
        if isinstance(table, NotFound):
            self._by_hand.append(HandEdit(what, table.reason, lines))
            return
        needed = self._needed()
        try:
            self._keep(edits(table))
        except Unclear as error:
            self._forget(needed)
            self._by_hand.append(HandEdit(what, str(error), lines))

    def _keep(self, placed: Iterable[Placed]) -> None:
        for module, edit in placed:
            kept = self._edits.setdefault(module, [])
            kept += [edit] if edit not in kept else []

    def _needed(self) -> dict[Module, list[AddImport]]:
        return {module: spelling.imports for module, spelling in self._spellings.items()}

    def _forget(self, needed: Mapping[Module, list[AddImport]]) -> None:
        """Need no imports but these."""
        for module, spelling in self._spellings.items():
            spelling.forget(needed.get(module, []))

    def _spelling(self, module: Module) -> Spelling:
        return self._spellings.setdefault(module, Spelling(module))

    def _files(self) -> Iterator[FileEdit]:
        for module, edits in self._edits.items():
            # What is added goes behind what was there, so what is taken out is counted as it was.
            ordered = sorted(edits, key=lambda one: not isinstance(one, AddElement | AddArgument))
            after = edited(
                module.text, [*ordered, *self._spelling(module).imports], self._width or _longest(module.text)
            )
            ast.parse(after)
            if after != module.text:
                yield FileEdit(module.path, module.text, after)


def _index(sql: str) -> IndexDefinition:
    return read_index(sql, Schema({}))


def _line_length(root: Path) -> int | None:
    """Return the length of lines that the app's formatter keeps; None where the nearest pyproject.toml does not say."""
    for folder in (root, *root.absolute().parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            try:
                tools = tomllib.loads(path.read_text("utf-8")).get("tool", {})
            except (tomllib.TOMLDecodeError, UnicodeDecodeError):
                return None
            lengths: Iterable[object] = (
                tools.get("ruff", {}).get("line-length"), tools.get("black", {}).get("line-length"),
            )  # fmt: skip
            return next((one for one in lengths if isinstance(one, int)), None)
    return None


def _longest(text: str) -> int:
    """Return the length of lines of a file whose formatter nobody knows: as long as some are, within reason."""
    return max(_WIDTH, *(len(line) for line in text.splitlines() if len(line) <= _WIDEST), 0)
