"""Rows that are marked as deleted: hidden from every statement, deleted and restored with what hangs on them."""

from pgwright_runtime.soft_delete.mixin import SoftDelete, soft_deletable

__all__ = ["SoftDelete", "soft_deletable"]
