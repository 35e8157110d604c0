"""Measure how fast a server works on this machine: a few seconds of small jobs of known size, each rolled back.

It runs on an embedded server that has production's settings where they decide (`settings_like`), and is durable, as the
twin is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import psycopg

from pgwright.durations.jobs import Jobs
from pgwright.durations.work import PAGE_LOGGED
from pgwright.embedded import EmbeddedServer, Programs, run_server, wheel_programs
from pgwright.model.rates import DEFAULT_RATES, Rates
from pgwright.model.snapshot import Snapshot
from pgwright.sizes.builds import GIST_ROW_SECONDS, comparisons, gin_seconds
from pgwright.sql_files import read_sql

# What decides how long writes take. Sizes of memory are not copied: this machine may have less.
_DECIDING = ("fsync", "full_page_writes", "wal_level", "wal_compression", "wal_init_zero", "wal_recycle")
_DURABLE: Mapping[str, str] = {
    "fsync": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "autovacuum": "off",
    "jit": "off",
    # A table of more than a quarter is read through a ring of buffers, from the system, as large tables are; and that
    # in long reads only while each of the connections that may come has buffers enough left.
    "shared_buffers": "64MB",
    "max_connections": "10",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "2GB",
    "min_wal_size": "512MB",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
}
_ROUNDS = 3
# As in production, the first change of a page since the last checkpoint logs the page.
_CLEAN = "VACUUM {table}; CHECKPOINT"
_LEAST_SECONDS = 1e-10
_ITEMS_OF_DOCUMENT = 6  # three keys and three values in each of sql/calibration.sql


def settings_like(snapshot: Snapshot | None) -> dict[str, str]:
    """Return the settings of a server that is as durable as production, or as one usually is."""
    known = {} if snapshot is None else snapshot.setting_by_name
    told = {name: known[name].raw for name in _DECIDING if name in known and known[name].raw}
    if told.get("wal_level") == "logical":
        told["wal_level"] = "replica"  # which logs a little less of UPDATE and DELETE, and needs no slots
    return {**_DURABLE, **told}


def measure_rates(settings: Mapping[str, str], programs: Programs | None = None) -> Rates:
    """Measure on a server of its own, in a few seconds and 600 MB of the temporary folder. Raises: EmbeddedServerError.

    Args:
        settings: as `settings_like` returns them.
        programs: the server's; None: the wheel's.
    """
    with run_server(settings=settings, programs=programs or wheel_programs()) as server:
        return _measure_on(server)


def _measure_on(server: EmbeddedServer) -> Rates:
    server.create_database("calibration")
    with psycopg.connect(server.dsn("calibration"), autocommit=True) as connection:
        for statement in read_sql("pgwright.durations", "calibration").split(";"):
            connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
        source = f"measured on this machine with PostgreSQL {server.programs.version}"
        calibration = _Calibration(Jobs(connection))
        rounds = [calibration.rates() for _ in range(_ROUNDS)]
        return replace(rounds[-1], source=source)  # from the least seconds of each job


@dataclass
class _Calibration:
    """Equations of the seconds of small jobs, solved one after the other."""

    jobs: Jobs

    def rates(self) -> Rates:
        bare = self.jobs.seconds("ALTER TABLE empty ALTER id SET NOT NULL")
        found = self._reading(replace(DEFAULT_RATES, statement=bare))
        found = self._rewriting(found)
        found = self._sorting(found)
        found = self._changing(found)
        found = self._matching(found)
        found = self._other_methods(found)
        committed = self.jobs.committed("ALTER TABLE empty ALTER id SET STATISTICS 50")
        timed = [one.name for one in fields(found) if one.name not in ("source", "worker_share")]
        least = {name: max(getattr(found, name), _LEAST_SECONDS) for name in timed}
        return replace(found, **{**least, "statement": committed})

    def _reading(self, known: Rates) -> Rates:
        narrow, wide = (self._without_statement(known, f"ALTER TABLE {name} ALTER kind SET NOT NULL") for name in _TWO)
        row, page = self._solved(narrow, wide)
        checked = self._without_statement(known, "ALTER TABLE narrow ADD CHECK (length(kind::text) > 0)")
        rows = self.jobs.sizes("narrow").rows
        return replace(known, row_read=row, page_read=page, row_evaluated=(checked - narrow) / rows)

    def _rewriting(self, known: Rates) -> Rates:
        narrow, wide = (
            self._without_statement(known, f"ALTER TABLE {name} ALTER kind TYPE bigint") - self._read(known, name)
            for name in _TWO
        )
        row, page = self._solved(narrow, wide)
        large = self._without_statement(known, "ALTER TABLE large ALTER id TYPE bigint")
        pages = self.jobs.sizes("large").large_pages
        found = replace(known, row_written=row, page_written=page, large_page_copied=large / pages)
        drawn = self._without_statement(known, "ALTER TABLE changed ADD COLUMN made uuid DEFAULT gen_random_uuid()")
        sizes = self.jobs.sizes("changed")
        drawn -= self._read(known, "changed") + sizes.rows * row + sizes.pages * page
        return replace(found, uuid_drawn=drawn / sizes.rows)

    def _sorting(self, known: Rates) -> Rates:
        rows, texts = self.jobs.sizes("narrow").rows, self.jobs.sizes("texts").rows
        ordered = self._sorted(known, "narrow", "id") / rows
        mixed = self._sorted(known, "narrow", "score") - ordered * rows
        text = self._sorted(known, "texts", "token") - ordered * texts
        return replace(
            known,
            key_sorted=ordered,
            key_compared=mixed / comparisons(rows),
            text_compared=text / comparisons(texts),
            worker_share=self._worker_share(),
        )

    def _worker_share(self) -> float:
        alone = self.jobs.seconds("CREATE INDEX ON narrow (score)")
        self.jobs.allow_workers(1)
        together = self.jobs.seconds("CREATE INDEX ON narrow (score)")
        self.jobs.allow_workers(0)
        return alone / together - 1

    def _changing(self, known: Rates) -> Rates:
        rows = self.jobs.sizes("changed").rows
        update = "UPDATE {} SET kind = kind + 1"
        plain, indexed = (
            self.jobs.seconds(update.format(table), first=_CLEAN.format(table=table)) / rows
            for table in ("changed", "indexed")
        )
        paged = self.jobs.sizes("changed").pages / rows * known.page_written
        logged = paged * PAGE_LOGGED
        deleted = self.jobs.seconds("DELETE FROM changed", first=_CLEAN.format(table="changed")) / rows
        inserted = self.jobs.seconds("INSERT INTO changed SELECT * FROM narrow LIMIT 100000") / rows
        return replace(
            known,
            row_updated=plain - paged - logged,
            entry_added=indexed - plain,
            row_deleted=deleted - logged,
            row_inserted=inserted - paged,
        )

    def _matching(self, known: Rates) -> Rates:
        took = self._without_statement(known, "ALTER TABLE child ADD FOREIGN KEY (parent_id) REFERENCES parent")
        took -= self._read(known, "child") + self._read(known, "parent")
        checked = self.jobs.seconds("DELETE FROM checked") / self.jobs.sizes("checked").rows - known.row_deleted
        rows = self.jobs.sizes("child").rows + self.jobs.sizes("parent").rows
        return replace(known, row_matched=took / rows, row_checked=checked)

    def _other_methods(self, known: Rates) -> Rates:
        rows = self.jobs.sizes("document").rows
        gin, pages = self.jobs.build("CREATE INDEX ix ON document USING gin (data)")
        gist = self.jobs.seconds("CREATE INDEX ON span USING gist (during)")
        return replace(
            known,
            gin_share=gin / gin_seconds(rows * _ITEMS_OF_DOCUMENT, pages),
            gist_share=gist / (self.jobs.sizes("span").rows * GIST_ROW_SECONDS),
        )

    def _without_statement(self, known: Rates, statement: str) -> float:
        return self.jobs.seconds(statement) - known.statement

    def _read(self, known: Rates, table: str) -> float:
        sizes = self.jobs.sizes(table)
        return sizes.rows * known.row_read + sizes.pages * known.page_read

    def _sorted(self, known: Rates, table: str, column: str) -> float:
        """Return the seconds that a build sorts, without those in which it reads and writes."""
        took, pages = self.jobs.build(f"CREATE INDEX ix ON {table} ({column})")
        return took - known.statement - self._read(known, table) - pages * known.page_written

    def _solved(self, narrow: float, wide: float) -> tuple[float, float]:
        """Return the seconds of a row and of a page, of two tables that have many of the one and many of the other."""
        (a, b), (c, d) = ((one.rows, one.pages) for one in map(self.jobs.sizes, _TWO))
        determinant = a * d - b * c
        row, page = (narrow * d - wide * b) / determinant, (wide * a - narrow * c) / determinant
        # Noise may make one of them negative; then it is all the work of the other.
        return (max(row, narrow / (a + b * c / d) / 2), page) if row <= 0 else (row, max(page, _LEAST_SECONDS))


_TWO = ("narrow", "wide")
