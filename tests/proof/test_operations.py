"""What an app gives to be measured: sync or async, however it is wrapped; and the engine that it gets."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright.errors import ProofError
from pgwright.model.proof import MeasuredOperation
from pgwright.proof import Operation
from pgwright.proof.app import measure_operations
from pgwright.proof.conversions import Conversion


def plain(engine: Engine) -> object:
    return 1


async def awaited(engine: AsyncEngine, number: int = 1) -> object:
    return number


class AsyncCallable:
    async def __call__(self, engine: AsyncEngine) -> object:
        return 1


def measure(operation: Operation, dsn: str = "host=db.example", *, rounds: int = 1) -> MeasuredOperation:
    """Measure an operation that only looks at its engine, so that nothing connects."""
    (measured,), _ = measure_operations((operation,), dsn, dsn, rounds=rounds, progress=lambda *_: None)
    return measured


@pytest.mark.parametrize("call", [awaited, partial(awaited, number=2), partial(partial(awaited)), AsyncCallable()])
def test_async_is_seen_through_partials_and_objects(call: object) -> None:
    assert Operation("a", call, call).is_async  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"operation 'mixed': `before` and `after` must both be async, or neither"):
        Operation("mixed", call, plain)  # type: ignore[arg-type]


def test_sync_is_sync() -> None:
    assert not Operation("s", plain, partial(plain)).is_async


def test_before_and_after_are_run_each_on_its_side() -> None:
    calls: list[str] = []

    def before(engine: Engine) -> object:
        calls.append("before")
        return 1

    def after(engine: Engine) -> object:
        calls.append("after")
        return 2

    measured = measure(Operation("o", before, after))
    assert measured.name == "o"
    assert (measured.results_equal, measured.verdict) == (False, "results differ")
    assert (measured.before.runs, measured.after.runs) == (1, 1)
    assert calls.count("before") == calls.count("after") == 4, "compared, counted, warmed up, timed"


@pytest.mark.parametrize(
    ("dsn", "sync_url"),
    [
        ("host=db.example port=6432 user=me password=s3cret dbname=app", "me:s3cret@db.example:6432/app"),
        ("host=db.example dbname=app", "db.example/app"),
        ("host=/run/pg user=postgres dbname=app", "postgres@/app?host=%2Frun%2Fpg"),
        ("dbname=app", "/app"),
    ],
)
def test_the_engine_is_that_of_the_copy(dsn: str, sync_url: str) -> None:
    seen: set[str] = set()

    def look(engine: Engine) -> object:
        seen.add(engine.url.render_as_string(hide_password=False))
        return engine.pool.size()  # type: ignore[attr-defined]

    async def look_async(engine: AsyncEngine) -> object:
        seen.add(engine.url.render_as_string(hide_password=False))
        return 1

    assert measure(Operation("o", look, look), dsn).results_equal
    assert measure(Operation("o", look_async, look_async), dsn).results_equal
    assert seen == {f"postgresql+{driver}://{sync_url}" for driver in ("psycopg", "asyncpg")}


async def test_where_an_event_loop_runs_it_says_what_to_do() -> None:
    with pytest.raises(ProofError, match=r"an event loop runs in this thread.*asyncio\.to_thread"):
        measure(Operation("plain", plain, plain))


def test_one_that_fails_is_named_and_the_next_is_measured() -> None:
    def broken(engine: Engine) -> object:
        raise KeyError("lost")

    operations = (Operation("broken", plain, broken), Operation("sound", plain, plain))
    (sound,), (failed,) = measure_operations(operations, "host=db", "host=db", rounds=1, progress=lambda *_: None)
    assert sound.name == "sound"
    assert (failed.name, failed.side, failed.reason, failed.remedy) == ("broken", "after", "KeyError: 'lost'", "")


def test_what_the_database_said_is_told_without_the_statement_and_its_parameters() -> None:
    def refused(engine: Engine) -> object:
        said = Exception("operator does not exist: uuid = character varying\nLINE 1: SELECT")
        raise ProgrammingError("SELECT secret", {"p": "s3cret"}, said)

    changed = [Conversion("customers.id", "character varying(36)", "uuid")]
    operation = Operation("o", plain, refused)
    _, (failed,) = measure_operations(
        (operation,), "host=db", "host=db", rounds=1, conversions=changed, progress=lambda *_: None
    )
    assert failed.reason == "Exception: operator does not exist: uuid = character varying"
    assert failed.remedy == (
        "the fix converts customers.id from character varying(36) to uuid: change the models with it, "
        "or leave it out: fix --skip text-uuid-key"
    )


def test_a_conversion_does_not_explain_what_fails_before_it() -> None:
    def refused(engine: Engine) -> object:
        raise ValueError("uuid")

    changed = [Conversion("customers.id", "text", "uuid")]
    operation = Operation("o", refused, plain)
    _, (failed,) = measure_operations(
        (operation,), "host=db", "host=db", rounds=1, conversions=changed, progress=lambda *_: None
    )
    assert (failed.side, failed.remedy) == ("before", "")


def test_sums_of_floats_are_equal_to_nine_digits() -> None:
    def one(engine: Engine) -> object:
        return {"total": [0.1 + 0.2]}

    def other(engine: Engine) -> object:
        return {"total": [0.3]}

    assert measure(Operation("o", one, other)).results_equal
