"""What `fix` writes for the fleet app today is in revision 0002, as far as a tenth of the data can tell.

Which columns follow the first one depends on the size of a table, so the test compares what the indexes begin with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet import data, schema
from fleet.replay import replay
from pgwright import pipeline
from pgwright.embedded import EmbeddedServer
from pgwright.model.fix import Fix
from tests.support.fleet_clients import LARGE_SCALE, UNTIL

NAME = "fleet_chain"
COMMITTED = Path("examples/fleet/migrations/versions/0002_index_what_the_app_asks_for.py")
LARGEST = {"deliveries", "cash_collections"}
INDEX = re.compile(
    r"CREATE INDEX CONCURRENTLY IF NOT EXISTS \w+ "
    r"ON public\.(?P<table>\w+) \((?P<first>\w+)[^)]*\)(?: INCLUDE \([^)]*\))?"
)

pytestmark = pytest.mark.xdist_group("fleet_chain")


@pytest.fixture(scope="module")
def plan(server: EmbeddedServer) -> Iterator[Fix]:
    server.create_database(NAME, template="template1")
    schema.upgrade(server.url(NAME), "0001")
    data.load(server.url(NAME), LARGE_SCALE, until=UNTIL)
    replay(server.url(NAME), LARGE_SCALE)
    snapshot = pipeline.take_snapshot(server.dsn(NAME))
    yield pipeline.fix(snapshot, pipeline.check(snapshot).findings)
    server.drop_database(NAME)


def indexes(text: str) -> list[re.Match[str]]:
    return list(INDEX.finditer(" ".join(text.split())))


def written(plan: Fix) -> list[re.Match[str]]:
    return [found for remedy in plan.remedies for step in remedy.upgrade for found in indexes(step.sql)]


def test_fix_answers_with_indexes_alone_and_refuses_nothing(plan: Fix) -> None:
    assert plan.refused == ()
    assert len(written(plan)) == len(plan.remedies) > 0


def test_each_committed_index_has_one_that_begins_alike(plan: Fix) -> None:
    now, then = ({(one["table"], one["first"]) for one in found} for found in both(plan))
    assert then <= now
    assert len(then) == 10


def test_on_the_smaller_tables_no_other_index_is_written(plan: Fix) -> None:
    now, then = ({(one["table"], one["first"]) for one in found if one["table"] not in LARGEST} for found in both(plan))
    assert now <= then


def both(plan: Fix) -> tuple[list[re.Match[str]], list[re.Match[str]]]:
    return written(plan), indexes(COMMITTED.read_text())
