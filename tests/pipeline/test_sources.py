"""A diagnosis asks every source; what was not read is named, and none of its checks runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo

from pgwright import pipeline
from pgwright.checks import load_checks
from pgwright.errors import BrokenCheck, QueryFailed
from pgwright.model.advice import Advice
from pgwright.model.endpoints import ProbedApp
from pgwright.model.finding import Check, Diagnosis
from pgwright.model.migration import PendingMigrations
from pgwright.model.policy import Policy
from pgwright.pipeline.sources import SOURCES
from pgwright.probe import ProbeRequest
from pgwright.snapshot import read_snapshot, save_snapshot
from tests.probe.conftest import ROOT
from tests.probe.shop_app import SCHEMA
from tests.support.builders import make_snapshot
from tests.support.database import Database
from tests.support.unread import PARTS

SERVED_KEY = """
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE, note text);
CREATE INDEX ON orders (user_id);
INSERT INTO users SELECT generate_series(1, 100);
INSERT INTO orders SELECT n, 1 + n % 100, 'x' FROM generate_series(1, 3000) n;
ANALYZE
"""


@dataclass(frozen=True)
class Stray:
    """What nothing reads."""


def _names(value: type) -> set[str]:
    return {check.name for check in load_checks() if check.reads is value}


def _of_check() -> tuple[Check[Any], ...]:
    """Return the checks that `check` asks; revisions are judged by `lint`."""
    return tuple(check for check in load_checks() if check.reads is not PendingMigrations)


def _blind(diagnosis: Diagnosis) -> set[str]:
    return {name for entry in diagnosis.not_examined for name in entry.checks}


def test_every_check_reads_a_source_and_every_source_has_checks() -> None:
    assert {check.reads for check in load_checks()} == {*(source.value for source in SOURCES), PendingMigrations}


@pytest.mark.parametrize("reader", PARTS)
def test_where_a_reader_fails_no_check_that_needs_it_runs(
    database: Database, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise QueryFailed(reader, "canceling statement due to statement timeout")

    database.execute(SERVED_KEY)
    monkeypatch.setattr(f"pgwright.snapshot.reader.read_{reader}", fail)
    diagnosis = pipeline.check(database.dsn, with_advice=False)
    needing = {check.name for check in _of_check() if set(check.needs) & set(PARTS[reader])}
    assert needing or reader in ("extended_statistics", "schema")
    assert not needing & set(diagnosis.checks_run)
    assert not needing & {finding.check for finding in diagnosis.findings}
    assert needing <= _blind(diagnosis)
    told = [entry for entry in diagnosis.not_examined if set(entry.checks) & needing]
    assert all("statement timeout" in entry.reason for entry in told)
    assert {*diagnosis.checks_run, *_blind(diagnosis)} == {check.name for check in _of_check()}


def test_a_key_that_has_an_index_is_no_finding_when_the_indexes_cannot_be_read(database: Database) -> None:
    role = f"{database.name}_reader"
    database.execute(SERVED_KEY)
    database.execute(f"CREATE ROLE {role} LOGIN; GRANT pg_monitor, pg_read_all_data TO {role}")
    database.execute("REVOKE EXECUTE ON FUNCTION pg_get_indexdef(oid) FROM PUBLIC")
    try:
        diagnosis = pipeline.check(make_conninfo(database.dsn, user=role))
        assert "unindexed-foreign-key" not in {finding.check for finding in diagnosis.findings}
        (told,) = [entry for entry in diagnosis.not_examined if "unindexed-foreign-key" in entry.checks]
        assert "could not read index keys" in told.reason
        assert "missing-index" in _blind(diagnosis), "the advisor would advise what is there"
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_source_that_nobody_asked_for_is_named_with_its_checks(database: Database) -> None:
    diagnosis = pipeline.check(database.dsn, with_advice=False)
    entries = {entry.what: entry for entry in diagnosis.not_examined}
    assert entries["missing-index, no-index-helps"].reason == "the index advisor was left out on request"
    probed = entries["n-plus-one, repeated-statement, unused-eager-load"]
    assert (probed.reason, probed.remedy) == ("the app's endpoints were not called", "pgwright probe MODULE:APP")
    assert not (_names(Advice) | _names(ProbedApp)) & set(diagnosis.checks_run)
    queries = next(score for score in diagnosis.scorecard if score.subject == "queries")
    assert any(lost.reason.startswith("n-plus-one, repeated-statement, ") for lost in queries.lost)


def test_an_app_can_be_asked_with_its_database(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.execute(SCHEMA)
    monkeypatch.setenv("DATABASE_URL", database.url("psycopg"))
    app = ProbeRequest("tests.probe.shop_app:create_sync", ROOT, is_factory=True, only=("/orders",))
    key = "n-plus-one:GET /orders: Order.items"
    diagnosis = pipeline.check(database.dsn, with_advice=False, app=app)
    assert key in {finding.key for finding in diagnosis.findings}
    assert _names(ProbedApp) <= set(diagnosis.checks_run)
    queries = next(score for score in diagnosis.scorecard if score.subject == "queries")
    assert any("n-plus-one: GET /orders" in lost.reason for lost in queries.lost)
    allowing = pipeline.check(database.dsn, with_advice=False, app=app, policy=Policy(allow=(key,)))
    assert allowing.allowed == (key,)


def test_a_source_that_fails_stops_no_other_one(database: Database) -> None:
    diagnosis = pipeline.check(database.dsn, with_advice=False, app=ProbeRequest("no_such_app:app"))
    (told,) = [entry for entry in diagnosis.not_examined if "n-plus-one" in entry.checks]
    assert told.reason.startswith("the probe of the app failed: cannot probe 'no_such_app:app'")
    assert "public-schema-create" in diagnosis.checks_run


def test_a_check_that_reads_what_no_source_gives_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stray = Check("acme.keys.stray", reads=Stray, severity="low", confidence="likely", find=lambda value: iter(()))
    monkeypatch.setattr(sys.modules["pgwright.pipeline.check"], "load_checks", lambda: (stray,))
    with pytest.raises(BrokenCheck, match="reads Stray, which no source gives; known: Snapshot, Advice, ProbedApp"):
        pipeline.check(make_snapshot())


def test_a_snapshot_a_file_and_a_dsn_are_the_same_to_every_verb(database: Database, tmp_path: Path) -> None:
    database.execute("CREATE TABLE login (who int)")
    taken = read_snapshot(database.dsn)
    save_snapshot(taken, tmp_path / "shop.json")
    sources = (database.dsn, str(tmp_path / "shop.json"), tmp_path / "shop.json", taken)
    keys = [[one.key for one in pipeline.check(source, with_advice=False).findings] for source in sources]
    assert "missing-primary-key:login" in keys[0]
    assert all(found == keys[0] for found in keys)
    assert pipeline.fix(taken, ()).remedies == ()
