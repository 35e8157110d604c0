"""What is read after a COMMIT was acknowledged, in four processes that read and write, and are disturbed all the time.

Before each read, the process notes the last number of the row that any of them was told to be committed; what the
cache gives must not be less. Processes are killed at random moments, also between a COMMIT and what follows it; Valkey
is killed and comes back with what it had written until a moment before, or is held up for longer than anybody waits.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from query_bars.figures import Figure, at_least, at_most, shown
from query_bars.scale import scaled

from chat_bars.staleness_caches import CONTENDERS, KEYS
from chat_bars.staleness_worker import FIELDS, TABLES, TENANTS, Shared
from chat_bars.valkey import ValkeyProcess, run_valkey
from pgwright.embedded import EmbeddedServer, run_server, wheel_programs

CHECKS = scaled(300_000)
PROCESSES = 4
_ROOT = Path(__file__).parents[2]
_SEED = 15
_LONGEST_S = 900
# What is cut off the log of a killed server: what an interrupted second may have held.
_LOST_BYTES = 20_000
_FUNCTION = """
CREATE FUNCTION raise_{table}(owner int, row_key int) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    UPDATE {table} SET n = n + 1 WHERE tenant = owner AND key = row_key;
    RETURN (SELECT n FROM {table} WHERE tenant = owner AND key = row_key);
END $$
"""


def measure() -> Iterator[Figure]:
    with run_server(settings={"max_connections": "80"}, programs=wheel_programs()) as server:
        for name in CONTENDERS:
            counts, disturbed = _run(server, name, CHECKS if name == "ours" else CHECKS // 4)
            ratio = counts["hits"] / max(1, counts["checks"])
            if name == "ours":
                yield at_least("checks", counts["checks"], "", CHECKS)
                yield at_most("stale reads after a commit was acknowledged", counts["stale"], "", 0)
                yield at_least("hit ratio in the same test", ratio, "", 0.7)
                yield at_most("reads that failed", counts["failed"], "", 0)
                yield shown("commits meanwhile, in eight ways", counts["writes"], "")
                for what, times in disturbed.items():
                    yield shown(what, times, "")
            else:
                yield shown(f"{name}: stale reads of {counts['checks']:,}", counts["stale"], "")
                yield shown(f"{name}: hit ratio", ratio, "")


def _run(server: EmbeddedServer, contender: str, checks: int) -> tuple[Counter[str], Counter[str]]:
    server.create_database(contender)
    _make_tables(server, contender)
    try:
        with run_valkey() as valkey, tempfile.TemporaryDirectory() as folder:
            site = _Site(server.url(contender, "asyncpg"), valkey, contender, Path(folder))
            try:
                return site.run(checks)
            finally:
                site.stop()
    finally:
        server.drop_database(contender)


def _make_tables(server: EmbeddedServer, database: str) -> None:
    with server.admin(database) as connection:
        for number in range(TABLES):
            table = f"item_{number}"
            columns = "id int PRIMARY KEY, tenant int, key int, n bigint, UNIQUE (tenant, key)"
            connection.execute(f"CREATE TABLE {table} ({columns})".encode())
            connection.execute(
                f"INSERT INTO {table} SELECT t * {KEYS} + k, t, k, 0 FROM generate_series(0, {TENANTS - 1}) t, "
                f"generate_series(0, {KEYS - 1}) k".encode()
            )
            connection.execute(_FUNCTION.format(table=table).encode())


class _Site:
    """The processes of one contender, and what happens to them."""

    def __init__(self, database: str, valkey: ValkeyProcess, contender: str, folder: Path) -> None:
        self._database, self._valkey, self._contender = database, valkey, contender
        self._acknowledged, self._counts = folder / "acknowledged", folder / "counts"
        self._acknowledged.write_bytes(bytes(8 * TABLES * TENANTS * KEYS))
        self._counts.write_bytes(bytes(8 * len(FIELDS) * PROCESSES))
        self._chance = random.Random(_SEED)
        self._starts = 0
        self._processes = [self._start(number) for number in range(PROCESSES)]
        self._disturbed: Counter[str] = Counter()

    def run(self, checks: int) -> tuple[Counter[str], Counter[str]]:
        deadline = time.monotonic() + _LONGEST_S
        disturbances = (self._kill_process, self._kill_process, self._kill_process, self._kill_process,
                        self._restart, self._stall_briefly, self._stall)  # fmt: skip
        time.sleep(8)
        place = 0
        while self._total()["checks"] < checks:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._total()} after {_LONGEST_S} s")
            time.sleep(self._chance.uniform(1, 4))
            disturbances[place % len(disturbances)]()
            place += 1
        return self._total(), self._disturbed

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def _total(self) -> Counter[str]:
        numbers = Shared(self._counts)
        return Counter({
            field: sum(numbers[8 * (len(FIELDS) * each + place)] for each in range(PROCESSES))
            for place, field in enumerate(FIELDS)
        })  # fmt: skip

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        self._starts += 1
        arguments = [self._contender, self._database, self._valkey.url, str(self._acknowledged), str(self._counts)]
        return subprocess.Popen(
            [sys.executable, "-m", "chat_bars.staleness_worker", *arguments, str(number), str(_SEED + self._starts)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [_ROOT / "bench", *sys.path]))},
        )

    def _kill_process(self) -> None:
        number = self._chance.randrange(PROCESSES)
        self._processes[number].kill()
        self._processes[number].wait()
        self._processes[number] = self._start(number)
        self._disturbed["processes killed"] += 1

    def _restart(self) -> None:
        self._valkey.kill()
        self._valkey.lose(self._chance.randrange(_LOST_BYTES))
        time.sleep(self._chance.uniform(0, 1))
        self._valkey.start()
        self._disturbed["Valkey killed, and back with what it had a moment before"] += 1

    def _stall_briefly(self) -> None:
        self._valkey.stall(self._chance.uniform(0.05, 0.5))
        self._disturbed["Valkey held up for less than half a second"] += 1

    def _stall(self) -> None:
        self._valkey.stall(self._chance.uniform(1, 4))
        self._disturbed["Valkey held up for 1 to 4 seconds"] += 1
