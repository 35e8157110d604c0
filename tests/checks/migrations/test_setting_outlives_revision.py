"""The rule `setting-outlives-revision`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import Rules

CHECK = "setting-outlives-revision"


def test_fires_for_search_path(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.execute("SET search_path = public")')
    assert (found.object, found.severity) == ("search_path in r1", "medium")
    assert "SET LOCAL search_path" in found.code


def test_fires_for_a_timeout_that_is_switched_off(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("SET statement_timeout = 0")') == ["statement_timeout"]


@pytest.mark.parametrize(
    "body",
    [
        'op.execute("SET LOCAL search_path = public")',
        "op.execute(\"SET lock_timeout = '2s'\")",
        'op.execute("SET search_path = public")\nop.execute("RESET search_path")',
        'op.execute("SET session_replication_role = origin")\nop.execute("SET session_replication_role = DEFAULT")',
    ],
)
def test_quiet_for_what_ends_or_protects(rules: Rules, body: str) -> None:
    assert rules.objects(CHECK, body) == []
