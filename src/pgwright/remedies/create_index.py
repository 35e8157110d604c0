"""Create an index without blocking writes, on each partition where the table has some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pgwright.code.index_call import index_call
from pgwright.indexes.names import free_name
from pgwright.indexes.raising import raising
from pgwright.model.change import CreateIndex
from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName, quote, quote_literal
from pgwright.model.remedy import Remedy, Step
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table
from pgwright.remedies.blocks import block
from pgwright.remedies.estimate import family
from pgwright.remedies.indexes import build, drop, drop_partitioned, index_of, on_lines
from pgwright.sizes.builds import build_seconds
from pgwright.sizes.limits import ARRAYS_OF_TEXT

_RAISING = "{expression} may raise an error for a row: then the build fails, or an INSERT of such a row afterwards."

_ELEMENTS = (
    "An element of {columns} that takes over 2,700 bytes, compressed, is refused: the build fails, or its INSERT "
    "afterwards."
)


def render(change: CreateIndex, snapshot: Snapshot) -> Remedy:
    """Return the steps: built concurrently, dropped concurrently."""
    definition = change.definition
    tables = family(snapshot, definition.table)
    is_partitioned = bool(tables) and tables[0].kind == "partitioned table"
    risk = _risk(change, snapshot)
    if is_partitioned:
        upgrade = partitioned_steps(definition, snapshot, part_names(definition, snapshot))
        downgrade = _drop_partitioned(definition, snapshot)
    else:
        upgrade = (build(index_of(definition), definition.table, definition.sql()),)
        downgrade = (drop(index_of(definition), definition.table),)
    return Remedy(
        title=f"Create index {quote(definition.name)} on {_target(definition)}",
        change=change,
        findings=(),
        upgrade=upgrade,
        downgrade=downgrade,
        is_safe=risk is None,
        warning=_RAISING.format(expression=risk) if risk else _of_elements(definition, tables),
        seconds_estimate=build_seconds(definition, snapshot) if tables else None,
        model_hint=str(index_call(definition)),
    )


def is_safe(change: CreateIndex, snapshot: Snapshot) -> bool:
    """Tell whether no row can make the build fail, or an INSERT afterwards, by what the index computes of it."""
    return _risk(change, snapshot) is None


def _risk(change: CreateIndex, snapshot: Snapshot) -> str | None:
    table = snapshot.table_by_name.get(change.definition.table)
    return raising(change.definition, table) if table is not None else None


def _of_elements(definition: IndexDefinition, tables: Sequence[Table]) -> str:
    """Return what a GIN of arrays does not take, where their elements have no length of their own."""
    columns = tables[0].column_by_name if tables and definition.method == "gin" else {}
    found = [key.column for key in definition.keys if key.column in columns]
    wide = [quote(name) for name in found if name and columns[name].base_type in ARRAYS_OF_TEXT]
    return _ELEMENTS.format(columns=", ".join(wide)) if wide else ""


def partitioned_steps(
    definition: IndexDefinition, snapshot: Snapshot, names: Mapping[QualifiedName, str]
) -> tuple[Step, ...]:
    """Return the steps that index a partitioned table: the parent alone, each partition, then attach the parts.

    Args:
        names: the index's name on each partition, by the partition.
    """
    steps: list[Step] = [_create_on_only(definition)]
    attach: list[Step] = []
    for table in family(snapshot, definition.table)[1:]:
        part = replace(definition, name=names[table.name], table=table.name)
        steps.append(
            _create_on_only(part)
            if table.kind == "partitioned table"
            else build(index_of(part), part.table, part.sql())
        )
        assert table.parent is not None
        above = definition.name if table.parent == definition.table else names[table.parent]
        attach.append(_attach(QualifiedName(table.parent.schema, above), index_of(part)))
    return (*steps, *attach, _require_whole(definition))


def part_names(definition: IndexDefinition, snapshot: Snapshot) -> dict[QualifiedName, str]:
    """Return a free name for the index on each partition: that of the parent's index, with the partition's name."""
    taken = set(snapshot.relation_names)
    names: dict[QualifiedName, str] = {}
    for table in family(snapshot, definition.table)[1:]:
        name = free_name(_part_name(definition, table), table.name.schema, taken)
        taken.add(QualifiedName(table.name.schema, name))
        names[table.name] = name
    return names


def _part_name(definition: IndexDefinition, table: Table) -> str:
    old, new = definition.table.name, table.name.name
    swapped = definition.name.replace(old, new, 1)
    return swapped if swapped != definition.name else f"{definition.name}_{new}"


def _create_on_only(definition: IndexDefinition) -> Step:
    sql = on_lines(definition.sql(if_not_exists=True, only=True), definition.name)
    return Step(sql, False, "SHARE", (str(definition.table),))


def _attach(parent: QualifiedName, part: QualifiedName) -> Step:
    # Attached already is no error: the server says nothing.
    return Step(f"ALTER INDEX {parent} ATTACH PARTITION {part}", False, "ACCESS EXCLUSIVE", (str(part),))


def _require_whole(definition: IndexDefinition) -> Step:
    """Return the step that fails when a partition came to the table after the snapshot."""
    sql = block("require_whole", index=quote_literal(str(index_of(definition))).strip())
    return Step(sql, False, "none", ())


def _drop_partitioned(definition: IndexDefinition, snapshot: Snapshot) -> tuple[Step, ...]:
    tables = family(snapshot, definition.table)
    names = part_names(definition, snapshot)
    # After an interrupted upgrade some parts stand alone.
    leftovers = tuple(
        drop(QualifiedName(table.name.schema, names[table.name]), table.name)
        for table in reversed(tables[1:])
        if table.kind == "table"
    )
    return (drop_partitioned(index_of(definition), tuple(table.name for table in tables)), *leftovers)


def _target(definition: IndexDefinition) -> str:
    keys = ", ".join(key.sql() for key in definition.keys)
    where = f" where {definition.predicate}" if definition.predicate else ""
    return f"{definition.table.short} ({keys}){where}"
