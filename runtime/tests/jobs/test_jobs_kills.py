"""Workers as processes: killed at random moments, by signals, and by jobs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from sqlalchemy import Engine, text

from runtime.tests.support.jobs_killing import WORKERS
from runtime.tests.support.jobs_queue import ROOT, add_jobs, effects_in, environment, jobs_in, start_worker
from tests.support.database import Database

KILLS = 40


def test_no_job_is_lost_and_none_has_its_effect_twice_when_workers_are_killed(
    database: Database, engine: Engine
) -> None:
    command = [sys.executable, "-m", "runtime.tests.support.jobs_killing", database.url("psycopg"), str(KILLS), "13"]
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    counts = json.loads(done.stdout)
    assert counts["process"] + counts["connection"] == KILLS
    assert counts["process"] > WORKERS < counts["connection"]
    assert counts["enqueued"] == counts["finished"] > 0
    assert (counts["lost"], counts["twice"], counts["without_effect"], counts["never_enqueued"]) == (0, 0, 0, 0)


def test_sigterm_lets_the_job_end_and_gives_back_the_others(database: Database, engine: Engine) -> None:
    add_jobs(engine, 1, kind="slow", payload={"seconds": 0.3})
    add_jobs(engine, 3)
    with start_worker(database.url("psycopg"), "batch") as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"begun\n"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    assert effects_in(engine) == 1
    assert sorted((job.status, job.attempts) for job in jobs_in(engine)) == [("done", 1), *[("pending", 0)] * 3]


def test_a_signal_wakes_an_idle_worker(database: Database, engine: Engine) -> None:
    idles = text("SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT count%'")
    with start_worker(database.url("psycopg")) as worker, engine.connect() as connection:
        while connection.execute(idles).first() is None:
            connection.rollback()
        worker.send_signal(signal.SIGINT)
        assert worker.wait(30) == 0


def test_a_second_ctrl_c_ends_it_at_once(database: Database, engine: Engine) -> None:
    add_jobs(engine, 1, kind="slow", payload={"seconds": 3_600})
    with start_worker(database.url("psycopg")) as worker:
        assert worker.stdout is not None
        for line in (b"begun\n", b"stopping\n"):
            assert worker.stdout.readline() == line
            worker.send_signal(signal.SIGINT)
        assert worker.wait(30) != 0
    assert effects_in(engine) == 0
    assert [(job.status, job.attempts) for job in jobs_in(engine)] == [("pending", 0)]


def test_a_poisoned_job_ends_as_dead_and_takes_no_other_with_it(database: Database, engine: Engine) -> None:
    add_jobs(engine, 5, max_attempts=3)
    add_jobs(engine, 1, kind="poison", max_attempts=3)
    add_jobs(engine, 5, max_attempts=3)
    while "poison" in {job.kind for job in jobs_in(engine) if job.status != "dead"}:
        with engine.begin() as connection:
            connection.execute(text("UPDATE jobs SET leased_until = now() - interval '1 s' WHERE status = 'running'"))
        with start_worker(database.url("psycopg"), "batch", "drain") as worker:
            worker.wait(60)
    assert effects_in(engine) == 10
    assert sorted(job.status for job in jobs_in(engine)) == ["dead", *["done"] * 10]
    assert max(job.attempts for job in jobs_in(engine) if job.kind == "effect") <= 2
