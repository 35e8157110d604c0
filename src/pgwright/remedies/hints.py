"""What to write in the SQLAlchemy models, so that `alembic check` finds nothing more to do."""

from __future__ import annotations

import json
import re

from pgwright.model.index import IndexDefinition, IndexKey


def index_hint(definition: IndexDefinition) -> str:
    """Return the `Index(…)` that stands for this index in `__table_args__`.

    >>> from pgwright.model.names import QualifiedName
    >>> keys = (IndexKey("owner_id"), IndexKey("created_at", is_descending=True))
    >>> index_hint(IndexDefinition("ix_note", QualifiedName("public", "note"), keys, predicate="deleted_at IS NULL"))
    'Index("ix_note", "owner_id", text("created_at DESC"), postgresql_where=text("deleted_at IS NULL"))'
    """
    parts = [_literal(definition.name), *map(_key_hint, definition.keys)]
    if definition.is_unique:
        parts.append("unique=True")
    if definition.method != "btree":
        parts.append(f"postgresql_using={_literal(definition.method)}")
    classes = {
        key.column or "": key.operator_class for key in definition.keys if _is_simple(key) and key.operator_class
    }
    if classes:
        parts.append(f"postgresql_ops={_mapping(classes)}")
    if definition.include:
        parts.append(f"postgresql_include=[{', '.join(map(_literal, definition.include))}]")
    if definition.nulls_not_distinct:
        parts.append("postgresql_nulls_not_distinct=True")
    if definition.parameters:
        parts.append(f"postgresql_with={_mapping(dict(part.split('=', 1) for part in definition.parameters))}")
    if definition.predicate:
        parts.append(f"postgresql_where={_text(definition.predicate)}")
    return f"Index({', '.join(parts)})"


def _is_simple(key: IndexKey) -> bool:
    """Return whether SQLAlchemy can say it by the column's name (and `postgresql_ops`)."""
    return key.column is not None and not key.is_descending and key.nulls_first is None and key.collation is None


def _key_hint(key: IndexKey) -> str:
    return _literal(key.column or "") if _is_simple(key) else _text(key.sql())


def _mapping(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{_literal(key)}: {_literal(value)}" for key, value in values.items()) + "}"


def _text(sql: str) -> str:
    # A colon before a word would be a bind parameter of text(), but for the cast's.
    return f"text({_literal(re.sub(r'(?<!:):(?=[a-zA-Z_])', chr(92) + ':', sql))})"


def _literal(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
