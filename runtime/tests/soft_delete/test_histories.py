"""Random rows and random histories, judged by a model in Python.

After each step the living rows, and the session's objects, are those of the model; what comes back is what went
together; and a deletion takes one UPDATE for each table that it has to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete, inspect
from sqlalchemy.orm import Session, SessionTransaction

from pgwright_runtime import count_statements
from pgwright_runtime.soft_delete import DeletionRefused, ParentDeleted, hide_deleted, restore
from pgwright_runtime.soft_delete.graph import graph_of
from runtime.tests.support.soft_delete_world import Key, Rows, World
from tests.support.database import Database

STEPS = (*3 * ["insert"], *2 * ["delete"], "bulk", *2 * ["restore"], "commit", "rollback", "savepoint")
# Each history makes its tables anew, so a failing one is shown as it was found.
GENERATED = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = hide_deleted(create_engine(database.url("psycopg")))
    yield engine
    engine.dispose()


class History:
    """One session, and what its database should hold."""

    def __init__(self, engine: Engine, chance: Random) -> None:
        self.engine, self.chance, self.world = engine, chance, World(chance)
        self.rows, self.committed = Rows(self.world), Rows(self.world)
        self.numbers = count(1)
        self.kept: list[object] = []  # a session forgets what it inserted when nobody else holds it
        self.revived: set[int] = set()
        """What was restored since the last commit: loaded again, it is another object than the one that was deleted."""
        self.savepoint: tuple[SessionTransaction, Rows] | None = None
        self.world.metadata.create_all(engine)
        self.session = Session(engine)

    def step(self, name: str) -> None:
        getattr(self, name)()
        self.check()

    def insert(self) -> None:
        name = self.chance.choice(self.world.names)
        values: dict[str, int | None] = {}
        for one in self.world.references:
            if one.child == name:
                parents = self.rows.living(one.parent)
                if not parents and not one.is_nullable:
                    return
                is_null = not parents or (one.is_nullable and self.chance.random() < 0.3)
                values[one.column] = None if is_null else self.chance.choice(parents)
        key = (name, next(self.numbers))
        one = self.world.classes[name](id=key[1], **values)
        self.kept.append(one)
        self.session.add(one)
        self.session.flush()
        self.rows.values[key] = values

    def _some(self, deleted: bool) -> list[Key]:
        keys = [key for key in self.rows.values if key[0] in self.world.marked and (key in self.rows.marks) is deleted]
        return self.chance.sample(keys, min(len(keys), self.chance.randint(1, 3)))

    def delete(self) -> None:
        roots = self._some(deleted=False)
        objects = [self.session.get_one(self.world.classes[name], number) for name, number in roots]
        for one in objects:
            self.session.delete(one)
        self._judge(roots, lambda: self.session.flush())

    def bulk(self) -> None:
        roots = self._some(deleted=False)[:1]
        if roots:
            name = roots[0][0]
            roots += [key for key in self._some(deleted=False) if key[0] == name and key != roots[0]]
            model = self.world.classes[name]
            statement = delete(model).where(model.id.in_([number for _, number in roots]))
            self._judge(roots, lambda: self.session.execute(statement), is_bulk=True)

    def _judge(self, roots: list[Key], run, is_bulk: bool = False) -> None:  # type: ignore[no-untyped-def]
        tables = self.rows.delete(roots, next(self.numbers))
        with count_statements(self.engine) as statements:
            if tables is None:
                with pytest.raises(DeletionRefused):
                    run()
                if not is_bulk:  # a flush that failed takes its transaction along
                    self.rollback()
                return
            run()
        updates = sum(text.startswith("UPDATE") for text in statements.texts)
        if roots and not self._has_circles():
            assert updates <= len(tables), statements.texts

    def _has_circles(self) -> bool:
        graph = graph_of(inspect(self.world.classes["t0"]))
        return any(len(part) > 1 for part in graph.parents_first) or any(o.child is o.parent for o in graph.going)

    def restore(self) -> None:
        for key in self._some(deleted=True)[:1]:
            before = self.rows.copy()
            expected = self.rows.restore(key)
            if expected is None:
                self.rows = before
                with pytest.raises(ParentDeleted):
                    restore(self.session, self.world.classes[key[0]], key[1])
            else:
                assert restore(self.session, self.world.classes[key[0]], key[1]) == expected
                self.revived |= {number for _, number in before.marks.keys() - self.rows.marks.keys()}

    def commit(self) -> None:
        self.session.commit()
        self.committed, self.savepoint = self.rows.copy(), None

    def rollback(self) -> None:
        self.session.rollback()
        if self.savepoint is not None:  # that ended the savepoint only
            self.session.rollback()
        self.rows, self.savepoint = self.committed.copy(), None

    def savepoint_step(self) -> None:
        if self.savepoint is None:
            self.savepoint = (self.session.begin_nested(), self.rows.copy())
        else:
            transaction, before = self.savepoint
            self.savepoint = None
            if self.chance.random() < 0.5:
                transaction.rollback()
                self.rows = before
            else:
                transaction.commit()

    def check(self) -> None:
        connection = self.session.connection()
        for name in self.world.names:
            where = " WHERE deleted_at IS NULL" if name in self.world.marked else ""
            found = connection.exec_driver_sql(f"SELECT id FROM {name}{where} ORDER BY id").scalars().all()
            assert list(found) == self.rows.living(name), name
            held = {inspect(one).identity[0] for one in self.session if isinstance(one, self.world.classes[name])}
            assert held - self.revived <= set(self.rows.living(name)), name

    def end(self) -> None:
        self.session.close()
        self.world.metadata.drop_all(self.engine)


@settings(GENERATED, max_examples=15)
@given(chance=st.randoms(use_true_random=False), steps=st.lists(st.sampled_from(STEPS), min_size=10, max_size=40))
def test_living_rows_are_those_of_the_model(engine: Engine, chance: Random, steps: list[str]) -> None:
    history = History(engine, chance)
    try:
        for name in steps:
            history.step("savepoint_step" if name == "savepoint" else name)
    finally:
        history.end()


@settings(GENERATED, max_examples=10)
@given(chance=st.randoms(use_true_random=False), rows=st.integers(5, 40))
def test_restoring_what_was_deleted_changes_nothing(engine: Engine, chance: Random, rows: int) -> None:
    history = History(engine, chance)
    try:
        for _ in range(rows):
            history.insert()
        history.delete()  # this one stays
        history.commit()
        before = history.rows.copy()
        for key in history._some(deleted=False)[:1]:
            if history.rows.delete([key], next(history.numbers)) is None:
                history.rows = before
                continue
            model = history.world.classes[key[0]]
            history.session.delete(history.session.get_one(model, key[1]))
            history.session.commit()
            restore(history.session, model, key[1])
            history.rows = before
            history.check()
    finally:
        history.end()
