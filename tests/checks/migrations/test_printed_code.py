"""The code that a rule about names and data prints runs on rows, revision by revision."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer
from tests.support.pasting import Pasting, revisions_of

_NOTE = """
    CREATE TYPE state AS ENUM ('new', 'done');
    CREATE TABLE owner (id int PRIMARY KEY, name text);
    CREATE TABLE note (id int PRIMARY KEY, title text NOT NULL DEFAULT 'a "b"', owner_id int, state state);
    CREATE VIEW states AS SELECT state FROM note;
    CREATE SCHEMA crm; CREATE TABLE crm.lead (id int PRIMARY KEY, "Order" text);
    INSERT INTO note (id, owner_id, state) SELECT n, n % 50 + 1, 'new' FROM generate_series(1, 500) AS n;
    ANALYZE note
"""
_BUILD = """
with op.get_context().autocommit_block():
    op.create_index("ix", "note", ["title"], postgresql_concurrently=True)
"""
CASES = [
    ("column-dropped", 'op.drop_column("note", "title")'),
    ("column-dropped", 'op.drop_column("lead", "Order", schema="crm")'),
    ("column-renamed", 'op.alter_column("note", "title", new_column_name="headline")'),
    ("column-renamed", 'op.alter_column("lead", "Order", new_column_name="order", schema="crm")'),
    ("table-dropped", 'op.drop_table("owner")'),
    ("table-renamed", 'op.rename_table("owner", "person")'),
    ("table-recreated", 'op.drop_table("owner")\nop.create_table("owner", sa.Column("id", sa.Integer()))'),
    ("table-schema-changed", 'op.execute("ALTER TABLE owner SET SCHEMA crm")'),
    ("schema-renamed", 'op.execute("ALTER SCHEMA crm RENAME TO sales")'),
    ("schema-dropped", 'op.execute("DROP SCHEMA crm CASCADE")'),
    ("cascade-drops-unnamed", 'op.execute("ALTER TABLE note DROP COLUMN state CASCADE")'),
    ("table-dropped-still-used", 'op.execute("DROP TABLE note CASCADE")'),
    ("enum-value-renamed", "op.execute(\"ALTER TYPE state RENAME VALUE 'done' TO 'finished'\")"),
    ("enum-value-cannot-be-removed", "op.execute(\"ALTER TYPE state ADD VALUE 'lost'\")"),
    ("default-dropped-while-required", 'op.alter_column("note", "title", server_default=None)'),
    ("not-null-over-nulls", 'op.alter_column("note", "owner_id", nullable=False)'),
    ("second-run-fails", _BUILD),
    ("setting-outlives-revision", "op.execute(\"SET search_path = 'public'\")"),
    ("foreign-key-added-without-index",
     'op.create_table("fresh", sa.Column("owner_id", sa.Integer(), sa.ForeignKey("owner.id")))'),
]  # fmt: skip
# What the code leaves to its reader, or what stays because it is printed for a new table.
_BEFORE = {
    "table-dropped-still-used": 'op.execute("DROP VIEW states")',
    "foreign-key-added-without-index": 'op.create_table("fresh", sa.Column("owner_id", sa.Integer()))',
}


@pytest.mark.parametrize(("check", "body"), CASES, ids=[f"{check}-{n}" for n, (check, _) in enumerate(CASES)])
def test_printed_code_runs(
    check: str, body: str, server: EmbeddedServer, twin_server: EmbeddedServer, tmp_path: Path
) -> None:
    twin_server.require_owner()
    schema = f"{_NOTE}; UPDATE note SET owner_id = NULL WHERE id < 100; ANALYZE note" if "nulls" in check else _NOTE
    pasting = Pasting(server, twin_server, tmp_path, schema)
    _, findings = pasting.lint(body)
    found = next(one for one in findings if one.check == check)
    assert found.code
    if "nulls" in check:
        pasting = Pasting(server, twin_server, tmp_path, _NOTE)  # after the backfill that its reader writes
    revisions = revisions_of(found.code)
    revisions[0] = f"{_BEFORE.get(check, '')}\n{revisions[0]}"
    pasting.schema_after(*(one if _does_something(one) else "pass" for one in revisions))


def _does_something(body: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in body.splitlines())
