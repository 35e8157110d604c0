"""Whatever the rows are: exactly those go that are due, with all below them, unless something below has to stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from pgwright_runtime import create_engine
from pgwright_runtime.batches import Pace
from runtime.tests.support.retention_house import House, retention
from tests.support.database import Database

Row = tuple[str, object]
"""A table, and the key of a row."""


@dataclass
class Generated:
    """Rows of the house, and what the policies mean for them, said another way than the code does."""

    chance: Random
    rows: dict[Row, dict[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        chance, owners, notes = self.chance, self.chance.randint(1, 6), self.chance.randint(0, 25)
        for key in range(1, owners + 1):
            self.rows["owner", key] = {"is_due": chance.random() < 0.5, "hold": chance.random() < 0.15}
        for key in range(1, notes + 1):
            parent = chance.randint(1, notes) if chance.random() < 0.4 else None
            self.rows["note", key] = {
                "owner": chance.randint(1, owners), "parent": parent, "is_due": chance.random() < 0.3
            }  # fmt: skip
        for number in range(chance.randint(0, 30) if notes else 0):
            self.rows["comment", (chance.randint(1, notes), number)] = {"hold": chance.random() < 0.1}
        for key in range(1, chance.randint(0, 6) + 1):
            self.rows["invoice", key] = {"owner": chance.randint(1, owners), "is_due": chance.random() < 0.6}
        for key in range(1, (chance.randint(0, 25) if notes else 0) + 1):
            self.rows["version", key] = {"note": chance.randint(1, notes)}

    def statements(self) -> Iterator[str]:
        yield "TRUNCATE owner, note, comment, invoice, version"
        for (table, key), row in self.rows.items():
            due = "now() - interval '12 years'" if row.get("is_due") else "NULL"
            if table == "owner":
                yield f"INSERT INTO owner VALUES ({key}, {due}, {row['hold']})"
            elif table == "note":
                yield f"INSERT INTO note VALUES ({key}, {row['owner']}, NULL, {due})"
            elif table == "comment":
                yield f"INSERT INTO comment VALUES ({key[0]}, {key[1]}, '', {row['hold']})"  # type: ignore[index]
            elif table == "invoice":
                made = due if row["is_due"] else "now()"
                yield f"INSERT INTO invoice VALUES ({key}, {row['owner']}, {made})"
            else:
                yield f"INSERT INTO version VALUES ({key}, {row['note']}, {key})"
        for (table, key), row in self.rows.items():
            if table == "note" and row["parent"]:
                yield f"UPDATE note SET parent_id = {row['parent']} WHERE id = {key}"

    def is_due(self, one: Row) -> bool:
        table, key = one
        if table != "version":
            return bool(self.rows[one].get("is_due"))
        newer = [
            other for (kind, other), row in self.rows.items()
            if kind == "version" and row["note"] == self.rows[one]["note"] and other > key  # type: ignore[operator]
        ]  # fmt: skip
        return len(newer) >= 3

    def owner(self, one: Row) -> Row | None:
        """Return the subject of a row; a note's parent leads to none: the way would pass its table twice."""
        table, key = one
        if table == "owner":
            return one
        if table == "comment":
            return self.owner(("note", key[0]))  # type: ignore[index]
        if table == "version":
            return self.owner(("note", self.rows[one]["note"]))
        return "owner", self.rows[one]["owner"]

    def is_held(self, one: Row) -> bool:
        subject = self.owner(one)
        is_comment = one[0] == "comment" and bool(self.rows[one]["hold"])
        return is_comment or bool(subject and self.rows[subject]["hold"])

    def below(self, one: Row) -> Iterator[Row]:
        table, key = one
        for (kind, other), row in self.rows.items():
            if (table == "owner" and kind in ("note", "invoice") and row["owner"] == key) or (
                table == "note"
                and (
                    (kind == "note" and row["parent"] == key)
                    or (kind == "comment" and other[0] == key)  # type: ignore[index]
                    or (kind == "version" and row["note"] == key)
                )
            ):
                yield kind, other

    def gone(self) -> set[Row]:
        gone: set[Row] = set()
        for one in self.rows:
            if self.is_due(one):
                tree = self.tree(one)
                refused = {row for row in tree if row[0] == "invoice" and not self.is_due(row)}
                if not refused and not any(self.is_held(row) for row in tree):
                    gone |= tree
        return gone

    def tree(self, one: Row) -> set[Row]:
        found, work = {one}, [one]
        while work:
            for child in self.below(work.pop()):
                if child not in found:
                    found.add(child)
                    work.append(child)
        return found


@pytest.fixture(scope="module")
def house(server: object) -> Iterator[Engine]:
    from pgwright.embedded import EmbeddedServer

    assert isinstance(server, EmbeddedServer)
    server.create_database("generated_house")
    engine = create_engine(Database(server, "generated_house").url())
    House.metadata.create_all(engine)
    yield engine
    engine.dispose()
    server.drop_database("generated_house")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), rows=st.sampled_from([1, 2, 100]))
def test_what_goes_is_what_the_policies_mean(house: Engine, seed: int, rows: int) -> None:
    generated = Generated(Random(seed))
    with house.begin() as connection:
        for statement in generated.statements():
            connection.execute(text(statement))
    plan = retention().plan(house)
    run = retention().run(house, pace=Pace(busy=1, first_rows=rows, most_rows=rows))
    expected = set(generated.rows) - generated.gone()
    assert left(house) == expected
    assert [one.rows for one in plan.rules] == [one.rows for one in run.rules]
    assert [sum(one.kept.values()) for one in plan.rules] == [sum(one.kept.values()) for one in run.rules]
    assert plan.rows == len(generated.rows) - len(expected)


def left(house: Engine) -> set[Row]:
    with house.connect() as connection:
        found: set[Row] = {
            ("comment", tuple(row)) for row in connection.execute(text("SELECT note_id, number FROM comment"))
        }
        for table in ("owner", "note", "invoice", "version"):
            found |= {(table, key) for key in connection.execute(text(f"SELECT id FROM {table}")).scalars()}
    return found
