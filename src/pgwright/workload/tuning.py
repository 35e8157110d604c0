"""Settings that are worth trying, by what the snapshot says of the workload: each with its reason, or why not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pgwright.figures import count, share, size
from pgwright.model.memo import once_a_snapshot
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.model.table import PAGE_BYTES
from pgwright.model.worth import MEDIUM_SECONDS, MEDIUM_SHARE, Worth
from pgwright.workload.reading import share_of_time
from pgwright.workload.shaped import shaped_statements

MEASURE_IT = "Measure it on a copy over the whole workload: pgwright prove DSN --settings"
# A read from memory costs about the same wherever it is; a little more than in sequence, for what is read ahead.
_IN_MEMORY_COST = "1.1"
# The manual's example for solid-state drives; what is above was meant for disks that turn, or is the default.
_MEANT_FOR_DISKS = 2.0
# The manual calls a database fully cached where reads from outside are rare.
_HIT_SHARE = 0.99
# Fewer are the warming up.
_FEWEST_BLOCKS = 10_000
# A statement that reads fewer is an index lookup already, at any price of a page.
_MANY_BLOCKS = 100
# The manual's rule: shared_buffers a quarter of the memory, and most of the rest is the system's cache.
_CACHE_FACTOR = 3
# As ALTER ROLE may have it; the server itself says "on".
_TRUE = ("on", "true", "yes", "1")
_UNITS = {"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)?\s*\Z")


@dataclass(frozen=True)
class Idea:
    """A setting that is worth trying."""

    name: str
    now: str
    """As a session of the workload has it, with its unit."""
    values: tuple[str, ...]
    """To try, the most modest first; none: only for some sessions, as the reason says."""
    reason: str
    """In a sentence, with its figures."""
    evidence: Mapping[str, str]
    statements: tuple[Statement, ...] = ()
    """Those that it is about, dearest first; none named: the workload as a whole."""


@once_a_snapshot
def main_role(snapshot: Snapshot) -> str:
    """Return the role whose statements take most time; "" where nobody knows."""
    time_of: dict[str, float] = {}
    for one in shaped_statements(snapshot):
        time_of[one.statement.role] = time_of.get(one.statement.role, 0.0) + one.statement.total_ms
    return max(sorted(time_of), key=lambda role: time_of[role], default="")


def value_of(snapshot: Snapshot, name: str) -> str | None:
    """Return what a session of the main role has for a setting; what ours has where that is not known."""
    known = snapshot.setting_by_name.get(name)
    own = snapshot.setting_of(main_role(snapshot), name)
    return own if own is not None or known is None else known.raw


def random_page_cost(snapshot: Snapshot) -> Idea | str:
    """Return the price of a page that is read from memory, or why it is not worth trying."""
    now = value_of(snapshot, "random_page_cost")
    if now is None:
        return "the server's settings could not be read"
    if float(now) <= _MEANT_FOR_DISKS:
        return f"it is {now}, no price of a disk that turns"
    statements = [one.statement for one in shaped_statements(snapshot)]
    hit, read = _blocks(snapshot)
    if hit + read < _FEWEST_BLOCKS:
        return f"the statements read {count(hit + read, 'block')}, too few to tell where from"
    large = [one for one in statements if one.blocks_per_call >= _MANY_BLOCKS]
    if not large:
        return f"no statement reads {_MANY_BLOCKS} blocks a call, so none has a plan that it would change"
    found, room = share(hit / (hit + read)), _bytes_of(snapshot, "effective_cache_size", PAGE_BYTES) or 0
    evidence = {"blocks found in the cache": f"{count(hit)} of {count(hit + read)}, {found}"}
    whole = snapshot.server.database_bytes
    if is_cached(snapshot):
        why = f"{found} of the statements' blocks were found in the cache"
    elif 0 < whole <= room:
        why = f"The database has {size(whole)}, which the {size(room)} of effective_cache_size can hold"
    else:
        return f"{found} of the statements' blocks were found in the cache, and reading the others may be slow"
    reason = f"{why}: from memory, a page read at random does not cost {float(now):g} times one read in sequence."
    return Idea("random_page_cost", now, (_IN_MEMORY_COST,), reason, evidence, _dearest(large))


def is_cached(snapshot: Snapshot) -> bool:
    """Tell whether the statements found nearly all blocks in shared_buffers.

    Whole reads of large tables go past them, to the system's cache, of which the server knows nothing.
    """
    hit, read = _blocks(snapshot)
    return hit >= _HIT_SHARE * (hit + read) > 0


def _blocks(snapshot: Snapshot) -> tuple[int, int]:
    """Return the blocks that the statements found in shared_buffers, and those that they did not."""
    statements = [one.statement for one in shaped_statements(snapshot)]
    return sum(one.blocks_hit for one in statements), sum(one.blocks_read for one in statements)


def work_mem(snapshot: Snapshot) -> Idea | str:
    """Return the sizes of memory that statements which spill may get, each twice the one before, or why none."""
    now, bound = _bytes_of(snapshot, "work_mem", 1 << 10), _memory_a_session(snapshot)
    if now is None or bound is None:
        return "the server's settings could not be read"
    spilling = [one.statement for one in shaped_statements(snapshot) if one.statement.temporary_blocks_written]
    if not spilling:
        return "no statement wrote temporary files"
    written = size(sum(one.temporary_blocks_written for one in spilling) * PAGE_BYTES)
    values = tuple(map(_as_setting, _doublings(now, bound.bytes)))
    allowed = f"{bound.words} allow no more than {size(bound.bytes)} each"
    alone = "" if values else ": give more to these statements alone, by SET LOCAL work_mem in their transactions"
    return Idea(
        "work_mem",
        size(now),
        values,
        f"{count(len(spilling), 'statement')} wrote {written} to temporary files; {allowed}{alone}.",
        {"written to temporary files": written, "memory": f"{bound.words}: {size(bound.bytes)} each"},
        _dearest(spilling),
    )


def jit(snapshot: Snapshot, compiled: int) -> Idea | str:
    """Return that JIT is worth turning off, or why not.

    Args:
        compiled: statements whose planned cost reaches `jit_above_cost`.
    """
    now, limit = value_of(snapshot, "jit"), value_of(snapshot, "jit_above_cost")
    if now is None or limit is None:
        return "the server's settings could not be read"
    if now.lower() not in _TRUE:
        return "it is off"
    if not compiled:
        return f"no statement's planned cost reaches jit_above_cost = {limit}, so none is compiled"
    return Idea(
        "jit",
        now,
        ("off",),
        f"{count(compiled, 'statement')} of a planned cost of {float(limit):,.0f} and more may be compiled at each "
        "call, which can take longer than it saves.",
        {"statements above jit_above_cost": count(compiled)},
    )


def effective_cache_size(snapshot: Snapshot) -> Idea | str:
    """Return the cache that the planner should count on where it is told of less than there is, or why not."""
    now, buffers = (_bytes_of(snapshot, name, PAGE_BYTES) for name in ("effective_cache_size", "shared_buffers"))
    if now is None or buffers is None:
        return "the server's settings could not be read"
    if now >= buffers:
        return f"it is {size(now)}, no less than shared_buffers"
    return Idea(
        "effective_cache_size",
        size(now),
        (_as_setting(_CACHE_FACTOR * buffers),),
        f"It is {size(now)}, less than the {size(buffers)} of shared_buffers, which are a part of it.",
        {"shared_buffers": size(buffers)},
    )


def takes_time(statements: Iterable[Statement], snapshot: Snapshot) -> bool:
    """Tell whether statements take so much time that a part of it is worth saving: of a day, else of the workload."""
    every = tuple(statements)
    part = share_of_time(every, snapshot)
    time = Worth(sum(one.total_ms for one in every), 0.0, part, snapshot.observed_seconds)
    a_day = time.seconds_a_day
    return part >= MEDIUM_SHARE if a_day is None or not time.has_rate else a_day >= MEDIUM_SECONDS


@dataclass(frozen=True)
class _Bound:
    bytes: int
    words: str


def _memory_a_session(snapshot: Snapshot) -> _Bound | None:
    """Return what each session can have if all that may connect sort at once, in the memory beside shared_buffers."""
    cache, buffers = (_bytes_of(snapshot, name, PAGE_BYTES) for name in ("effective_cache_size", "shared_buffers"))
    connections = snapshot.setting_by_name.get("max_connections")
    if cache is None or buffers is None or connections is None:
        return None
    free = max(cache - buffers, 0)
    words = f"{size(free)} (effective_cache_size less shared_buffers) for {connections.raw} connections"
    return _Bound(free // max(int(connections.raw), 1), words)


def _doublings(now: int, bound: int) -> Iterator[int]:
    while (now := 2 * now) <= bound:
        yield now


def _bytes_of(snapshot: Snapshot, name: str, unit: int) -> int | None:
    """Return a size in bytes; one without a unit of its own counts in `unit`. None: it is not known."""
    found = _SIZE.match(value_of(snapshot, name) or "")
    return None if found is None else int(float(found[1]) * (_UNITS[found[2]] if found[2] else unit))


def _as_setting(size_bytes: int) -> str:
    """Return a size as a setting takes it.

    >>> _as_setting(8 << 20), _as_setting(1536 << 10)
    ('8MB', '1536kB')
    """
    return f"{size_bytes >> 20}MB" if size_bytes % (1 << 20) == 0 else f"{size_bytes >> 10}kB"


def _dearest(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(sorted(statements, key=lambda one: -one.total_ms))
