from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from pgwright.code import patch_models, write_edits
from pgwright.errors import ConfigError
from pgwright.model.change import CreateIndex
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName

MODELS = (
    "from sqlalchemy import Column, Integer, MetaData, Table\r\n\r\n"
    "NOTE = Table('note', MetaData(), Column('a', Integer))\r\n"
)
CHANGE = CreateIndex(IndexDefinition("ix_note_a", QualifiedName("public", "note"), (IndexKey("a"),)))


def test_mode_mark_and_line_ends_stay(tmp_path: Path) -> None:
    path = tmp_path / "models.py"
    path.write_bytes(codecs.BOM_UTF8 + MODELS.encode())
    path.chmod(0o640)
    write_edits(patch_models(tmp_path, [CHANGE]).edits)
    content = path.read_bytes()
    assert content.startswith(codecs.BOM_UTF8)
    assert b"Index('ix_note_a'" in content or b'Index("ix_note_a"' in content
    assert content.count(b"\n") == content.count(b"\r\n")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "models.py"
    path.write_bytes(MODELS.encode())
    edits = patch_models(tmp_path, [CHANGE]).edits
    path.write_bytes(MODELS.encode() + b"# mine\r\n")
    with pytest.raises(ConfigError, match="changed while the fix was made"):
        write_edits(edits)
    assert path.read_bytes().endswith(b"# mine\r\n")
