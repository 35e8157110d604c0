"""Edits of concrete syntax trees, which keep every byte outside of them; LibCST's, opened for files that change."""
