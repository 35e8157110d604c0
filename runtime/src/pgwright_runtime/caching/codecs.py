"""How values become bytes and back. None runs what a stored value says, so pickle is not among them."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

V = TypeVar("V")


@dataclass(frozen=True)
class Codec(Generic[V]):
    """A pair of functions. What `decode` refuses with ValueError or TypeError counts as not stored.

    A value that was stored by another codec, or by another `name` of one, is not read: change it with the format.
    """

    name: str
    encode: Callable[[V], bytes]
    decode: Callable[[bytes], V]


def _encode_json(value: Any) -> bytes:
    encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if _altered(value):
        raise TypeError("JSON would give back something else: a tuple, or a key of a dict that is no text")
    return encoded


def _altered(value: Any) -> bool:
    if isinstance(value, dict):
        return any(not isinstance(key, str) or _altered(one) for key, one in value.items())
    if isinstance(value, list):
        return any(map(_altered, value))
    return isinstance(value, tuple)


JSON: Codec[Any] = Codec("json", _encode_json, json.loads)
"""For None, truth values, numbers, texts, lists and dicts of them."""
BYTES: Codec[bytes] = Codec("bytes", bytes, bytes)


def float32(dimensions: int) -> Codec[Sequence[float]]:
    """Return a codec for vectors: four bytes for each number, in little-endian order; a list comes back.

    Raises: ValueError: fewer than one dimension.
    """
    if dimensions < 1:
        raise ValueError(f"a vector has one dimension at least, not {dimensions!r}")

    def encode(vector: Sequence[float]) -> bytes:
        packed = array("f", vector)
        if len(packed) != dimensions:
            raise ValueError(f"a vector of {dimensions} dimensions was expected, not of {len(packed)}")
        return _little(packed).tobytes()

    def decode(stored: bytes) -> list[float]:
        if len(stored) != 4 * dimensions:
            raise ValueError(f"{len(stored)} bytes are no vector of {dimensions} dimensions")
        return _little(array("f", stored)).tolist()

    return Codec(f"float32x{dimensions}", encode, decode)


def pydantic(kind: Any) -> Codec[Any]:
    """Return a codec for what pydantic validates: a model, a dataclass, `list[Model]`.

    Raises: ImportError: pydantic is not installed.
    """
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    return Codec(f"pydantic:{kind!r}", adapter.dump_json, adapter.validate_json)


def _little(packed: array[float]) -> array[float]:
    if sys.byteorder == "big":
        packed.byteswap()
    return packed
