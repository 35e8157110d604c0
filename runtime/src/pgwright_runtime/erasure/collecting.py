"""The person's rows: found along the edges by indexes, locked, and kept as addresses in temporary tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Connection,
    FromClause,
    Insert,
    Select,
    TableClause,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.types import Integer, Text

from pgwright_runtime._sql import quote, quoted
from pgwright_runtime.erasure.catalog import relation_of, rows_of, type_of
from pgwright_runtime.erasure.expressions import Places, placed
from pgwright_runtime.erasure.graph import Flow, Graph, RowSet

REL, TID, ROUND = "pgwright_rel", "pgwright_tid", "pgwright_round"
_INTEGER, _TEXT = Integer(), Text()


@dataclass
class Collection:
    """The temporary tables, one for each part, and how far each edge was followed."""

    graph: Graph
    locks: bool
    """Rows are locked as they are found: of a person who is erased, not of one whose rows are only counted."""
    tables: dict[RowSet, TableClause] = field(default_factory=dict)
    rounds: int = 0
    is_there: bool = False
    """The person has a row."""

    def create(self, connection: Connection) -> None:
        """Make the temporary tables, empty."""
        wanted = _wanted(self.graph)
        for part in self.graph.parts:
            names = [one.name for one in part.table.c] if part.is_subject else sorted(wanted[part])
            name = f"pgwright_erasure_{part.number}"
            columns = "".join(f", {quote(one)}" for one in names)
            of = quoted(part.table.name, part.table.schema)
            like = f"SELECT tableoid AS {REL}, ctid AS {TID}, 0 AS {ROUND}{columns} FROM {of}"  # noqa: S608  (quoted)
            connection.exec_driver_sql(
                f"CREATE TEMP TABLE {name} ON COMMIT DROP AS {like} WITH NO DATA",
                execution_options={"no_parameters": True},
            )
            connection.execute(text(f"CREATE UNIQUE INDEX ON pg_temp.{name} ({TID}, {REL})"))
            kept = [column(one, part.table.c[one].type) for one in names]
            self.tables[part] = table(name, column(REL), column(TID), column(ROUND), *kept, schema="pg_temp")

    def find_person(self, connection: Connection, key: Sequence[str]) -> tuple[str, ...]:
        """Find the person's row, and lock it; return their key as the server writes it.

        Raises: ValueError: the key has another number of columns.
        """
        subject, names = self.graph.subject, relation_of(self.graph.subject).key
        target = self.tables[self.graph.parts[0]]
        if len(names) != len(key):
            raise ValueError(f"{subject.fullname} has the key ({', '.join(names)}); {len(key)} values were given")
        given = [cast(literal(value), type_of(subject.c[name])) for name, value in zip(names, key, strict=True)]
        own = rows_of(subject)
        found = select(own.c.tableoid, own.c.ctid, literal(0), *(own.c[one.name] for one in subject.c))
        for name, value in zip(names, given, strict=True):
            found = found.where(own.c[name] == value)
        done = connection.execute(insert(target).from_select(list(target.c.keys()), self._locking(found)))
        if not done.rowcount:
            # Whoever writes of the person without a foreign key may still do so: their key is searched all the same.
            ghost = {
                REL: literal_column("0"),
                TID: literal_column("'(0,0)'::tid"),
                ROUND: literal(0),
                **dict(zip(names, given, strict=True)),
            }
            connection.execute(insert(target).values(ghost))
        written = select(*(cast(target.c[name], _TEXT) for name in names))
        values = tuple(connection.execute(written).one())
        self.is_there = bool(done.rowcount)
        return values

    def flow_statements(self) -> Iterator[tuple[Flow, Select[Any]]]:
        """Yield what finds the rows of each flow, for those found since a round."""
        for flow in self.graph.flows:
            if flow.target.fate != "refer":
                yield flow, self._found_by(flow)

    def find_all(self, connection: Connection, progress: Any) -> None:
        """Follow all edges until nothing new is found."""
        latest = dict.fromkeys(self.graph.parts, -1)
        latest[self.graph.parts[0]] = 0
        statements = {flow: self._adding(flow, found) for flow, found in self.flow_statements()}
        seen = dict.fromkeys(statements, -1)
        while waiting := [flow for flow in statements if latest[flow.source] > seen[flow]]:
            for flow in waiting:
                since, seen[flow] = seen[flow], latest[flow.source]
                self.rounds += 1
                progress(f"looking for rows of {flow.target.table.fullname}")
                done = connection.execute(statements[flow], {"since": since, "round": self.rounds})
                if done.rowcount:
                    latest[flow.target] = self.rounds

    def subject_values(self) -> dict[str, Any]:
        """Return the subject's columns, as of the person's own row."""
        own = self.tables[self.graph.parts[0]]
        return {
            one.name: select(own.c[one.name]).where(own.c[ROUND] == 0).scalar_subquery() for one in self.graph.subject.c
        }

    def _adding(self, flow: Flow, found: Select[Any]) -> Insert:
        target = self.tables[flow.target]
        return postgresql_insert(target).from_select(list(target.c.keys()), found).on_conflict_do_nothing()

    def _found_by(self, flow: Flow) -> Select[Any]:
        source, target = self.tables[flow.source], self.tables[flow.target]
        child_table = flow.target.table
        child = rows_of(child_table)
        empty = Places(self.graph.catalog)
        on = flow.edge.joined(empty.put(child_table, child), empty.put(flow.edge.parent, source))
        names = list(target.c.keys())[3:]
        inner = select(child.c.tableoid, child.c.ctid, *(child.c[name] for name in names)).where(on)
        if flow.where is not None:
            inner = inner.where(placed(flow.where, empty.put(child_table, child)))
        rows: FromClause = self._locking(inner).lateral("found")
        given = [rows.c.tableoid, rows.c.ctid, bindparam("round", type_=_INTEGER), *(rows.c[name] for name in names)]
        return (
            select(*given)
            .select_from(source.join(rows, true()))
            .where(source.c[ROUND] > bindparam("since", type_=_INTEGER))
        )

    def _locking(self, found: Select[Any]) -> Select[Any]:
        # Either keeps the planner from turning the loop over the person's rows round.
        return found.with_for_update() if self.locks else found.offset(0)


def counts(connection: Connection, collection: Collection) -> dict[RowSet, int]:
    """Return how many rows each part has."""
    given = [
        select(func.count()).select_from(of).where(of.c[REL] != literal_column("0")).scalar_subquery()
        for of in collection.tables.values()
    ]
    row = connection.execute(select(*given)).one()
    return dict(zip(collection.tables, row, strict=True))


def settle(connection: Connection, collection: Collection) -> None:
    """Leave to deletion what is deleted by one way, and would be changed by another."""
    gone = {part.table: rows for part, rows in collection.tables.items() if part.fate == "delete"}
    for part, rows in collection.tables.items():
        known = gone.get(part.table)
        if part.fate != "delete" and known is not None:
            same = select(literal(1)).where(known.c[TID] == rows.c[TID], known.c[REL] == rows.c[REL]).exists()
            connection.execute(delete(rows).where(same))


def _wanted(graph: Graph) -> dict[RowSet, set[str]]:
    """Return the columns that have to be known of the rows of each part."""
    wanted = {part: set(relation_of(part.table).key) for part in graph.parts}
    for flow in graph.flows:
        wanted[flow.source] |= set(flow.edge.referred)
    return wanted
