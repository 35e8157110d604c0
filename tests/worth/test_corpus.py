"""The corpus of apps that `make bench-worth` measures the advice on keeps its form: see tests/support/corpus.py."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase

import psycopg
import pytest

from pgwright.checks import load_checks
from pgwright.model.names import QualifiedName
from tests.support.corpus import App, read_apps
from tests.support.database import Database
from tests.support.traffic import load, make_schema, observed, send

APPS = read_apps()
# Rows of its largest table: enough that an index matters, few enough to load in seconds.
FEWEST_ROWS, MOST_ROWS = 20_000, 300_000
_SERIES = re.compile(r"generate_series\([01], (\d+)\)")


def test_there_are_enough_of_each_kind() -> None:
    kinds = Counter(app.judged.kind for app in APPS)
    assert len(APPS) >= 12
    assert min(kinds["sound"], kinds["planted"], kinds["public"]) >= 4


@pytest.mark.parametrize(
    "feature",
    ["view", "partitions", "row-level security", "uuid-ossp", "sentinel", "ON CONFLICT", "soft delete", "append-only"],
)
def test_an_app_has(feature: str) -> None:
    assert any(feature in known for app in APPS for known in app.judged.features)


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_judgements_name_checks_that_there_are(app: App) -> None:
    names = {check.name for check in load_checks()}
    patterns = [one.key.split(":")[0] for one in app.judged.finding]
    unknown = [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)]
    assert unknown == []


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_only_a_sound_app_has_nothing_planted(app: App) -> None:
    assert (app.judged.kind == "sound") == (not app.judged.planted)
    assert app.judged.finding[-1].key == "*"


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_its_largest_table_is_large_enough_and_quickly_loaded(app: App) -> None:
    assert FEWEST_ROWS <= max(int(rows) for rows in _SERIES.findall(app.rows)) <= MOST_ROWS


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_its_statements_and_a_seniors_indexes_fit_its_schema(database: Database, app: App) -> None:
    planned = tuple(replace(call, sql=f"EXPLAIN {call.sql}", times=2) for call in app.calls)
    with _role_of(database, app):
        make_schema(database, app)
        sent = send(database, replace(app, calls=planned), 0)
        for index in app.judged.index:
            database.execute(index.sql)
    assert sent.errors == {}


def test_traffic_is_counted_as_the_apps_own_and_the_loading_is_not(database: Database) -> None:
    (app,) = read_apps("imports")
    few = replace(app, calls=tuple(replace(call, times=3) for call in app.calls))
    with _role_of(database, app):
        load(database, app)
        sent = send(database, few, 0)
        snapshot = observed(database, app)
    counted = {one.query_id: one.calls for one in snapshot.statements if one.role == app.role}
    assert sent.errors == {}
    assert {counted[query_id] for query_id in sent.query_ids.values()} == {3}
    assert len(sent.query_ids) == len(app.calls)
    assert snapshot.observed_seconds == app.observed_seconds
    written = {table.name.name: table.rows_inserted for table in snapshot.tables}
    assert written["job"] == 0
    # Nobody has analyzed it: its counters are those of the load.
    assert written["record"] == snapshot.table_by_name[QualifiedName("public", "record")].rows > FEWEST_ROWS


@contextmanager
def _role_of(database: Database, app: App) -> Iterator[None]:
    """Drop the app's role at the end."""
    try:
        yield
    finally:
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {app.role}; DROP ROLE {app.role}".encode())
