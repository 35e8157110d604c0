"""See which relationships are read: their class attributes tell of it, once they are watched.

A read is what goes through the attribute: `notebook.sources`, `getattr`, pydantic's `from_attributes`, dataclasses'
`asdict`, hybrids, association proxies; setting and deleting it count too. Not seen are reads past the attribute
(`vars(notebook)`, FastAPI's `jsonable_encoder`, `copy`, `Session.merge`) and reads after the unit's end. Who reads so
reads the columns so, too: that no attribute of a class was read means that nothing is known of its relationships.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Any, Protocol

from sqlalchemy import event
from sqlalchemy.orm import InstrumentedAttribute, Mapper, RelationshipProperty


class Reader(Protocol):
    reads: set[object]
    is_blind: bool


_lock = Lock()
_pickled_classes: set[type] = set()
_readers: Callable[[], Sequence[Reader]] = tuple


class _WatchedAttribute(InstrumentedAttribute[Any]):
    """Takes the place of a mapped attribute, with the same state, and notes each use of it."""

    __slots__ = ()
    inherit_cache = True

    def __get__(self, instance: object, owner: Any) -> Any:
        if instance is not None:
            for reader in _readers():
                reader.reads.add(self.impl)
        return super().__get__(instance, owner)

    def __set__(self, instance: object, value: Any) -> None:
        for reader in _readers():
            reader.reads.add(self.impl)
        super().__set__(instance, value)

    def __delete__(self, instance: object) -> None:
        for reader in _readers():
            reader.reads.add(self.impl)
        super().__delete__(instance)


def report_reads_to(readers: Callable[[], Sequence[Reader]]) -> None:
    global _readers
    _readers = readers


def watch(relationship: RelationshipProperty[Any]) -> None:
    """Watch a relationship and its class from now on, in all subclasses."""
    for mapper in relationship.parent.self_and_descendants:
        for attribute in mapper.class_manager.values():
            if type(attribute) is InstrumentedAttribute:
                attribute.__class__ = _WatchedAttribute
    class_ = relationship.parent.class_
    with _lock:
        if class_ in _pickled_classes:
            return
        _pickled_classes.add(class_)
    # Pickling takes the values past the attributes.
    event.listen(class_, "pickle", _blind, propagate=True)


def was_read(relationship: RelationshipProperty[Any], reads: set[object]) -> bool:
    """Return whether any instance's attribute was read; True if it cannot be watched."""
    return any(
        not isinstance(attribute, _WatchedAttribute) or attribute.impl in reads
        for attribute in _attributes(relationship)
    )


def is_seen(mapper: Mapper[Any], reads: set[object]) -> bool:
    """Return whether any attribute of a class was read, so that its other reads would have been seen, too."""
    managers = (each.class_manager for each in mapper.self_and_descendants)
    return any(attribute.impl in reads for manager in managers for attribute in manager.values())


def _blind(state: object, state_dict: object) -> None:
    for reader in _readers():
        reader.is_blind = True


def _attributes(relationship: RelationshipProperty[Any]) -> Iterator[Any]:
    for mapper in relationship.parent.self_and_descendants:
        if relationship.key in mapper.class_manager:
            yield mapper.class_manager[relationship.key]
