"""Kill a backfill at any moment, the process or its connections, and see whether each row is done once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from life_bars.killing import kill_one, number
from life_bars.retention_schema import SCHEMA
from query_bars.figures import Figure, at_least, at_most

from migration_bars.backfill_schema import NAME, declare
from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_engine
from pgwright_runtime.backfills import run_backfills
from pgwright_runtime.batches import Pace

_ROWS = 30_000
_APPLICATION = "backfill-victim"
# So slow that most kills meet a batch.
_PACE = Pace(first_rows=20, most_rows=20, busy=1)
_LEDGER = """
CREATE TABLE filled (event_id bigint NOT NULL);
CREATE FUNCTION note_filled() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO filled VALUES (OLD.id); RETURN NULL; END';
CREATE TRIGGER note_filled AFTER UPDATE OF kind_key ON event FOR EACH ROW EXECUTE FUNCTION note_filled()
"""
# A row that is done and was not noted, or was noted and is not done; or a position behind which something is left.
_LOST = f"""
SELECT (SELECT count(*) FROM event e WHERE (e.kind_key IS NOT NULL)
        <> EXISTS (SELECT FROM filled f WHERE f.event_id = e.id))
    + (SELECT count(*) FROM event e JOIN pgwright_backfill b ON b.name = '{NAME}'
        WHERE e.id <= (b.position ->> 0)::bigint AND e.kind_key IS NULL)
    + (SELECT count(*) FROM event WHERE kind_key <> upper(kind))
"""
_TWICE = "SELECT count(*) - count(DISTINCT event_id) FROM filled"
_LEFT = "SELECT count(*) FROM event WHERE kind_key IS NULL"


def kill_at_any_moment(server: EmbeddedServer, kills: int) -> Iterator[Figure]:
    """Yield what was lost and what was done twice, after each kill together, and whether the last run ends it."""
    chance = random.Random(7)
    lost = twice = rounds = done = left = 0
    while done < kills and not left:
        database = f"kills_{rounds}"
        rounds += 1
        server.create_database(database)
        with server.admin(database) as connection:
            for statement in SCHEMA.split(";"):
                connection.execute(statement.replace("$rows", str(_ROWS)).encode())
        declare(server, database)
        with server.admin(database) as connection:
            connection.execute(_LEDGER.encode())
        while done < kills and number(server, database, _LEFT):
            done += kill_one(
                server,
                database,
                chance,
                partial(_run, server, database, _PACE),
                _APPLICATION,
                kills_process=done % 2 == 0,
            )
            lost += number(server, database, _LOST)
            twice += number(server, database, _TWICE)
        _run(server, database, Pace())
        left = number(server, database, _LEFT)
        server.drop_database(database)
    yield at_least("kills: at random moments, half of the process, half of its connections", done, "", kills)
    yield at_most("kills: rows lost", lost, "", 0)
    yield at_most("kills: rows done twice", twice, "", 0)
    yield at_most("kills: rows that the next run left", left, "", 0)


def _run(server: EmbeddedServer, database: str, pace: Pace) -> None:
    engine = create_engine(server.url(database), application_name=_APPLICATION)
    run_backfills(engine, [NAME], pace=pace)
    engine.dispose()
