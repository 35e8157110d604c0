"""No command lets a name steer a terminal or turn a line: on any stream, in any format, in any file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.database import Database
from tests.support.hostile_outputs import fill, hidden_in, outputs


def test_nothing_hidden_in_all_that_the_commands_say(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGWRIGHT_CACHE", "on")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "files").mkdir()
    fill(database.dsn)
    said = list(outputs(database.dsn, tmp_path / "files"))
    assert [(label, hidden_in(text)) for label, text in said if hidden_in(text)] == []
    assert not any("internal error" in text or "failed on the copy" in text for _, text in said)
    spelled = [label for label, text in said if "u202e" in text or "\\202e" in text]
    assert len(spelled) > 30, "the names are there, spelled out"
    revisions = [text for label, text in said if label.endswith(".py") and "def upgrade" in text]
    assert revisions
    for text in revisions:
        compile(text, "revision.py", "exec")
