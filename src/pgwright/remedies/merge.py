"""From findings to the changes that are really made: each once, none in vain, none that undoes another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from pgwright.indexes.coverage import is_served, replaces, searches_as, serves_foreign_key, serves_keys_as
from pgwright.indexes.names import free_name
from pgwright.model.change import (
    AnalyzeTable,
    Change,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    ExpressionStatistics,
    RebuildIndex,
    UniqueAmongLiving,
)
from pgwright.model.finding import Finding
from pgwright.model.index import Index, IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ForeignKey
from pgwright.remedies.bad_drops import refuse_bad_drops
from pgwright.remedies.conversions import unite_conversions
from pgwright.remedies.draft import Draft
from pgwright.remedies.estimate import family
from pgwright.remedies.expression_statistics import SINCE, lone_expressions, new_statistics

FOREIGN_KEY_CHECK = "unindexed-foreign-key"
ADVISOR_CHECK, SOFT_DELETE_CHECK = "missing-index", "missing-soft-delete-index"

# All others that ask for a drop do so because another index does the work, which then has to be there.
USELESS_CHECKS = ("unused-index", "invalid-index")


def merge(snapshot: Snapshot, findings: Iterable[Finding]) -> Draft:
    """Return the changes to make, in no particular order."""
    draft = Draft(snapshot, findings)
    passes: tuple[Callable[[Draft], None], ...] = (
        unite_conversions,
        _refuse_unknown_tables,
        _refuse_bad_replacements,
        _drop_rather_than_rebuild,
        _leave_to_the_advisor,
        _unite_creations,
        _leave_out_served_creations,
        refuse_bad_drops,
        _keep_one_of_each,
        _keep_what_serves_foreign_keys,
        _keep_what_the_planner_knows,
        _name_apart,
        _analyze_where_it_pays,
    )
    for each in passes:
        each(draft)
    return draft


def _refuse_unknown_tables(draft: Draft) -> None:
    tables = draft.snapshot.table_by_name
    for change in draft.of(CreateIndex):
        below = family(draft.snapshot, change.definition.table)
        if change.definition.table not in tables:
            draft.refuse(change, f"the snapshot has no table {change.definition.table}")
        elif any(table.kind == "foreign table" for table in below):
            draft.refuse(change, f"{change.definition.table} is, or has a partition that is, a foreign table")
    for rebuild in draft.of(RebuildIndex):
        if rebuild.table in tables and tables[rebuild.table].kind == "partitioned table":
            draft.refuse(
                rebuild,
                f"{rebuild.name} is partitioned and invalid because some partitions lack their part",
                "create the index on those partitions and attach it: ALTER INDEX … ATTACH PARTITION …",
            )


def _with_parents(snapshot: Snapshot, table: QualifiedName | None) -> Iterator[QualifiedName]:
    while table is not None:
        yield table
        known = snapshot.table_by_name.get(table)
        table = known.parent if known is not None else None


def _refuse_bad_replacements(draft: Draft) -> None:
    for change in draft.of(UniqueAmongLiving):
        index = draft.index_by_name.get(change.replaces)
        table = draft.snapshot.table_by_name.get(change.definition.table)
        if index is not None and (index.is_primary or index.is_replica_identity):
            draft.refuse(change, f"{change.replaces} is the primary key or the replica identity of its table")
        elif table is not None and (table.kind != "table" or _is_partition(draft.snapshot, table.parent)):
            draft.refuse(change, f"{change.definition.table} is partitioned: a partial unique index cannot span it")
        elif index is not None and (key := _references(draft.snapshot, index)) is not None:
            draft.refuse(change, f"the foreign key {key!r} rests on {change.replaces}; a partial index cannot carry it")


def _is_partition(snapshot: Snapshot, parent: QualifiedName | None) -> bool:
    table = snapshot.table_by_name.get(parent) if parent is not None else None
    return table is not None and table.kind == "partitioned table"


def _references(snapshot: Snapshot, index: Index) -> str | None:
    """Return the name of a foreign key that rests on this index."""
    for key in snapshot.foreign_keys:
        is_of_columns = sorted(key.referenced_columns) == sorted(index.definition.columns)
        if key.referenced_index == index.name or (key.referenced_table == index.table and is_of_columns):
            return key.name
    return None


def _drop_rather_than_rebuild(draft: Draft) -> None:
    drops = {change.name: change for change in draft.of(DropIndex)}
    for rebuild in draft.of(RebuildIndex):
        if rebuild.name in drops:
            draft.hand_over(rebuild, drops[rebuild.name])
    replacements = {change.replaces: change for change in draft.of(UniqueAmongLiving)}
    for drop in draft.of(DropIndex):
        if drop.name in replacements:
            draft.hand_over(drop, replacements[drop.name])


def _leave_to_the_advisor(draft: Draft) -> None:
    """Give up an index that soft-delete asks for by rule where the advisor chose one for its statements by plans."""
    chosen = [one for one in draft.of(CreateIndex) if _is_asked_by(draft, one, ADVISOR_CHECK)]
    for change in draft.of(CreateIndex):
        is_by_rule = all(key.startswith(f"{SOFT_DELETE_CHECK}:") for key in draft.wanted[change])
        queries = _queries(draft, change)
        for other in chosen if is_by_rule else ():
            is_of_table = other.definition.table == change.definition.table
            if change in draft.wanted and is_of_table and queries & _queries(draft, other):
                draft.hand_over(change, other)


def _is_asked_by(draft: Draft, change: Change, check: str) -> bool:
    return any(key.startswith(f"{check}:") for key in draft.wanted[change])


def _queries(draft: Draft, change: Change) -> set[int]:
    return {query for key in draft.wanted[change] for query in draft.queries.get(key, ())}


def _unite_creations(draft: Draft) -> None:
    """Give up each new index whose work another new one does; of two that are equal the first stays."""
    by_table: dict[QualifiedName, list[CreateIndex | UniqueAmongLiving]] = {}
    news: list[CreateIndex | UniqueAmongLiving] = [*draft.of(CreateIndex), *draft.of(UniqueAmongLiving)]
    for new in news:
        by_table.setdefault(new.definition.table, []).append(new)
    for change in reversed(draft.of(CreateIndex)):
        above = _with_parents(draft.snapshot, change.definition.table)
        for other in (one for table in above for one in by_table.get(table, ())):
            if other == change or change not in draft.wanted or other not in draft.wanted:
                continue
            if _does_work_of(draft, other.definition, change):
                draft.hand_over(change, other)


def _does_work_of(draft: Draft, index: IndexDefinition, change: CreateIndex) -> bool:
    wanted = change.definition
    table = draft.snapshot.table_by_name.get(wanted.table)
    # The index of a partitioned table has a part on each partition.
    if replaces(replace(index, table=wanted.table), wanted, table):
        return True
    is_for_key = all(key.startswith(f"{FOREIGN_KEY_CHECK}:") for key in draft.wanted[change])
    return is_for_key and serves_keys_as(index, wanted, draft.snapshot)


def _leave_out_served_creations(draft: Draft) -> None:
    """Give up each new index whose work an index that exists does, and keep that one."""
    drops = {change.name: change for change in draft.of(DropIndex)}
    rebuilds = {change.name: change for change in draft.of(RebuildIndex)}
    replaced = {change.replaces for change in draft.of(UniqueAmongLiving)}
    for change in draft.of(CreateIndex):
        existing = draft.snapshot.indexes_by_table.get(change.definition.table, ())
        for index in sorted(existing, key=lambda index: index.name in drops):
            is_out = change not in draft.wanted or index.name in replaced
            if is_out or not _does_work_of(draft, index.definition, change):
                continue
            if index.name in rebuilds:
                draft.hand_over(change, rebuilds[index.name])
            elif index.is_valid:
                draft.refuse(change, f"the index {index.name} that exists does its work already")
                if index.name in drops and drops[index.name] in draft.wanted:
                    draft.refuse(drops[index.name], "an index with these columns is asked for by another finding")


def _keep_one_of_each(draft: Draft) -> None:
    """Keep a redundant index when the one that does its work is dropped as well."""
    for change in draft.of(DropIndex):
        index = draft.index_by_name.get(change.name)
        is_useless = any(key.split(":")[0] in USELESS_CHECKS for key in draft.wanted[change])
        if index is None or is_useless:
            continue
        table = draft.snapshot.table_by_name.get(index.table)
        if not any(searches_as(other, index.definition, table) for other in _after(draft, index)):
            others = (one for one in draft.snapshot.indexes_by_table.get(index.table, ()) if one.name != index.name)
            is_there = any(searches_as(one.definition, index.definition, table) for one in others if one.is_valid)
            fate = "is dropped too" if is_there else "is not there, and not built by this fix"
            draft.refuse(change, f"the index that would do its work {fate}")


def _keep_what_serves_foreign_keys(draft: Draft) -> None:
    """Keep an index without which the delete of a parent row would read the whole child table."""
    gone: list[tuple[Change, QualifiedName]] = [(drop, drop.name) for drop in draft.of(DropIndex)]
    gone += [(new, new.replaces) for new in draft.of(UniqueAmongLiving)]
    for change, name in gone:
        index = draft.index_by_name.get(name)
        if index is None or not index.is_valid:
            continue
        lost = next((key for key in _served_keys(draft, index) if not _is_served(draft, index, key)), None)
        if lost is not None:
            reason = f"{name} is the only index that serves the foreign key {lost.name!r}: deletes of parents need it"
            draft.refuse(change, reason, "create an index on the columns of the key first")


def _keep_what_the_planner_knows(draft: Draft) -> None:
    """Let statistics take the place of an index that alone tells of an expression, or keep it where none can."""
    kept: list[ExpressionStatistics] = []
    changes: list[DropIndex | UniqueAmongLiving] = [*draft.of(DropIndex), *draft.of(UniqueAmongLiving)]
    for change in changes:
        name = change.name if isinstance(change, DropIndex) else change.replaces
        index = draft.index_by_name.get(name)
        if index is None:
            continue
        expressions = lone_expressions(draft.snapshot, index, _after(draft, index))
        is_spread = bool(_with_parts(draft, {index.name}) - {index.name})
        if expressions and (is_spread or draft.snapshot.server.version_number < SINCE):
            reason = f"only by {name} the planner knows {', '.join(expressions)}, which no statistics can replace"
            draft.refuse(change, reason, "drop it by hand where no statement has that expression")
        elif new := new_statistics(draft.snapshot, index, expressions, kept):
            kept += new
            draft.replace(change, replace(change, statistics=new))


def _served_keys(draft: Draft, index: Index) -> Iterator[ForeignKey]:
    """Yield the foreign keys that an index serves, or its part on a partition."""
    names = _with_parts(draft, {index.name})
    for part in (draft.index_by_name[name] for name in sorted(names)):
        for key in draft.snapshot.foreign_keys_by_table.get(part.table, ()):
            if serves_foreign_key(part.definition, key, draft.snapshot):
                yield key


def _is_served(draft: Draft, index: Index, key: ForeignKey) -> bool:
    """Tell whether an index other than this one finds the rows of a foreign key in the end."""
    snapshot = draft.snapshot
    will_be = any(serves_foreign_key(definition, key, snapshot) for definition in _created(draft, key.table))
    gone = _with_parts(draft, {index.name}) | _gone(draft)
    return will_be or is_served(snapshot, key, without=gone)


def _after(draft: Draft, index: Index) -> Iterator[IndexDefinition]:
    """Yield the other indexes of the same table as they will be."""
    gone = _gone(draft)
    for other in draft.snapshot.indexes_by_table.get(index.table, ()):
        if other.is_valid and other.name != index.name and other.name not in gone:
            yield other.definition
    yield from _created(draft, index.table)


def _created(draft: Draft, table: QualifiedName) -> Iterator[IndexDefinition]:
    created: list[CreateIndex | UniqueAmongLiving] = [*draft.of(CreateIndex), *draft.of(UniqueAmongLiving)]
    yield from (new.definition for new in created if new.definition.table == table)


def _gone(draft: Draft) -> set[QualifiedName]:
    """Return the indexes that will be there no more: those dropped or replaced, and their parts."""
    names = {change.name for change in draft.of(DropIndex)} | {
        change.replaces for change in draft.of(UniqueAmongLiving)
    }
    return _with_parts(draft, names)


def _with_parts(draft: Draft, names: set[QualifiedName]) -> set[QualifiedName]:
    found = set(names)
    while below := {part.name for part in draft.parts if part.parent in found} - found:
        found |= below
    return found


def _name_apart(draft: Draft) -> None:
    """Give each new index a name that is free in its schema."""
    snapshot = draft.snapshot
    taken = set(snapshot.relation_names)
    changes: list[CreateIndex | UniqueAmongLiving] = [*draft.of(CreateIndex), *draft.of(UniqueAmongLiving)]
    for change in changes:
        wanted = change.definition
        old = draft.index_by_name.get(QualifiedName(wanted.table.schema, wanted.name))
        is_leftover = old is not None and not old.is_valid and _are_alike(snapshot, old.definition, wanted)
        name = wanted.name if is_leftover else free_name(wanted.name, wanted.table.schema, taken)
        taken.add(QualifiedName(wanted.table.schema, name))
        if name != wanted.name:
            draft.replace(change, replace(change, definition=wanted.named(name)))


def _are_alike(snapshot: Snapshot, one: IndexDefinition, other: IndexDefinition) -> bool:
    table = snapshot.table_by_name.get(other.table)
    return replaces(one, other, table) and replaces(other, one, table)


def _analyze_where_it_pays(draft: Draft) -> None:
    """Ask for statistics of new index expressions, which the planner has none of; conversions see to their own."""
    converted = {column.table: whole for whole in draft.of(ConvertColumns) for column in whole.columns}
    for change in draft.of(AnalyzeTable):
        if change.table in converted:
            draft.hand_over(change, converted[change.table])
    for new in draft.of(CreateIndex):
        if any(key.column is None for key in new.definition.keys) and new.definition.table not in converted:
            draft.ask(AnalyzeTable(new.definition.table), draft.wanted[new])
