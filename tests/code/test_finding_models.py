"""Which declaration is a table of the database, and what is said where nobody can tell."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pgwright.code import App, patch_app, patch_models
from pgwright.model.change import ColumnConversion, ConvertColumns, CreateIndex
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName

NOTE = QualifiedName("public", "note")
OWNER = CreateIndex(IndexDefinition("ix_note_owner", NOTE, (IndexKey("owner"),)))
NEWEST = CreateIndex(IndexDefinition("ix_note_newest", NOTE, (IndexKey("owner", is_descending=True),)))
MODELS = """\
from sqlalchemy import Column, Integer
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Note(Base):
    __tablename__ = "note"
    id = Column(Integer, primary_key=True)
    owner = Column(Integer)
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def edited(folder: Path, change: CreateIndex, **options: object) -> list[str]:
    return [str(one.path.relative_to(folder)) for one in patch_models(folder, [change], **options).edits]  # type: ignore[arg-type]


def test_tests_migrations_environments_and_caches_are_not_the_app(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "app/models.py": MODELS,
            "tests/test_note.py": MODELS,
            "app/migrations/versions/one.py": f"revision = '1'\n{MODELS}\ndef upgrade(): ...\n",
            "env/pyvenv.cfg": "",
            "env/lib/note.py": MODELS,
            "node_modules/x/note.py": MODELS,
            ".cache/note.py": MODELS,
        },
    )
    assert edited(tmp_path, OWNER) == ["app/models.py"]


def test_of_two_tables_of_one_name_the_named_models_count(tmp_path: Path) -> None:
    write(tmp_path, {"one/models.py": MODELS, "two/models.py": MODELS, "two/__init__.py": "from two import models"})
    assert edited(tmp_path, OWNER, entries=["two.models"]) == ["two/models.py"]
    (left,) = patch_models(tmp_path, [OWNER]).by_hand
    assert left.reason.startswith("several classes declare note: models.py:7, models.py:7. Name the one with --models")
    assert left.lines == ('Index("ix_note_owner", "owner")',)


def test_what_the_named_models_import_counts_with_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "app/__init__.py": "",
            "app/all.py": "from app.note import Note\nfrom sqlalchemy import Column\n",
            "app/note.py": MODELS,
            "old/note.py": MODELS,
        },
    )
    assert edited(tmp_path, OWNER, entries=["app.all"]) == ["app/note.py"]


def test_a_table_that_no_file_declares_is_told_with_the_lines_to_paste(tmp_path: Path) -> None:
    write(tmp_path, {"models.py": MODELS.replace('"note"', '"other"')})
    patch = patch_models(tmp_path, [NEWEST])
    assert not patch.edits
    (left,) = patch.by_hand
    assert left.reason == "no table note was found in the Python files"
    assert left.lines == ('Index("ix_note_newest", text("owner DESC"))',)


def test_names_that_lead_in_a_circle_end_where_they_began(tmp_path: Path) -> None:
    base = "from {0}.base import Base\nfrom sqlalchemy import Column\n\n\nclass Base(Base):\n    a = Column()\n"
    write(tmp_path, {"one/base.py": base.format("two"), "two/base.py": base.format("one"), "models.py": MODELS})
    assert edited(tmp_path, OWNER) == ["models.py"]


def test_a_file_nested_without_end_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"models.py": MODELS, "deep.py": "import sqlalchemy\nx = " + "(" * 5000 + ")" * 5000})
    assert edited(tmp_path, OWNER) == ["models.py"]


def test_the_quotes_of_the_file_are_used(tmp_path: Path) -> None:
    write(tmp_path, {"models.py": MODELS.replace('"', "'")})
    (edit,) = patch_models(tmp_path, [NEWEST]).edits
    assert "Index('ix_note_newest', text('owner DESC'))" in edit.after


def test_files_that_are_no_python_or_no_utf_8_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"models.py": MODELS, "broken.py": "import sqlalchemy\nclass ("})
    (tmp_path / "latin.py").write_bytes(b"# sqlalchemy \xe4\n")
    assert edited(tmp_path, OWNER) == ["models.py"]


@pytest.mark.parametrize("taken", ["text = Column(Integer)", "Index = Column(Integer)"])
def test_a_name_that_the_class_uses_otherwise_is_imported_under_another(tmp_path: Path, taken: str) -> None:
    write(tmp_path, {"models.py": MODELS + f"    {taken}\n"})
    (edit,) = patch_models(tmp_path, [NEWEST]).edits
    name = taken.partition(" ")[0]
    assert f"{name} as sa_{name.lower()}" in edit.after
    assert f"sa_{name.lower()}(" in edit.after


