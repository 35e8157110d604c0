"""Celery delivers a message once, twice or never; the effect in the database is exactly one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgwright_runtime.jobs.celery import Relay, outbox_of
from runtime.tests.support.celery_app import HANDLERS, Task
from runtime.tests.support.celery_site import CelerySite, celery_site, kill
from tests.support.database import Database
from tests.support.valkey import run_broker


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[CelerySite]:
    with run_broker() as broker, celery_site(database, broker, tmp_path) as running:
        yield running


def test_what_is_committed_is_done_once_and_what_is_rolled_back_never(site: CelerySite) -> None:
    site.start_worker()
    with site.relaying():
        lost = site.enqueue("note", commit=False)
        keys = site.enqueue("note", "note")
        site.wait_until_done(*keys)
    assert site.effects() == dict.fromkeys(keys, 1)
    assert not set(lost) & set(site.states()) - set(keys)


def test_what_is_added_without_a_word_is_found_by_the_next_poll(site: CelerySite) -> None:
    site.start_worker()
    with site.relaying():
        site.database.execute("INSERT INTO task (id, kind, status) VALUES (77, 'note', 'pending')")
        site.wait_until_done(77)
    assert site.effects() == {77: 1}


def test_a_job_that_fails_is_sent_again_and_its_first_attempt_left_nothing(site: CelerySite) -> None:
    site.start_worker()
    with site.relaying():
        (key,) = site.enqueue("fail once")
        site.wait_until_done(key)
    assert site.effects() == {key: 1}
    assert site.database.rows("SELECT attempts, last_error FROM task") == [(2, "ValueError: not today")]


def test_while_the_broker_is_down_the_app_does_not_notice_and_afterwards_all_is_done(
    site: CelerySite, caplog: pytest.LogCaptureFixture
) -> None:
    site.start_worker()
    with site.relaying():
        site.wait_until_done(*site.enqueue("note"))
        site.broker.kill()
        keys = site.enqueue("note", "note")
        site.wait_until(lambda: "the broker takes nothing" in caplog.text, "the relay has tried")
        site.broker.start()
        site.wait_until_done(*keys)
    assert set(site.effects().values()) == {1}


def test_what_the_broker_lost_is_sent_again(site: CelerySite) -> None:
    with site.relaying(resend_s=1.0):
        keys = site.enqueue(*["note"] * 5)
        site.wait_until(lambda: site.broker.length() >= len(keys), "all are sent")
        site.broker.kill()
        site.broker.start()
        site.start_worker()
        site.wait_until_done(*keys)
    assert site.effects() == dict.fromkeys(keys, 1)


@pytest.mark.parametrize("whole", [True, False], ids=["with its children", "one child"])
def test_a_worker_that_is_killed_in_the_middle_of_a_task_leaves_nothing_and_it_is_done_once(
    site: CelerySite, *, whole: bool
) -> None:
    worker = site.start_worker("--pool=prefork", "--concurrency=1")
    with site.relaying():
        with site.closed_gate():
            (key,) = site.enqueue("wait")
            site.wait_until(lambda: len(site.begun()) == 1, "the handler has begun")
            if whole:
                kill(worker)
            else:  # Celery puts its message back, and a new child gets it
                os.kill(site.begun()[0], signal.SIGKILL)
        if whole:
            site.start_worker()
        site.wait_until_done(key)
    assert len(site.begun()) == 2
    assert site.effects() == {key: 1}


def test_messages_that_come_twice_are_done_once_even_at_the_same_time(site: CelerySite) -> None:
    site.start_worker("--pool=prefork", "--concurrency=2")
    with site.closed_gate():
        (key,) = site.enqueue("wait")
        for _ in range(4):
            site.send(key)
        site.wait_until(lambda: len(site.begun()) == 1, "the handler has begun")
        # The other child has looked at the other messages when it has done what came after them.
        (second,) = site.enqueue("note")
        site.send(second)
        site.wait_until_done(second)
    site.wait_until_done(key)
    (third,) = site.enqueue("note")
    for one in (key, third):
        site.send(one)
    site.wait_until_done(third)
    assert len(site.begun()) == 1
    assert site.effects() == {key: 1, second: 1, third: 1}


def test_a_message_of_an_earlier_attempt_does_nothing(site: CelerySite) -> None:
    (key,) = site.enqueue("note")
    site.database.execute(f"UPDATE task SET attempts = 1, run_at = now() + interval '1 hour' WHERE id = {key}")
    site.start_worker()
    site.send(key, attempts=0)
    (other,) = site.enqueue("note")
    site.send(other)
    site.wait_until_done(other)
    assert site.effects() == {other: 1}
    site.send(key, attempts=1)
    site.wait_until_done(key)
    assert site.effects() == {other: 1, key: 1}


def test_a_relay_that_dies_after_it_marked_a_job_has_others_send_it_later(site: CelerySite) -> None:
    (key,) = site.enqueue("note")
    outbox = outbox_of(Task)
    with site.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert outbox.mark_sent(connection, ["note"], resend_s=1.0) == [(key, 0)]
        assert outbox.mark_sent(connection, ["note"], resend_s=1.0) == []
    site.start_worker()
    with site.relaying():
        site.wait_until_done(key)
    assert site.effects() == {key: 1}


def test_a_relay_leaves_kinds_alone_that_it_is_not_for(site: CelerySite) -> None:
    site.enqueue("note", "wait")
    Relay(app=site.app, engine=site.engine, model=Task, handlers={"note": HANDLERS["note"]}).run(until_idle=True)
    assert site.broker.length() == 1
