"""What one statement did to files and constraints, told from what was there before and after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgwright.model.migration import Action
from pgwright.model.names import QualifiedName
from pgwright.observing.watch import SeenRelation, State

_WITH_ROWS = ("table", "materialized view")
# Of NOT NULL only what became valid later counts: before 18 it has no constraint.
_VALID_WHEN_MADE = ("c", "f")


@dataclass(frozen=True)
class Difference:
    """What a statement did."""

    rewritten: tuple[QualifiedName, ...]
    built: tuple[QualifiedName, ...]
    scanned: tuple[QualifiedName, ...]
    validated: tuple[str, ...]


def difference(before: State, after: State, actions: Sequence[Action], known: frozenset[int]) -> Difference:
    """Return what a statement did to the tables that were there before the revision.

    Args:
        known: oids of the relations before the revision.
    """
    empties = bool(actions) and all(one.kind == "truncate" for one in actions)
    rewritten = [] if empties else list(_rewritten(before, after, known))
    built = [] if empties else list(_built(before, after, known))
    validated = list(_validated(before, after, known))
    read = dict.fromkeys([*_scanned(before, after), *(after.relations[oid].table for oid in built)])
    read |= dict.fromkeys(table for _, kind, table in validated if kind == "f")
    tables = after.relations
    return Difference(
        rewritten=_names(tables[oid] for oid in rewritten),
        built=_names(tables[oid] for oid in built),
        scanned=_names(tables[oid] for oid in read if oid in tables and tables[oid].kind in _WITH_ROWS),
        validated=tuple(sorted(name for name, _, _ in validated)),
    )


def _rewritten(before: State, after: State, known: frozenset[int]) -> Iterator[int]:
    """Yield the tables that have another file than before; with the one of their TOAST table it is theirs."""
    for oid, one in after.relations.items():
        old = before.relations.get(oid)
        if old is not None and old.file != one.file and one.kind in _WITH_ROWS and oid in known:
            yield oid


def _built(before: State, after: State, known: frozenset[int]) -> Iterator[int]:
    """Yield the indexes, of tables that were there before the revision, that have a file that was not there."""
    # An index that is made anew, for a longer varchar, may take over the file of the old one.
    files = {one.file for one in before.relations.values()}
    for oid, one in after.relations.items():
        if one.kind == "index" and one.file not in files and one.table in known and not _of_toast(one, after):
            yield oid


def _of_toast(index: SeenRelation, state: State) -> bool:
    table = state.relations.get(index.table)
    return table is not None and table.kind == "TOAST table"


def _scanned(before: State, after: State) -> Iterator[int]:
    for oid, one in after.relations.items():
        old = before.relations.get(oid)
        if one.kind in _WITH_ROWS and one.scans > (old.scans if old is not None else 0):
            yield oid


def _validated(before: State, after: State, known: frozenset[int]) -> Iterator[tuple[str, str, int]]:
    """Yield name, kind and table of the constraints that became valid, or were made so, of tables that are not new."""
    for oid, one in after.constraints.items():
        old = before.constraints.get(oid)
        became = not old.is_valid if old is not None else one.kind in _VALID_WHEN_MADE
        if one.is_valid and became and one.table in known:
            yield one.name, one.kind, one.table


def _names(relations: Iterator[SeenRelation]) -> tuple[QualifiedName, ...]:
    return tuple(sorted({one.name for one in relations}, key=str))
