"""The columns in the swap: names, defaults, NOT NULL, identity and sequences go from the one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pgwright.model.names import QualifiedName, quote
from pgwright.model.table import Sequence
from pgwright.remedies.blocks import block
from pgwright.remedies.online.pair import ColumnPair
from pgwright.remedies.online.series import Series
from pgwright.remedies.online.steps import literal, nested


def columns_forth(series: Series, table: QualifiedName) -> Iterator[str]:
    """Yield the statements by which the new columns of a table take the names."""
    for pair in series.of(table):
        yield from _taken_over(
            series, pair, there=pair.new, aside=pair.old, default=pair.new_default, kind=pair.to_type
        )


def columns_back(series: Series, table: QualifiedName) -> Iterator[str]:
    """Yield the statements by which the old columns of a table have the names again."""
    for pair in series.of(table):
        default, kind = pair.conversion.default, pair.conversion.from_type
        yield from _taken_over(series, pair, there=pair.old, aside=pair.new, default=default, kind=kind)


def _taken_over(
    series: Series, pair: ColumnPair, *, there: str, aside: str, default: str | None, kind: str
) -> Iterator[str]:
    """Yield what puts the column of the name aside, and gives its name and all that goes with it to another."""
    alter, name = f"ALTER TABLE {pair.table}", quote(pair.name)
    not_null = [] if pair.column.is_nullable else [f"{alter} ALTER COLUMN {name} SET NOT NULL"]
    names = [
        *(line.replace(" SET ", " DROP ") for line in not_null),
        f"{alter} RENAME COLUMN {name} TO {quote(aside)}",
        f"{alter} RENAME COLUMN {quote(there)} TO {name}",
        *not_null,
    ]
    if pair.column.is_identity:
        yield _with_identity(pair, names)
    elif default is None:
        yield from names
    else:
        yield f"{alter} ALTER COLUMN {name} DROP DEFAULT"
        yield from names
        yield f"{alter} ALTER COLUMN {name} SET DEFAULT {default}"
        if (sequence := _sequence(series, pair)) is not None:
            yield _owned(sequence, pair, kind)


def _sequence(series: Series, pair: ColumnPair) -> Sequence | None:
    """Return the sequence that a serial column draws from."""
    if pair.column.is_identity or pair.to_type == "uuid":
        return None
    owned = (one for one in series.snapshot.sequences if (one.table, one.column) == (pair.table, pair.name))
    return next(owned, None)


def _owned(sequence: Sequence, pair: ColumnPair, kind: str) -> str:
    """Return the block that lets a sequence count as far as its column, and go with it."""
    return nested(
        block(
            "own_sequence",
            sequence=str(sequence.name),
            sequence_name=literal(str(sequence.name)),
            kind=kind,
            table=str(pair.table),
            column=quote(pair.name),
        )
    )


def _with_identity(pair: ColumnPair, names: list[str]) -> str:
    """Return the block that exchanges the names, with an identity that goes on where it was."""
    return nested(
        block(
            "move_identity",
            table=str(pair.table),
            table_name=literal(str(pair.table)),
            column=quote(pair.name),
            column_name=literal(pair.name),
            names=";\n    ".join(names),
        )
    )


def carried(series: Series, side: Literal["new", "old"]) -> str:
    """Return the block that gives the columns of the names what the ones put aside have: comment, rights, target.

    Args:
        side: which ones were put aside.
    """
    places = ",\n            ".join(
        f"({literal(str(pair.table))}, {literal(pair.old if side == 'old' else pair.new)}, {literal(pair.name)})"
        for pair in series.pairs
    )
    return nested(block("carry_column", places=places))
