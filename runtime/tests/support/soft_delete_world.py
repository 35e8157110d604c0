"""Random tables that refer to one another, and a model in Python of what deletion and restoration do to their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Integer
from sqlalchemy.orm import DeclarativeBase, mapped_column

from pgwright_runtime.soft_delete import SoftDelete

Key = tuple[str, int]


@dataclass(frozen=True)
class RandomReference:
    child: str
    column: str
    parent: str
    rule: str | None
    is_nullable: bool


class World:
    """Two to five tables; most of them can be marked."""

    def __init__(self, chance: Random) -> None:
        class Base(DeclarativeBase):
            pass

        self.metadata = Base.metadata
        self.names = [f"t{number}" for number in range(chance.randint(2, 5))]
        self.marked = {name for name in self.names if chance.random() < 0.85} | {self.names[0]}
        self.references: list[RandomReference] = []
        self.classes: dict[str, Any] = {}
        for name in self.names:
            attributes: dict[str, Any] = {"__tablename__": name, "id": mapped_column(Integer, primary_key=True)}
            keys = []
            for number in range(chance.randint(0, 3)):
                one = self._reference(chance, name, f"r{number}")
                self.references.append(one)
                attributes[one.column] = mapped_column(Integer, nullable=one.is_nullable)
                link = ForeignKeyConstraint([one.column], [f"{one.parent}.id"], ondelete=one.rule)
                link.name = f"fk_{name}_{number}"
                link.use_alter = True
                keys.append(link)
            bases = (SoftDelete, Base) if name in self.marked else (Base,)
            self.classes[name] = type(name.upper(), bases, {**attributes, "__table_args__": tuple(keys)})

    def _reference(self, chance: Random, name: str, column: str) -> RandomReference:
        place = self.names.index(name)
        # Mostly upwards; now and then to itself or downwards, which makes circles.
        parent = chance.choice(self.names[: place + 1] if chance.random() < 0.85 else self.names)
        rule = chance.choice(["CASCADE", "CASCADE", "CASCADE", "SET NULL", "RESTRICT", None])
        is_back = self.names.index(parent) >= place
        return RandomReference(name, column, parent, rule, is_back or rule == "SET NULL" or chance.random() < 0.4)


class Rows:
    """The rows of a world, as they should be."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.values: dict[Key, dict[str, int | None]] = {}
        self.marks: dict[Key, int] = {}
        """The deletion that each deleted row belongs to."""

    def copy(self) -> Rows:
        copied = Rows(self.world)
        copied.values, copied.marks = dict(self.values), dict(self.marks)
        return copied

    def living(self, name: str) -> list[int]:
        return sorted(number for table, number in self.values if table == name and (table, number) not in self.marks)

    def delete(self, roots: Iterable[Key], deletion: int) -> set[str] | None:
        """Mark the roots and what goes with them, and return the tables to be looked at; None: it is refused."""
        gone = {key for key in roots if key not in self.marks}
        spread(gone, lambda key: self._going(key))
        for one in self.world.references:
            if one.rule in ("RESTRICT", None):
                for key in self._referring(one):
                    if key not in gone and key not in self.marks and (one.parent, self.values[key][one.column]) in gone:
                        return None
        self.marks.update(dict.fromkeys(gone, deletion))
        tables = {table for table, _ in roots}
        spread(tables, lambda name: [one.child for one in self._cascades() if one.parent == name])
        return tables

    def restore(self, root: Key) -> dict[str, int] | None:
        """Let what went with a root live again, and return the rows per table; None: it is refused."""
        deletion = self.marks[root]
        below = {root}
        spread(below, lambda key: self._bound(key, deletion))
        tied = {root}
        spread(tied, lambda key: [*self._bound(key, deletion), *(() if key == root else self._above(key, deletion))])
        if any(parent in self.marks and parent not in below for parent in self._parents(root)):
            return None
        if any(parent in self.marks and parent not in tied for key in tied for parent in self._parents(key)):
            return None
        for key in tied:
            del self.marks[key]
        return {name: count for name in self.world.names if (count := sum(table == name for table, _ in tied))}

    def _cascades(self) -> list[RandomReference]:
        marked = self.world.marked
        return [o for o in self.world.references if o.rule == "CASCADE" and {o.child, o.parent} <= marked]

    def _referring(self, one: RandomReference) -> list[Key]:
        return [key for key in self.values if key[0] == one.child]

    def _going(self, parent: Key) -> list[Key]:
        return [
            key
            for one in self._cascades()
            if one.parent == parent[0]
            for key in self._referring(one)
            if self.values[key][one.column] == parent[1] and key not in self.marks
        ]

    def _bound(self, parent: Key, deletion: int) -> list[Key]:
        return [
            key
            for one in self.world.references
            if one.rule != "SET NULL" and one.parent == parent[0]
            for key in self._referring(one)
            if self.values[key][one.column] == parent[1] and self.marks.get(key) == deletion
        ]

    def _parents(self, key: Key) -> list[Key]:
        return [
            (one.parent, number)
            for one in self.world.references
            if one.rule != "SET NULL" and one.child == key[0] and one.parent in self.world.marked
            if (number := self.values[key][one.column]) is not None
        ]

    def _above(self, key: Key, deletion: int) -> list[Key]:
        return [parent for parent in self._parents(key) if self.marks.get(parent) == deletion]


def spread(found: set[Any], more: Callable[[Any], Iterable[Any]]) -> None:
    """Add to a set what its members lead to, and so on."""
    fresh = list(found)
    while fresh:
        for one in more(fresh.pop()):
            if one not in found:
                found.add(one)
                fresh.append(one)