def test_a_key_becomes_a_uuid_object_on_request(tmp_path: Path) -> None:
    models = """\
from uuid import uuid4

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("note.id"))
"""
    write(tmp_path, {"models.py": models})
    columns = tuple(ColumnConversion(NOTE, one, "character varying(36)", "uuid") for one in ("id", "parent_id"))
    change = ConvertColumns(columns, ())
    (edit,) = patch_app(App(tmp_path), [change], as_uuid=True).edits
    assert "from uuid import UUID, uuid4" in edit.after
    assert "id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)" in edit.after
    assert 'parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("note.id"))' in edit.after
    (edit,) = patch_models(tmp_path, [change]).edits
    one_line = " ".join(edit.after.split())
    assert "id: Mapped[str] = mapped_column( Uuid(as_uuid=False), primary_key=True, default=lambda" in one_line
    assert 'parent_id: Mapped[str | None] = mapped_column(ForeignKey("note.id"))' in edit.after


def test_a_default_that_may_give_a_str_is_left_to_a_person(tmp_path: Path) -> None:
    models = MODELS.replace("id = Column(Integer, ", "id = Column(String(36), default=new_id, ")
    write(tmp_path, {"models.py": models})
    change = ConvertColumns((ColumnConversion(NOTE, "id", "text", "uuid"),), ())
    patch = patch_app(App(tmp_path), [change], as_uuid=True)
    assert not patch.edits
    assert patch.by_hand[0].reason == "its default new_id may give a str"


def test_a_class_with_a_function_for_its_own_name_is_that_table(tmp_path: Path) -> None:
    named = MODELS.replace(
        '    __tablename__ = "note"\n',
        '    @declared_attr.directive\n    def __tablename__(cls):\n        return "note"\n\n',
    ).replace("class Note(Base)", "class Paper(Base)")
    write(tmp_path, {"models.py": named})
    assert edited(tmp_path, OWNER) == ["models.py"]


def test_a_class_that_has_all_columns_from_a_library_is_a_table(tmp_path: Path) -> None:
    text = (
        "from notes import NoteTable\nfrom sqlalchemy.orm import DeclarativeBase\n\n\n"
        "class Base(DeclarativeBase):\n    pass\n\n\nclass Note(NoteTable, Base):\n    pass\n\n\n"
        "class Settings(BaseSettings):\n    pass\n"
    )
    write(tmp_path, {"models.py": text})
    after = patch_models(tmp_path, [OWNER]).edits[0].after
    assert 'class Note(NoteTable, Base):\n    __table_args__ = (Index("ix_note_owner", "owner"),)\n' in after


def test_a_file_in_a_newer_syntax_is_named_where_a_table_is_missing(tmp_path: Path) -> None:
    write(tmp_path, {"newer.py": MODELS + "\n\ndef f(:\n"})
    (missing,) = patch_models(tmp_path, [OWNER]).by_hand
    assert "note was found in the Python files; newer.py names it, and is no Python 3." in missing.reason


def test_a_column_that_a_mixin_brings_to_a_child_is_named_by_the_child(tmp_path: Path) -> None:
    text = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)


class Owned:
    owner: Mapped[int | None] = mapped_column(use_existing_column=True)


class Letter(Owned, Note):
    pass
"""
    write(tmp_path, {"models.py": text})
    assert (
        patch_models(tmp_path, [NEWEST])
        .edits[0]
        .after.endswith('class Letter(Owned, Note):\n    pass\n\n\nIndex("ix_note_newest", Letter.owner.desc())\n')
    )


@pytest.mark.parametrize("name", ['x); import os; os.system("id"); (', "a.b", "class", "\u202eowner", "q\"uote's"])
@pytest.mark.parametrize("arguments", ["", "    __table_args__ = made_elsewhere()\n"])
def test_a_name_of_the_database_never_becomes_code(tmp_path: Path, name: str, arguments: str) -> None:
    write(tmp_path, {"models.py": MODELS.replace('"note"\n', f'"note"\n{arguments}')})
    keys = (IndexKey("owner"), IndexKey(name), IndexKey(name, is_descending=True))
    definition = IndexDefinition(f"ix {name}", NOTE, keys, include=(name,), predicate=f'"{name}" IS NULL')
    patch = patch_models(tmp_path, [CreateIndex(definition)])
    if arguments:
        assert not patch.edits
        assert patch.by_hand[0].reason == f"no class of the app declares the column {name}"
        return
    (edit,) = patch.edits
    assert "\u202e" not in edit.after
    calls = [node for node in ast.walk(ast.parse(edit.after)) if isinstance(node, ast.Call)]
    assert {ast.unparse(node.func) for node in calls} == {"declarative_base", "Column", "Index", "text"}
