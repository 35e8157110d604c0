"""Rows that are marked as deleted: hidden from every statement, deleted and restored with what hangs on them."""

from pgwright_runtime._alchemy import intercept_bulk_deletes
from pgwright_runtime.soft_delete.bulk import delete_in_bulk
from pgwright_runtime.soft_delete.declared import living_rows_only, living_view, unchecked_references
from pgwright_runtime.soft_delete.errors import (
    DeletionRefused,
    KeyTaken,
    NotDeleted,
    ParentDeleted,
    RestoreRefused,
    SoftDeleteError,
)
from pgwright_runtime.soft_delete.indexes import NEVER_AGAIN, living_index, living_unique
from pgwright_runtime.soft_delete.mixin import SoftDelete, soft_deletable
from pgwright_runtime.soft_delete.restoring import restore
from pgwright_runtime.soft_delete.shown import show_deleted
from pgwright_runtime.soft_delete.unit_of_work import delete_for_good
from pgwright_runtime.soft_delete.visibility import hide_deleted

intercept_bulk_deletes(delete_in_bulk)

__all__ = [
    "NEVER_AGAIN",
    "DeletionRefused",
    "KeyTaken",
    "NotDeleted",
    "ParentDeleted",
    "RestoreRefused",
    "SoftDelete",
    "SoftDeleteError",
    "delete_for_good",
    "hide_deleted",
    "living_index",
    "living_rows_only",
    "living_unique",
    "living_view",
    "restore",
    "show_deleted",
    "soft_deletable",
    "unchecked_references",
]
