"""What an index on an expression tells the planner, used or not: ANALYZE gathers the expression's statistics for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgwright.indexes.names import free_name
from pgwright.indexes.spelling import spell
from pgwright.model.change import ExpressionStatistics
from pgwright.model.index import Index, IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.remedy import Step
from pgwright.model.snapshot import Snapshot

# CREATE STATISTICS takes expressions from this version on.
SINCE = 140_000


def lone_expressions(snapshot: Snapshot, index: Index, rest: Iterable[IndexDefinition]) -> tuple[str, ...]:
    """Return the expressions that only this index tells the planner of, or it alone with a statistics target.

    A partial index tells nothing of the whole table, so the planner does not ask it.

    Args:
        rest: the other indexes of the table that will be there and are valid.
    """
    table = snapshot.table_by_name.get(index.table)
    known = {spell(text, table) for one in rest for text in _expressions(one)}
    known |= {
        spell(text, table)
        for one in snapshot.extended_statistics
        if one.table == index.table
        for text in one.expressions
    }
    ours = _expressions(index.definition)
    found = (text for text in ours if spell(text, table) not in known or _target(snapshot, index, text))
    return tuple(dict.fromkeys(found)) if index.is_valid else ()


def _expressions(definition: IndexDefinition) -> Iterator[str]:
    if definition.predicate is None:
        yield from (key.expression for key in definition.keys if key.expression is not None)


def new_statistics(
    snapshot: Snapshot, index: Index, expressions: Iterable[str], kept: Iterable[ExpressionStatistics]
) -> tuple[ExpressionStatistics, ...]:
    """Return the objects to create for these expressions, without those that are created already."""
    schema, done = index.table.schema, list(kept)
    taken = {one.name for one in snapshot.extended_statistics} | {one.name for one in done}
    found = []
    for expression in expressions:
        if not any((one.table, one.expression) == (index.table, expression) for one in done):
            name = QualifiedName(schema, free_name(f"{index.name.name}_stat", schema, taken))
            taken.add(name)
            target = _target(snapshot, index, expression)
            found.append(ExpressionStatistics(name, index.table, expression, target))
    return tuple(found)


def _target(snapshot: Snapshot, index: Index, expression: str) -> str:
    """Return the statistics target of an expression of an index; "" where none is set."""
    for one in snapshot.dependents_by_table.get(index.table, ()):
        if one.kind == "index statistics" and one.name == str(index.name):
            number, target = one.definition.split()
            if index.definition.keys[int(number) - 1].expression == expression:
                return target
    return ""


def keep(table: QualifiedName, statistics: Iterable[ExpressionStatistics]) -> tuple[Step, ...]:
    """Let the planner know of expressions without their index."""
    created = tuple(step for each in statistics for step in create(each))
    return (*created, gather(table)) if created else ()


def give_back(table: QualifiedName, statistics: Iterable[ExpressionStatistics]) -> tuple[Step, ...]:
    """Let the planner know of expressions by their index again, and by nothing else."""
    dropped = tuple(map(drop, statistics))
    return (gather(table), *dropped) if dropped else ()


def create(statistics: ExpressionStatistics) -> tuple[Step, ...]:
    """Create the object, if it is not there."""
    name, table = statistics.name, statistics.table
    statements = [f"CREATE STATISTICS IF NOT EXISTS {name} ON ({statistics.expression}) FROM {table}"]
    statements += [f"ALTER STATISTICS {name} SET STATISTICS {statistics.target}"] if statistics.target else []
    return tuple(Step(sql, False, "SHARE UPDATE EXCLUSIVE", (str(table),)) for sql in statements)


def drop(statistics: ExpressionStatistics) -> Step:
    """Drop the object, if it is there."""
    sql = f"DROP STATISTICS IF EXISTS {statistics.name}"
    return Step(sql, False, "SHARE UPDATE EXCLUSIVE", (str(statistics.table),))


def gather(table: QualifiedName) -> Step:
    """Fill the objects of a table."""
    return Step(f"ANALYZE {table}", False, "SHARE UPDATE EXCLUSIVE", (str(table),), waits_long=True)
