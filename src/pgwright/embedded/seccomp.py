"""seccomp: a filter of system calls that leaves a server no network, no other server and no other process.

Source: the kernel's Documentation/userspace-api/seccomp_filter.rst; numbers from its syscall tables.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgwright.embedded import kernel

_MODE_FILTER = 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_X32 = 0x40000000
_NEW_NAMESPACES = 0x7E020000
_SOCKET_TYPE = 0xF
# sizeof(struct sockaddr_in) and (struct sockaddr_in6). libpq's for a Unix socket is that of sockaddr_un, 110.
_INTERNET_ADDRESS_BYTES = (16, 28)

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Machine:
    architecture: int
    """AUDIT_ARCH_*: a process can make the calls of another one, under other numbers."""
    socket: int
    connect: int
    clone: int
    refused: tuple[int, ...]
    """ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp unshare setns mount umount2 pivot_root chroot
    open_by_handle_at keyctl add_key request_key bpf perf_event_open userfaultfd, and mounting by descriptor."""


_MOUNTING_BY_DESCRIPTOR = tuple(range(428, 434))
_MACHINES: Mapping[str, _Machine] = {
    "x86_64": _Machine(
        0xC000003E, 41, 42, 56,
        (101, 310, 311, 438, 312, 272, 308, 165, 166, 155, 161, 304, 250, 248, 249, 321, 298, 323,
         *_MOUNTING_BY_DESCRIPTOR, 442),
    ),
    "aarch64": _Machine(
        0xC00000B7, 198, 203, 220,
        (117, 270, 271, 438, 272, 97, 268, 40, 39, 41, 51, 265, 219, 217, 218, 280, 241, 282,
         *_MOUNTING_BY_DESCRIPTOR, 442),
    ),
}  # fmt: skip
# io_uring opens and connects sockets past any filter. clone3 hides its flags behind a pointer: libc does without it.
_UNKNOWN = (425, 426, 427, 435)


class Filter:
    """The filter, ready to be installed."""

    def __init__(self, *, has_collector: bool, machine: str | None = None) -> None:
        """Assemble it.

        Args:
            has_collector: leave PostgreSQL before 15 the UDP socket by which it counts.
            machine: as `uname -m` says it; None: this one.
        Raises: OSError: the numbers of this machine's system calls are unknown here.
        """
        name = machine or platform.machine()
        known = _MACHINES.get(name)
        if known is None:
            raise OSError(errno.ENOSYS, f"unknown machine {name}")
        program = b"".join(struct.pack("=HBBI", *one) for one in _assembled(known, has_collector=has_collector))
        self.program = program
        self._instructions = ctypes.create_string_buffer(program, len(program))
        self._header = ctypes.create_string_buffer(
            struct.pack("@HP", len(program) // 8, ctypes.addressof(self._instructions))
        )

    def install(self) -> None:
        """Hold this process to it for ever; it has given up new privileges before. Raises OSError."""
        kernel.prctl(kernel.SECCOMP, _MODE_FILTER, ctypes.addressof(self._header))


def _assembled(machine: _Machine, *, has_collector: bool) -> Iterator[Instruction]:
    yield _LOAD, 0, 0, _ARCHITECTURE
    yield from _unless(_EQUAL, machine.architecture, errno.EPERM)
    yield _LOAD, 0, 0, _NUMBER
    yield from _when(_AT_LEAST, _X32, errno.EPERM)
    for number in machine.refused:
        yield from _when(_EQUAL, number, errno.EPERM)
    for number in _UNKNOWN:
        yield from _when(_EQUAL, number, errno.ENOSYS)
    yield from _block(machine.clone, [_argument(0), *_when(_ANY_BIT, _NEW_NAMESPACES, errno.EPERM), _return(0)])
    yield from _block(machine.socket, [*_sockets(has_collector=has_collector), _return(errno.EACCES)])
    lengths = _INTERNET_ADDRESS_BYTES if has_collector else ()
    allowed = [one for length in lengths for one in _when(_EQUAL, length, 0)]
    yield from _block(machine.connect, [_argument(2), *allowed, _return(errno.EACCES)])
    yield _return(0)


def _sockets(*, has_collector: bool) -> Iterator[Instruction]:
    """Allow Unix sockets, but none that sends to a path without a connection."""
    kinds = [(socket.AF_UNIX, socket.SOCK_STREAM)]
    if has_collector:
        kinds += [(socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_INET6, socket.SOCK_DGRAM)]
    for family, type_ in kinds:
        yield _argument(0)
        yield _EQUAL, 0, 4, family
        yield _argument(1)
        yield _AND, 0, 0, _SOCKET_TYPE
        yield from _when(_EQUAL, type_, 0)


def _block(number: int, body: list[Instruction]) -> Iterator[Instruction]:
    """Run instructions, which return, for one system call."""
    yield _EQUAL, 0, len(body), number
    yield from body


def _when(test: int, value: int, error: int) -> Iterator[Instruction]:
    yield test, 0, 1, value
    yield _return(error)


def _unless(test: int, value: int, error: int) -> Iterator[Instruction]:
    yield test, 1, 0, value
    yield _return(error)


def _argument(number: int) -> Instruction:
    return _LOAD, 0, 0, _ARGUMENTS + 8 * number  # the lower half: both machines are little-endian


def _return(error: int) -> Instruction:
    return _RETURN, 0, 0, _ERRNO | error if error else _ALLOW
