"""A PostgreSQL of our own: for the demo, the twin, the copies and the tests.

The wheel's PostgreSQL 18, with pgvector and most contrib modules, or one of production's own major version, where there
is one. A server lives in a directory of its own, listens on a Unix socket only, and ends with the process that started
it, even when that process is killed. Twins and copies hold what others wrote: their server's process is confined.
"""

from pgwright.embedded.choice import ServerChoice, choose_programs
from pgwright.embedded.confinement import try_confinement
from pgwright.embedded.home import temporary_home
from pgwright.embedded.programs import Programs, binaries, system_user, wheel_programs
from pgwright.embedded.regular import open_regular
from pgwright.embedded.server import OWNER, EmbeddedServer, run_server

__all__ = [
    "OWNER",
    "EmbeddedServer",
    "Programs",
    "ServerChoice",
    "binaries",
    "choose_programs",
    "open_regular",
    "run_server",
    "system_user",
    "temporary_home",
    "try_confinement",
    "wheel_programs",
]
