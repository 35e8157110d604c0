"""Rows that are marked as deleted: hidden from every statement, deleted and restored with what hangs on them."""

from pgwright_runtime.soft_delete import bulk  # for what it registers with SQLAlchemy
from pgwright_runtime.soft_delete.errors import DeletionRefused, KeyTaken, NotDeleted, ParentDeleted, RestoreRefused, SoftDeleteError
from pgwright_runtime.soft_delete.mixin import SoftDelete, soft_deletable
from pgwright_runtime.soft_delete.unit_of_work import delete_for_good

__all__ = ["SoftDelete", "soft_deletable", "delete_for_good", "bulk"]
