"""What is advised is worth having in measured time, and the advice comes to an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal
from pgwright.checks import run_checks
from pgwright.embedded import EmbeddedServer
from pgwright.model.advice import Advice
from pgwright.model.statement import Statement
from pgwright.snapshot import read_snapshot
from pgwright.twin.twin import open_twin
from tests.support.builders import make_statement
from tests.support.database import Database

SCHEMA = """
CREATE TABLE item (id int PRIMARY KEY, owner int, kind int, note text, at timestamptz, amount int);
INSERT INTO item SELECT i, i % 4000, i % 7, repeat('n', 150), now() - i * interval '1 minute', i % 911
FROM generate_series(1, 60000) i;
ANALYZE item;
"""
BY_OWNER = "SELECT id, note FROM item WHERE owner = $1"
NEWEST = "SELECT id, note FROM item WHERE owner = $1 ORDER BY at DESC LIMIT $2"
AMOUNTS = "SELECT sum(amount) FROM item WHERE owner = $1"
HOUR = 3_600.0

Ask = Callable[..., Advice]


@pytest.fixture
def shop(database: Database) -> Database:
    database.execute(SCHEMA)
    return database


@pytest.fixture
def ask(shop: Database, twin_server: EmbeddedServer) -> Ask:
    def run(*statements: Statement, **changes: object) -> Advice:
        snapshot = replace(read_snapshot(shop.dsn), statements=statements, observed_seconds=24 * HOUR)
        loaded = tuple(replace(one, rows_inserted=0) for one in snapshot.tables)
        snapshot = replace(snapshot, **{"tables": loaded, **changes})  # type: ignore[arg-type]
        with open_twin(snapshot, twin_server) as twin:
            return advise(snapshot, Goal(), twins=[twin])

    return run


def took(text: str, milliseconds: float, *, calls: int = 1_000, rows: int = 15) -> Statement:
    return make_statement(
        text, calls=calls, rows=rows * calls, mean_ms=milliseconds, total_ms=milliseconds * calls, max_ms=milliseconds
    )


def keys(advice: Advice) -> list[str]:
    return [one.definition.outline for one in advice.indexes]


def test_what_nobody_would_notice_is_not_advised(ask: Ask) -> None:
    assert keys(ask(took(BY_OWNER, 0.05))) == []
    assert keys(ask(took(BY_OWNER, 12.0))) == ["(owner)"]


def test_what_is_planned_dear_and_measured_cheap_comes_last(ask: Ask) -> None:
    advice = ask(took(BY_OWNER, 4.0, calls=9_000), took("SELECT id FROM item WHERE amount = $1", 40.0, calls=3_000))
    assert keys(advice)[0] == "(amount)"
    saved = [one.worth.saved_ms for one in advice.indexes if one.worth is not None]
    assert saved == sorted(saved, reverse=True)
    assert 100_000 < saved[0] <= 120_000
    assert 30_000 < saved[1] <= 36_000


def test_further_columns_are_taken_where_they_pay(ask: Ask) -> None:
    """With the owner alone 15 rows are fetched: what a covering index saves then is a hundredth of a millisecond."""
    (cheap,) = ask(took(AMOUNTS, 6.0)).indexes
    assert (cheap.definition.include, len(cheap.definition.keys)) == ((), 1)


def test_what_several_save_together_is_counted_once(ask: Ask) -> None:
    pair = "SELECT a.id FROM item a JOIN item b ON b.amount = a.amount WHERE a.owner = $1 AND b.kind = $2"
    advice = ask(took(pair, 50.0), took(BY_OWNER, 10.0))
    total = sum(one.worth.saved_ms for one in advice.indexes if one.worth is not None)
    assert 0 < total <= 60_000


def test_waiting_is_not_what_an_index_ends(ask: Ask) -> None:
    """An UPDATE by key that took half a second waited for a lock."""
    (index,) = ask(took(BY_OWNER, 500_000.0)).indexes
    assert index.worth is not None
    assert index.worth.saved_a_call_ms < 10_000


def test_a_statement_that_no_index_helps_is_named(ask: Ask) -> None:
    whole = "SELECT kind, count(*), sum(amount) FROM item GROUP BY kind"
    advice = ask(took(whole, 1_500.0, calls=10, rows=7), took(BY_OWNER, 12.0))
    assert [one.text for one in advice.unhelped] == [whole]
    assert keys(ask(took(BY_OWNER, 12.0))) == ["(owner)"]
    assert ask(took(BY_OWNER, 12.0)).unhelped == ()


def test_that_no_index_helps_is_not_said_where_none_could_be_tried(ask: Ask) -> None:
    unknown = "SELECT kind, count(*) FROM item WHERE to_jsonb(item) ->> $1 = $2 GROUP BY kind"
    assert ask(took(unknown, 1_500.0, calls=10, rows=7), took(BY_OWNER, 12.0)).unhelped == ()


def test_severity_follows_the_time(ask: Ask) -> None:
    def severities(*statements: Statement) -> dict[str, str]:
        return {one.object: one.severity for one in run_checks(ask(*statements)).findings}

    assert severities(took(BY_OWNER, 12.0, calls=100_000)) == {"item (owner)": "high"}
    assert severities(took(BY_OWNER, 12.0, calls=5_000)) == {"item (owner)": "medium"}
    assert severities(took(BY_OWNER, 12.0, calls=200)) == {"item (owner)": "low"}


def test_a_single_call_shows_no_rate(ask: Ask) -> None:
    assert keys(ask(took(BY_OWNER, 12.0, calls=1))) == []
    assert keys(ask(took(BY_OWNER, 12_000.0, calls=1))) == ["(owner)"]


def test_rows_that_only_the_counters_saw_are_written_too(ask: Ask, shop: Database) -> None:
    """The INSERTs were dropped from pg_stat_statements."""
    now = read_snapshot(shop.dsn)

    def price(inserted: int) -> int:
        tables = tuple(replace(one, rows_inserted=inserted) for one in now.tables)
        server = replace(now.server, statistics_reset_at="2026-01-01 00:00:00+00")
        (index,) = ask(took(BY_OWNER, 12.0), tables=tables, server=server, taken_at="2026-01-11T00:00:00Z").indexes
        return index.writes

    assert price(120_000) == 12_000, "a tenth of the time was observed"
    assert price(0) == 0
