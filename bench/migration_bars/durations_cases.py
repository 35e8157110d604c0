"""The statements that are timed; each is undone, so that every one finds the tables as the snapshot has them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    statement: str
    is_alone: bool = False
    """It runs outside of a transaction; the others are rolled back."""
    before: tuple[str, ...] = ()
    """What makes its run like the first one."""
    after: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.statement


def _undone(*statements: str) -> tuple[Case, ...]:
    return tuple(Case(one) for one in statements)


def _concurrent(table: str, keys: str, method: str = "btree") -> Case:
    statement = f"CREATE INDEX CONCURRENTLY made ON {table} USING {method} ({keys})"
    return Case(statement, is_alone=True, after=("DROP INDEX made",))


def _changed(table: str, statement: str) -> Case:
    """Return a change that is rolled back, whose dead rows are removed before the next."""
    return Case(statement, before=(f"VACUUM {table}", "CHECKPOINT"), after=(f"VACUUM {table}",))


CASES: tuple[Case, ...] = (
    # whole-table reads
    *_undone(
        "ALTER TABLE small_numbers ALTER kind SET NOT NULL",
        "ALTER TABLE numbers ALTER kind SET NOT NULL",
        "ALTER TABLE wide ALTER token SET NOT NULL",
        "ALTER TABLE event ALTER payload SET NOT NULL",
        "ALTER TABLE bloated ALTER name SET NOT NULL",
        "ALTER TABLE numbers ADD CONSTRAINT positive CHECK (score >= 0)",
        "ALTER TABLE wide ADD CONSTRAINT long_enough CHECK (length(token) > 3)",
        "ALTER TABLE document ADD CONSTRAINT has_kind CHECK (data ? 'kind')",
    ),
    # indexes
    *_undone(
        "CREATE INDEX made ON small_numbers (score)",
        "CREATE INDEX made ON numbers (score)",
        "CREATE INDEX made ON numbers (id)",
        "CREATE INDEX made ON wide (token)",
        "CREATE INDEX made ON wide (kind)",
        "CREATE INDEX made ON page (title)",
        "CREATE INDEX made ON orders (customer)",
        "CREATE INDEX made ON orders (state, total)",
        "CREATE INDEX made ON line (order_id)",
        "CREATE INDEX made ON event (actor)",
        "CREATE INDEX made ON numbers USING brin (id)",
        "CREATE INDEX made ON orders USING hash (customer)",
        "CREATE INDEX made ON document USING gin (data)",
        "CREATE INDEX made ON page USING gin (title gin_trgm_ops)",
        "CREATE INDEX made ON small_numbers USING gist (score)",
        "REINDEX TABLE orders",
        "ALTER TABLE orders ADD CONSTRAINT one_number UNIQUE (number)",
        "ALTER TABLE small_numbers ADD CONSTRAINT apart EXCLUDE USING gist (id WITH =)",
    ),
    _concurrent("wide", "token"),
    _concurrent("orders", "placed_at, customer"),
    _concurrent("numbers", "score"),
    # foreign keys
    *_undone(
        "ALTER TABLE line ADD FOREIGN KEY (order_id) REFERENCES orders",
        "ALTER TABLE line ADD FOREIGN KEY (thing_id) REFERENCES small_numbers",
    ),
    # rewrites
    *_undone(
        "ALTER TABLE small_numbers ALTER kind TYPE bigint",
        "ALTER TABLE numbers ALTER kind TYPE bigint",
        "ALTER TABLE wide ALTER kind TYPE bigint",
        "ALTER TABLE page ALTER body TYPE varchar(1000)",
        "ALTER TABLE orders ALTER state TYPE bigint",
        "ALTER TABLE document ALTER id TYPE numeric",
        "ALTER TABLE upload ALTER id TYPE numeric",
        "ALTER TABLE event ALTER actor TYPE bigint",
        "ALTER TABLE line ADD COLUMN token uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE page ADD COLUMN token uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE page ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE bloated ALTER kind TYPE bigint",
        "ALTER TABLE line SET UNLOGGED",
    ),
    Case(
        "CLUSTER page USING page_title",
        before=("CLUSTER page USING page_pkey",),
        after=("CLUSTER page USING page_pkey",),
    ),
    Case("VACUUM FULL orders", is_alone=True),
    # rows
    *_undone(
        "CREATE TABLE made AS SELECT * FROM line",
        "CREATE TABLE made AS SELECT * FROM page",
        "CREATE MATERIALIZED VIEW made AS SELECT id, total FROM orders",
        "INSERT INTO page SELECT id + 100000000, title, body, made_at, is_hidden FROM page",
    ),
    _changed("page", "UPDATE page SET is_hidden = NOT is_hidden"),
    _changed("page", "UPDATE page SET title = lower(title) WHERE is_hidden"),
    _changed("small_numbers", "UPDATE small_numbers SET score = score + 1"),
    _changed("document", "UPDATE document SET data = data - 'note'"),
    _changed("line", "DELETE FROM line"),
    _changed("orders", "DELETE FROM orders WHERE state = 3"),
    Case("ANALYZE orders", is_alone=True),
    Case("VACUUM FULL bloated", is_alone=True),
)
