"""Whether models say what a fix makes of the database: what they declare is compared, statement by statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pgwright.code.entry import AppModels
from pgwright.code.imported import DeclaredModels, import_models
from pgwright.model.change import CascadeDelete, Change, ConvertColumns, CreateIndex, DropIndex, UniqueAmongLiving
from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.patch import ModelPatch, Verified
from pgwright.sqltext.expressions import comparable
from pgwright.sqltext.indexes import read_index
from pgwright.sqltext.schema import Schema

_WHERE = ". Run pgwright where the app is installed, as in: pip install pgwright; pgwright fix …"


def verify(patch: ModelPatch, changes: Sequence[Change], entry: AppModels) -> Verified:
    """Import the models as the edits make them, in a process of their own, and compare them with the changes.

    Nothing is written. Where they cannot be imported with the edits, they are imported without, to tell whose fault it
    is.
    """
    if not entry.module:
        return Verified(reason="no MetaData was found to import. Name it, as in --models shop.models:Base")
    changed = {one.path: one.after for one in patch.edits}
    tables = sorted({f"{one.schema}.{one.name}" for change in changes for one in _tables(change)})
    after = import_models(entry, tables, changed)
    if after.error:
        before = import_models(entry, tables, {})
        if before.error:
            return Verified(reason=f"{entry.module} cannot be imported here: {before.error}{_WHERE}")
        return Verified(is_broken=True, reason=f"{entry.module} cannot be imported with the edits: {after.error}")
    if not entry.attributes:
        return Verified(is_imported=True, reason="the models import; their MetaData was not found, so not compared")
    return Verified(is_imported=True, is_compared=True, problems=tuple(_problems(changes, after)))


def _tables(change: Change) -> Iterable[QualifiedName]:
    if isinstance(change, ConvertColumns):
        return [one.table for one in change.columns]
    return [change.definition.table if isinstance(change, CreateIndex | UniqueAmongLiving) else change.table]


def _problems(changes: Sequence[Change], models: DeclaredModels) -> Iterator[str]:
    """Yield what the models say otherwise than the database will."""
    gone: set[str] = set()
    for change in changes:
        lost = [one for one in _tables(change) if f"{one.schema}.{one.name}" not in models.tables]
        if lost:
            yield f"the models have no table {lost[0].short}"
            continue
        if isinstance(change, CreateIndex | UniqueAmongLiving):
            yield from _of_index(change.definition, models)
        if isinstance(change, DropIndex):
            gone.add(change.name.name)
        elif isinstance(change, UniqueAmongLiving):
            gone.add(change.constraint or change.replaces.name)
        elif isinstance(change, ConvertColumns):
            yield from _of_types(change, models)
        elif isinstance(change, CascadeDelete):
            key = f"{change.table.schema}.{change.table.name}.{','.join(change.columns)}"
            if key not in models.cascading:
                yield f"the models let {change.name} of {change.table.short} delete nothing with its parent"
    for name in sorted(gone & (models.indexes.keys() | models.constraints)):
        yield f"the models still have {name}"


def _of_index(wanted: IndexDefinition, models: DeclaredModels) -> Iterator[str]:
    sql = models.indexes.get(wanted.name)
    if sql is None:
        yield f"the models have no index {wanted.name}"
    elif _comparable(read_index(sql, Schema({}))) != _comparable(read_index(wanted.sql(), Schema({}))):
        yield f"the models have another index {wanted.name}: {' '.join(sql.split())}"


def _comparable(index: IndexDefinition) -> IndexDefinition:
    keys = tuple(replace(one, expression=comparable(one.expression) if one.expression else None) for one in index.keys)
    predicate = comparable(index.predicate) if index.predicate else None
    return replace(index, table=QualifiedName("", ""), keys=keys, predicate=predicate)


def _of_types(change: ConvertColumns, models: DeclaredModels) -> Iterator[str]:
    for one in change.columns:
        found = models.types.get(f"{one.table.schema}.{one.table.name}.{one.column}", "")
        if found.lower() != one.to_type:
            yield f"the models give {one.table.short}.{one.column} the type {found or 'of no column'}"
