"""The rule `several-heads`."""

from __future__ import annotations

from dataclasses import replace

from tests.checks.migrations.conftest import Rules, of

CHECK = "several-heads"


def test_fires_for_two(rules: Rules) -> None:
    pending = replace(rules.pending('op.execute("ANALYZE note")'), heads=("r1", "r2"))
    (found,) = of(CHECK, pending)
    assert (found.object, found.severity) == ("heads r1, r2", "high")


def test_quiet_for_one_and_for_labelled_branches(rules: Rules) -> None:
    pending = rules.pending('op.execute("ANALYZE note")')
    assert of(CHECK, pending) == []
    labelled = tuple(replace(one, source=f'{one.source}\nbranch_labels = ("a",)\n') for one in pending.revisions)
    assert of(CHECK, replace(pending, heads=("r1", "r2"), revisions=labelled)) == []
