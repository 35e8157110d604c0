from advanced_base.models import Author, Book, Tag
from advanced_base.base import UUIDAuditBase as Base

__all__ = ["Author", "Base", "Book", "Tag"]
