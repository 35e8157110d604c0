"""Whom and what the measured operations ask for: typical active users of the generated data."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from notebook.data import key, number_with, parent, row_counts


@dataclass(frozen=True)
class Arguments:
    """The same at every run, so that before and after answer the same question."""

    owner: UUID
    """A user with about 25 notebooks."""
    email: str
    """The owner's."""
    uploader: UUID
    """A user with about 25 documents."""
    page: UUID
    """A notebook with about 8 sources."""
    reader: UUID
    """The owner of `page`."""
    desk: UUID
    """A notebook with about 25 conversations."""
    writer: UUID
    """The owner of `desk`."""
    talk: UUID
    """A conversation with about 60 messages."""
    talker: UUID
    """The user in `talk`."""
    content_hash: str
    """Of a file that was uploaded twice."""


def arguments(scale: float = 1.0) -> Arguments:
    """Return the arguments for data of this scale."""
    counts = row_counts(scale)

    def owner_of(notebook: int) -> UUID:
        return key("users", parent("notebooks", notebook, "users", counts))

    owner = number_with(25, "notebooks", "users", counts)
    page = number_with(8, "sources", "notebooks", counts)
    desk = number_with(25, "conversations", "notebooks", counts)
    talk = number_with(60, "messages", "conversations", counts)
    return Arguments(
        owner=key("users", owner),
        email=f"user{owner}@example.org",
        uploader=key("users", number_with(25, "documents", "users", counts)),
        page=key("notebooks", page),
        reader=owner_of(page),
        desk=key("notebooks", desk),
        writer=owner_of(desk),
        talk=key("conversations", talk),
        talker=owner_of(parent("conversations", talk, "notebooks", counts)),
        # Document 33 is document 32 again.
        content_hash=sha256(b"content32").hexdigest(),
    )
