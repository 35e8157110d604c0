"""Secrets that sign what goes to a client and comes back: cursors, tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# RFC 2104 discourages keys shorter than the hash; half of SHA-256's 32 bytes is where we stop.
MIN_SECRET_BYTES = 16

Secrets = str | bytes | Sequence[str | bytes]
"""One secret, or several while they are changed: the first signs, all of them verify."""


def secret_bytes(secret: object) -> bytes:
    """Return a secret as bytes, a text by its UTF-8.

    Raises: ValueError: it is shorter than 16 bytes, or neither text nor bytes.

    >>> secret_bytes("sixteen letters!")
    b'sixteen letters!'
    >>> secret_bytes("short")
    Traceback (most recent call last):
    ValueError: the secret has 5 bytes, and needs 16 at least: make one with secrets.token_urlsafe(32)
    """
    found = secret.encode() if isinstance(secret, str) else secret
    if not isinstance(found, bytes):
        hint = "; is the setting that holds it missing?" if secret is None else ""
        raise ValueError(f"the secret is {type(secret).__name__}, and has to be str or bytes{hint}")
    if len(found) < MIN_SECRET_BYTES:
        raise ValueError(
            f"the secret has {len(found)} bytes, and needs {MIN_SECRET_BYTES} at least: "
            "make one with secrets.token_urlsafe(32)"
        )
    return found


def signing_keys(secrets: Secrets) -> tuple[bytes, ...]:
    """Return the keys of one secret or several: the first signs, all of them verify.

    Raises: ValueError: there is none, or one is no secret.

    >>> signing_keys(["the new secret, 2026", "the old secret, 2025"])
    (b'the new secret, 2026', b'the old secret, 2025')
    """
    is_one = isinstance(secrets, str | bytes) or not isinstance(secrets, Sequence)
    several: Sequence[Any] = [secrets] if is_one else secrets
    keys = tuple(secret_bytes(secret) for secret in several)
    if not keys:
        raise ValueError("there must be at least one secret")
    return keys
