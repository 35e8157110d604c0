"""The shape that other programs rely on: keys may be added, none may go."""

from __future__ import annotations

import json
from dataclasses import replace

from pgwright.report import render
from tests.support import samples


def test_proof_has_what_dashboards_read() -> None:
    document = json.loads(render(samples.PROOF, "json"))
    first = document["operations"][0]
    wanted = {"name", "before_ms", "after_ms", "ratio", "queries_before", "queries_after", "results_equal", "verdict"}
    assert wanted <= first.keys()
    assert first["before_ms"] == 312.0
    assert document["kind"] == "proof"
    assert document["is_proved"] is True
    assert document["row_counts"]["messages"] == 600_000
    assert {"server_version", "pgwright_version", "revision"} <= document.keys()


def test_diagnosis_counts_by_severity_and_tells_what_can_be_fixed() -> None:
    document = json.loads(render(samples.DIAGNOSIS, "json"))
    assert document["summary"] == {"high": 1, "medium": 1, "low": 12, "info": 1}
    assert [finding["is_fixable"] for finding in document["findings"][:2]] == [True, False]
    assert document["findings"][0]["key"] == "missing-index:messages (conversation_id, created_at DESC)"
    assert [one["key"] for one in document["findings"][0]["symptoms"]] == [
        f"unindexed-foreign-key:messages ({samples.HOSTILE})"
    ]
    assert document["do_first"] == [finding["key"] for finding in document["findings"][:2]]


def test_advice_holds_the_statement_to_run() -> None:
    document = json.loads(render(samples.ADVICE, "json"))
    assert document["indexes"][0]["sql"] == samples.INDEX.sql(concurrently=True)
    assert document["indexes"][0]["replaces"] == ["public.ix_messages_conversation_id"]


def test_plan_names_the_kind_of_each_remedy() -> None:
    document = json.loads(render(samples.FIX, "json"))
    assert [remedy["kind"] for remedy in document["remedies"]] == ["CreateIndex", "CreateIndex"]
    assert document["remedies"][0]["upgrade"][0]["lock"] == "SHARE UPDATE EXCLUSIVE"


def test_infinite_ratio_is_null() -> None:
    instant = replace(samples.FASTER, after=samples.timing(0.0))
    document = json.loads(render(replace(samples.PROOF, operations=(instant,)), "json"))
    assert document["operations"][0]["ratio"] is None
