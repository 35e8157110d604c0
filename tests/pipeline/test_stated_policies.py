"""Policies are imported in a process of their own, and nothing of what happens there reaches ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.model.policy import StatedColumn
from pgwright.pipeline import stated_policies
from pgwright.pipeline.stated_policies import read_stated_policies

MODULE = """
from datetime import timedelta
from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table
from pgwright_runtime.retention import Expired, KeepLast, OlderThan, Retention, SoftDeleted

print("the app says hello")
M = MetaData()
TOKEN = Table("token", M, Column("id", BigInteger, primary_key=True), Column("expires_at", DateTime(True)),
              schema="auth")
NOTE = Table("note", M, Column("id", BigInteger, primary_key=True), Column("deleted_at", DateTime(True)),
             info={"soft_delete": True})
RUN = Table("run", M, Column("id", BigInteger, primary_key=True), Column("job_id", Integer),
            Column("made_at", DateTime(True)))
RETENTION = Retention([
    Expired(TOKEN.c.expires_at, grace=timedelta(hours=1)),
    SoftDeleted(M),
    KeepLast(RUN.c.job_id, newest=RUN.c.made_at, rows=10),
    OlderThan(RUN.c.made_at, age=timedelta(days=3), where=RUN.c.job_id == 1),
])
"""


def test_each_column_is_told_with_its_days(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kept.py").write_text(MODULE)
    stated = read_stated_policies("kept:RETENTION", tmp_path)
    assert stated.unread == ""
    assert stated.columns == (
        StatedColumn("auth", "token", "expires_at", 1),
        StatedColumn(None, "note", "deleted_at", 90),
    )
    assert [name for name, _ in stated.others] == ["run (made_at)", "run (made_at)"]
    assert "hello" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nothing_like_it", "No module named 'nothing_like_it'"),
        ("raise SystemExit(3)", "SystemExit"),
        ("import os; os._exit(4)", "ended with code 4"),
        ("RETENTION = 7", "is of type int"),
        ("OTHER = 1", "has no attribute 'RETENTION'"),
    ],
)
def test_what_cannot_be_imported_is_told(tmp_path: Path, source: str, reason: str) -> None:
    (tmp_path / "kept.py").write_text(source)
    assert reason in read_stated_policies("kept:RETENTION", tmp_path).unread


def test_an_import_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stated_policies, "SECONDS", 2)
    (tmp_path / "kept.py").write_text("import time; time.sleep(600)")
    assert "took longer than 2 s" in read_stated_policies("kept:RETENTION", tmp_path).unread
