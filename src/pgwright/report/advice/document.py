"""How the JSON of an Advice differs from its dataclasses."""

from __future__ import annotations

from pgwright.model.advice import Advice, IndexAdvice, RunnerUp
from pgwright.report.advice.words import saved, total_bytes
from pgwright.report.shape import Shape, Shapes


def saved_share(advice: Advice) -> float:
    """Share of the workload's planned cost that the advice saves."""
    return saved(advice)


def size_bytes(advice: Advice) -> int:
    """Of all advised indexes, estimated."""
    return total_bytes(advice)


def name(index: IndexAdvice) -> str:
    """The index's."""
    return index.definition.name


def table(index: IndexAdvice) -> str:
    """With its schema."""
    return str(index.definition.table)


def sql(other: RunnerUp) -> str:
    """The statement that would create it."""
    return other.definition.sql()


SHAPES: Shapes = {
    Advice: Shape(last=(saved_share, size_bytes)),
    # The SQL says what the definition holds.
    IndexAdvice: Shape(first=(name, table, "sql", "lock"), without=frozenset({"definition", "is_partitioned"})),
    RunnerUp: Shape(first=(sql,), without=frozenset({"definition"})),
}
