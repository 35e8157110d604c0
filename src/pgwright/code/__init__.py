"""The app's Python source: find where its tables are declared, by syntax alone, and edit what a fix changes."""

from __future__ import annotations

from pgwright.code.patch import patch_models

__all__ = ["patch_models"]
