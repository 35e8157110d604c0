"""Whether a query answers as it would if the deleted rows were not there at all."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sqlalchemy import Engine, Table, create_engine, event
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import Session

from runtime.tests.support.soft_delete_models import World, make_world, store
from runtime.tests.support.soft_delete_queries import Grammar, Query

# They flush, which takes no options.
NEVER_SHOWN = ("unit of work", "update by keys")
SHARE_SHOWN = 0.15


@dataclass(frozen=True)
class Hook:
    """What hides deleted rows: ours, or another one."""

    mixin: type[Any]
    mark: Callable[[Table], Table]
    """Marks a table without a class."""
    engine: Callable[[Engine], Engine]
    """Gives an engine that hides them."""
    off: Callable[[], AbstractContextManager[None]] = nullcontext
    """Keeps a hook away that is on for every engine."""
    option: Any = None
    """Shows them all; None: it is not tried."""


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
            f"expected {self.expected!r}\nfound    {self.found!r}"
        )


@dataclass
class Judge:
    """One database with two schemas: `whole` has all rows and is read through the hook, `living` is read without it."""

    hook: Hook
    whole: Engine
    living: Engine
    judged: Counter[str] = field(default_factory=Counter)
    """Queries by kind."""
    invalid: Counter[str] = field(default_factory=Counter)
    """Those that the oracle itself refuses, for SQLAlchemy or the server knows no such thing."""

    def failures(self, seed: int, queries: int) -> Iterator[Failure]:
        """Yield the wrong answers to so many queries on one random world."""
        world = make_world(Random(seed), self.hook.mixin, self.hook.mark)
        try:
            with self.hook.off(), self.whole.begin() as connection:
                store(connection, world, "whole", world.rows)
                store(connection, world, "living", world.living)
            engine = self.hook.engine(self.whole)
            for number in range(queries):
                random = Random(f"{seed} {number}")
                query = Grammar(random, world).query()
                is_shown = query.kind not in NEVER_SHOWN and random.random() < SHARE_SHOWN
                with self.hook.off():
                    expected = _answer(self.whole if is_shown and self.hook.option else self.living, query)
                option = self.hook.option if is_shown else None
                failure = Failure(seed, number, query, expected, _answer(engine, query, option))
                if isinstance(expected, Exception):
                    self.invalid[query.kind] += 1
                    continue
                self.judged[query.kind] += 1
                if not _is_right(failure, world, is_shown=option is not None):
                    yield failure
        finally:
            world.dispose()


@contextmanager
def judging(url: str, hook: Hook) -> Iterator[Judge]:
    """Give a judge that works in a database of its own."""
    whole, living = (
        create_engine(url, connect_args={"options": f"-c search_path={schema} -c timezone=UTC"})
        for schema in ("whole", "living")
    )
    try:
        yield Judge(hook, whole, living)
    finally:
        whole.dispose()
        living.dispose()


def _answer(engine: Engine, query: Query, option: Any = None) -> Any:
    with warnings.catch_warnings(), Session(engine) as session:
        warnings.simplefilter("ignore", SAWarning)
        if option is not None:

            @event.listens_for(session, "do_orm_execute")
            def add_option(state: Any) -> None:
                state.statement = state.statement.options(option)

        try:
            return query.run(session)
        except Exception as error:  # noqa: BLE001  (it is the answer)
            return error
        finally:
            session.rollback()


def _is_right(failure: Failure, world: World, *, is_shown: bool) -> bool:
    found = failure.found
    if query_changes(found, world) and not is_shown:
        found = (found[0], _without_dead(found[1], world))
    return repr(found) == repr(failure.expected)


def query_changes(found: Any, world: World) -> bool:
    """Return whether the second part of an answer is what the tables hold afterwards."""
    is_pair = isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], dict)
    return is_pair and set(found[1]) == {table.name for table in world.tables}


def _without_dead(held: dict[str, list[Any]], world: World) -> dict[str, list[Any]]:
    """Take the deleted rows out of what the tables hold; one that is changed is told."""
    left: dict[str, list[Any]] = {}
    for table in world.tables:
        rows = left[table.name] = list(held[table.name])
        for row in world.rows[table.name]:
            if row not in world.living[table.name]:
                values = tuple(row.get(column.name) for column in table.c)
                if values in rows:
                    rows.remove(values)
                else:
                    rows.append(("a deleted row was changed", values))
    return left
