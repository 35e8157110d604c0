"""The states of a breaker, on a clock that the test turns."""

from __future__ import annotations

import pytest

from pgwright_runtime.resilience import BreakerSettings, CircuitOpen
from pgwright_runtime.resilience.circuit import Circuit
from pgwright_runtime.resilience.window import Window


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def circuit_of(clock: Clock, **settings: float) -> Circuit:
    return Circuit("shop", BreakerSettings(**settings), clock=clock)  # type: ignore[arg-type]


def state_of(circuit: Circuit) -> str:
    return circuit.state


def fail(circuit: Circuit, times: int = 1) -> None:
    for _ in range(times):
        circuit.leave(circuit.enter(), "failed")


def test_it_opens_after_failures_in_a_row(clock: Clock) -> None:
    circuit = circuit_of(clock, failures=3)
    fail(circuit, 2)
    circuit.leave(circuit.enter(), "succeeded")
    fail(circuit, 2)
    assert state_of(circuit) == "closed"
    fail(circuit)
    with pytest.raises(CircuitOpen) as refused:
        circuit.enter()
    assert refused.value.name == "shop"
    assert 0 < refused.value.retry_after_s <= 0.25


def test_failures_that_are_long_ago_are_no_row(clock: Clock) -> None:
    circuit = circuit_of(clock, failures=3, window_s=10)
    for _ in range(5):
        fail(circuit)
        clock.now += 6
    assert state_of(circuit) == "closed"


def test_it_opens_when_a_share_of_many_calls_fails(clock: Clock) -> None:
    circuit = circuit_of(clock, failures=100, share=0.5, least_calls=20)
    for _ in range(9):
        circuit.leave(circuit.enter(), "succeeded")
        fail(circuit)
    assert state_of(circuit) == "closed"
    circuit.leave(circuit.enter(), "succeeded")
    fail(circuit)
    assert state_of(circuit) == "open"


def test_one_call_at_a_time_probes_after_the_pause(clock: Clock) -> None:
    circuit = circuit_of(clock, failures=1)
    fail(circuit)
    clock.now += 0.25
    probe = circuit.enter()
    assert probe.is_probe
    assert state_of(circuit) == "half-open"
    with pytest.raises(CircuitOpen):
        circuit.enter()
    circuit.leave(probe, "succeeded")
    assert state_of(circuit) == "closed"
    assert not circuit.enter().is_probe


def test_a_pause_grows_with_each_failed_probe_up_to_its_cap(clock: Clock) -> None:
    circuit = circuit_of(clock, failures=1, pause_s=0.25, longest_pause_s=1)
    fail(circuit)
    pauses = []
    for _ in range(5):
        pauses.append(circuit.refusal().retry_after_s)
        clock.now += 1
        circuit.leave(circuit.enter(), "failed")
    for pause, most in zip(pauses, (0.25, 0.5, 1, 1, 1), strict=True):
        assert 0.75 * most <= pause <= most


def test_a_probe_that_was_cancelled_leaves_room_for_the_next(clock: Clock) -> None:
    circuit = circuit_of(clock, failures=1)
    fail(circuit)
    clock.now += 1
    circuit.leave(circuit.enter(), "unknown")
    assert circuit.enter().is_probe


def test_a_probe_that_never_ends_is_given_up(clock: Clock) -> None:
    circuit = circuit_of(clock, failures=1, probe_s=10)
    fail(circuit)
    clock.now += 1
    lost = circuit.enter()
    clock.now += 9.9
    with pytest.raises(CircuitOpen):
        circuit.enter()
    clock.now += 0.2
    assert circuit.enter().is_probe
    circuit.leave(lost, "failed")
    assert state_of(circuit) == "half-open"


def test_what_ends_later_than_its_period_counts_no_more(clock: Clock) -> None:
    circuit = circuit_of(clock, failures=1)
    slow = circuit.enter()
    fail(circuit)
    clock.now += 1
    circuit.leave(circuit.enter(), "succeeded")
    circuit.leave(slow, "failed")
    assert state_of(circuit) == "closed"


def test_a_pause_starts_over_only_after_a_quiet_time(clock: Clock) -> None:
    circuit = circuit_of(clock, failures=1, pause_s=0.25, longest_pause_s=8, window_s=10)

    def reopen() -> float:
        clock.now += 8
        circuit.leave(circuit.enter(), "succeeded")
        fail(circuit)
        return circuit.refusal().retry_after_s

    fail(circuit)
    assert reopen() > 0.25
    assert reopen() > 0.5
    clock.now += 8
    circuit.leave(circuit.enter(), "succeeded")
    clock.now += 11
    fail(circuit)
    assert circuit.refusal().retry_after_s <= 0.25


def test_what_others_found_opens_it_until_they_close(clock: Clock) -> None:
    circuit = circuit_of(clock)
    circuit.leave(circuit.enter(), "succeeded")
    clock.now += 1
    circuit.hear_open(1, age_s=0.5)
    with pytest.raises(CircuitOpen):
        circuit.enter()
    circuit.hear_closed()
    assert circuit.enter().is_probe


def test_who_has_had_an_answer_since_does_not_listen(clock: Clock) -> None:
    circuit = circuit_of(clock)
    clock.now += 1
    circuit.leave(circuit.enter(), "succeeded")
    circuit.hear_open(1, age_s=0.5)
    assert state_of(circuit) == "closed"


def test_others_do_not_close_what_this_process_opened(clock: Clock) -> None:
    circuit = circuit_of(clock, failures=1)
    fail(circuit)
    circuit.hear_closed()
    with pytest.raises(CircuitOpen):
        circuit.enter()


def test_a_window_forgets_what_is_older_than_it() -> None:
    window = Window(10)
    for second in range(20):
        window.add(second, has_failed=second % 2 == 0)
    assert window.count(19) == (10, 5)
    assert window.count(24.5) == (5, 2)
    assert window.count(60) == (0, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"failures": 0}, {"share": 0}, {"share": 1.1}, {"pause_s": 0}, {"pause_s": 2}, {"window_s": 0}, {"probe_s": -1}],
)
def test_settings_out_of_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        BreakerSettings(**wrong)  # type: ignore[arg-type]
