"""Keys, and what stands under them."""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from hashlib import blake2b
from typing import Any
from uuid import UUID

# The format of entries; another one is not read.
_FORMAT = 1
_HEAD = struct.Struct("<B8sf")
"""Format, codec, and the seconds that computing it took."""
# Equal where what `repr` writes is equal.
_WRITTEN_OUT = frozenset((float, complex, Decimal, Fraction, UUID, date, datetime, clock, timedelta))
_GAPS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value as it is stored."""

    codec: str
    computed_s: float
    body: bytes

    def pack(self) -> bytes:
        return _HEAD.pack(_FORMAT, _digest(self.codec, 8), self.computed_s) + self.body


def unpack(payload: bytes, codec: str) -> StoredValue | None:
    """Return what is stored; None: it is damaged, or of another version or codec."""
    if len(payload) < _HEAD.size:
        return None
    version, stored, computed_s = _HEAD.unpack_from(payload)
    if version != _FORMAT or stored != _digest(codec, 8):
        return None
    return StoredValue(codec, computed_s, payload[_HEAD.size :])


def key_of(name: str, tenant: str | None, arguments: Sequence[Any]) -> str:
    """Return the key of a call. Raises: TypeError: an argument is neither text, number, UUID nor the like.

    The type counts: `1`, `1.0`, `True` and `"1"` are four keys, but a member of a str or int enum is its value.
    """
    digest = blake2b(digest_size=16)
    for part in (name, "" if tenant is None else f"={tenant}", *map(_written, arguments)):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(struct.pack("<Q", len(encoded)) + encoded)
    return digest.hexdigest()


def normalised(question: str) -> str:
    """Return what questions have in common that differ in case, spaces, forms of characters and their last mark only.

    >>> normalised("  What is\\tVACUUM ?")
    'what is vacuum'
    """
    folded = unicodedata.normalize("NFKC", question).casefold()
    return _GAPS.sub(" ", folded).strip(" ?!.…")


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int):
        return f"int {int(value)}"
    if isinstance(value, str):
        return f"str {str.__str__(value)}"
    if isinstance(value, bytes):
        return f"bytes {value.hex()}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} ({','.join(f'{len(one)}:{one}' for one in map(_written, value))})"
    if isinstance(value, dict):
        return f"dict {_written(sorted(((_written(key), _written(one)) for key, one in value.items())))}"
    if isinstance(value, set | frozenset):
        return f"set {_written(sorted(map(_written, value)))}"
    if isinstance(value, Enum):
        return f"{type(value).__qualname__}.{value.name}"
    if type(value) in _WRITTEN_OUT:
        return f"{type(value).__name__} {value!r}"
    raise TypeError(
        f"an argument of type {type(value).__name__} has no key: give `key=`, a function that makes one of them all"
    )


def _digest(text: str, size: int) -> bytes:
    return blake2b(text.encode(), digest_size=size).digest()
