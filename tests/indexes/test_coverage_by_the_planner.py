"""Each pair of some fifty indexes: what we say that one does for the other is what the planner does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

import psycopg
import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.indexes.coverage import searches_as, serves_equality
from pgwright.model.index import IndexDefinition
from pgwright.model.table import Table
from pgwright.snapshot import read_snapshot
from tests.indexes.index_table import INDEXES, SCHEMA, Planner, Probe, Use
from tests.support.database import Database


@dataclass(frozen=True)
class Known:
    """What we read of the indexes, and what the planner uses each one for when it is the only one."""

    table: Table
    definitions: Mapping[str, IndexDefinition]
    uses: Mapping[str, Mapping[Probe, Use]]

    def says(self, x: str, y: str) -> bool:
        return searches_as(self.definitions[x], self.definitions[y], self.table)

    def lacks(self, x: str, y: str) -> list[str]:
        """Return the statements for which the planner does less with x than with y."""
        ours = self.uses[x]
        return [
            probe.statement for probe, use in self.uses[y].items() if probe not in ours or not ours[probe].does(use)
        ]


@pytest.fixture(scope="module")
def known(server: EmbeddedServer) -> Iterator[Known]:
    server.create_database("t_coverage", template="template1")
    database = Database(server, "t_coverage")
    database.execute(SCHEMA + ";".join(f"CREATE INDEX {name} ON t {rest}" for name, rest in INDEXES.items()))
    database.execute("VACUUM ANALYZE t")
    snapshot = read_snapshot(database.dsn)
    with psycopg.connect(database.dsn) as connection:
        planner = Planner(connection)
        uses = {name: planner.uses(name) for name in INDEXES}
    yield Known(snapshot.tables[0], {index.name.name: index.definition for index in snapshot.indexes}, uses)
    server.drop_database("t_coverage")


def test_each_index_is_used_for_something(known: Known) -> None:
    """Else every index would do its work."""
    assert all(known.uses.values())
    assert len({statement for uses in known.uses.values() for statement in uses}) > 100


def test_no_index_is_said_to_do_what_the_planner_does_not_do_with_it(known: Known) -> None:
    said = [pair for pair in permutations(INDEXES, 2) if known.says(*pair)]
    assert len(said) > 75
    assert {pair: known.lacks(*pair) for pair in said if known.lacks(*pair)} == {}


def test_what_the_planner_does_is_said_but_for_a_few_reasons(known: Known) -> None:
    pairs = list(permutations(INDEXES, 2))
    assert len(pairs) > 2_000
    unsaid = [(x, y) for x, y in pairs if not known.says(x, y) and not known.lacks(x, y)]
    assert [(x, y) for x, y in unsaid if not _reason(known.definitions[x], known.definitions[y])] == []
    assert len([y for _, y in unsaid if known.definitions[y].method != "brin"]) < 40


def test_rows_said_to_be_found_by_their_values_are_found_by_the_planner(known: Known) -> None:
    conditions = {
        ("a",): "a = 5", ("b",): "b = 7", ("a", "b"): "a = 5 AND b = 7", ("c",): "c = 5", ("c", "a"): "c = 5 AND a = 3",
        ("s",): "s = 'x'", ("k",): "k = 'x'", ("k", "a"): "k = 'x' AND a = 5", ("v",): "v = 'x'",
        ("e",): "e = 'x'", ("w",): "w = 'x'", ("ci",): "ci = 'x'", ("f",): "f = 'x'",
    }  # fmt: skip
    said, found = set(), set()
    for columns, condition in conditions.items():
        for name, uses in known.uses.items():
            use = uses.get(Probe(f"SELECT * FROM t WHERE {condition}", ("sort",)))
            if use is not None and use.found_by == {*columns}:
                found.add((columns, name))
            if serves_equality(known.definitions[name], columns, known.table):
                said.add((columns, name))
    assert len(said) > 30
    assert said - found == set()


def _reason(x: IndexDefinition, y: IndexDefinition) -> str:
    """Return why one index is not said to do another's work although the planner would use it so."""
    if y.method == "brin":
        return "it is made for its size, which no other has"
    if x.method != "btree" and y.method in ("hash", "gin") and x.method != y.method:
        return "it finds rows by a bitmap, and tests each anew"
    is_cast = any(key.column in ("e", "w", "ci") or "citext" in (key.expression or "") for key in y.keys)
    if is_cast and any(key.operator_class for key in (*x.keys, *y.keys)):
        return "it has a class of another type, of which little is known"
    if x.columns[: len(y.columns)] != y.columns:
        return "it is read from one end to the other"
    if y.predicate is not None and x.predicate is None:
        return "it is read through for the rows of the predicate"
    return ""
