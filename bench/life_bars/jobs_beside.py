"""procrastinate and pgqueuer on the same server, with as many jobs and processes; in an environment of their own.

`measure_beside` is the benchmark's; the rest runs in that environment: `python jobs_beside.py NAME DSN WHAT …`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from query_bars.figures import Figure

    from pgwright.embedded import EmbeddedServer

FOLDER = Path(__file__).parents[2] / "build" / "bench" / "queues"
PACKAGES = ("procrastinate>=3.10", "psycopg[binary]>=3.2", "pgqueuer>=1.6", "asyncpg>=0.30")
BATCH = 20
_TIMEOUT_S = 300


def measure_beside(server: EmbeddedServer, processes: int, jobs: int) -> Iterator[Figure]:
    """Yield jobs per second of both, one at a time and, where they have such a thing, together; without a bar."""
    from query_bars.figures import shown

    python = _install()
    if python is None:
        print("    procrastinate and pgqueuer do not install here: not measured", flush=True)
        return
    for name in ("procrastinate", "pgqueuer"):
        for batch in (1, BATCH):
            server.create_database("beside")
            try:
                rate = _run(python, name, server.dsn("beside"), processes, jobs, batch)
            except (subprocess.SubprocessError, ValueError) as error:
                print(f"    {name}: not measured: {error}", flush=True)
                continue
            finally:
                server.drop_database("beside")
            way = "one at a time" if batch == 1 else f"{batch} at a time"
            yield shown(f"{name}, {way}, {processes} processes, a queue of its own", rate, "/s")


def _install() -> str | None:
    python = FOLDER / "bin" / "python"
    try:
        if not python.exists():
            venv.create(FOLDER, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", *PACKAGES]
        subprocess.run(command, check=True, timeout=_TIMEOUT_S, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    return str(python)


def _run(python: str, name: str, dsn: str, processes: int, jobs: int, batch: int) -> float:
    def start(what: str, *more: object) -> subprocess.Popen[str]:
        arguments = [python, __file__, name, dsn, what, *map(str, more)]
        return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    with start("enqueue", jobs) as enqueuing:
        if enqueuing.wait(_TIMEOUT_S):
            raise ValueError("its jobs could not be enqueued")
    # Room for the processes to start.
    started_at = time.time() + 4
    workers = [start("work", started_at, batch) for _ in range(processes)]
    done, ended = 0, started_at
    for worker in workers:
        said, _ = worker.communicate(timeout=_TIMEOUT_S)
        if worker.returncode:
            raise ValueError(f"a worker ended with {worker.returncode}")
        count, _, last = said.strip().rpartition(" ")
        done, ended = done + int(count), max(ended, float(last))
    if done != jobs:
        raise ValueError(f"{done} of {jobs} jobs were run")
    return jobs / (ended - started_at)


async def _procrastinate(dsn: str, what: str, *arguments: str) -> None:
    import procrastinate  # type: ignore[import-not-found]

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn))
    seen: list[float] = []

    @app.task(name="nothing")  # type: ignore[untyped-decorator]
    async def nothing() -> None:
        seen.append(time.time())

    async with app.open_async():
        if what == "enqueue":
            await app.schema_manager.apply_schema_async()
            await nothing.batch_defer_async(*({} for _ in range(int(arguments[0]))))
            return
        await asyncio.sleep(max(0.0, float(arguments[0]) - time.time()))
        await app.run_worker_async(wait=False, concurrency=int(arguments[1]), install_signal_handlers=False)
    print(len(seen), time.time())


async def _pgqueuer(dsn: str, what: str, *arguments: str) -> None:
    import psycopg
    from pgqueuer.db import PsycopgDriver  # type: ignore[import-not-found]
    from pgqueuer.qm import QueueManager  # type: ignore[import-not-found]
    from pgqueuer.queries import Queries  # type: ignore[import-not-found]
    from pgqueuer.types import QueueExecutionMode  # type: ignore[import-not-found]

    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        driver = PsycopgDriver(connection)
        if what == "enqueue":
            await Queries(driver).install()
            number = int(arguments[0])
            await Queries(driver).enqueue(["nothing"] * number, [None] * number, [0] * number)
            return
        manager = QueueManager(Queries(driver))
        seen: list[float] = []

        @manager.entrypoint("nothing")  # type: ignore[untyped-decorator]
        async def nothing(job: Any) -> None:
            seen.append(time.time())

        await asyncio.sleep(max(0.0, float(arguments[0]) - time.time()))
        await manager.run(batch_size=int(arguments[1]), mode=QueueExecutionMode.drain)
    print(len(seen), max(seen, default=0.0))


if __name__ == "__main__":
    asyncio.run({"procrastinate": _procrastinate, "pgqueuer": _pgqueuer}[sys.argv[1]](*sys.argv[2:]))
