"""Whose writes a read has to show; no server is needed for this."""

from __future__ import annotations

import gc
import time
from contextvars import ContextVar, copy_context
from weakref import ref

import pytest

from pgwright_runtime.replicas.callers import UNKNOWN, Callers, _current
from pgwright_runtime.replicas.tokens import Token, encode

SECRET = b"0123456789abcdef"


@pytest.mark.parametrize(
    ("writes", "needed"),
    [
        ((), 0),
        ((None,), 0),  # a job's, where nothing was written
        (((7, 1_000),), 7),
        (((7, 1_000), (9, 1_000)), 9),
        (((9, 1_000), (7, 1_000), None), 9),
        (((7, -1),), 0),  # long enough ago for every replica in use
        (("forged",), UNKNOWN),
        (((7, 1_000), "forged"), UNKNOWN),
    ],
    ids=["none", "no token", "one", "two", "two and none", "past its time", "forged", "one of them forged"],
)
def test_a_caller_needs_what_the_tokens_say(writes: tuple[tuple[int, float] | str | None, ...], needed: int) -> None:
    callers = Callers((SECRET,), remember_s=60)
    with callers.enter([token_of(write) for write in writes]):
        assert callers.needed() == needed
    assert callers.needed() == 0


def token_of(write: tuple[int, float] | str | None) -> str | None:
    """Return the token of a write that is to be remembered for some seconds from now on."""
    if isinstance(write, tuple):
        lsn, seconds = write
        return encode(Token(lsn, int(time.time() + seconds)), SECRET)
    return write


def test_a_caller_keeps_the_furthest_write() -> None:
    callers = Callers((SECRET,), remember_s=60)
    with callers.enter(()):
        first, second = callers.begin_commit(), callers.begin_commit()
        callers.end_commit(first, 9)
        assert callers.needed() == UNKNOWN  # the other may be done by now
        callers.end_commit(second, 7)
        assert callers.needed() == 9
        token = callers.token()
    with callers.enter([token]):
        assert (callers.needed(), callers.token()) == (9, token)


def test_a_write_is_forgotten_in_time() -> None:
    callers = Callers((SECRET,), remember_s=-2)
    with callers.enter(()):
        callers.end_commit(callers.begin_commit(), 9)
        assert (callers.needed(), callers.token()) == (0, None)


def test_callers_of_two_primaries_do_not_mix() -> None:
    one, other = (Callers((SECRET,), remember_s=60) for _ in range(2))
    with one.enter(()):
        one.end_commit(one.begin_commit(), 9)
        assert (one.needed(), other.needed()) == (9, 0)
        other.end_commit(other.begin_commit(), 7)
        with one.enter(()):
            assert (one.needed(), other.needed()) == (0, 7)
        assert (one.needed(), other.needed()) == (9, 7)
    # What the other one wrote was no part of that block.
    assert (one.needed(), other.needed()) == (0, 7)


def test_blocks_that_end_out_of_order_leave_nothing_behind() -> None:
    callers = Callers((SECRET,), remember_s=60)
    first, second = (callers.enter([token_of((lsn, 1_000))]) for lsn in (7, 9))
    first.__enter__()
    second.__enter__()
    first.__exit__()
    assert callers.needed() == 9
    second.__exit__()
    assert callers.current() is None


def test_tokens_of_a_former_secret_count_while_it_is_changed() -> None:
    old, new = b"o" * 16, b"n" * 16
    before, both, after = (Callers(keys, remember_s=60) for keys in ((old,), (new, old), (new,)))
    token = encode(Token(7, int(time.time() + 1_000)), old)
    with before.enter([token]), both.enter([token]), after.enter([token]):
        assert [callers.needed() for callers in (before, both, after)] == [7, 7, UNKNOWN]
    with both.enter(()):
        both.end_commit(both.begin_commit(), 9)
        signed = both.token()
    with before.enter([signed]), after.enter([signed]):
        assert [callers.needed() for callers in (before, after)] == [UNKNOWN, 9]


def test_a_copy_of_the_context_keeps_what_it_had() -> None:
    callers = Callers((SECRET,), remember_s=60)
    before = copy_context()
    callers.end_commit(callers.begin_commit(), 9)
    inherited = copy_context()
    with callers.enter(()):
        assert (before.run(callers.needed), inherited.run(callers.needed), callers.needed()) == (0, 9, 0)


def test_instances_leave_nothing_behind() -> None:
    def variables() -> int:
        return sum(isinstance(each, ContextVar) for each in gc.get_objects())

    def use() -> ref[Callers]:
        callers = Callers((SECRET,), remember_s=60)
        with callers.enter([None]):
            callers.begin_commit()
        callers.begin_commit()  # outside of a block, so it stays in the context
        return ref(callers)

    first = use()
    had = variables()
    used = [first, *(use() for _ in range(200))]
    gc.collect()
    assert [each for each in used if each() is not None] == []
    assert variables() == had
    assert len(_current.get()) <= 2
