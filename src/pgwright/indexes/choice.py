"""Of indexes that do the same, the one to keep."""

from __future__ import annotations

from pgwright.model.index import Index


def keeping_order(index: Index, *, scans: int, size_bytes: int) -> tuple[bool | int | str, ...]:
    """Return the sort key that puts the index to keep first.

    In this order: a primary key; unique; checked at once; NULLs count as equal; owned by a constraint; the replica
    identity; the one that CLUSTER uses; part of a partitioned index; valid; the most scans; the smallest; the first by
    name. What enforces more comes first, so that no later one has to replace an earlier.

    Args:
        scans, size_bytes: of the index with all its parts.
    """
    definition = index.definition
    is_better = (
        index.is_primary,
        definition.is_unique,
        not definition.is_deferrable,
        definition.nulls_not_distinct,
        index.constraint is not None,
        index.is_replica_identity,
        index.is_clustered,
        index.parent is not None,
        index.is_valid,
    )
    return *(not each for each in is_better), -scans, size_bytes, index.name.schema, index.name.name


def must_stay(index: Index) -> bool:
    """Tell whether an index cannot be dropped for another's sake, whatever that one enforces."""
    is_named = index.is_primary or index.is_exclusion or index.is_replica_identity or index.is_clustered
    return is_named or index.parent is not None
