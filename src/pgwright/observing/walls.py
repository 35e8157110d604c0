"""What holds the process in which the app's revisions run: no network, no programs, no writes outside of its folder.

Its connections to the twin are open before; after that it can make none, to whatever server.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pgwright.embedded import kernel, landlock
from pgwright.embedded.confinement import why_free
from pgwright.embedded.seccomp import Filter

ALONE = "Python alone"


def raise_walls(folder: Path) -> str:
    """Confine this process for ever and return what holds: "Landlock, seccomp", or which of them does not, and why.

    Args:
        folder: the only one that it may write to.
    """
    if reason := why_free():
        return f"{ALONE}: {reason}"
    missing: dict[str, str] = {}
    steps: dict[str, Callable[[], None]] = {"Landlock": lambda: _files(folder), "seccomp": _network}
    kernel.prctl(kernel.NO_NEW_PRIVILEGES, 1)
    for name, step in steps.items():
        try:
            step()
        except OSError as error:
            missing[name] = error.strerror or str(error)
    held = [name for name in steps if name not in missing]
    reasons = ", ".join(f"{name}: {reason}" for name, reason in missing.items())
    if not held:
        return f"{ALONE}: {reasons}"
    return ", ".join(held) + (f" (without {reasons})" if reasons else "")


def _files(folder: Path) -> None:
    """Read everything, write to the folder, execute nothing."""
    rules = [
        (Path("/"), landlock.READ | landlock.LIST),
        (folder, landlock.OWN),
        (Path("/dev/shm"), landlock.OWN),  # semaphores of multiprocessing, which libraries make when imported
        *((Path(one), landlock.READ | landlock.WRITE) for one in (os.devnull, "/dev/tty")),
    ]
    ruleset = landlock.make_ruleset(rules)
    try:
        landlock.restrict(ruleset)
    finally:
        os.close(ruleset)


def _network() -> None:
    """Make no connection any more, not even to a socket in the file system: another server may listen there."""
    Filter(has_collector=False).install()
