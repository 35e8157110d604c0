"""The safe way as Alembic code: ready to paste in place of the statement, one function per way."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pgwright.model.names import quote, shorten
from pgwright.sqltext.rewording import (
    Reworded,
    concurrently,
    index_condition,
    index_elements,
    on_only,
    plain,
    quoted,
)

# What the rest of a revision does would be committed by the block: so it stands in a revision of its own.
_LONGEST_LINE = 100
_BIND = re.compile(r"(?<![:\w\\]):(?=\w+(?!:))")
_PLAIN_COLUMN = re.compile(r"[a-z_][a-z0-9_]*\Z")
BACKFILLS = "import pgwright_runtime.backfills.alembic  # pip install 'pgwright-runtime[alembic]'"


def execute(sql: str) -> str:
    """Return `op.execute(…)` of a statement, which must not end with a semicolon.

    >>> execute("ALTER TABLE note ADD COLUMN a text")
    'op.execute("ALTER TABLE note ADD COLUMN a text")'
    """
    return f"op.execute({text_literal(sql)})"


def text_literal(sql: str) -> str:
    """Return SQL as a Python literal that SQLAlchemy takes as a text: a colon before a word would be a parameter."""
    escaped = _BIND.sub(r"\\:", sql)
    if "\n" in escaped or len(escaped) > _LONGEST_LINE or ('"' in escaped and "'" in escaped):
        body = escaped.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        return f'"""{body}"""' if not body.endswith('"') else f'"""{body[:-1]}\\""""'
    return python_text(escaped)


def python_text(value: str) -> str:
    """Return a text as Python spells it, in double quotes where it holds none.

    >>> python_text("note"), python_text('a "b"')
    ('"note"', '\\'a "b"\\'')
    """
    is_plain = value.isprintable() and '"' not in value and "\\" not in value
    return f'"{value}"' if is_plain else repr(value)


def lines(*code: str) -> str:
    return "\n".join(one for one in code if one)


def autocommit(*code: str) -> str:
    """Return code that runs outside of a transaction; the block commits what its revision did before."""
    body = lines(*code).splitlines()
    return "\n".join(["with op.get_context().autocommit_block():", *(f"    {one}" if one else "" for one in body)])


def next_revision(why: str) -> str:
    """Return the line that parts two revisions.

    >>> next_revision("the first has committed")
    '\\n# next revision, after the first has committed'
    """
    return f"\n# next revision, after {why}"


def concurrent_index(text: str, name: str, table: str, schema: str = "", *, is_unique: bool = False) -> str:
    """Return the build of an index that nobody waits for, in a revision of its own.

    What an interrupted build left is dropped first, for IF NOT EXISTS would keep it, invalid.

    Args:
        text: CREATE INDEX.
    """
    return autocommit(
        drop_index(name, table, schema, why="  # what an interrupted build left"),
        _create_index(text, name, table, schema, is_unique=is_unique),
    )


def drop_index(name: str, table: str, schema: str = "", *, why: str = "") -> str:
    """Return `op.drop_index(…)`, concurrently, to be put in `autocommit(…)`."""
    named = f", schema={python_text(schema)}" if schema else ""
    arguments = f"{python_text(name)}, table_name={python_text(table)}{named}"
    return f"op.drop_index({arguments}, postgresql_concurrently=True, if_exists=True){why}"


def _create_index(text: str, name: str, table: str, schema: str, *, is_unique: bool) -> str:
    elements = index_elements(text)
    if not elements or re.search(r"\b(WITH \(|TABLESPACE |NULLS NOT DISTINCT|INCLUDE )", text, re.IGNORECASE):
        return execute(concurrently(text).replace(" IF NOT EXISTS", "", 1))
    keys = [python_text(one) if _PLAIN_COLUMN.match(one) else f"sa.text({text_literal(one)})" for one in elements]
    method = re.search(r"\bUSING (\w+)", text, re.IGNORECASE)
    condition = index_condition(text)
    arguments = [
        python_text(name), python_text(table), f"[{', '.join(keys)}]",
        *([f"schema={python_text(schema)}"] if schema else []),
        *(["unique=True"] if is_unique else []),
        *([f"postgresql_using={python_text(method[1].lower())}"] if method and method[1].lower() != "btree" else []),
        *([f"postgresql_where=sa.text({text_literal(condition)})"] if condition else []),
        "postgresql_concurrently=True",
    ]  # fmt: skip
    call = f"op.create_index({', '.join(arguments)})"
    return call if len(call) <= _LONGEST_LINE else "\n    ".join(["op.create_index(", *_wrapped(arguments)]) + "\n)"


def _wrapped(arguments: Sequence[str]) -> list[str]:
    return [f"{one}," for one in arguments]


def partitioned_index(text: str, name: str, table: str, partitions: Mapping[str, str]) -> str:
    """Return the build of an index on a partitioned table: on the parent alone, on each part concurrently, attached.

    Args:
        text: CREATE INDEX.
        table: as SQL names it.
        partitions: likewise, of one level, each with the name of its index; "" for one made up.
    """
    parts = [(one, index or part_name(name, one)) for one, index in partitions.items()]
    dot = f"{table.rpartition('.')[0]}." if "." in table else ""
    built = [line for one, index in parts for line in _part(text, one, index)]
    attached = [
        execute(f"ALTER INDEX {dot}{quote(name)} ATTACH PARTITION {_schema_of(one)}{quote(index)}")
        for one, index in parts
    ]
    only = on_only(text, table, name, is_part=False)
    return lines(execute(only), autocommit(*built), *attached)


def _part(text: str, partition: str, index: str) -> tuple[str, str]:
    drop = execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_schema_of(partition)}{quote(index)}")
    return drop, execute(on_only(text, partition, index, is_part=True))


def part_name(index: str, partition: str) -> str:
    """Return what the index of a partition is called."""
    return shorten(f"{index}_{partition.rpartition('.')[2].strip(chr(34))}")


def _schema_of(relation: str) -> str:
    return f"{relation.rpartition('.')[0]}." if "." in relation else ""


def not_valid(added: Reworded) -> str:
    """Return a CHECK or a foreign key that is validated in a revision of its own, while the app reads and writes."""
    name = quote(added.name)
    return lines(
        execute(added.others) if added.others else "",
        execute(f"ALTER TABLE {added.table} ADD CONSTRAINT {name} {added.body} NOT VALID"),
        next_revision("the constraint holds for new rows"),
        execute(f"ALTER TABLE {added.table} VALIDATE CONSTRAINT {name}"),
    )


def not_null(table: str, columns: Sequence[str], *, first: str = "") -> str:
    """Return NOT NULL by way of a CHECK, which is validated while the app reads and writes.

    Source: PostgreSQL manual, ALTER TABLE, SET NOT NULL: a valid CHECK that proves it saves the scan, from 12 on.
    """
    names = {one: quote(shorten(f"{_bare(table)}_{one}_not_null_check")) for one in columns}
    checks = [
        execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({quote(one)} IS NOT NULL) NOT VALID")
        for one, name in names.items()
    ]
    valid = [execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}") for name in names.values()]
    final = [
        line
        for one, name in names.items()
        for line in (
            execute(f"ALTER TABLE {table} ALTER COLUMN {quote(one)} SET NOT NULL"),
            execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}"),
        )
    ]
    return lines(
        first, *checks, next_revision("new rows are checked, and no old one is null"), *valid,
        next_revision("the checks are valid: nothing is read any more"), *final,
    )  # fmt: skip


def _bare(table: str) -> str:
    return table.rpartition(".")[2].strip('"')


def constraint_using_index(added: Reworded, kind: str) -> str:
    """Return a unique constraint or a primary key that takes over an index built concurrently.

    Args:
        kind: `UNIQUE` or `PRIMARY KEY`.
    """
    name, schema = quote(added.name), _schema_of(added.table)
    nulls = " NULLS NOT DISTINCT" if added.nulls_not_distinct else ""
    include = f" INCLUDE ({quoted(added.include)})" if added.include else ""
    keys = f"({quoted(added.columns)}){include}{nulls}"
    # A constraint that it takes the place of has an index of that name still; the index is renamed in the end.
    index = quote(shorten(f"{added.name}_new")) if "DROP CONSTRAINT" in added.others else name
    built = f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {added.table} {keys}"
    takes = f"ALTER TABLE {added.table} ADD CONSTRAINT {name} {kind} USING INDEX {index}{added.using}"
    others = execute(added.others) if added.others else ""
    # A column that the index is on must be there; a key that is dropped is needed until then.
    is_first = " ADD COLUMN " in added.others
    return lines(
        others if is_first else "",
        autocommit(
            f"{execute(f'DROP INDEX CONCURRENTLY IF EXISTS {schema}{index}')}  # what an interrupted build left",
            execute(built),
        ),
        "" if is_first else others,
        execute(takes),
    )


def in_autocommit(text: str) -> str:
    """Return the statement as it stands, outside of a transaction."""
    return autocommit(execute(plain(text)))


def backfill(name: str, table: str, sets: dict[str, str], where: str, schema: str = "") -> str:
    """Return the declaration of a backfill that runs beside the app, in batches, and the wait for its end."""
    values = ", ".join(f"{python_text(column)}: {python_text(value)}" for column, value in sets.items())
    arguments = [python_text(name), f"table={python_text(table)}", f"sets={{{values}}}", f"where={python_text(where)}"]
    arguments += [f"schema={python_text(schema)}"] if schema else []
    return lines(
        BACKFILLS,
        f"op.declare_backfill({', '.join(arguments)})",
        next_revision("`pgwright backfill` has run: it waits for it"),
        BACKFILLS,
        f"op.require_backfill({python_text(name)})",
    )


def range_inside(text: str, partition_key: str) -> str:
    """Return the condition that holds for rows within the bounds of a partition by one column; "" for others.

    Args:
        text: ATTACH PARTITION or CREATE TABLE … PARTITION OF.
        partition_key: of the partitioned table, as `pg_get_partkeydef` writes it.
    """
    found = _range(text, partition_key)
    if found is None:
        return ""
    column, low, high = found
    ends = [f"{column} >= {low}" if low else "", f"{column} < {high}" if high else ""]
    return " AND ".join([f"{column} IS NOT NULL", *(one for one in ends if one)])


def range_outside(text: str, partition_key: str) -> str:
    """Return the condition that holds for rows that do not belong to such a partition; "" for others."""
    found = _range(text, partition_key)
    if found is None:
        return ""
    column, low, high = found
    ends = [f"{column} < {low}" if low else "", f"{column} >= {high}" if high else ""]
    return " OR ".join([f"{column} IS NULL", *(one for one in ends if one)])


def _range(text: str, partition_key: str) -> tuple[str, str, str] | None:
    """Return column, lower and upper end; an end is "" where it is open."""
    key = re.fullmatch(r'RANGE \(([a-z_][a-z0-9_]*|"(?:[^"]|"")+")\)', partition_key)
    value = r"('(?:[^']|'')*'|-?[0-9.]+|MINVALUE|MAXVALUE)"
    bounds = re.search(rf"FROM\s*\(\s*{value}\s*\)\s*TO\s*\(\s*{value}\s*\)", plain(text), re.IGNORECASE)
    if key is None or bounds is None:
        return None
    low, high = ("" if one.upper() in ("MINVALUE", "MAXVALUE") else one for one in bounds.groups())
    return key[1], low, high


def environment_with(setting: str) -> str:
    """Return what `env.py` says to give its session a setting, for the life of its connection."""
    return lines(
        "# env.py, before context.configure(connection=connection, …)",
        f"connection.exec_driver_sql({python_text(setting)})",
        "connection.commit()  # else Alembic takes it for a transaction of yours, and commits nothing",
    )
