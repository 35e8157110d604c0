"""What an index costs on writes, in planner cost units; estimated.

The planner charges nothing for keeping indexes, so we charge what `btcostestimate` charges for a descent, and one page
dirtied: per row written, `(height + 1) × 50 × cpu_operator_cost + seq_page_cost`.
An UPDATE that sets a column of the index also ends HOT for the row, so every other index of the table is written too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pgwright.model.names import QualifiedName, quote
from pgwright.model.snapshot import Snapshot
from pgwright.planner.twin import Candidate
from pgwright.planner.workload import Workload

_PAGE_CPU_MULTIPLIER = 50.0  # DEFAULT_PAGE_CPU_MULTIPLIER of src/include/utils/selfuncs.h
_DEFAULT_OPERATOR_COST = 0.0025
_DEFAULT_PAGE_COST = 1.0


@dataclass(frozen=True)
class WriteLoad:
    """Rows that the workload wrote to one table."""

    inserted: int = 0
    updated: tuple[tuple[frozenset[str], int], ...] = ()
    """Columns that an UPDATE sets, with the rows it changed."""


def read_writes(workload: Workload, snapshot: Snapshot) -> Mapping[QualifiedName, WriteLoad]:
    """Count the rows written, by the same statements and over the same time as the reads."""
    loads: dict[QualifiedName, WriteLoad] = {}
    for statement, shape in workload.writes:
        target = shape.target
        if target is None or target not in snapshot.table_by_name:
            continue
        load = loads.get(target, WriteLoad())
        if shape.kind == "insert":
            load = WriteLoad(load.inserted + statement.rows, load.updated)
        elif shape.kind == "update":
            change = (frozenset(shape.written), statement.rows)
            load = WriteLoad(load.inserted, (*load.updated, change))
        loads[target] = load
    return loads


def write_cost(candidate: Candidate, load: WriteLoad, snapshot: Snapshot) -> tuple[float, int]:
    """Return the cost of keeping an index over the workload, and the index entries written for it."""
    definition = candidate.definition
    table = snapshot.table_by_name[definition.table]
    hot_share = table.rows_hot_updated / table.rows_updated if table.rows_updated else 0.0
    others = len(snapshot.indexes_by_table.get(definition.table, ()))
    own, induced = float(load.inserted), 0.0
    for columns, rows in load.updated:
        indexed = {*definition.columns, *definition.include}
        in_predicate = any(quote(column) in (definition.predicate or "") for column in columns)
        if columns & indexed or in_predicate:
            own += rows
            induced += rows * hot_share * others
        else:
            own += rows * (1 - hot_share)
    per_row = (candidate.size.tree_height + 1) * _PAGE_CPU_MULTIPLIER * _cost_setting(
        snapshot, "cpu_operator_cost", _DEFAULT_OPERATOR_COST
    ) + _cost_setting(snapshot, "seq_page_cost", _DEFAULT_PAGE_COST)
    return (own + induced) * per_row, round(own + induced)


def _cost_setting(snapshot: Snapshot, name: str, default: float) -> float:
    setting = snapshot.setting_by_name.get(name)
    return float(setting.raw) if setting else default
