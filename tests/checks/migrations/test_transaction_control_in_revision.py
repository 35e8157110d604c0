"""The rule `transaction-control-in-revision`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import Rules

CHECK = "transaction-control-in-revision"


@pytest.mark.parametrize("word", ["COMMIT", "BEGIN"])
def test_fires_for_words_that_alembic_does_not_know_of(rules: Rules, word: str) -> None:
    assert rules.objects(CHECK, f'op.execute("{word}")') == [word]


def test_quiet_for_a_savepoint(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("SAVEPOINT s")\nop.execute("RELEASE s")') == []
