"""What happens to the rows that were found: changes first, then deletions, children before parents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Connection,
    Table,
    Text,
    Update,
    and_,
    any_,
    cast,
    delete,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    text,
    true,
    update,
)

from pgwright_runtime._references import children_first
from pgwright_runtime._sql import read_sql
from pgwright_runtime.erasure.catalog import relation_of, rows_of, type_of
from pgwright_runtime.erasure.collecting import REL, TID, Collection
from pgwright_runtime.erasure.declaration import Anonymise, Unlink, clause_of, column_name, name_of
from pgwright_runtime.erasure.errors import ErasureFailed
from pgwright_runtime.erasure.expressions import Places, placed
from pgwright_runtime.erasure.graph import Flow, RowSet

_LEAVES = read_sql("pgwright_runtime.erasure", "leaves")


@dataclass(frozen=True)
class _Leaf:
    """The rows of a part that lie in one table or partition."""

    part: RowSet
    rows: Any
    oid: int
    schema: str
    name: str

    def target(self) -> Any:
        return rows_of(self.part.table, self.name, self.schema)

    def addresses(self) -> Any:
        """Return where the rows are now: by their key, for a trigger may have moved them, or where they were found."""
        mine = self.rows.c[REL] == literal_column(str(self.oid))
        key = relation_of(self.part.table).key
        if not key:
            return select(self.rows.c[TID]).where(mine)
        now = self.target().alias("located")
        found = select(now.c.ctid).where(*(now.c[name] == self.rows.c[name] for name in key)).offset(0).lateral("now")
        return select(found.c.ctid).select_from(self.rows.join(found, true())).where(mine)


def count_changes(connection: Connection, collection: Collection) -> dict[RowSet, int]:
    """Return how many rows of each part would get other values."""
    return {
        part: sum(
            connection.execute(select(func.count()).select_from(target).where(which)).scalar_one()
            for target, which, _ in _all_new_values(connection, collection, part, rule)
        )
        for part, rule in _anonymised(collection)
    }


def change(connection: Connection, collection: Collection, progress: Any) -> dict[RowSet, int]:
    """Give the rows that stay their new values; return how many of each part had others before."""
    changed: dict[RowSet, int] = {}
    for part, rule in _anonymised(collection):
        progress(f"changing rows of {part.table.fullname}")
        changed[part] = sum(
            connection.execute(update(target).where(which).values(values)).rowcount
            for target, which, values in _all_new_values(connection, collection, part, rule)
        )
    for flow in collection.graph.flows:
        if flow.target.fate == "mention" and (isinstance(flow.target.rule, Unlink) or not flow.edge.is_enforced):
            for leaf in _leaves(connection, collection, flow.target):
                connection.execute(_without_link(collection, leaf, flow))
    return changed


def _anonymised(collection: Collection) -> Iterator[tuple[RowSet, Anonymise]]:
    for part in collection.graph.parts:
        if isinstance(part.rule, Anonymise) and part.fate == "anonymise":
            yield part, part.rule


def _all_new_values(connection: Connection, collection: Collection, part: RowSet, rule: Anonymise) -> Iterator[Any]:
    for leaf in _leaves(connection, collection, part):
        yield _new_values(collection, leaf, rule)


def remove(connection: Connection, collection: Collection, found: dict[RowSet, int], progress: Any) -> None:
    """Delete the rows that go. Raises: ErasureFailed: a trigger or a rule of the database keeps some."""
    parts = {part.table: part for part in found if part.fate == "delete" and found[part]}
    for component in children_first(parts):
        leaves = [leaf for table in component for leaf in _leaves(connection, collection, parts[table])]
        progress(f"deleting rows of {', '.join(table.fullname for table in component)}")
        # Tables of a circle go in one statement: their foreign keys are checked at its end.
        deletions = [_deletion(leaf, number) for number, leaf in enumerate(leaves)]
        gone = [select(func.count()).select_from(one).scalar_subquery() for one in deletions]
        if not gone:
            continue
        numbers = connection.execute(select(*gone)).one()
        for leaf, number in zip(leaves, numbers, strict=True):
            if left := _left(connection, leaf, number):
                raise ErasureFailed(
                    f"{left:,} rows of {leaf.schema}.{leaf.name} are still there after they were deleted: a trigger "
                    "or a rule of the database keeps them; let it pass while pgwright erases, or declare another rule"
                )


def _left(connection: Connection, leaf: _Leaf, deleted: int) -> int:
    expected = connection.execute(
        select(func.count()).select_from(leaf.rows).where(leaf.rows.c[REL] == literal_column(str(leaf.oid)))
    ).scalar_one()
    if expected == deleted:
        return 0
    if not relation_of(leaf.part.table).key:
        return int(expected - deleted)
    # A trigger of another table may have deleted some before; they are gone all the same.
    still = leaf.addresses().subquery()
    return int(connection.execute(select(func.count()).select_from(still)).scalar_one())


def _deletion(leaf: _Leaf, number: int) -> CTE:
    target = leaf.target()
    return (
        delete(target)
        .where(target.c.ctid == any_(_array(leaf)))
        .returning(literal_column("1").label("one"))
        .cte(f"gone_{number}")
    )


def _array(leaf: _Leaf) -> Any:
    return func.array(leaf.addresses().scalar_subquery(), type_=ARRAY(Text))


def _leaves(connection: Connection, collection: Collection, part: RowSet) -> Iterator[_Leaf]:
    rows = collection.tables[part]
    relation = relation_of(part.table)
    if relation.kind != "p" and not relation.has_parts:
        yield _Leaf(part, rows, relation.oid, str(part.table.schema), part.table.name)
        return
    for leaf in connection.execute(text(_LEAVES.format(rows=rows.name))).all():
        yield _Leaf(part, rows, leaf.oid, leaf.schema, leaf.name)


def _new_values(
    collection: Collection, leaf: _Leaf, rule: Anonymise
) -> tuple[Any, ColumnElement[bool], dict[str, ColumnElement[Any]]]:
    """Return the table, which of its rows change, and to what."""
    target = leaf.target()
    places = Places(collection.graph.catalog)
    if not leaf.part.is_subject:
        places = places.put(collection.graph.subject, collection.subject_values())
    places = places.put(leaf.part.table, target)
    values: dict[str, ColumnElement[Any]] = {}
    for given, value in rule.columns.items():
        name = column_name(given, name_of(rule.table))[1]
        values[name] = _as_sql(value, given, leaf.part.table, name, places)
    # As text, for json has no equality. A row that is anonymous already does not change.
    differs = or_(*(cast(target.c[name], Text).is_distinct_from(cast(value, Text)) for name, value in values.items()))
    return target, and_(target.c.ctid == any_(_array(leaf)), differs), values


def _as_sql(value: object, given: Any, of: Table, name: str, places: Places) -> ColumnElement[Any]:
    """Return a new value, in the type of its column."""
    if hasattr(value, "__clause_element__") or isinstance(value, ColumnElement):
        return cast(placed(clause_of(value), places), type_of(of.c[name]))
    if value is None:
        return cast(null(), type_of(of.c[name]))
    kind = None if isinstance(given, str) else clause_of(given).type
    return cast(literal(value) if kind is None else literal(value, kind), type_of(of.c[name]))


def _without_link(collection: Collection, leaf: _Leaf, flow: Flow) -> Update:
    target, source = leaf.target(), collection.tables[flow.source]
    places = Places(collection.graph.catalog).put(flow.edge.parent, source).put(flow.edge.child, target)
    hangs = select(literal(1)).select_from(source).where(flow.edge.joined(places, places)).exists()
    values = {name: null() for name in flow.edge.columns}
    return update(target).where(target.c.ctid == any_(_array(leaf)), hangs).values(values)
