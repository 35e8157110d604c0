"""Rows that are marked as deleted: hidden from every statement, deleted and restored with what hangs on them."""

from pgwright_runtime.soft_delete.mixin import SoftDelete, soft_deletable
from pgwright_runtime.soft_delete.shown import show_deleted
from pgwright_runtime.soft_delete.visibility import hide_deleted

__all__ = ["SoftDelete", "hide_deleted", "show_deleted", "soft_deletable"]
