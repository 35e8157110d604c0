"""A network and an IPC namespace of its own: no interface leads out, and no shared memory of others is there."""

from __future__ import annotations

import fcntl
import os
import socket
import struct

from pgwright.embedded import kernel

_NEW_USER, _NEW_IPC, _NEW_NETWORK = 0x10000000, 0x08000000, 0x40000000
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1


def leave(*, needs_loopback: bool) -> None:
    """Leave the namespaces that this process is in; root may, and everybody in a user namespace. Raises OSError."""
    if os.geteuid() != 0:
        _rehearse(needs_loopback=needs_loopback)
    _leave(needs_loopback=needs_loopback)


def _rehearse(*, needs_loopback: bool) -> None:
    """Try it in a child: where only a part is allowed, there is no way back."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _leave(needs_loopback=needs_loopback)
            code = 0
        except OSError as error:
            code = error.errno or 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))


def _leave(*, needs_loopback: bool) -> None:
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        kernel.unshare(_NEW_NETWORK | _NEW_IPC)
    else:
        kernel.unshare(_NEW_USER | _NEW_NETWORK | _NEW_IPC)
        kernel.prctl(kernel.DUMPABLE, 1)  # /proc/self is root's where root became this user without a new program
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    if needs_loopback:
        _raise_loopback()


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = bytearray(struct.pack("16sH22x", b"lo", 0))
        fcntl.ioctl(any_socket, _GET_FLAGS, request)
        _, flags = struct.unpack_from("16sH", request)
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH22x", b"lo", flags | _UP))
