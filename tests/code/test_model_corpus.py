"""The corpus itself: every file is what it says, before anything is patched."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer
from tests.support.model_files import Entry, entries, judge, prepare
from tests.support.model_overriding import override_models

_FEWEST_CHANGES = 3


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_models_agree_with_their_database_and_bear_a_fix(entry: Entry, server: EmbeddedServer, tmp_path: Path) -> None:
    with prepare(entry, server, tmp_path) as prepared:
        assert not prepared.noise
        assert len(prepared.changes) >= _FEWEST_CHANGES


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_models_can_be_brought_to_agree_with_a_fix(entry: Entry, server: EmbeddedServer) -> None:
    judged = judge(entry, server, patch=override_models)
    known = [problem for problem in judged.problems if "by hand" in problem or ".py: " in problem]
    assert [problem for problem in judged.problems if problem not in known] == []
    assert (judged.imports, judged.equal, judged.alembic_clean, judged.idempotent) == (True, True, True, True)
