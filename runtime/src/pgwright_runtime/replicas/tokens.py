"""A token: where in the write-ahead log a caller's last write ended, signed, for the next request.

It is one version byte, the position (8 bytes), the time when it may be forgotten (8 bytes, seconds since 1970), and 32
bytes of HMAC-SHA256, in hexadecimal digits, which are read faster than base64. It is signed, not encrypted.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from pgwright_runtime.replicas.errors import InvalidToken

VERSION = 1

_BODY = Struct(">BQQ")
_LENGTH = 2 * (_BODY.size + 32)
"""Characters of every token."""
# A client brings its token again and again for a minute; some 500 bytes each.
_REMEMBERED = 4_096


@dataclass(frozen=True)
class Token:
    """What a caller brings along from one request to the next."""

    lsn: int
    """Bytes of write-ahead log, up to which a server must have replayed to show the caller's writes."""
    until: int
    """From then on every replica in use has them; seconds since 1970."""


def encode(token: Token, secret: bytes) -> str:
    """Return the token as text that a cookie and a header can carry."""
    body = _BODY.pack(VERSION, token.lsn, token.until)
    return (body + _signature(body, secret)).hex()


@lru_cache(maxsize=_REMEMBERED)
def decode(text: str, secret: bytes) -> Token:
    """Return the token of a text; it may be past its time.

    Raises: InvalidToken: it was not made with this secret by this version.
    """
    try:
        signed = bytes.fromhex(text) if len(text) == _LENGTH else b""
    except ValueError as error:
        raise InvalidToken("the token is damaged") from error
    body, signature = signed[: _BODY.size], signed[_BODY.size :]
    # There are capitals, and spaces are skipped: only the spelling that we gave out is valid.
    if signed.hex() != text or not hmac.compare_digest(signature, _signature(body, secret)):
        raise InvalidToken("the token is damaged, or was signed with another secret")
    version, lsn, until = _BODY.unpack(body)
    if version != VERSION:
        raise InvalidToken("the token is of another version")
    return Token(lsn, until)


def _signature(body: bytes, secret: bytes) -> bytes:
    # The prefix keeps tokens apart that the app signs elsewhere with the same secret.
    keyed = _keyed(secret).copy()
    keyed.update(body)
    return keyed.digest()


@lru_cache(maxsize=8)
def _keyed(secret: bytes) -> hmac.HMAC:
    """Return the signature's state with the key and the prefix in it, which costs more than the rest."""
    return hmac.new(secret, b"pgwright.replicas\0", "sha256")
