"""Kill a retention at any moment, the process or its connection, and see whether each row went once or stayed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from query_bars.figures import Figure, at_least, at_most

from life_bars.killing import kill_one, number
from life_bars.retention_schema import SCHEMA, retention
from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_engine
from pgwright_runtime.batches import Pace

_ROWS = 30_000
_NAME = "retention-victim"
# So slow that most kills meet a batch.
_PACE = Pace(first_rows=20, most_rows=20, busy=1)
_LEDGER = """
CREATE TABLE gone (event_id bigint NOT NULL);
CREATE FUNCTION note_gone() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO gone VALUES (OLD.id); RETURN NULL; END';
CREATE TRIGGER note_gone AFTER DELETE ON event FOR EACH ROW EXECUTE FUNCTION note_gone();
CREATE TABLE must_stay AS SELECT id FROM event WHERE deleted_at IS NULL;
CREATE TABLE label_must_stay AS SELECT l.* FROM event_label l JOIN must_stay m ON m.id = l.event_id
"""
_LOST = """
SELECT (SELECT count(*) FROM must_stay m WHERE NOT EXISTS (SELECT FROM event e WHERE e.id = m.id))
    + (SELECT count(*) FROM label_must_stay m
        WHERE NOT EXISTS (SELECT FROM event_label l WHERE l.event_id = m.event_id))
    -- A row that went without being noted, or was noted and did not go.
    + (SELECT abs(:rows - count(*) - (SELECT count(*) FROM gone)) FROM event)
    -- Half of what hangs on a row went: of those that are still there, every label is.
    + (SELECT count(*) FROM event e WHERE e.id % 4 = 1
        AND NOT EXISTS (SELECT FROM event_label l WHERE l.event_id = e.id))
"""
_TWICE = "SELECT count(*) - count(DISTINCT event_id) FROM gone"


def kill_at_any_moment(server: EmbeddedServer, kills: int) -> Iterator[Figure]:
    """Yield what was lost and what went twice, after each kill together, and whether the last run ends it."""
    chance = random.Random(7)
    lost = twice = rounds = done = 0
    while done < kills:
        database = f"kills_{rounds}"
        rounds += 1
        server.create_database(database)
        with server.admin(database) as connection:
            for statement in SCHEMA.split(";"):
                connection.execute(statement.replace("$rows", str(_ROWS)).encode())
            connection.execute(_LEDGER.encode())
        while done < kills and _left(server, database):
            done += kill_one(
                server, database, chance, partial(_run, server, database, _PACE), _NAME, kills_process=done % 2 == 0
            )
            lost += number(server, database, _LOST.replace(":rows", str(_ROWS)))
            twice += number(server, database, _TWICE)
        _run(server, database, Pace())
        left = _left(server, database)
        server.drop_database(database)
        if left:
            break
    yield at_least("kills: at random moments, half of the process, half of its connection", done, "", kills)
    yield at_most("kills: rows lost", lost, "", 0)
    yield at_most("kills: rows gone twice", twice, "", 0)
    yield at_most("kills: due rows that the next run left", left, "", 0)


def _run(server: EmbeddedServer, database: str, pace: Pace) -> None:
    engine = create_engine(server.url(database), application_name=_NAME)
    retention().run(engine, pace=pace)
    engine.dispose()


def _left(server: EmbeddedServer, database: str) -> int:
    return number(server, database, "SELECT count(*) FROM event WHERE deleted_at < now() - interval '90 days'")
