"""The notebook app: as it was, each list is named; as it is, the probe is clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.pipeline import probe_app
from pgwright.probe import ProbeRequest
from tests.support.database import Database

pytest_plugins = ["tests.support.notebook_databases"]

ROOT = Path(__file__).parents[2]


def test_before_every_list_with_a_relationship_is_named(before: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", before.url())
    result = probe_app(ProbeRequest("tests.probe.notebook_before:app", ROOT))
    assert not [one for one in result.not_examined if one.what.startswith("GET ")]
    named = {finding.object for finding in result.findings if finding.check == "n-plus-one"}
    assert named >= {
        "GET /notebooks: Notebook.sources",
        "GET /notebooks: Notebook.conversations",
        "GET /notebooks/{notebook_id}: Source.chunks",
        "GET /notebooks/{notebook_id}/sources: Source.chunks",
        "GET /notebooks/{notebook_id}/conversations: Conversation.messages",
        "GET /jobs/pending: Job.document",
    }
    advice = {finding.object: finding.advice for finding in result.findings}
    assert advice["GET /notebooks: Notebook.sources"] == "Add selectinload(Notebook.sources) to the query of Notebook."


def test_after_all_endpoints_are_examined_and_clean(after: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", after.url())
    monkeypatch.setenv("DATABASE_POOL_SIZE", "2")
    result = probe_app(ProbeRequest("notebook.app:app"))
    assert not [one for one in result.not_examined if one.what.startswith("GET ")]
    assert len(result.endpoints) == 9
    assert max(call.queries for one in result.endpoints for call in one.calls) <= 2
    assert result.findings == ()
