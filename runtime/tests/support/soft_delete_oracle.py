"""Whether a query answers as it would if the deleted rows were not there at all."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import Session

from runtime.tests.support.soft_delete_models import Rows, World, make_world, store
from runtime.tests.support.soft_delete_queries import Grammar, Query


@dataclass(frozen=True)
class Failure:
    """A query that answered otherwise."""

    seed: int
    number: int
    query: Query
    expected: Any
    found: Any

    def __str__(self) -> str:
        return (
            f"world {self.seed}, query {self.number}, {self.query.kind}:\n{self.query.text}\n"
            f"expected {self.expected}\nfound    {self.found}"
        )


@dataclass
class Judge:
    """Two databases in one: `whole` has all rows and is read through the hook, `living` those that live, without it."""

    hidden: Callable[[Engine], Engine]
    mixin: type[Any]
    mark: Callable[[Any], Any]
    whole: Engine
    living: Engine
    seen: dict[str, int]
    refused: dict[str, int]

    def failures(self, seed: int, queries: int) -> Iterator[Failure]:
        """Yield the wrong answers to so many queries on one random world."""
        world = make_world(Random(seed), self.mixin, self.mark)
        try:
            with self.whole.begin() as connection:
                store(connection, world, "whole", world.rows)
                store(connection, world, "living", world.living)
            engine = self.hidden(self.whole)
            for number in range(queries):
                query = Grammar(Random(f"{seed} {number}"), world).query()
                if (failure := self._judge(seed, number, world, engine, query)) is not None:
                    yield failure
        finally:
            world.dispose()

    def _judge(self, seed: int, number: int, world: World, engine: Engine, query: Query) -> Failure | None:
        expected, found = _answer(self.living, query), _answer(engine, query)
        if isinstance(expected, Exception):
            # SQLAlchemy, or the server, does not know such a query.
            self.refused[query.kind] = self.refused.get(query.kind, 0) + 1
            return None
        self.seen[query.kind] = self.seen.get(query.kind, 0) + 1
        if not isinstance(found, Exception):
            found = _without_dead(found, world)
        if repr(expected) == repr(found):
            return None
        return Failure(seed, number, query, expected, found)


def _answer(engine: Engine, query: Query) -> Any:
    with warnings.catch_warnings(), Session(engine) as session:
        warnings.simplefilter("ignore", SAWarning)
        try:
            return query.run(session)
        except Exception as error:  # it is the answer
            return error
        finally:
            session.rollback()


def _without_dead(found: Any, world: World) -> Any:
    """Take the deleted rows, if they are unchanged, out of what the tables hold after a change."""
    if not (isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], dict)):
        return found
    if set(found[1]) != {table.name for table in world.tables}:
        return found
    left = {}
    for table in world.tables:
        alive = [_values(row, table) for row in world.living[table.name]]
        dead = [row for row in (_values(row, table) for row in world.rows[table.name]) if row not in alive]
        rows = list(found[1][table.name])
        for row in dead:
            if row in rows:
                rows.remove(row)
            else:
                rows.append(("a deleted row was changed", row))
        left[table.name] = rows
    return found[0], left


def _values(row: dict[str, Any], table: Any) -> tuple[Any, ...]:
    return tuple(row.get(column.name) for column in table.c)


@contextmanager
def judging(url: str, hidden: Callable[[Engine], Engine], mixin: type[Any], mark: Callable[[Any], Any]) -> Iterator[Judge]:
    """Give a judge of the hook that `hidden` puts on an engine."""
    options = {"connect_args": {"options": "-c search_path=whole -c client_min_messages=warning -c timezone=UTC"}}
    whole = create_engine(url, **options)
    living = create_engine(url, connect_args={"options": "-c search_path=living -c timezone=UTC"})
    try:
        yield Judge(hidden, mixin, mark, whole, living, {}, {})
    finally:
        whole.dispose()
        living.dispose()
