"""How a result becomes JSON: each dataclass an object of its fields, and where that differs, a Shape says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from pgwright.model.names import QualifiedName

Key = str | Callable[[Any], object]
"""A property of the dataclass, or a function of it that has the key's name; its return type stands in the schema."""


@dataclass(frozen=True)
class Shape:
    """The keys of one dataclass beside its fields."""

    first: tuple[Key, ...] = ()
    """Ahead of the fields."""
    last: tuple[Key, ...] = ()
    """After them; the name of a field takes that field's place."""
    without: frozenset[str] = frozenset()
    """Fields that are left out."""


Shapes = Mapping[type, Shape]


def key_name(key: Key) -> str:
    return key if isinstance(key, str) else key.__name__


def keys_of(kind: type, shapes: Shapes) -> dict[str, Key]:
    """Return the keys of a dataclass in JSON, in their order, and what gives each."""
    shape = shapes.get(kind, Shape())
    own = [field.name for field in fields(kind) if field.name not in shape.without]
    return {key_name(key): key for key in (*shape.first, *own)} | {key_name(key): key for key in shape.last}


def document(value: object, shapes: Shapes) -> Any:
    """Return a value of the model as objects, lists and scalars."""
    if isinstance(value, QualifiedName):
        return str(value)
    if is_dataclass(value):
        keys = keys_of(type(value), shapes)
        return {name: document(_told(value, key), shapes) for name, key in keys.items()}
    if isinstance(value, Mapping):
        return {name: document(item, shapes) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [document(item, shapes) for item in value]
    return value


def _told(value: object, key: Key) -> object:
    return getattr(value, key) if isinstance(key, str) else key(value)
