"""Which tenant the running code works for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, overload
from uuid import UUID

from pgwright_runtime.tenancy.errors import InvalidTenant

Tenant: TypeAlias = int | UUID | str
TenantType: TypeAlias = type[int] | type[UUID] | type[str]
T = TypeVar("T", bound=Tenant)

current_tenant: ContextVar[Tenant | None] = ContextVar("current_tenant", default=None)
"""The tenant of this task or thread; None: none. Tasks that it starts inherit it."""

EXPECTED: dict[TenantType, str] = {
    int: "a whole number of at most 64 bits, as in 7 or '7'",
    UUID: "a UUID",
    str: "a text that is not empty and has printable characters only",
}
_BIGINT = 1 << 63


@dataclass(eq=False)
class _Block:
    before: Tenant | None


_blocks: ContextVar[tuple[_Block, ...]] = ContextVar("pgwright_tenant_blocks", default=())


@overload
def tenant(value: T) -> AbstractContextManager[T]: ...
@overload
def tenant(value: Tenant, *, type: type[T]) -> AbstractContextManager[T]: ...
def tenant(value: Tenant, *, type: type[Any] | None = None) -> AbstractContextManager[Any]:  # noqa: A002
    """Work for one tenant inside the block; gives its id.

    Blocks may be nested, but not around a part of a transaction: that raises TenantChanged at its next statement.

    Args:
        value: the tenant's id.
        type: the type of ids, for a value that comes from outside: it is refused here, and "7" becomes 7. None: the
            value is kept as it is, and an engine that has ids of another type refuses it before the first statement.
    Raises:
        InvalidTenant: the value is of another type, or, without one, of none that ids may have.
        ValueError: the type is none that ids may have.

    >>> with tenant("7", type=int):
    ...     current_tenant.get()
    7
    """
    if type is not None:
        return _work_for(parse_tenant(value, check_type(type)))
    _refuse_what_no_engine_takes(value)
    return _work_for(value)


@contextmanager
def _work_for(own: Tenant) -> Iterator[Tenant]:
    block = _Block(current_tenant.get())
    _blocks.set((*_blocks.get(), block))
    current_tenant.set(own)
    try:
        yield own
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


def check_type(kind: TenantType) -> TenantType:
    """Return a type that ids may have; not a subclass, whose values would be others. Raises: ValueError."""
    if not any(kind is known for known in EXPECTED):
        raise ValueError(f"the type of a tenant's id is int, UUID or str itself, not {kind!r}")
    return kind


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


def is_same_tenant(one: Tenant, other: Tenant, kind: TenantType) -> bool:
    """Return whether two values are one id, as 7 and "7" are where ids are numbers. Raises: InvalidTenant."""
    return one == other or parse_tenant(one, kind) == parse_tenant(other, kind)


def _refuse_what_no_engine_takes(value: object) -> None:
    try:
        parse_tenant(value, str)  # which also takes numbers and UUIDs
    except InvalidTenant:
        raise InvalidTenant(value, "a whole number, a UUID, or a text of printable characters") from None


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
        parsed = UUID(value)
    except ValueError:
        return None
    # UUID() also takes braces, "0x…", spaces, underscores, and the digits of other scripts
    return parsed if value.lower() in (str(parsed), parsed.hex) else None
