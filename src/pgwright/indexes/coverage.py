"""Whether one index does the work of another, by what the server can use it for.

It is asked of what exists and of what is only wanted alike, and nowhere else answered: the checks, the remedies and the
advisor agree because they ask here. Validity is another matter: nothing that is not valid serves anything.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from pgwright.indexes.keys import entries, finds_equal, keys_serve
from pgwright.indexes.predicates import NotNull, implies, never_null, read_predicate
from pgwright.model.index import Index, IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ForeignKey, Table


def searches_as(x: IndexDefinition, y: IndexDefinition, table: Table | None = None) -> bool:
    """Tell whether every search that `y` serves is served by `x`, as narrowly; uniqueness is another matter.

    A partial index is another one than the same keys over all rows: with few rows in it, it reads far less.

    Args:
        table: of both; without it, less is known to be the same.
    """
    return x.table == y.table and keys_serve(x, y, table) and _holds(x, y) and _has_same_rows(x, y, table)


def enforces_as(x: IndexDefinition, y: IndexDefinition, table: Table | None = None) -> bool:
    """Tell whether `x` keeps unique whatever `y` does, at the same time, and for foreign keys and ON CONFLICT as well.

    A deferrable one is like no other: it is no target of a foreign key or of ON CONFLICT, and SET CONSTRAINTS names it.
    """
    if not y.is_unique:
        return True
    return (
        (x.is_unique and not x.is_deferrable and not y.is_deferrable)
        and (x.table, x.method, y.method) == (y.table, "btree", "btree")
        and set(entries(x, table)) == set(entries(y, table))
        and (x.nulls_not_distinct or not y.nulls_not_distinct or _holds_no_null(y, table))
        and implies(read_predicate(y.predicate, table), read_predicate(x.predicate, table))
    )


def replaces(x: IndexDefinition, y: IndexDefinition, table: Table | None = None) -> bool:
    """Tell whether `y` is in vain beside `x`."""
    return searches_as(x, y, table) and enforces_as(x, y, table)


def serves_equality(
    definition: IndexDefinition,
    columns: tuple[str, ...],
    table: Table | None = None,
    collations: Mapping[str, str | None] | None = None,
) -> bool:
    """Tell whether `a = … AND b = …` over all rows finds them by this index, whatever the order of its first keys.

    A partial index does so when its predicate says no more than that such columns are not null: the comparison says so.

    Args:
        collations: by which columns are compared, where that is not their own.
    """
    says_no_more = read_predicate(definition.predicate, table) <= {NotNull(column) for column in columns}
    return says_no_more and finds_equal(definition, columns, table, collations)


def serves_foreign_key(definition: IndexDefinition, key: ForeignKey, snapshot: Snapshot) -> bool:
    """Tell whether the rows that refer to a parent are found by this index."""
    table = snapshot.table_by_name.get(definition.table)
    return serves_equality(definition, key.equal_columns, table, foreign_key_collations(key, snapshot)) and (
        definition.method in ("btree", "hash") or _has_types_of_parent(key, snapshot)
    )


def serves_keys_as(x: IndexDefinition, y: IndexDefinition, snapshot: Snapshot) -> bool:
    """Tell whether `x` finds the rows of the foreign keys for whose sake `y` is wanted."""
    referring = snapshot.foreign_keys_by_table.get(y.table, ())
    keys = [key for key in referring if {*key.equal_columns} == {*y.columns}]
    return serves_equality(x, y.columns, snapshot.table_by_name.get(y.table)) and all(
        serves_foreign_key(x, key, snapshot) for key in keys
    )


def foreign_key_collations(key: ForeignKey, snapshot: Snapshot) -> dict[str, str | None]:
    """Return the collations by which the server looks for the rows of a foreign key, where they are not the columns'.

    That of the parent where it takes texts for equal that differ: `ri_GenerateQualCollation`. Of a parent that was not
    read nothing is known.
    """
    if key.referenced_table not in snapshot.table_by_name:
        return {}
    pairs = zip(key.columns, key.referenced_columns, strict=True)
    ends = {
        one: (snapshot.column(key.table, one), snapshot.column(key.referenced_table, other)) for one, other in pairs
    }
    return {
        name: parent.collation
        for name, (own, parent) in ends.items()
        if parent.collation != own.collation and not parent.is_deterministic
    }


def is_served(snapshot: Snapshot, key: ForeignKey, *, without: Container[QualifiedName] = ()) -> bool:
    """Tell whether an index finds the rows of a foreign key: one of the whole table, or one of each partition."""

    def is_found(table: QualifiedName) -> bool:
        indexes = snapshot.indexes_by_table.get(table, ())
        if any(
            i.is_valid and i.name not in without and serves_foreign_key(i.definition, key, snapshot) for i in indexes
        ):
            return True
        partitions = snapshot.partitions_by_table.get(table, ())
        return bool(partitions) and all(is_found(one.name) for one in partitions)

    return is_found(key.table)


def is_covered(definition: IndexDefinition, snapshot: Snapshot) -> bool:
    """Tell whether a valid index that exists serves the searches of a new one."""
    table = snapshot.table_by_name.get(definition.table)
    existing: Iterable[Index] = snapshot.indexes_by_table.get(definition.table, ())
    return any(index.is_valid and searches_as(index.definition, definition, table) for index in existing)


def _has_types_of_parent(key: ForeignKey, snapshot: Snapshot) -> bool:
    """Tell whether both ends are of one type: the classes of btree_gin and btree_gist compare no int4 with an int8."""
    pairs = zip(key.equal_columns, key.referenced_columns, strict=False)
    return all(
        snapshot.column(key.table, one).base_type == snapshot.column(key.referenced_table, other).base_type
        for one, other in pairs
    )


def _holds(x: IndexDefinition, y: IndexDefinition) -> bool:
    """Tell whether what `y` includes can be read from `x`; whether a key can be, is known of B-trees only."""
    keys = {key.column for key in x.keys} if x.method == "btree" else set()
    return set(y.include) <= {*x.include, *keys}


def _has_same_rows(x: IndexDefinition, y: IndexDefinition, table: Table | None) -> bool:
    """Tell whether `x` is used for all rows of `y`, and holds no others that would have to be passed over."""
    if x.predicate == y.predicate:
        return True
    ours, theirs = read_predicate(x.predicate, table), read_predicate(y.predicate, table)
    narrow, asked = {*ours, *never_null(table)}, set(theirs)
    if x.method == "btree" and (first := x.keys[0].column) is not None:
        narrow.add(NotNull(first))  # NULLs stand together, at one end
    if y.method in ("hash", "gin") and len(y.keys) == 1 and (only := y.keys[0].column) is not None:
        asked.add(NotNull(only))  # such an index answers nothing but comparisons
    return implies(asked, ours) and implies(narrow, theirs)


def _holds_no_null(definition: IndexDefinition, table: Table | None) -> bool:
    keys = {NotNull(key.column) if key.column is not None else None for key in definition.keys}
    return keys <= {*never_null(table), *read_predicate(definition.predicate, table)}
