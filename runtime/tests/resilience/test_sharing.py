"""Breakers of several processes, told apart by their sharing only, on a real Valkey."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry

from pgwright_runtime.resilience import Breaker, BreakerSettings, CircuitOpen
from pgwright_runtime.resilience.sharing import RedisSharing
from tests.support.valkey import Broker, run_broker

LONG = BreakerSettings(failures=2, pause_s=30, longest_pause_s=60)
QUICK = BreakerSettings(failures=2, pause_s=0.3, longest_pause_s=0.3)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with run_broker() as broker:
        yield broker


class Process:
    """What another process of the app has."""

    def __init__(self, broker: Broker, settings: BreakerSettings, namespace: str) -> None:
        self.sharing = RedisSharing(broker.url, namespace=namespace, poll_s=0.05)
        self._namespace, self._registry = namespace, CollectorRegistry()
        self.breaker = Breaker("mail", settings=settings, sharing=self.sharing, registry=self._registry)

    def is_up(self) -> bool:
        labels = {"namespace": self._namespace}
        return self._registry.get_sample_value("pgwright_breaker_sharing_up", labels) == 1

    def try_to_call(self) -> bool:
        try:
            with self.breaker:
                return True
        except CircuitOpen:
            return False

    def fail(self) -> None:
        for _ in range(2):
            with pytest.raises(ConnectionError), self.breaker:
                raise ConnectionError


Make = Callable[[BreakerSettings], Process]


@pytest.fixture
def make(broker: Broker, request: pytest.FixtureRequest) -> Iterator[Make]:
    made: list[Process] = []

    def one(settings: BreakerSettings) -> Process:
        made.append(Process(broker, settings, request.node.name))
        assert made[-1].try_to_call()
        return made[-1]

    yield one
    for process in made:
        process.sharing.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_others_open_when_one_does(make: Make) -> None:
    one, other = make(LONG), make(LONG)
    one.fail()
    until(lambda: other.breaker.state == "open")
    assert not other.try_to_call()
    assert other.breaker.counts.opened == 1


def test_others_probe_when_one_has_closed(make: Make) -> None:
    one, other = make(QUICK), make(LONG)
    one.fail()
    until(lambda: other.breaker.state == "open")
    until(one.try_to_call)
    until(other.try_to_call)
    assert other.breaker.counts.probes == 1


def test_what_one_opened_itself_is_not_closed_by_others(make: Make) -> None:
    one, other = make(QUICK), make(LONG)
    other.fail()
    one.fail()
    until(one.try_to_call)
    time.sleep(0.3)
    assert not other.try_to_call()


def test_without_redis_each_is_on_its_own_and_says_so_once(
    make: Make, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = make(QUICK), make(QUICK)
    broker.kill()
    try:
        until(lambda: not one.is_up())
        one.fail()
        assert not one.try_to_call()
        assert other.try_to_call()
        until(one.try_to_call)
    finally:
        broker.start()
    until(lambda: one.is_up() and other.is_up())
    one.fail()
    until(lambda: other.breaker.counts.opened == 1)
    told = [record.getMessage() for record in caplog.records if record.name == "pgwright.resilience"]
    assert len([text for text in told if "does not answer, so each process is on its own: Error" in text]) == 2
    assert told[-1] == "the server of shared breakers answers again"


def test_two_breakers_of_a_name_do_not_share(broker: Broker) -> None:
    sharing = RedisSharing(broker.url)
    Breaker("mail", sharing=sharing)
    with pytest.raises(ValueError, match="'mail'"):
        Breaker("mail", sharing=sharing)
    sharing.close()


def test_a_forked_child_hears_as_well(broker: Broker) -> None:
    code = f"""
import os, time
from pgwright_runtime.resilience import Breaker, BreakerSettings
from pgwright_runtime.resilience.sharing import RedisSharing
settings = BreakerSettings(failures=1, pause_s=30, longest_pause_s=30)
breaker = Breaker("mail", settings=settings, sharing=RedisSharing({broker.url!r}, namespace="fork", poll_s=0.05))
with breaker:
    pass
reading, writing = os.pipe()
if child := os.fork():
    os.read(reading, 1)
    try:
        with breaker:
            raise ConnectionError
    except ConnectionError:
        pass
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with breaker:
    os.write(writing, b"!")
for _ in range(3000):
    if breaker.state == "open":
        os._exit(7)
    time.sleep(0.01)
os._exit(1)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run([sys.executable, "-c", code], check=False, timeout=60, env=environment)
    assert child.returncode == 7


def test_a_time_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="poll_s"):
        RedisSharing("redis://localhost", poll_s=0)


def test_redis_is_imported_only_where_it_is_used() -> None:
    code = "import sys, pgwright_runtime.resilience; raise SystemExit('redis' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=environment).returncode == 0
