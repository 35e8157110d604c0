"""The third revision: the new columns take the names, in one block under all locks, which has catalog changes only.

It is one statement, so that no round trip is made while everybody waits. The way back is the same with the sides
exchanged, after what was dropped is built again beside the running app.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent

from pgwright.model.names import QualifiedName, quote
from pgwright.model.remedy import Step
from pgwright.remedies.blocks import block
from pgwright.remedies.dependents import constraint_comment, index_comment
from pgwright.remedies.online.build import filled, is_read, validated
from pgwright.remedies.online.columns import carried, columns_back, columns_forth
from pgwright.remedies.online.series import OLD_SCHEMA, IndexPair, Series
from pgwright.remedies.online.steps import built, checked, forgotten, literal, nested, swapping, tag_for
from pgwright.remedies.online.triggers import function_sql
from pgwright.remedies.online.views import create_views, drop_views

# How long all locks together may take; then all are let go, and it is tried again.
BUDGET_MS = 300


def upgrade(series: Series) -> tuple[Step, ...]:
    # What old code searches by when the constraint's own index is gone.
    spares = [built(one.spare) for one in series.indexes if one.index.constraint is not None]
    # After a swap back they are not; else there is nothing to read.
    new = [*((one.key.table, one.new_name) for one in series.keys if is_read(one))]
    new += [(pair.table, filled(pair)) for pair in series.pairs if not pair.column.is_nullable]
    return (*validated(new), *spares, swapping(_block(series, [*_forth(series)]), series.locked))


def downgrade(series: Series) -> tuple[Step, ...]:
    """Return the steps back; the last is the block, so that it and Alembic's note of it are one transaction."""
    steps: list[Step] = []
    for pair in series.pairs:
        # Neither passes where the old column lacks a value, or cannot hold it: then nothing is lost by going back.
        condition = f"{quote(pair.old)} IS NOT NULL" if not pair.column.is_nullable else _in_step(pair.name, pair.old)
        steps += checked(pair.table, filled_back(pair.old), condition)
    steps += [built(one.old_after) for one in series.indexes]
    steps += [built(one.new_after) for one in series.indexes if one.index.constraint is not None]
    steps += [forgotten(series.backfill_back(table)) for table in series.tables]
    return (*steps, swapping(_block(series, [*_back(series)]), series.locked))


def filled_back(name: str) -> str:
    return f"{name}_filled"


def _in_step(name: str, old: str) -> str:
    return f"({quote(name)} IS NULL) = ({quote(old)} IS NULL)"


def _block(series: Series, statements: list[str]) -> str:
    locks = block(
        "lock_all", tables=", ".join(literal(str(table)) for table in series.locked), budget_ms=str(BUDGET_MS)
    )
    body = "\n".join(indent(f"{one};", "    ") for one in statements)
    tag = tag_for(locks + body)
    return f"DO {tag}\n{locks}\n{body}\nEND {tag}"


def _forth(series: Series) -> Iterator[str]:
    for key in series.keys:
        yield f"ALTER TABLE {key.key.table} DROP CONSTRAINT {quote(key.key.name)}"
    for one in _constraints(series):
        yield f"ALTER TABLE {one.index.table} DROP CONSTRAINT {quote(one.index.constraint or '')}"
    for table in series.tables:
        yield from columns_forth(series, table)
    yield carried(series, "old")
    for one in series.indexes:
        yield from _index_takes_name(series, one, from_name=one.new.name, to_name=one.spare.name)
    for key in series.keys:
        yield f"ALTER TABLE {key.key.table} RENAME CONSTRAINT {quote(key.new_name)} TO {quote(key.key.name)}"
    yield from _key_comments(series)
    for pair in series.pairs:
        if not pair.column.is_nullable:
            yield f"ALTER TABLE {pair.table} DROP CONSTRAINT {quote(filled(pair))}"
    for table in series.tables:
        yield function_sql(series, table, is_swapped=True)
    yield from map(nested, create_views(series, OLD_SCHEMA, other="old"))


def _back(series: Series) -> Iterator[str]:
    yield nested(drop_views(series, OLD_SCHEMA))
    for key in series.keys:
        yield f"ALTER TABLE {key.key.table} DROP CONSTRAINT {quote(key.key.name)}"
    for one in _constraints(series):
        yield f"ALTER TABLE {one.index.table} DROP CONSTRAINT {quote(one.index.constraint or '')}"
    for table in series.tables:
        yield from columns_back(series, table)
    yield carried(series, "new")
    for one in series.indexes:
        yield from _index_takes_name(series, one, from_name=one.old_after.name, to_name=one.new.name)
    for key in series.keys:
        later = "" if "NOT ENFORCED" in key.key.definition else " NOT VALID"
        definition = key.key.definition.removesuffix(" NOT VALID")
        yield f"ALTER TABLE {key.key.table} ADD CONSTRAINT {quote(key.key.name)} {definition}{later}"
        yield f"ALTER TABLE {key.key.table} ADD CONSTRAINT {quote(key.new_name)} {key.new_definition}{later}"
    yield from _key_comments(series)
    for pair in series.pairs:
        yield f"ALTER TABLE {pair.table} DROP CONSTRAINT {quote(filled_back(pair.old))}"
        if not pair.column.is_nullable:
            check = f"CHECK ({quote(pair.new)} IS NOT NULL) NOT VALID"
            yield f"ALTER TABLE {pair.table} ADD CONSTRAINT {quote(filled(pair))} {check}"
    for table in series.tables:
        yield function_sql(series, table, is_swapped=False)


def _constraints(series: Series) -> list[IndexPair]:
    return [one for one in series.indexes if one.index.constraint is not None]


def _index_takes_name(series: Series, one: IndexPair, *, from_name: str, to_name: str) -> Iterator[str]:
    """Yield what gives an index its final name, as a constraint where the one before it was one."""
    index, schema = one.index, one.index.name.schema
    if index.constraint is not None:
        kind = "PRIMARY KEY" if index.is_primary else "UNIQUE"
        added = f"ADD CONSTRAINT {quote(index.constraint)} {kind} USING INDEX {quote(from_name)}"
        yield f"ALTER TABLE {index.table} {added}"
        if (said := constraint_comment(series.snapshot, index.table, index.constraint)) is not None:
            yield said
    else:
        yield f"ALTER INDEX {index.name} RENAME TO {quote(to_name)}"
        yield f"ALTER INDEX {QualifiedName(schema, from_name)} RENAME TO {quote(index.name.name)}"
    if (said := index_comment(series.snapshot, index.table, index.name)) is not None:
        yield said
    if index.is_clustered:
        yield f"ALTER TABLE {index.table} CLUSTER ON {quote(index.name.name)}"


def _key_comments(series: Series) -> Iterator[str]:
    for key in series.keys:
        if (said := constraint_comment(series.snapshot, key.key.table, key.key.name)) is not None:
            yield said
