"""A patcher without manners: it leaves the models as they are, and changes their metadata at the end of the file.

It shows that each entry can be won, and that the judgement of databases calls right what is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pgwright.model.change import (
    AnalyzeTable,
    CascadeDelete,
    Change,
    ColumnConversion,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    RebuildIndex,
)
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.patch import FileEdit, ModelPatch
from pgwright.sqltext.uuid_defaults import uuid_default

_MARK = "\n\n# overridden\n"
_START = """
import sqlalchemy as _s
from sqlalchemy.dialects.postgresql import dialect as _dialect

_metadata = next(globals()[one] for one in ("Base", "SQLModel", "db", "metadata") if one in globals())
_metadata = getattr(_metadata, "metadata", _metadata)


def _table(schema, name):
    return next(one for one in _metadata.tables.values() if (one.schema or "public", one.name) == (schema, name))


def _column(table, name):
    return next(one for one in table.columns if one.name == name)


def _drop(table, name, columns):
    names = _dialect().identifier_preparer
    for index in list(table.indexes):
        if names.format_index(index).strip('"') == name:
            table.indexes.discard(index)
    for one in list(table.constraints):
        if isinstance(one, _s.UniqueConstraint) and [column.name for column in one.columns] == columns:
            table.constraints.discard(one)


def _convert(table, name, type_, default):
    column = _column(table, name)
    if type_ is _s.Uuid:
        value = column.default.arg(None) if column.default is not None else ""
        type_ = _s.Uuid(as_uuid=not isinstance(value, str))
    column.type = _s.types.to_instance(type_)
    if default:
        column.server_default = _s.DefaultClause(_s.text(default))


def _cascade(table, names):
    for one in table.foreign_key_constraints:
        if tuple(column.name for column in one.columns) == names:
            one.ondelete = "CASCADE"
            for element in one.elements:
                element.ondelete = "CASCADE"
"""


def override_models(root: Path, changes: Sequence[Change]) -> ModelPatch:
    """Return the edit of the one file of an entry from which its metadata is read."""
    (path,) = (*root.glob("*.py"), *root.glob("*/__init__.py"))
    with path.open(encoding="utf-8", newline="") as file:
        old = file.read()
    lines = [line for change in changes for line in _lines(change)]
    new = "".join([old.partition(_MARK)[0], _MARK, _START, *(f"{line}\n" for line in lines)])
    return ModelPatch((FileEdit(path.relative_to(root), old, new),) if new != old else (), ())


def _lines(change: Change) -> Iterator[str]:
    if isinstance(change, (AnalyzeTable, RebuildIndex)):
        return
    if isinstance(change, ConvertColumns):
        yield from map(_conversion, change.columns)
    elif isinstance(change, DropIndex):
        yield f"_drop({_table(change.table)}, {change.name.name!r}, None)"
    elif isinstance(change, CreateIndex):
        yield _creation(change.definition)
    elif isinstance(change, CascadeDelete):
        yield f"_cascade({_table(change.table)}, {change.columns!r})"
    else:
        columns = [key.column for key in change.definition.keys] if change.constraint else None
        yield f"_drop({_table(change.definition.table)}, {change.replaces.name!r}, {columns!r})"
        yield _creation(change.definition)


def _table(name: QualifiedName) -> str:
    return f"_table({name.schema!r}, {name.name!r})"


def _conversion(each: ColumnConversion) -> str:
    types = {"uuid": "Uuid", "integer": "Integer", "bigint": "BigInteger"}
    default = uuid_default(each.default) if each.default and each.to_type == "uuid" else ""
    return f"_convert({_table(each.table)}, {each.column!r}, _s.{types[each.to_type]}, {default!r})"


def _creation(index: IndexDefinition) -> str:
    # Alembic cannot compare an expression with COLLATE or an operator class in it.
    classes = {key.column: _class(key) for key in index.keys if _class(key)}
    parts = [f"_s.schema.conv({index.name!r})", *(_key(key, index.table) for key in index.keys)]
    parts += [f"_table={_table(index.table)}", f"unique={index.is_unique}", f"postgresql_using={index.method!r}"]
    parts += [f"postgresql_ops={classes!r}"] if classes else []
    parts += [f"postgresql_include={[*index.include]!r}"] if index.include else []
    parts += ["postgresql_nulls_not_distinct=True"] if index.nulls_not_distinct else []
    parts += [f"postgresql_with={dict(one.split('=') for one in index.parameters)!r}"] if index.parameters else []
    parts += [f"postgresql_where={_text(index.predicate)}"] if index.predicate else []
    return f"_s.Index({', '.join(parts)})"


def _class(key: IndexKey) -> str:
    collation = f"COLLATE {key.collation}" if key.collation else ""
    return " ".join(filter(None, (collation, key.operator_class)))


def _key(key: IndexKey, table: QualifiedName) -> str:
    if key.column is None or key.is_descending or key.nulls_first is not None:
        # As the server writes it, `(name)::text`, Alembic takes it for another expression.
        return _text(re.sub(r"\((\w+)\)::", r"\1::", key.sql()))
    return f"_column({_table(table)}, {key.column!r})"


def _text(sql: str) -> str:
    return f"_s.text({sql.replace('::', '<cast>').replace(':', chr(92) + ':').replace('<cast>', '::')!r})"
