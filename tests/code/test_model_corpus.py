"""The corpus itself, before the patcher has to do with it: every entry is sound, and can be won."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer
from tests.support.model_files import Entry, entries, judge_prepared, prepare
from tests.support.model_overriding import override_models

_FEWEST_CHANGES = 3


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_models_bear_a_fix_and_can_be_brought_to_agree_with_it(
    entry: Entry, server: EmbeddedServer, tmp_path: Path
) -> None:
    with prepare(entry, server, tmp_path) as prepared:
        assert not prepared.noise
        assert len(prepared.changes) >= _FEWEST_CHANGES
        judged = judge_prepared(prepared, server, patch=override_models)
    # That one writes to the end of a file, and tells nobody what to do by hand.
    assert [one for one in judged.problems if ".py: " not in one and "by hand" not in one] == []
    assert (judged.imports, judged.equal, judged.alembic_clean, judged.idempotent) == (True, True, True, True)
