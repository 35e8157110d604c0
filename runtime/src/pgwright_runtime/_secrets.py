"""Secrets that sign what goes to a client and comes back: cursors, tokens."""

from __future__ import annotations

# RFC 2104 discourages keys shorter than the hash; half of SHA-256's 32 bytes is where we stop.
MIN_SECRET_BYTES = 16


def secret_bytes(secret: str | bytes) -> bytes:
    """Return a secret as bytes, a text by its UTF-8.

    Raises: ValueError: it is shorter than 16 bytes, or neither text nor bytes.

    >>> secret_bytes("sixteen letters!")
    b'sixteen letters!'
    """
    found = secret.encode() if isinstance(secret, str) else secret
    if not isinstance(found, bytes) or len(found) < MIN_SECRET_BYTES:
        raise ValueError(f"the secret must be at least {MIN_SECRET_BYTES} bytes, as from secrets.token_urlsafe(32)")
    return found
