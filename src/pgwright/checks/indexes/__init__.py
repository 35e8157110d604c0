"""Checks of indexes that lack, and indexes that only cost."""
