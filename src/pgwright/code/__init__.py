"""The app's Python source: find where its tables are declared, by syntax alone, and edit what a fix changes."""

from __future__ import annotations

from pgwright.code.app import App
from pgwright.code.entry import AppModels, entry_of, named_entry
from pgwright.code.naming import conventional
from pgwright.code.patch import patch_app, patch_models, spelled
from pgwright.code.verify import verify
from pgwright.code.writing import require_unchanged, write_edits

__all__ = [
    "App",
    "AppModels",
    "conventional",
    "entry_of",
    "named_entry",
    "patch_app",
    "patch_models",
    "require_unchanged",
    "spelled",
    "verify",
    "write_edits",
]
