"""The code of a finding, pasted in place of the statement, runs on rows, ends the same, and is quiet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer
from tests.support.pasting import Pasting, revisions_of

_NOTE = """
    CREATE TABLE owner (id int PRIMARY KEY, name text);
    CREATE TABLE note (id int PRIMARY KEY, title text, owner_id int, state text, created_at timestamptz);
    INSERT INTO owner SELECT n, 'o' || n FROM generate_series(1, 50) AS n;
    INSERT INTO note SELECT n, 'note ' || n, n % 50 + 1, 'new', now() FROM generate_series(1, 500) AS n;
    CREATE INDEX ix_state ON note (state)
"""
_EVENT = """
    CREATE TABLE event (id int NOT NULL, at date NOT NULL, kind text) PARTITION BY RANGE (at);
    CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
    INSERT INTO event SELECT n, '2026-01-01'::date + n % 50, 'k' FROM generate_series(1, 500) AS n
"""


_KEYED = f"{_NOTE}; ALTER TABLE note ADD CONSTRAINT fk FOREIGN KEY (owner_id) REFERENCES owner"


@dataclass(frozen=True)
class Case:
    check: str
    body: str
    schema: str = _NOTE
    before: str = ""
    """What the revision did before the statement."""
    besides: frozenset[str] = frozenset()
    """What else is found, before and after: other faults of the statement."""
    rows: str = ""
    """A query whose rows must be the same, too."""
    left: str = ""
    """A name that only the safe way leaves behind."""


_UNINDEXED = frozenset({"foreign-key-added-without-index"})
CASES = [
    Case("index-not-concurrent", 'op.create_index("ix", "note", ["title"])'),
    Case("index-not-concurrent", 'op.create_index("ix", "note", ["title", "owner_id"], unique=True)'),
    Case("index-not-concurrent", 'op.create_index("ix", "note", [sa.text("lower(title) DESC")], '
         'postgresql_where=sa.text("title LIKE \'a%\' AND state <> \'a: b :c\'"))'),
    Case("index-not-concurrent", 'op.create_index("ix", "note", ["title"], postgresql_include=["state"])'),
    Case("index-not-concurrent", 'op.execute("CREATE INDEX IF NOT EXISTS ix ON public.note USING hash (title)")'),
    Case("index-not-concurrent", 'op.execute("CREATE INDEX ON note (title, state)")'),
    Case("index-not-concurrent", 'op.create_index("ix_kind", "event", ["kind"])', _EVENT),
    Case("index-dropped-not-concurrent", 'op.drop_index("ix_state", table_name="note")'),
    Case("reindex-not-concurrent", 'op.execute("REINDEX INDEX ix_state")'),
    Case("reindex-not-concurrent", 'op.execute("REINDEX (VERBOSE) TABLE note")'),
    Case("not-null-scans-table", 'op.alter_column("note", "title", nullable=False)'),
    Case("not-null-scans-table",
         'op.execute("ALTER TABLE public.note ALTER title SET NOT NULL, ALTER owner_id SET NOT NULL")'),
    Case("check-validated-at-once", 'op.create_check_constraint("ck", "note", "id > 0 AND title <> \'%\'")'),
    Case("check-validated-at-once", 'op.execute("ALTER TABLE note ADD CHECK (id > 0)")'),
    Case("check-validated-at-once", 'op.execute("ALTER TABLE note ADD CHECK (id > 0 OR title IS NULL)")'),
    Case("check-validated-at-once", 'op.execute("ALTER TABLE note ADD COLUMN size int DEFAULT 1 CHECK (size > 0)")'),
    Case("foreign-key-validated-at-once",
         'op.create_foreign_key("fk", "note", "owner", ["owner_id"], ["id"], ondelete="CASCADE", deferrable=True)',
         besides=_UNINDEXED),
    Case("foreign-key-validated-at-once", 'op.create_foreign_key(None, "note", "owner", ["owner_id"], ["id"])',
         besides=_UNINDEXED),
    Case("foreign-key-validated-at-once", 'op.execute("ALTER TABLE note ADD COLUMN by int REFERENCES owner")',
         besides=_UNINDEXED),
    Case("unique-constraint-builds-index", 'op.create_unique_constraint("uq", "note", ["title", "state"])'),
    Case("unique-constraint-builds-index", 'op.create_unique_constraint(None, "note", ["title"], initially="DEFERRED", '
         'deferrable=True)'),
    Case("unique-constraint-builds-index",
         'op.execute("ALTER TABLE note ADD UNIQUE NULLS NOT DISTINCT (title) INCLUDE (state)")'),
    Case("unique-constraint-builds-index", 'op.execute("ALTER TABLE note ADD COLUMN code text UNIQUE")'),
    Case("primary-key-builds-index", 'op.execute("ALTER TABLE note DROP CONSTRAINT note_pkey, ADD PRIMARY KEY (id)")'),
    Case("primary-key-builds-index", 'op.create_primary_key("pk", "note", ["title"])',
         _NOTE.replace("note (id int PRIMARY KEY", "note (id int")),
    Case("drop-locks-referenced-table", 'op.drop_constraint("fk", "note")',
         f"{_NOTE}; ALTER TABLE note ADD CONSTRAINT fk FOREIGN KEY (owner_id) REFERENCES owner"),
    Case("drop-locks-referenced-table", 'op.drop_table("note")', _KEYED,
         besides=frozenset({"table-dropped-still-used"})),
    Case("table-rewritten",
         'op.add_column("note", sa.Column("token", sa.Uuid(), server_default=sa.text("gen_random_uuid()")))'),
    Case("table-rewritten", 'op.add_column("note", sa.Column("token", sa.Uuid(), nullable=False, '
         'server_default=sa.text("gen_random_uuid()")))'),
    Case("not-null-column-without-default", 'op.add_column("note", sa.Column("kind", sa.Text(), nullable=False))',
         f"{_NOTE}; TRUNCATE note"),
    # The server itself leaves the bounds of a partition that it detached concurrently behind, as a CHECK.
    Case("detach-not-concurrent", 'op.execute("ALTER TABLE event DETACH PARTITION event_1")', _EVENT,
         left="event_1_at_check"),
    Case("detach-not-concurrent", 'op.execute("ALTER TABLE event DETACH PARTITION event_1")',
         f"{_EVENT}; CREATE TABLE event_default PARTITION OF event DEFAULT"),
    Case("default-partition-scanned",
         """op.execute("CREATE TABLE event_3 PARTITION OF event FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')")""",
         f"{_EVENT}; CREATE TABLE event_default PARTITION OF event DEFAULT"),
    Case("partition-attach-scans",
         """op.execute("ALTER TABLE event ATTACH PARTITION old FOR VALUES FROM (MINVALUE) TO ('2026-01-01')")""",
         f"{_EVENT}; CREATE TABLE old (LIKE event); INSERT INTO old VALUES (1, '2025-05-05', 'k')"),
    Case("materialized-view-refresh-blocks", 'op.execute("REFRESH MATERIALIZED VIEW by_owner")',
         f"{_NOTE}; CREATE MATERIALIZED VIEW by_owner AS SELECT owner_id, count(*) FROM note GROUP BY 1;"
         "CREATE UNIQUE INDEX ON by_owner (owner_id)"),
    Case("validated-in-same-transaction", 'op.execute("ALTER TABLE note VALIDATE CONSTRAINT ck")',
         before='op.create_check_constraint("ck", "note", "id > 0", postgresql_not_valid=True)'),
    Case("exclusive-lock-held-long", 'op.create_index("ix", "note", ["title"])',
         before='op.add_column("owner", sa.Column("state", sa.Text()))', besides=frozenset({"index-not-concurrent"})),
    Case("backfill-in-revision", 'op.execute("UPDATE note SET state = lower(title) WHERE title LIKE \'%1\'")',
         rows="SELECT id, title, state FROM note"),
    Case("backfill-in-revision", 'op.execute("UPDATE note SET name_lower = lower(title), n = id * 2")',
         before='op.add_column("note", sa.Column("name_lower", sa.Text()))\n'
         'op.add_column("note", sa.Column("n", sa.Integer()))', rows="SELECT id, name_lower, n FROM note"),
    Case("truncate-cascade", 'op.execute("TRUNCATE owner CASCADE")', _KEYED,
         rows="SELECT count(*) FROM note UNION ALL SELECT count(*) FROM owner"),
    Case("trigger-added", 'op.execute("CREATE TRIGGER t BEFORE UPDATE ON note FOR EACH ROW '
         'EXECUTE FUNCTION suppress_redundant_updates_trigger()")'),
    Case("row-security-locks-table", 'op.execute("ALTER TABLE note ENABLE ROW LEVEL SECURITY")'),
    Case("row-security-locks-table", 'op.execute("CREATE POLICY p ON note USING (owner_id = 1)")'),
    Case("analyze-missing", 'op.alter_column("note", "owner_id", type_=sa.BigInteger())',
         besides=frozenset({"table-rewritten", "exclusive-lock-held-long"})),
    Case("analyze-missing", 'op.create_index("ix", "note", [sa.text("lower(title)")])',
         besides=frozenset({"index-not-concurrent", "exclusive-lock-held-long"})),
    Case("if-not-exists-keeps-invalid", 'with op.get_context().autocommit_block():\n'
         '    op.create_index("ix", "note", ["title"], postgresql_concurrently=True, if_not_exists=True)'),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{one.check}-{n}" for n, one in enumerate(CASES)])
def test_pasted_code_ends_with_the_same_schema_and_is_quiet(
    case: Case, server: EmbeddedServer, twin_server: EmbeddedServer, tmp_path: Path
) -> None:
    twin_server.require_owner()
    pasting = Pasting(server, twin_server, tmp_path, case.schema)
    body = f"{case.before}\n{case.body}"
    _, findings = pasting.lint(body)
    found = next(one for one in findings if one.check == case.check)
    assert found.code
    revisions = revisions_of(f"{case.before}\n{found.code}")
    after = [one for one in pasting.schema_after(*revisions, rows=case.rows) if not _is_left(one, case.left)]
    assert after == pasting.schema_after(body, rows=case.rows)
    _, left = pasting.lint(*revisions)
    bad = {one.check for one in left if one.severity in ("high", "medium")} - case.besides
    assert bad == set()
    assert case.check not in {one.check for one in left}


def _is_left(fact: tuple[object, ...], name: str) -> bool:
    return bool(name) and name in str(fact[1])
