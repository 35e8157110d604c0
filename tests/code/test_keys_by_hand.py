"""What a person is told to write where a key cannot be edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.code import App, patch_app
from pgwright.model.change import ColumnConversion, ConvertColumns
from pgwright.model.names import QualifiedName

MODELS = """
from typing import Annotated
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Key = Annotated[str, mapped_column(primary_key=True)]

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[Key]
"""


@pytest.mark.parametrize("as_uuid", [False, True])
def test_the_line_to_paste_is_of_the_python_type_that_was_asked_for(tmp_path: Path, as_uuid: bool) -> None:
    (tmp_path / "models.py").write_text(MODELS)
    key = ColumnConversion(QualifiedName("public", "users"), "id", "character varying(255)", "uuid")
    patch = patch_app(App(tmp_path), [ConvertColumns((key,), ())], as_uuid=as_uuid)
    told = [line for one in patch.by_hand for line in one.lines]
    written = [edit.after for edit in patch.edits]
    assert told == (["Uuid()"] if as_uuid else []), told
    assert ("Uuid(as_uuid=False)" in "".join(written)) is not as_uuid
