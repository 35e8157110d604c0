"""Change the type of key columns, with every foreign key between them, in one transaction.

Rerunnable: an ALTER TYPE to the type that a column already has rewrites nothing, so a revision whose later part failed
may simply run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

from pgwright.code.column_edits import type_text
from pgwright.model.change import ColumnConversion, ConvertColumns, DetachedKey
from pgwright.model.names import QualifiedName, quote, quote_literal
from pgwright.model.remedy import Remedy, Step
from pgwright.model.snapshot import Snapshot
from pgwright.remedies.dependents import constraint_comment, publications_of, statistics_targets
from pgwright.remedies.estimate import family, in_words, rewrite_seconds
from pgwright.remedies.uuid_text import require_distinct, require_uuids
from pgwright.sqltext.functions import functions_of_triggers, functions_that_name
from pgwright.sqltext.uuid_defaults import uuid_default
from pgwright.visible import as_line

_NOT_VALID, _NOT_ENFORCED = " NOT VALID", " NOT ENFORCED"
_ON_ONE_LINE = 2  # names
_SHORT = 70
_INTEGERS = ("integer", "bigint")
_TEXT_CASTS = ("text", "character varying")


def render(change: ConvertColumns, snapshot: Snapshot) -> Remedy:
    """Return the steps: check the values, lock all tables at once, rewrite each once, check the keys afterwards."""
    uuids = [each for each in change.columns if each.to_type == "uuid"]
    tables = sorted({each.table for each in change.columns})
    bytes_to_write = _bytes(change, snapshot, tables)
    seconds = rewrite_seconds(bytes_to_write)
    columns = _count(len(change.columns), "column")
    types = sorted({each.to_type for each in change.columns})
    return Remedy(
        title=f"Convert {columns} of {_count(len(tables), 'table')} to {' and '.join(types)}",
        change=change,
        findings=(),
        upgrade=(*_checks(uuids, snapshot), *_rewrite(change, snapshot, tables, _to_new)),
        downgrade=_rewrite(change, snapshot, tables, _to_old),
        is_safe=False,
        warning=_warning(change, snapshot, tables, seconds, bytes_to_write),
        seconds_estimate=seconds,
        model_hint="\n".join(_hint(each) for each in change.columns),
        deploy="Deploy it together with the models: code that binds the old type to these columns fails afterwards.",
    )


def _checks(uuids: list[ColumnConversion], snapshot: Snapshot) -> tuple[Step, ...]:
    """Return the steps that look at the values before anything is locked, so that bad ones are told at once."""
    if not uuids:
        return ()
    places = tuple(sorted({str(each.table) for each in uuids}))
    unique = [index.definition for index in snapshot.indexes if index.definition.is_unique and index.parent is None]
    blocks = (require_uuids(uuids), require_distinct(uuids, unique))
    return tuple(Step(block, True, "ACCESS SHARE", places) for block in blocks if block)


def _rewrite(
    change: ConvertColumns,
    snapshot: Snapshot,
    tables: list[QualifiedName],
    alter: Callable[[ColumnConversion, Snapshot], list[str]],
) -> tuple[Step, ...]:
    locked = sorted({*tables, *(key.table for key in change.foreign_keys), *_referenced(change, snapshot)})
    names = tuple(map(str, locked))

    def step(sql: str) -> Step:
        return Step(sql, True, "ACCESS EXCLUSIVE", names)

    steps = [step(_list("LOCK TABLE", names, "IN ACCESS EXCLUSIVE MODE"))]
    steps += [step(sql) for sql in _alter_each(change.foreign_keys, _drop)]
    for table, columns in groupby(change.columns, key=lambda each: each.table):
        steps.append(step(_alter_table(table, [action for each in columns for action in alter(each, snapshot)])))
    steps += [step(sql) for sql in _alter_sequences(change, snapshot, is_upgrade=alter is _to_new)]
    # Validated after the commit, where nobody has to wait for it; a partitioned table cannot do that before version 18.
    steps += [step(sql) for sql in _alter_each(change.foreign_keys, lambda key: _add(key, snapshot))]
    comments = (constraint_comment(snapshot, key.table, key.name) for key in change.foreign_keys)
    steps += [step(sql) for sql in comments if sql is not None]
    steps += [step(sql) for sql in _targets(change, snapshot)]
    # The old statistics went with the old type; without new ones the first queries would get bad plans.
    steps.append(Step(_list("ANALYZE", map(str, tables)), True, "ACCESS EXCLUSIVE", names))
    return (*steps, *_afterwards(change, snapshot, tables))


def _targets(change: ConvertColumns, snapshot: Snapshot) -> list[str]:
    """Return what sets the targets of statistics again, which are made anew with the type."""
    places = {(table.name, each.column) for each in change.columns for table in family(snapshot, each.table)}
    return list(dict.fromkeys(sql for _, sql in statistics_targets(snapshot, places)))


def _afterwards(change: ConvertColumns, snapshot: Snapshot, tables: list[QualifiedName]) -> tuple[Step, ...]:
    """Return the steps after the commit, which block nobody."""
    later = [key for key in change.foreign_keys if _is_validated_later(key, snapshot)]
    statements = _alter_each(later, lambda key: f"VALIDATE CONSTRAINT {quote(key.name)}")
    # A rewritten table has no visibility map, without which no index-only scan saves a read.
    statements.append(_list("VACUUM", map(str, tables)))
    names = tuple(map(str, tables))
    return tuple(Step(sql, False, "SHARE UPDATE EXCLUSIVE", names, waits_long=True) for sql in statements)


def _to_new(each: ColumnConversion, snapshot: Snapshot) -> list[str]:
    name = quote(each.column)
    if each.time_zone is not None:
        return _in_zone(each, each.to_type, zoned_default(each.default))
    if each.to_type != "uuid":
        return [f"ALTER COLUMN {name} TYPE {each.to_type}"]
    text = name if each.from_type.startswith(_TEXT_CASTS) else f"{name}::text"
    change = f"ALTER COLUMN {name} TYPE uuid USING {text}::uuid"
    if each.default is None:
        return [change]
    default = f"ALTER COLUMN {name} SET DEFAULT {uuid_default(each.default)}"
    return [f"ALTER COLUMN {name} DROP DEFAULT", change, default]


def _to_old(each: ColumnConversion, snapshot: Snapshot) -> list[str]:
    name = quote(each.column)
    if each.time_zone is not None:
        return _in_zone(each, each.from_type, each.default)
    if each.to_type != "uuid":
        return [f"ALTER COLUMN {name} TYPE {each.from_type}"]
    table = snapshot.table_by_name.get(each.table)
    column = table.column_by_name.get(each.column) if table else None
    collate = f" COLLATE {column.collation}" if column and column.collation else ""
    text = f"replace({name}::text, '-', '')" if each.uuid_format == "plain" else f"{name}::text"
    change = f"ALTER COLUMN {name} TYPE {each.from_type}{collate} USING {text}"
    if each.default is None:
        return [change]
    return [f"ALTER COLUMN {name} DROP DEFAULT", change, f"ALTER COLUMN {name} SET DEFAULT {each.default}"]


def _in_zone(each: ColumnConversion, to_type: str, default: str | None) -> list[str]:
    """Return what makes a time with its zone of one without, or the other way round: the same words mean both."""
    name, zone = quote(each.column), quote_literal(each.time_zone or "").strip()
    change = f"ALTER COLUMN {name} TYPE {to_type} USING {name} AT TIME ZONE {zone}"
    if default is None:
        return [change]
    return [f"ALTER COLUMN {name} DROP DEFAULT", change, f"ALTER COLUMN {name} SET DEFAULT {default}"]


def zoned_default(default: str | None) -> str | None:
    """Return the default of a time without zone as that of one with it: the present moment has a zone by itself.

    >>> zoned_default("timezone('utc'::text, now())"), zoned_default("LOCALTIMESTAMP")
    ('now()', 'now()')
    """
    return None if default is None else "now()"


def _alter_sequences(change: ConvertColumns, snapshot: Snapshot, *, is_upgrade: bool) -> list[str]:
    """Return what lets the sequences of serial columns count as far; those of identity columns follow by themselves."""
    to_type = {
        (each.table, each.column): each.to_type if is_upgrade else each.from_type
        for each in change.columns
        if each.to_type in _INTEGERS and not snapshot.column(each.table, each.column).is_identity
    }
    return [
        f"ALTER SEQUENCE {sequence.name} AS {to_type[sequence.table, sequence.column]}"
        for sequence in snapshot.sequences
        if sequence.table is not None and sequence.column is not None and (sequence.table, sequence.column) in to_type
    ]


def _alter_each(keys: Iterable[DetachedKey], action: Callable[[DetachedKey], str]) -> list[str]:
    by_table = groupby(keys, key=lambda key: key.table)
    return [_alter_table(table, [action(key) for key in group]) for table, group in by_table]


def _alter_table(table: QualifiedName, actions: list[str]) -> str:
    on_one_line = f"ALTER TABLE {table} {actions[0]}"
    if len(actions) == 1 and len(on_one_line) <= _SHORT and "\n" not in on_one_line:
        return on_one_line
    return f"ALTER TABLE {table}\n    " + ",\n    ".join(actions)


def _drop(key: DetachedKey) -> str:
    return f"DROP CONSTRAINT IF EXISTS {quote(key.name)}"


def _list(verb: str, names: Iterable[str], rest: str = "") -> str:
    """Return a statement about tables; one a line where they are many."""
    several = list(names)
    if len(several) <= _ON_ONE_LINE:
        return f"{verb} {', '.join(several)} {rest}".rstrip()
    return "\n".join([verb, *(f"    {name}," for name in several[:-1]), f"    {several[-1]}", rest]).rstrip()


def _add(key: DetachedKey, snapshot: Snapshot) -> str:
    later = _NOT_VALID if _is_validated_later(key, snapshot) else ""
    sql = f"ADD CONSTRAINT {quote(key.name)} {key.definition}{later}"
    columns, references, rest = sql.partition(" REFERENCES ")
    is_word = columns.count('"') % 2 == 0
    return f"{columns}\n        REFERENCES {rest}" if references and is_word else sql


def _is_validated_later(key: DetachedKey, snapshot: Snapshot) -> bool:
    table = snapshot.table_by_name.get(key.table)
    is_partitioned = table is not None and table.kind == "partitioned table"
    return not key.definition.endswith((_NOT_VALID, _NOT_ENFORCED)) and not is_partitioned


def _referenced(change: ConvertColumns, snapshot: Snapshot) -> set[QualifiedName]:
    detached = {(key.table, key.name) for key in change.foreign_keys}
    return {key.referenced_table for key in snapshot.foreign_keys if (key.table, key.name) in detached}


def _bytes(change: ConvertColumns, snapshot: Snapshot, tables: list[QualifiedName]) -> int:
    stated = {each.table: each.table_bytes for each in change.columns}
    return sum(sum(each.total_bytes for each in family(snapshot, table)) or stated[table] for table in tables)


def _warning(
    change: ConvertColumns, snapshot: Snapshot, tables: list[QualifiedName], seconds: float, bytes_to_write: int
) -> str:
    names = ", ".join(table.short for table in tables)
    sentences = [
        f"Nobody reads or writes {names} while they are rewritten: {in_words(seconds)}, estimated.",
        f"It needs about {max(bytes_to_write / 1e6, 1):,.0f} MB of free disk meanwhile.",
        "On a busy database run it in a maintenance window, and measure it on a copy first.",
    ]
    formats = {each.uuid_format for each in change.columns}
    if "mixed" in formats:
        sentences.append("Some columns hold both spellings of UUIDs: the downgrade writes all with hyphens.")
    if formats & {"mixed", "plain", "hyphenated"}:
        sentences.append("Capital letters in the old texts come back small in the downgrade.")
    functions = {*functions_that_name(snapshot.schema_sql, tables), *functions_of_triggers(snapshot.schema_sql, tables)}
    if functions:
        sentences.append(f"See whether these functions bear the new type: {', '.join(sorted(functions))}.")
    if not snapshot.schema_sql:
        sentences.append("The snapshot has no schema text, so nobody looked for functions that use these tables.")
    if publications := publications_of(snapshot, tables):
        sentences.append(
            f"Subscribers of {', '.join(publications)} keep the old type: change it there first, for the new values "
            "have to fit."
        )
    return " ".join(sentences)


def _hint(each: ColumnConversion) -> str:
    arguments = [type_text(each)]
    if each.default is not None and each.to_type == "uuid":
        arguments.append(f'server_default=text("{uuid_default(each.default)}")')
    return as_line(f"{each.table.short}.{quote(each.column)}: mapped_column({', '.join(arguments)})")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
