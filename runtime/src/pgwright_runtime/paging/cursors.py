"""A cursor: the place between two pages, as a signed, URL-safe token.

It holds the sort values of one row as PostgreSQL writes them in text, with their types, so they come back exact to the
last digit whatever the driver. The token is base64url of one version byte, JSON, and 32 bytes of HMAC-SHA256; the
signature covers the order, too, which is not in the token. It is signed, not encrypted.
"""

from __future__ import annotations

import binascii
import hmac
import json
import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from pgwright_runtime.paging.errors import InvalidCursor

VERSION = 1
# Many servers and proxies refuse a request line above 8 KiB.
MAX_LENGTH = 6_000

_DIGEST_BYTES = 32
_NAME = r'(?:[a-z_][a-z0-9_$ ]*|"(?:[^"]|"")+")'
_TYPE_NAME = re.compile(rf"{_NAME}(?:\.{_NAME})?(?:\[\])*")


@dataclass(frozen=True)
class Cursor:
    """The place beside one row, and which way to read from it."""

    values: tuple[str | None, ...]
    """The row's sort values, as PostgreSQL writes them in text; None is NULL."""
    types: tuple[str, ...]
    """Their types, as `format_type` writes them."""
    backward: bool
    is_inclusive: bool = False
    """Whether the row itself belongs to the page."""
    shared: int = 0
    """How many leading sort values the whole page had in common; it makes the next page cheaper, never different."""


def encode(cursor: Cursor, *, order: str, key: bytes) -> str:
    """Return the token of a cursor.

    Raises: ValueError: the sort values are too long for a token.
    """
    fields = [cursor.values, cursor.types, int(cursor.backward), int(cursor.is_inclusive), cursor.shared]
    body = bytes([VERSION]) + json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    token = _text(body + _signature(body, order, key))
    if len(token) > MAX_LENGTH:
        raise ValueError(
            f"the sort values of this row are too long for a cursor ({len(token):,} characters, at most "
            f"{MAX_LENGTH:,}); sort by a prefix, as in func.left(column, 100)"
        )
    return token


def decode(token: str, *, order: str, keys: Sequence[bytes]) -> Cursor:
    """Return the cursor of a token.

    Raises: InvalidCursor: it was not made with one of the keys, for this order, by this version.
    """
    if not isinstance(token, str) or len(token) > MAX_LENGTH:
        raise InvalidCursor("the cursor is too long")
    try:
        signed = b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor("the cursor is damaged") from error
    body, signature = signed[:-_DIGEST_BYTES], signed[-_DIGEST_BYTES:]
    # Base64 has bits that decoding drops: only the spelling that we gave out is valid.
    if not body or _text(signed) != token:
        raise InvalidCursor("the cursor is damaged")
    if body[0] != VERSION:
        raise InvalidCursor("the cursor is of another version")
    if not any(hmac.compare_digest(signature, _signature(body, order, key)) for key in keys):
        raise InvalidCursor("the cursor is damaged, or belongs to another order")
    values, types, backward, inclusive, shared = json.loads(body[1:])
    # They become part of the SQL; the signature vouches for them, this check makes sure.
    if not all(_TYPE_NAME.fullmatch(name) for name in types):
        raise InvalidCursor("the cursor names a type that is none")
    return Cursor(tuple(values), tuple(types), bool(backward), bool(inclusive), shared)


def _text(signed: bytes) -> str:
    return urlsafe_b64encode(signed).rstrip(b"=").decode()


def _signature(body: bytes, order: str, key: bytes) -> bytes:
    # The prefix keeps tokens apart that the app signs elsewhere with the same secret.
    return hmac.digest(key, b"pgwright.paging\0" + order.encode() + b"\0" + body, "sha256")
