"""The rule `concurrent-build-corrupts-index`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.checks.migrations.conftest import Rules, of

CHECK = "concurrent-build-corrupts-index"


@pytest.mark.parametrize(
    ("version", "is_found"), [(140_000, True), (140_003, True), (140_004, False), (130_009, False)]
)
def test_fires_for_the_versions_that_do(rules: Rules, version: int, is_found: bool) -> None:
    body = """
with op.get_context().autocommit_block():
    op.create_index("ix", "note", ["title"], postgresql_concurrently=True)
"""
    pending = rules.pending(body)
    assert pending.snapshot is not None
    server = replace(pending.snapshot.server, version_number=version)
    found = of(CHECK, replace(pending, snapshot=replace(pending.snapshot, server=server)))
    assert bool(found) == is_found
