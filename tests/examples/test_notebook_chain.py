"""The chain on the notebook app: what the twin plans, what is found, and what `fix` writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from notebook.data import load
from notebook.replay import replay
from notebook.schema import upgrade
from pgwright import pipeline
from pgwright.embedded import EmbeddedServer
from pgwright.model.change import ConvertColumns, CreateIndex
from pgwright.model.finding import Diagnosis
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import FixChoice
from pgwright.snapshot import read_snapshot
from pgwright.twin.plans import read_plan
from pgwright.twin.priced import read_workload
from pgwright.twin.twin import open_twin

NAME = "notebook_chain"
VERSIONS = Path("examples/notebook/migrations/versions")
INDEXES, KEYS = VERSIONS / "0002_index_what_the_app_asks_for.py", VERSIONS / "0003_keep_keys_as_uuid.py"

# System A's nine named indexes, and for each the columns that one of ours has to begin with. Equality columns may stand
# in either order: the more distinct one first.
NAMED = {
    "idx_users_email": ("users", {"email"}),
    "idx_notebooks_owner_created": ("notebooks", {"owner_id", "created_at"}),
    "idx_jobs_status_created": ("jobs", {"created_at"}),
    "idx_chunks_source_index": ("chunks", {"source_id", "position"}),
    "idx_conversations_user_notebook": ("conversations", {"user_id", "notebook_id"}),
    "idx_messages_conversation_created": ("messages", {"conversation_id", "created_at"}),
    "idx_documents_hash": ("documents", {"content_hash"}),
    "idx_documents_user_created": ("documents", {"user_id", "created_at"}),
    "idx_sources_notebook": ("sources", {"notebook_id"}),
}

pytestmark = pytest.mark.xdist_group("notebook_chain")


@pytest.fixture(scope="module")
def dsn(server: EmbeddedServer) -> Iterator[str]:
    server.create_database(NAME, template="template1")
    upgrade(server.dsn(NAME), "0001")
    load(server.dsn(NAME))
    replay(server.dsn(NAME))
    yield server.dsn(NAME)
    server.drop_database(NAME)


@pytest.fixture(scope="module")
def snapshot(dsn: str) -> Snapshot:
    return read_snapshot(dsn)


@pytest.fixture(scope="module")
def diagnosis(snapshot: Snapshot) -> Diagnosis:
    return pipeline.check(snapshot)


def test_every_statement_is_planned_on_the_twin_as_on_the_source(
    dsn: str, snapshot: Snapshot, twin_server: EmbeddedServer
) -> None:
    """Bar: the same plan, the cost within 1 %; with values and without."""
    with open_twin(snapshot, twin_server) as twin, psycopg.connect(dsn, autocommit=True) as source:
        workload = read_workload(snapshot, twin)
        assert workload.unplanned == ()
        assert len(workload.statements) >= 25
        for number, one in enumerate(workload.statements):
            source.execute(f"PREPARE q{number} AS {one.statement.text}".encode())
            row = source.execute(
                "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = %s", (f"q{number}",)
            ).fetchone()
            count = row[0] if row else 0
            custom = [("force_custom_plan", case.values) for case in one.cases]
            for mode, values in (*custom, ("force_generic_plan", None)):
                if values is None and mode == "force_custom_plan":
                    continue  # nothing is known of its parameters
                source.execute(f"SET plan_cache_mode = {mode}".encode())
                given = [*(values or [])][:count] + [None] * (count - len(values or []))
                literals = ", ".join("NULL" if v is None else "'" + v.replace("'", "''") + "'" for v in given)
                call = f"EXECUTE q{number}" + (f"({literals})" if count else "")
                expected = source.execute(f"EXPLAIN (FORMAT JSON) {call}".encode()).fetchone()
                assert expected is not None
                real = read_plan(expected[0])
                planned = twin.explain(one.statement.text, None if values is None else given)
                assert planned.shape == real.shape, one.statement.text
                assert planned.total_cost == pytest.approx(real.total_cost, rel=0.01), one.statement.text


@pytest.mark.parametrize("named", NAMED)
def test_each_index_that_the_team_named_comes_out(diagnosis: Diagnosis, named: str) -> None:
    table, columns = NAMED[named]
    created = [
        change.definition
        for finding in diagnosis.findings
        for change in finding.changes
        if isinstance(change, CreateIndex) and change.definition.table.name == table
    ]
    fitting = [one for one in created if columns == set(one.columns[: len(columns)])]
    assert fitting, [one.sql() for one in created]
    if named == "idx_jobs_status_created":
        assert any(one.predicate == "status = 'pending'" for one in fitting)


def test_every_text_key_is_found_and_converted_with_its_references(diagnosis: Diagnosis) -> None:
    conversions = [
        change for finding in diagnosis.findings for change in finding.changes if isinstance(change, ConvertColumns)
    ]
    columns = {(one.table.name, one.column) for change in conversions for one in change.columns}
    # The two that hold 32 digits, which an MD5 has as well, are for a person: jobs.id and what refers to it.
    assert len(columns) == 25
    assert not columns & {("jobs", "id"), ("generation_history", "job_id")}


def test_the_committed_revisions_are_what_fix_writes(snapshot: Snapshot, diagnosis: Diagnosis) -> None:
    """The same indexes, and the same conversions on request; their figures are of the day then."""
    wanted = FixChoice(only=("missing-index", "unindexed-foreign-key"), top=None)
    for path, choice in ((INDEXES, wanted), (KEYS, FixChoice(top=None, breaking=True))):
        made = pipeline.fix(snapshot, diagnosis.findings, choice=choice, with_possible=bool(choice.only))
        committed = " ".join(path.read_text().split())
        assert [remedy.is_safe for remedy in made.remedies] == [path is INDEXES] * len(made.remedies)
        assert made.refused == ()
        for remedy in made.remedies:
            for step in remedy.upgrade:
                if step.sql.startswith(("CREATE INDEX", "ALTER TABLE")):
                    for action in step.sql.removeprefix("ALTER TABLE ").split(",\n    "):
                        assert " ".join(action.split()).partition(" ")[2] in committed, step.sql


@pytest.mark.parametrize("named", NAMED)
def test_each_index_that_the_team_named_is_in_the_revision(named: str) -> None:
    table, columns = NAMED[named]
    lists = re.findall(rf"ON public\.{table} \(([^)]*)\)", INDEXES.read_text().replace('"', ""))
    assert any(set(one.split(", ")[: len(columns)]) == columns for one in lists), lists
