"""Which tenant the running code works for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from pgwright_runtime.tenancy.errors import InvalidTenant

Tenant: TypeAlias = int | UUID | str
TenantType: TypeAlias = type[int] | type[UUID] | type[str]

current_tenant: ContextVar[Tenant | None] = ContextVar("current_tenant", default=None)
"""The tenant of this task or thread; None: none. Tasks that it starts inherit it."""

EXPECTED: dict[TenantType, str] = {
    int: "a whole number of at most 64 bits, as in 7 or '7'",
    UUID: "a UUID",
    str: "a text that is not empty and has printable characters only",
}
_BIGINT = 1 << 63

# What the bound engines of this process take; a value is then refused where it comes in, not where it is used.
types_in_use: set[TenantType] = set()


@dataclass(eq=False)
class _Block:
    before: Tenant | None


_blocks: ContextVar[tuple[_Block, ...]] = ContextVar("pgwright_tenant_blocks", default=())


@contextmanager
def tenant(value: Tenant) -> Iterator[Tenant]:
    """Work for one tenant inside the block; gives the id in its own type, so "7" becomes 7 where ids are numbers.

    Blocks may be nested, but not around a part of a transaction: that raises TenantChanged at its next statement.

    Raises: InvalidTenant: the value suits none of the types that `bind_tenant` was given in this process.

    >>> with tenant(7):
    ...     current_tenant.get()
    7
    """
    parsed = _parse_any(value)
    block = _Block(current_tenant.get())
    _blocks.set((*_blocks.get(), block))
    current_tenant.set(parsed)
    try:
        yield parsed
    finally:
        _leave(block)


def _leave(block: _Block) -> None:
    # Not by token: a framework may leave the block in a copy of the context that entered it. And not always the
    # innermost: of two generators that hold a block each, the first may end first.
    blocks = _blocks.get()
    if block in blocks:
        position = blocks.index(block)
        inner = blocks[position + 1 :]
        if inner:
            inner[0].before = block.before
        else:
            current_tenant.set(block.before)
        _blocks.set((*blocks[:position], *inner))


def parse_tenant(value: object, kind: TenantType) -> Tenant:
    """Return the id in its own type.

    Raises: InvalidTenant: it is another thing, or written in a way that PostgreSQL might read differently.

    >>> parse_tenant("7", int)
    7
    """
    parsed: Tenant | None = None
    if kind is int:
        parsed = _parse_int(value)
    elif kind is UUID:
        parsed = _parse_uuid(value)
    elif isinstance(value, int | UUID | str) and not isinstance(value, bool):
        written = str.__str__(value) if isinstance(value, str) else str(value)  # a member of an Enum has its own
        parsed = written if written and written.isprintable() else None
    if parsed is None:
        raise InvalidTenant(value, EXPECTED[kind])
    return parsed


def _parse_any(value: object) -> Tenant:
    kinds = [kind for kind in EXPECTED if kind in types_in_use] or list(EXPECTED)
    for kind in kinds:
        try:
            return parse_tenant(value, kind)
        except InvalidTenant:
            continue
    raise InvalidTenant(value, " or ".join(EXPECTED[kind] for kind in kinds))


def _parse_int(value: object) -> int | None:
    number: int
    if isinstance(value, int) and not isinstance(value, bool):
        number = int(value)
    elif isinstance(value, str) and len(value) <= 20:
        try:
            number = int(value)
        except ValueError:
            return None
        if str(number) != value:  # int() also takes "+7", " 7", "1_000" and the digits of other scripts
            return None
    else:
        return None
    return number if -_BIGINT <= number < _BIGINT else None


def _parse_uuid(value: object) -> UUID | None:
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str):
        return None
    try:
        return UUID(value)
    except ValueError:
        return None
