"""The corpus itself: every file is what it says, before anything is patched."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer
from tests.support.model_files import Entry, entries, prepare


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_models_are_clean_and_bear_changes(entry: Entry, server: EmbeddedServer, tmp_path: Path) -> None:
    with prepare(entry, server, tmp_path) as prepared:
        assert not prepared.noise
        assert len(prepared.changes) >= 3
        refused = [f"{one.what}: {one.reason}" for one in prepared.fix.refused]
        print(*(remedy.title for remedy in prepared.fix.remedies), *refused, sep="\n")
