"""The filter, run as the kernel runs it: for each machine, which calls pass."""

from __future__ import annotations

import errno
import signal
import socket
import struct

import pytest

from pgwright.embedded.seccomp import Filter

STREAM, DATAGRAM, CLOSE_ON_EXEC = int(socket.SOCK_STREAM), int(socket.SOCK_DGRAM), 0o2000000
UNIX, INTERNET, INTERNET_6, NETLINK = 1, 2, 10, 16
NEW_USER, FORK = 0x10000000, 0x1200000 | signal.SIGCHLD
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386 = 0x40000003
# From the kernel's tables.
NUMBERS = {
    "x86_64": {
        "read": 0, "socket": 41, "connect": 42, "clone": 56, "execve": 59, "fork": 57, "kill": 62, "ptrace": 101,
        "unshare": 272, "setns": 308, "mount": 165, "io_uring_setup": 425, "clone3": 435, "bpf": 321,
        "process_vm_writev": 311, "prctl": 157, "shmget": 29,
    },
    "aarch64": {
        "read": 63, "socket": 198, "connect": 203, "clone": 220, "execve": 221, "kill": 129, "ptrace": 117,
        "unshare": 97, "setns": 268, "mount": 40, "io_uring_setup": 425, "clone3": 435, "bpf": 280,
        "process_vm_writev": 271, "prctl": 167, "shmget": 194,
    },
}  # fmt: skip


def verdict(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """Return the error that a call ends with; 0 when it passes."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<iIQ6Q", number, architecture, 0, *padded)
    instructions = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        code, on_true, on_false, operand = instructions[at]
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, operand)
            case 0x54:
                accumulator &= operand
            case 0x06:
                return 0 if operand == 0x7FFF0000 else operand & 0xFFFF
            case _:
                tests = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}
                at += on_true if tests[code] else on_false


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize("has_collector", [False, True])
@pytest.mark.parametrize(
    ("call", "arguments", "with_collector", "without"),
    [
        ("read", (), 0, 0),
        ("kill", (), 0, 0),
        ("prctl", (), 0, 0),
        ("shmget", (), 0, 0),
        ("execve", (), 0, 0),
        ("clone", (FORK,), 0, 0),
        ("clone", (FORK | NEW_USER,), errno.EPERM, errno.EPERM),
        ("clone3", (), errno.ENOSYS, errno.ENOSYS),
        ("io_uring_setup", (), errno.ENOSYS, errno.ENOSYS),
        ("socket", (UNIX, STREAM | CLOSE_ON_EXEC), 0, 0),
        ("socket", (UNIX, DATAGRAM), errno.EACCES, errno.EACCES),
        ("socket", (INTERNET, STREAM), errno.EACCES, errno.EACCES),
        ("socket", (INTERNET_6, STREAM | CLOSE_ON_EXEC), errno.EACCES, errno.EACCES),
        ("socket", (INTERNET, DATAGRAM | CLOSE_ON_EXEC), 0, errno.EACCES),
        ("socket", (INTERNET_6, DATAGRAM), 0, errno.EACCES),
        ("socket", (NETLINK, 3), errno.EACCES, errno.EACCES),
        ("connect", (3, 0, 110), errno.EACCES, errno.EACCES),
        ("connect", (3, 0, 16), 0, errno.EACCES),
        ("connect", (3, 0, 28), 0, errno.EACCES),
        *((call, (), errno.EPERM, errno.EPERM) for call in ("ptrace", "unshare", "setns", "mount", "bpf")),
        ("process_vm_writev", (), errno.EPERM, errno.EPERM),
    ],
)
def test_a_call_passes_or_is_refused(
    machine: str, has_collector: bool, call: str, arguments: tuple[int, ...], with_collector: int, without: int
) -> None:
    program = Filter(has_collector=has_collector, machine=machine).program
    found = verdict(program, ARCHITECTURES[machine], NUMBERS[machine][call], *arguments)
    assert found == (with_collector if has_collector else without)


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_calls_of_another_architecture_are_refused(machine: str) -> None:
    program = Filter(has_collector=True, machine=machine).program
    assert verdict(program, I386, 3) == errno.EPERM
    x32 = 0x40000000
    assert verdict(program, ARCHITECTURES[machine], x32 | NUMBERS[machine]["read"]) == errno.EPERM


def test_a_machine_whose_calls_are_unknown_is_named() -> None:
    with pytest.raises(OSError, match="unknown machine riscv64"):
        Filter(has_collector=False, machine="riscv64")
