"""Models of every form, patched for a fix with changes of every kind: they agree with the migrated database."""

from __future__ import annotations

import pytest

from pgwright.embedded import EmbeddedServer
from tests.support.model_files import Entry, entries, judge


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_patched_models_agree_with_the_migrated_database(entry: Entry, server: EmbeddedServer) -> None:
    assert "\n".join(judge(entry, server).problems) == ""
