"""Names of what is made for a table in the database."""

from __future__ import annotations

from hashlib import blake2b

# A longer one is cut by PostgreSQL, and would then be compared with one that is whole.
_MOST_BYTES = 63


def short_name(*parts: str) -> str:
    """Return the parts joined by `_`; of what is too long, the beginning, a hash, and the last part.

    >>> short_name("ix", "notes", "purge"), len(short_name("ix", "n" * 80, "purge"))
    ('ix_notes_purge', 63)
    """
    name = "_".join(parts)
    if len(name.encode()) <= _MOST_BYTES:
        return name
    end = f"_{blake2b(name.encode(), digest_size=4).hexdigest()}_{parts[-1]}"
    return name.encode()[: _MOST_BYTES - len(end.encode())].decode(errors="ignore") + end
