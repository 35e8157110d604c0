"""Settings tried over the whole workload, on one copy: only those with a reason, and each with what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import psycopg
import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.model.proof import Effort
from pgwright.model.snapshot import Snapshot
from pgwright.model.trial import Trial, TriedSetting
from pgwright.proof import trial as trying
from pgwright.proof.copies import make_copies
from pgwright.proof.fitted import Fitted, FittedStatement, Measured, fit_statements, spilling, time_under, uncounted
from pgwright.proof.trial import try_settings
from pgwright.snapshot import read_snapshot
from pgwright.twin.priced import read_workload
from pgwright.twin.twin import open_twin
from tests.support import samples
from tests.support.database import Database
from tests.support.two_copies import ask

SCHEMA = """
CREATE TABLE event (id int PRIMARY KEY, pad text);
INSERT INTO event SELECT i, repeat('x', 60) || md5(i::text) FROM generate_series(1, 200000) i;
CREATE TABLE pick (event_id int);
INSERT INTO pick SELECT 1 + (i::bigint * 7919) % 200000 FROM generate_series(1, 1000) i;
CREATE TABLE note (id int PRIMARY KEY, body text);
INSERT INTO note SELECT i, md5(i::text) FROM generate_series(1, 120000) i;
VACUUM ANALYZE;
"""
# With 4 for a page at random it reads all of event; with 1.1 it looks the thousand rows up.
JOIN = "SELECT sum(length(pad)) FROM pick JOIN event ON event.id = pick.event_id"
# It does not fit in 4 MB.
SORT = "SELECT body FROM note ORDER BY body, id"
# Whatever a page costs, this is a lookup.
LOOKUP = "SELECT body FROM note WHERE id = 17"
MANY_ROUNDS = 15


@pytest.fixture
def events(database: Database) -> Database:
    database.execute(SCHEMA)
    ask(database, JOIN, SORT, LOOKUP, times=5)
    return database


def fitted(database: Database, twin_server: EmbeddedServer) -> tuple[Snapshot, Fitted]:
    snapshot = read_snapshot(database.dsn)
    with open_twin(snapshot, twin_server) as twin:
        statements = read_workload(snapshot, twin).statements
    return snapshot, fit_statements(database.dsn, snapshot, statements, (), lambda *_: None)


def measured(database: Database, twin_server: EmbeddedServer, rounds: int = 3, **settings: str) -> Measured:
    snapshot, (statements, missing) = fitted(database, twin_server)
    assert missing == ()
    return time_under(settings, statements, database.dsn, snapshot, rounds=rounds, progress=lambda *_: None)


def sorts_on_disk(database: Database, work_mem: str) -> bool:
    with psycopg.connect(database.dsn) as connection:
        connection.execute(f"SET work_mem = '{work_mem}'".encode())
        lines = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS) {SORT}".encode()).fetchall()
    return any("external merge" in line for (line,) in lines)


def by_name(trial: Trial) -> dict[str, TriedSetting]:
    return {", ".join(one.settings): one for one in trial.tried}


def test_each_setting_is_measured_on_what_it_changes(events: Database) -> None:
    events.execute(f"ALTER DATABASE {events.name} SET jit = on; ALTER DATABASE {events.name} SET jit_above_cost = 10")
    trial = try_settings(read_snapshot(events.dsn), events.dsn, rounds=3)
    tried = by_name(trial)
    assert trial.statements == 3
    price = tried["random_page_cost"]
    assert price.settings == {"random_page_cost": "1.1"}
    assert [one.text for one in price.statements] == [JOIN]
    assert price.unchanged == 2
    assert price.before_ms > 0
    assert price.apply_sql == f"ALTER DATABASE {events.name} SET random_page_cost = '1.1';"
    memory = tried["work_mem"]
    assert [one.text for one in memory.statements] == [SORT]
    (size,) = memory.settings.values()
    assert not sorts_on_disk(events, size)
    assert sorts_on_disk(events, f"{int(size.removesuffix('MB')) // 2}MB"), "half of it is too few"
    assert f"with {size} 1 of 1 that spill on the copy do so no more" in memory.reason
    ((has_jit,),) = events.rows("SELECT pg_jit_available()")
    assert ("jit" in tried) is has_jit
    assert has_jit or "the server of the copy has no jit" in [one.reason for one in trial.not_examined]
    assert trial.untried.keys() == {"effective_cache_size"}
    assert trial.measured_on is not None


def test_nothing_is_copied_where_nothing_is_worth_trying(events: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(events, LOOKUP, times=5)
    monkeypatch.setattr(trying, "make_copies", lambda *_, **__: pytest.fail("there is nothing to measure"))
    trial = try_settings(read_snapshot(events.dsn), events.dsn)
    assert (trial.tried, trial.together, trial.best, trial.measured_on) == ((), None, None, None)
    assert trial.untried.keys() == {"random_page_cost", "work_mem", "jit", "effective_cache_size"}
    assert trial.untried["work_mem"] == "no statement wrote temporary files"


def test_what_has_the_same_plan_and_spills_nothing_is_not_timed(events: Database, twin_server: EmbeddedServer) -> None:
    (join,), failed = measured(events, twin_server, random_page_cost="1.1")
    assert (join.text, join.results_equal, failed) == (JOIN, True, ())
    assert measured(events, twin_server, effective_io_concurrency="17") == ((), ())


def test_a_setting_that_slows_a_statement_is_told(events: Database, twin_server: EmbeddedServer) -> None:
    off = {"enable_indexscan": "off", "enable_bitmapscan": "off", "enable_indexonlyscan": "off"}
    statements, _ = measured(events, twin_server, MANY_ROUNDS, **off)
    slowed = {one.text.replace("$1", "17"): one for one in statements}[LOOKUP]
    assert (slowed.after.buffers or 0) > 20 * (slowed.before.buffers or 1)
    assert slowed.verdict == "slower"


def test_a_statement_that_fails_under_a_setting_is_told(events: Database, twin_server: EmbeddedServer) -> None:
    """As one does that reaches the limit of time: it must not pass for one that stays as it was."""
    statements, failed = measured(events, twin_server, random_page_cost="1.1", work_mem="64kB", temp_file_limit="100kB")
    assert SORT not in [one.text for one in statements]
    (sort,) = failed
    assert SORT[:20] in sort.what
    assert "temporary file size exceeds" in sort.reason


def test_what_spills_under_a_size_is_known(events: Database, twin_server: EmbeddedServer) -> None:
    snapshot, (statements, _) = fitted(events, twin_server)
    assert [one.priced.statement.text for one in statements if one.spilled_blocks] == [SORT]
    (sort,) = spilling(statements, events.dsn, snapshot, {"work_mem": "64kB"})
    assert sort.priced.statement.text == SORT
    assert spilling(statements, events.dsn, snapshot, {"work_mem": "64MB"}) == ()


def test_sizes_that_make_no_difference_are_not_measured_one_by_one(events: Database) -> None:
    """Memory allows no size with which the sort fits: the largest is measured, for it may still help."""
    settings = tuple(
        replace(one, raw="400") if one.name == "max_connections" else one for one in read_snapshot(events.dsn).settings
    )
    snapshot = replace(read_snapshot(events.dsn), settings=settings)
    memory = by_name(try_settings(snapshot, events.dsn, rounds=3))["work_mem"]
    assert memory.settings == {"work_mem": "8MB"}
    assert sorts_on_disk(events, "8MB")
    assert "with 8MB 0 of 1 that spill on the copy do so no more" in memory.reason


def test_one_copy_is_enough_where_nothing_is_applied(events: Database) -> None:
    with make_copies(events.dsn, 0, with_after=False) as copies, psycopg.connect(copies.before) as connection:
        assert copies.after == copies.before
        names = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'pgwright%'").fetchall()
        assert len(names) == 1


@pytest.mark.parametrize("both_help", [True, False], ids=["both help", "one helps"])
def test_what_helps_is_measured_together(events: Database, monkeypatch: pytest.MonkeyPatch, both_help: bool) -> None:
    """What the clock says is made up here: a busy machine must not decide what is united."""
    asked: list[tuple[str, ...]] = []

    def told(settings: Mapping[str, str], *_: object, **__: object) -> Measured:
        asked.append(tuple(settings))
        return (samples.DEAR,) if "random_page_cost" in settings or both_help else (), ()

    monkeypatch.setattr(trying, "time_under", told)
    trial = try_settings(read_snapshot(events.dsn), events.dsn, rounds=3)
    assert asked[:2] == [("random_page_cost",), ("work_mem",)]
    assert asked[2:] == ([("random_page_cost", "work_mem")] if both_help else [])
    assert (trial.together is not None) is both_help
    assert trial.best is not None


def test_no_more_memory_is_taken_than_makes_a_difference(events: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that spill, one fits in 16 MB, and the other nowhere."""
    ask(events, SORT, "SELECT body FROM note ORDER BY body DESC, id", times=2)
    asked: list[str] = []

    def still(
        left: tuple[FittedStatement, ...], copy: str, snapshot: Snapshot, settings: Mapping[str, str]
    ) -> tuple[FittedStatement, ...]:
        asked.append(settings["work_mem"])
        return left if settings["work_mem"] == "8MB" else left[:1]

    monkeypatch.setattr(trying, "spilling", still)
    monkeypatch.setattr(trying, "time_under", lambda *_, **__: ((), ()))
    memory = by_name(try_settings(read_snapshot(events.dsn), events.dsn, rounds=3))["work_mem"]
    assert asked[:3] == ["8MB", "16MB", "32MB"]
    assert memory.settings == {"work_mem": "16MB"}
    assert "with 16MB 1 of 2 that spill on the copy do so no more" in memory.reason


def test_a_statement_that_does_other_work_than_in_production_does_not_count(
    events: Database, twin_server: EmbeddedServer
) -> None:
    _, (statements, _) = fitted(events, twin_server)
    assert uncounted(statements) == ()
    lookup = next(one for one in statements if not one.spilled_blocks)
    other = replace(lookup, fit=replace(lookup.fit, here=Effort(40_000.0, 90_000.0)))
    (told,) = uncounted([other, *statements])
    assert told.reason.endswith("40,000 and 90,000 here")
