"""Edited models are imported in a process of their own, and compared with what the fix does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pgwright.code import AppModels, patch_models, verify
from pgwright.model.change import ColumnConversion, ConvertColumns, CreateIndex, DropIndex
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.patch import FileEdit, ModelPatch, Verified

MODELS = """\
from sqlalchemy import Column, Index, String, text
from sqlalchemy.orm import declarative_base

print("an app may print what it likes")
Base = declarative_base()


class Note(Base):
    __tablename__ = "note"
    __table_args__ = (Index("ix_note_title", "title"),)

    id = Column(String(36), primary_key=True)
    title = Column(String(80))
"""
NOTE = QualifiedName("public", "note")
LOWER = CreateIndex(
    IndexDefinition("ix_note_lower", NOTE, (IndexKey(None, "lower((title)::text)"),), predicate="title <> ':x'")
)
TITLE = DropIndex(
    QualifiedName("public", "ix_note_title"),
    NOTE,
    "CREATE INDEX ix_note_title ON public.note USING btree (title)",
    8192,
)
UUID = ConvertColumns((ColumnConversion(NOTE, "id", "character varying(36)", "uuid"),), ())
CHANGES = (LOWER, TITLE, UUID)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    path = tmp_path / "verified_models.py"
    path.write_text(MODELS)
    return path


def verified(models: Path, patch: ModelPatch) -> Verified:
    entry = AppModels(models.parent, models.stem, ("Base.metadata",), imports_from=(str(models.parent),))
    return verify(patch, CHANGES, entry)


def patched(models: Path, old: str, new: str) -> ModelPatch:
    """Return the right edits, but for one thing."""
    (edit,) = patch_models(models.parent, CHANGES).edits
    assert old in edit.after
    return ModelPatch((replace(edit, after=edit.after.replace(old, new)),), ())


def test_right_edits_leave_no_problem_and_no_file_changed(models: Path) -> None:
    found = verified(models, patch_models(models.parent, CHANGES))
    assert found == Verified(is_imported=True, is_compared=True)
    assert models.read_text() == MODELS
    assert [path.name for path in models.parent.iterdir()] == [models.name]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"ix_note_lower"', '"ix_note_other"', "the models have no index ix_note_lower"),
        ("title <> ", "title = ", "the models have another index ix_note_lower"),
        ("lower(", "upper(", "the models have another index ix_note_lower"),
        ("Column(Uuid(as_uuid=False)", "Column(String(36)", "the models give note.id the type VARCHAR(36)"),
        ("Column(String(80))", "Column(String(80), index=True)", "the models still have ix_note_title"),
        ('"note"', '"notes"', "the models have no table note"),
    ],
)
def test_what_the_models_say_otherwise_is_told(models: Path, old: str, new: str, problem: str) -> None:
    found = verified(models, patched(models, old, new))
    assert found.is_compared
    assert any(one.startswith(problem) for one in found.problems)


def test_edits_that_break_the_import_are_told_from_an_app_that_is_not_installed(models: Path) -> None:
    broken = verified(models, ModelPatch((FileEdit(models, MODELS, "import no_such_module"),), ()))
    assert broken.is_broken
    assert "No module named 'no_such_module'" in broken.reason
    models.write_text("import no_such_module\n" + MODELS)
    elsewhere = verified(models, ModelPatch((FileEdit(models, "", MODELS + "import no_such_module\n"),), ()))
    assert not elsewhere.is_broken
    assert "Run pgwright where the app is installed" in elsewhere.reason


def test_an_app_that_ends_the_process_is_an_app_that_cannot_be_imported(models: Path) -> None:
    models.write_text("import os; os._exit(7)")
    assert "ended with code 7" in verified(models, ModelPatch((), ())).reason
