"""A revision on tables of which `small` has 100 rows, and all others have 5,000,000."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pgwright.checks import run_checks
from pgwright.embedded import EmbeddedServer
from pgwright.model.finding import Finding
from pgwright.model.migration import PendingMigrations
from pgwright.observing import process
from tests.support.builders import make_statement
from tests.support.database import Database
from tests.support.linting import Linter
from tests.support.preloaded import forked

SCHEMA = """
    CREATE TABLE owner (id int PRIMARY KEY, name text);
    CREATE TABLE note (id int PRIMARY KEY, title text, owner_id int, state text);
    CREATE TABLE small (id int PRIMARY KEY, title text, owner_id int, state text)
"""
FRESH = 'op.create_table("fresh", sa.Column("id", sa.Integer()), sa.Column("title", sa.Text()))\n'


class Rules:
    """Asks one rule about a revision."""

    def __init__(self, linter: Linter) -> None:
        self.linter = linter

    def pending(self, body: str, schema: str = SCHEMA, sizes: dict[str, int] | None = None) -> PendingMigrations:
        return self.linter.run(body, schema=schema, sizes={"small": 100, **(sizes or {})})

    def found(self, check: str, body: str, schema: str = SCHEMA, **others: Any) -> list[Finding]:
        return of(check, self.pending(body, schema, **others))

    def objects(self, check: str, body: str, schema: str = SCHEMA, **others: Any) -> list[str]:
        """Return what is found, without the revision."""
        return [one.object.removesuffix(" in r1") for one in self.found(check, body, schema, **others)]


def of(check: str, pending: PendingMigrations) -> list[Finding]:
    return [one for one in run_checks(pending).findings if one.check == check]


def with_environment(pending: PendingMigrations, **changes: Any) -> PendingMigrations:
    """Return the same revisions, run by another env.py."""
    known = dict.fromkeys(("sets_lock_timeout", "sets_statement_timeout", "transaction_per_migration"), False)
    return replace(pending, environment=replace(pending.environment, **{**known, "runs_safely": False, **changes}))


def with_statements(pending: PendingMigrations, *texts: str) -> PendingMigrations:
    """Return the same revisions, for a database whose workload is of these statements."""
    assert pending.snapshot is not None
    statements = tuple(make_statement(text, query_id=n) for n, text in enumerate(texts, 1))
    return replace(pending, snapshot=replace(pending.snapshot, statements=statements))


@pytest.fixture(autouse=True)
def _forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "started", forked)


@pytest.fixture
def rules(database: Database, twin_server: EmbeddedServer, tmp_path: Path) -> Rules:
    twin_server.require_owner()
    return Rules(Linter(database, twin_server, tmp_path))
