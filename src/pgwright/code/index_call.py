"""The `Index(…)` of SQLAlchemy that stands for an index of the database, with all its options."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pgwright.code.call_text import CallText
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.sqltext.expressions import as_written, is_function_call
from pgwright.visible import visible


@dataclass(frozen=True)
class Hand:
    """How a place in the models writes: its names of SQLAlchemy, of columns, its quotes."""

    say: Callable[[str], str] = str
    """How to write a name of SQLAlchemy."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """How the model names columns that it names otherwise than the database."""
    column: Callable[[str], str] | None = None
    """How to write a column of the database outside of the table's own arguments, where a text would not find it."""
    quote: str = '"'

    def text(self, value: str) -> str:
        """Return a text as Python source."""
        return literal(value, self.quote)

    def key(self, name: str) -> str:
        """Return the text by which the model names a column of the database."""
        return self.text(self.keys.get(name, name))

    def sql(self, sql: str) -> str:
        """Return SQL as `text("…")`; a colon before a word would be a bind parameter, but for the cast's."""
        escaped = re.sub(r"(?<!:):(?=[a-zA-Z_])", r"\\:", sql)
        return f"{self.say('text')}({self.text(escaped)})"


def index_call(definition: IndexDefinition, hand: Hand | None = None) -> CallText:
    """Return the call.

    Args:
        hand: how the place writes; None: as SQLAlchemy's documentation does.

    >>> from pgwright.model.names import QualifiedName
    >>> keys = (IndexKey("owner_id"), IndexKey("created_at", is_descending=True))
    >>> print(index_call(IndexDefinition("ix_note", QualifiedName("public", "note"), keys, predicate="a IS NULL")))
    Index("ix_note", "owner_id", text("created_at DESC"), postgresql_where=text("a IS NULL"))
    """
    writes = hand or Hand()
    keys = (_key(one, writes) for one in definition.keys)
    return CallText(writes.say("Index"), (writes.text(definition.name), *keys, *_options(definition, writes)))


def _key(key: IndexKey, hand: Hand) -> str:
    if key.column and is_plain(key):
        return hand.key(key.column) if hand.column is None else hand.column(key.column)
    if key.column and hand.column is not None and key.collation is None and key.operator_class is None:
        return f"{hand.column(key.column)}{_order(key)}"
    return hand.sql(_sql(key))


def _options(definition: IndexDefinition, hand: Hand) -> Iterator[str]:
    if definition.is_unique:
        yield "unique=True"
    if definition.method != "btree":
        yield f"postgresql_using={hand.text(definition.method)}"
    plain = [(one.column, _class_of(one)) for one in definition.keys if one.column and is_plain(one)]
    if classes := [f"{hand.key(name)}: {hand.text(words)}" for name, words in plain if words]:
        yield f"postgresql_ops={{{', '.join(classes)}}}"
    if definition.include:
        yield f"postgresql_include=[{', '.join(map(hand.key, definition.include))}]"
    if definition.nulls_not_distinct:
        yield "postgresql_nulls_not_distinct=True"
    if definition.parameters:
        pairs = (one.split("=", 1) for one in definition.parameters)
        yield f"postgresql_with={{{', '.join(f'{hand.text(name)}: {hand.text(value)}' for name, value in pairs)}}}"
    if definition.predicate:
        yield f"postgresql_where={hand.sql(definition.predicate)}"


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


def literal(value: str, quote: str = '"') -> str:
    """Return a text as Python source, in these quotes where it holds none of them.

    >>> print(literal('it is "so"'), literal("it's"), literal("note", "'"))
    'it is "so"' "it's" 'note'
    """
    is_single = "'" not in value and (quote == "'" or '"' in value)
    shown = repr(value) if is_single else json.dumps(value, ensure_ascii=False)
    return visible(shown)  # its spelling of what is hidden is Python's own
