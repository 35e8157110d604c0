"""Columns whose type changes: those that foreign keys tie change together, or none of them does."""

from __future__ import annotations

from pathlib import Path

from pgwright.code import patch_models
from pgwright.model.change import ColumnConversion, ConvertColumns, DetachedKey
from pgwright.model.names import QualifiedName

MODELS = """\
from sqlalchemy import Column, ForeignKey, Integer, String
from sqlalchemy.orm import declarative_base

from .types import Key

Base = declarative_base()


class Owner(Base):
    __tablename__ = "owner"
    id = Column(Key, primary_key=True)


class Note(Base):
    __tablename__ = "note"
    id = Column(Integer, primary_key=True)
    owner_id = Column(String(36), ForeignKey("owner.id"))


class Letter(Base):
    __tablename__ = "letter"
    id = Column(None, ForeignKey("note.id"), primary_key=True)
"""


def conversion(table: str, column: str, to_type: str) -> ColumnConversion:
    return ColumnConversion(QualifiedName("public", table), column, "text", to_type)


def key(table: str, column: str, referred: str) -> DetachedKey:
    definition = f"FOREIGN KEY ({column}) REFERENCES {referred}(id)"
    return DetachedKey(f"{table}_{column}_fkey", QualifiedName("public", table), definition)


def test_only_what_a_foreign_key_ties_to_an_unknown_type_is_left_to_a_person(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS)
    columns = (
        conversion("owner", "id", "uuid"),
        conversion("note", "owner_id", "uuid"),
        conversion("note", "id", "bigint"),
        conversion("letter", "id", "bigint"),
    )
    keys = key("note", "owner_id", "owner"), key("letter", "id", "note")
    made = patch_models(tmp_path, [ConvertColumns(columns, keys)])
    assert [(one.what, one.reason) for one in made.by_hand] == [
        ("owner.id becomes uuid", "it has the type Key, which is the app's own"),
        ("note.owner_id becomes uuid", "it changes together with owner.id"),
    ]
    after = made.edits[0].after
    assert "id = Column(BigInteger, primary_key=True)" in after
    assert 'owner_id = Column(String(36), ForeignKey("owner.id"))' in after


def test_a_key_of_no_type_takes_that_of_what_it_refers_to(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS)
    change = ConvertColumns((conversion("letter", "id", "bigint"),), ())
    made = patch_models(tmp_path, [change])
    assert not made.edits
    assert not made.by_hand
