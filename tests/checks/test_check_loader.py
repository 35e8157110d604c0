"""The loader walks the folder; the run sorts, and separates what the team allows."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from pgwright.checks import load_checks, run_checks, set_apart
from pgwright.model.finding import SEVERITIES, Finding, Subject
from pgwright.model.policy import Policy
from pgwright.model.snapshot import Snapshot
from tests.support.builders import make_foreign_key, make_server, make_snapshot, make_statement, make_table


def _faulty() -> Snapshot:
    return make_snapshot(
        make_table("users", "id bigint", rows=200_000, primary_key=("id",)),
        make_table("login", "user_id bigint", rows=200_000),
        make_foreign_key("login", "user_id", "users"),
        make_statement("SELECT * FROM login WHERE user_id = $1"),
    )


def test_every_subject_has_checks() -> None:
    assert {check.subject for check in load_checks()} == set(get_args(Subject))


def test_findings_come_worst_first() -> None:
    findings, _ = set_apart(run_checks(_faulty()).findings, Policy())
    ranks = [SEVERITIES.index(finding.severity) for finding in findings]
    assert ranks == sorted(ranks)
    assert {"missing-primary-key", "unindexed-foreign-key"} <= {finding.check for finding in findings[:2]}


def test_the_checks_that_looked_are_named_and_only_those_that_read_a_snapshot() -> None:
    run = run_checks(_faulty())
    blind = {name for entry in run.not_examined for name in entry.checks}
    assert {"pool-over-budget", "cache-hit-low"} <= blind
    assert {*run.names, *blind} == {check.name for check in load_checks() if check.reads is Snapshot}
    assert not blind & set(run.names)


def test_a_check_that_could_not_look_says_so() -> None:
    silent = replace(_faulty(), statements=())
    what = {entry.what for entry in run_checks(silent).not_examined}
    assert {"n-plus-one-suspect", "deep-offset", "superuser-application"} <= what


def test_an_allowed_check_is_set_apart() -> None:
    findings, allowed = _settled("missing-primary-key")
    assert [finding.key for finding in allowed] == ["missing-primary-key:login"]
    assert "missing-primary-key" not in {finding.check for finding in findings}


def test_an_allowed_object_leaves_the_others() -> None:
    findings, allowed = _settled("unindexed-foreign-key:login (user_id)", "missing-primary-key:users")
    assert [finding.key for finding in allowed] == ["unindexed-foreign-key:login (user_id)"]
    assert "missing-primary-key:login" in {finding.key for finding in findings}


def _settled(*allow: str) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    return set_apart(run_checks(_faulty()).findings, Policy(allow=allow))


def test_only_the_checks_that_were_asked_for_run() -> None:
    checks = [check for check in load_checks() if check.subject == "security"]
    run = run_checks(make_snapshot(server=make_server(public_may_create=True)), checks)
    assert run.names == ("policy-per-row", "public-schema-create")
    assert [finding.check for finding in run.findings] == ["public-schema-create"]
