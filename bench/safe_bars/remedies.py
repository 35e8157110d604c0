"""Remedies on databases full of dependents: what fails afterwards, what is lost, what is left undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from query_bars.figures import Figure, at_least, at_most, shown

from pgwright.embedded import EmbeddedServer, run_server
from tests.support.database import Database
from tests.support.dependents import SCHEMAS, Outcome, Schema, fix_and_compare

FEWEST_SCHEMAS = 12
_SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "wal_level": "logical"}


def measure() -> Iterator[Figure]:
    """Yield the figures of all schemas, with the advisor's indexes: of the safe remedies, then of what `fix` writes."""
    with run_server(settings=_SETTINGS) as server:
        yield at_least("schemas full of dependents", len(SCHEMAS), "", FEWEST_SCHEMAS)
        yield shown("statements of their workloads", sum(len(schema.workload) for schema in SCHEMAS), "")
        for kind, only_safe in (("safe remedies", True), ("the whole fix", False)):
            outcomes = {schema.name: _outcome(server, schema, only_safe=only_safe) for schema in SCHEMAS}
            yield from _figures(kind, outcomes)


def _figures(kind: str, outcomes: dict[str, Outcome]) -> Iterator[Figure]:
    for name, outcome in outcomes.items():
        for what in (*outcome.failing, *outcome.lost, *outcome.duplicates):
            print(f"  {name}: {what}")
    yield shown(f"{kind}: remedies applied", sum(len(one.written) for one in outcomes.values()), "")
    yield at_most(f"{kind}: statements that fail now", sum(len(one.failing) for one in outcomes.values()), "", 0)
    yield at_most(f"{kind}: constraints, rows, … lost", sum(len(one.lost) for one in outcomes.values()), "", 0)
    yield at_most(f"{kind}: duplicates left", sum(len(one.duplicates) for one in outcomes.values()), "", 0)


def _outcome(server: EmbeddedServer, schema: Schema, *, only_safe: bool) -> Outcome:
    with _database(server, f"bench_{schema.name}") as database:
        return fix_and_compare(database, schema, only_safe=only_safe, with_advice=True)


@contextmanager
def _database(server: EmbeddedServer, name: str) -> Iterator[Database]:
    server.create_database(name, template="template1")
    try:
        yield Database(server, name)
    finally:
        server.drop_database(name)
