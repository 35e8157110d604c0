"""A server that is killed, slow, emptied, or comes back as it was before: the app answers, and nothing is stale."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from redis import Redis
from sqlalchemy import Engine, create_engine, select, update
from sqlalchemy.orm import Session

from pgwright_runtime.caching import Cache, Lifetimes, RedisStore
from runtime.tests.support.cached_shop import Item, make_tables
from tests.support.database import Database
from tests.support.proxy import run_proxy
from tests.support.valkey import Broker, run_broker

LEASE_S = 1.0


class Site:
    """A process's cache on a server, and a function that reads through it."""

    def __init__(self, engine: Engine, url: str) -> None:
        self.engine, self.computed = engine, 0
        self.store = RedisStore(url, time_limit_s=0.2, lease_s=LEASE_S)
        self.registry = CollectorRegistry()
        self.cache = Cache(self.store, registry=self.registry)
        self.cache.watch(engine)
        self.n = self.cache.cached(reads=[Item])(self._n)

    def _n(self) -> int:
        self.computed += 1
        with Session(self.engine) as session:
            return int(session.scalar(select(Item.n).where(Item.id == 1)) or 0)

    def write(self, value: int) -> None:
        with Session(self.engine) as session:
            session.execute(update(Item).values(n=value))
            session.commit()

    def until_up(self, value: int) -> None:
        """Wait until this is what it publishes, without a call."""
        deadline = time.monotonic() + 30
        while self.registry.get_sample_value("pgwright_cache_store_up", {"namespace": "app"}) != value:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def warm(self) -> None:
        """Read until the value comes from the cache."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            before = self.computed
            self.n()
            if self.computed == before:
                return
            time.sleep(0.02)
        raise AssertionError("it is never cached")


@pytest.fixture
def broker() -> Iterator[Broker]:
    with run_broker() as running:
        yield running


@pytest.fixture
def site(database: Database, broker: Broker) -> Iterator[Site]:
    make_tables(database)
    with _site(database, broker.url) as made:
        made.warm()
        yield made


@contextmanager
def _site(database: Database, url: str) -> Iterator[Site]:
    engine = create_engine(database.url("psycopg"))
    made = Site(engine, url)
    try:
        yield made
    finally:
        made.store.close()
        engine.dispose()


def _names(client: Redis, what: str) -> list[bytes]:
    """Return the names of some keys, which a process makes again from time to time."""
    deadline = time.monotonic() + 10 * LEASE_S
    while time.monotonic() < deadline:
        names = [name for name in client.scan_iter() if what == "everything" or f":{what}".encode() in name]
        if names:
            return names
        time.sleep(0.02)
    raise AssertionError(f"there is no {what!r}")


def test_without_its_server_the_app_answers_and_writes_and_uses_the_next_one(
    site: Site, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.kill()
    assert site.n() == 1
    site.write(2)
    assert site.n() == 2
    broker.start()
    site.warm()
    site.write(3)
    assert site.n() == 3
    told = [record.getMessage() for record in caplog.records if record.name == "pgwright.caching"]
    assert "does not answer" in told[0]
    assert told[1] == "the cache's server answers again"


def test_whether_its_server_answers_is_published_without_calls(site: Site, broker: Broker) -> None:
    site.until_up(1)
    broker.kill()
    site.until_up(0)
    broker.start()
    site.until_up(1)


def test_a_wrong_password_is_no_error_and_is_said(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    make_tables(database)
    with run_broker() as broker, _site(database, broker.url.replace("redis://", "redis://me:wrong@")) as site:
        assert site.n() == 1
        assert "username-password" in caplog.text


def test_a_server_that_never_was_there_is_no_error(database: Database) -> None:
    make_tables(database)
    with _site(database, "redis://127.0.0.1:1/0") as site:
        site.write(2)
        assert site.n() == 2


def test_what_is_written_while_the_server_is_held_up_is_seen_when_it_goes_on(site: Site, broker: Broker) -> None:
    with Redis.from_url(broker.url) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        site.write(2)
        assert site.n() == 2
    finally:
        os.kill(pid, signal.SIGCONT)
    for _ in range(50):
        assert site.n() == 2
        time.sleep(0.01)
    site.warm()
    assert site.n() == 2


def test_a_read_that_was_given_up_lets_no_later_one_wait(site: Site, broker: Broker) -> None:
    site.n = site.cache.cached(reads=[Item], version="slow", lifetimes=Lifetimes(3_600, flight_s=60))(site._n)
    with Redis.from_url(broker.url) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        assert site.n() == 1
    finally:
        os.kill(pid, signal.SIGCONT)
    began = time.monotonic()
    site.warm()
    assert time.monotonic() - began < 30


def test_a_server_that_comes_back_with_what_it_had_before_the_last_write(database: Database, tmp_path: Path) -> None:
    make_tables(database)
    own, kept = tmp_path / "own", tmp_path / "kept"
    own.mkdir()
    with run_broker(own) as broker, _site(database, broker.url) as site:
        site.warm()
        with Redis.from_url(broker.url) as client:
            client.execute_command("BGREWRITEAOF")
            while client.info("persistence")["aof_rewrite_in_progress"]:
                time.sleep(0.02)
        shutil.copytree(own / "appendonlydir", kept)
        site.write(2)
        assert site.n() == 2
        broker.kill()
        shutil.rmtree(own / "appendonlydir")
        shutil.copytree(kept, own / "appendonlydir")
        broker.start()
        with Redis.from_url(broker.url) as client:
            assert _names(client, "v:")
        for _ in range(50):
            assert site.n() == 2
            time.sleep(0.02)


def test_a_write_waits_until_others_no_longer_trust_what_it_cannot_invalidate(
    database: Database, site: Site, broker: Broker
) -> None:
    with run_proxy(broker.port) as proxy, _site(database, f"redis://127.0.0.1:{proxy.port}/0") as cut_off:
        cut_off.warm()
        site.warm()
        proxy.hold()
        cut_off.write(2)
        assert site.n() == 2


def test_a_process_that_was_killed_before_it_could_invalidate_is_noticed(
    database: Database, site: Site, broker: Broker
) -> None:
    child = os.fork()
    if not child:
        # What a commit does just before it is killed: nobody is told.
        with _site(database, broker.url) as other:
            other.n()
            other.cache._drop = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
            other.cache._bonds[0]._drop = other.cache._drop
            other.write(2)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    deadline = time.monotonic() + 10 * LEASE_S
    while site.n() != 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_process_that_ends_in_order_costs_nobody_a_value(database: Database, site: Site, broker: Broker) -> None:
    with Redis.from_url(broker.url) as client:
        leases, epoch = (_names(client, what)[0] for what in ("leases", "epoch"))
        with _site(database, broker.url) as other:
            other.n()
            assert client.zscore(leases, other.store._lease.member)
            before = client.get(epoch)
        assert client.zscore(leases, other.store._lease.member) is None
        assert client.get(epoch) == before


@pytest.mark.parametrize("what", ["epoch", "leases", "clock", "tables", "t:", "v:", "everything"])
def test_whatever_the_server_forgets_nothing_old_comes_back(site: Site, broker: Broker, what: str) -> None:
    with Redis.from_url(broker.url) as client:
        for value in range(2, 5):
            names = _names(client, what)
            kept = {name: client.dump(name) for name in names}
            client.delete(*names)
            site.write(value)
            assert site.n() == value
            site.warm()
            # And what was there before comes back, as by a replica that takes over with older data would not be told.
            if what == "v:":
                for name, dumped in kept.items():
                    client.restore(name, 0, dumped, replace=True)
            assert site.n() == value


@pytest.mark.parametrize("rubbish", [b"", b"x", b"\x80" * 100, b"0" * 40, "stamp"])
def test_wrong_data_under_a_key_is_as_none(site: Site, broker: Broker, rubbish: bytes | str) -> None:
    with Redis.from_url(broker.url) as client:
        (name,) = [name for name in client.scan_iter() if b":v:" in name]
        stored = client.get(name)
        assert isinstance(stored, bytes)
        client.set(name, stored[:40] + b"\x01rubbish and more" if isinstance(rubbish, str) else rubbish)
        assert site.n() == 1
        client.delete(name)
        client.rpush(name, "a list")
        assert site.n() == 1


def test_a_clock_that_goes_back_makes_values_invalid_and_no_more(site: Site, broker: Broker) -> None:
    with Redis.from_url(broker.url) as client:
        (name,) = [name for name in client.scan_iter() if name.endswith(b":clock")]
        client.set(name, int(time.time() * 1_000) + 3_600_000)
        assert site.n() == 1
        site.warm()
        site.write(2)
        assert site.n() == 2
        assert int(client.get(name) or 0) < (time.time() + 60) * 1_000


def test_a_forked_process_has_a_lease_of_its_own(site: Site) -> None:
    member = site.store._lease.member
    child = os.fork()
    if not child:
        os._exit(int(site.store._current_lease().member == member))
    _, status = os.waitpid(child, 0)
    assert os.WEXITSTATUS(status) == 0
