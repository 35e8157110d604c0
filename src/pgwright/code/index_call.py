"""The `Index(…)` of SQLAlchemy that stands for an index of the database, with all its options."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from pgwright.code.call_text import CallText
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.sqltext.expressions import as_written, is_function_call
from pgwright.visible import visible

Say = Callable[[str], str]
"""How to write a name of SQLAlchemy."""


def index_call(
    definition: IndexDefinition,
    say: Say = str,
    keys: Mapping[str, str] | None = None,
    column: Callable[[str], str] | None = None,
) -> CallText:
    """Return the call.

    Args:
        say: how to write a name of SQLAlchemy.
        keys: how the model names columns that it names otherwise than the database; the rest is named alike.
        column: how to write a column of the database where a text would not find its table: outside of the table's own
            arguments.

    >>> from pgwright.model.names import QualifiedName
    >>> keys = (IndexKey("owner_id"), IndexKey("created_at", is_descending=True))
    >>> print(index_call(IndexDefinition("ix_note", QualifiedName("public", "note"), keys, predicate="a IS NULL")))
    Index("ix_note", "owner_id", text("created_at DESC"), postgresql_where=text("a IS NULL"))
    """
    named = keys or {}

    def key_of(name: str) -> str:
        return named.get(name, name)

    def write(name: str) -> str:
        return literal(key_of(name)) if column is None else column(name)

    parts = [literal(definition.name)]
    for one in definition.keys:
        if one.column and is_plain(one):
            parts.append(write(one.column))
        elif one.column and column is not None and one.collation is None and one.operator_class is None:
            parts.append(f"{column(one.column)}{_order(one)}")
        else:
            parts.append(_text(_sql(one), say))
    if definition.is_unique:
        parts.append("unique=True")
    if definition.method != "btree":
        parts.append(f"postgresql_using={literal(definition.method)}")
    classes = {key_of(one.column): _class_of(one) for one in definition.keys if one.column and is_plain(one)}
    if any(classes.values()):
        parts.append(f"postgresql_ops={_mapping({key: value for key, value in classes.items() if value})}")
    if definition.include:
        parts.append(f"postgresql_include=[{', '.join(literal(key_of(one)) for one in definition.include)}]")
    if definition.nulls_not_distinct:
        parts.append("postgresql_nulls_not_distinct=True")
    if definition.parameters:
        parts.append(f"postgresql_with={_mapping(dict(one.split('=', 1) for one in definition.parameters))}")
    if definition.predicate:
        parts.append(f"postgresql_where={_text(definition.predicate, say)}")
    return CallText(say("Index"), tuple(parts))


def _sql(key: IndexKey) -> str:
    """Return a key as CREATE INDEX takes it, as the server would write it: so Alembic compares it."""
    if key.expression is None:
        return key.sql()
    expression = as_written(key.expression)
    written = replace(key, expression=expression).sql()
    # A call of a function needs no parentheses there.
    return written.replace(f"({expression})", expression, 1) if is_function_call(expression) else written


def is_plain(key: IndexKey) -> bool:
    """Return whether SQLAlchemy can say it by the column's name (and `postgresql_ops`)."""
    return key.column is not None and not key.is_descending and key.nulls_first is None


def _class_of(key: IndexKey) -> str | None:
    """Return what follows the column. Alembic sees a column, as the database does, where no text hides it."""
    words = [f"COLLATE {key.collation}" if key.collation else "", key.operator_class or ""]
    return " ".join(filter(None, words)) or None


def names_a_column(definition: IndexDefinition) -> bool:
    """Whether a key at least is a column: by it an index outside of the table's arguments finds its table."""
    return any(
        is_plain(one) or (one.column and not one.collation and not one.operator_class) for one in definition.keys
    )


def _order(key: IndexKey) -> str:
    order = ".desc()" if key.is_descending else ""
    if key.nulls_first is not None and key.nulls_first != key.is_descending:
        order += ".nulls_first()" if key.nulls_first else ".nulls_last()"
    return order


def is_single_column(definition: IndexDefinition) -> bool:
    """Whether `index=True` on a column says all of it, but for the name."""
    plain = IndexDefinition(definition.name, definition.table, definition.keys, is_unique=definition.is_unique)
    only = definition.keys[0]
    return definition == plain and len(definition.keys) == 1 and is_plain(only) and _class_of(only) is None


def _mapping(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{literal(key)}: {literal(value)}" for key, value in values.items()) + "}"


def _text(sql: str, say: Say) -> str:
    # A colon before a word would be a bind parameter of text(), but for the cast's.
    return f"{say('text')}({literal(re.sub(r'(?<!:):(?=[a-zA-Z_])', chr(92) + ':', sql))})"


def literal(value: str) -> str:
    """Return a text as Python source.

    >>> print(literal('it is "so"'), literal("it's"))
    'it is "so"' "it's"
    """
    shown = repr(value) if '"' in value and "'" not in value else json.dumps(value, ensure_ascii=False)
    return visible(shown)  # its spelling of what is hidden is Python's own
