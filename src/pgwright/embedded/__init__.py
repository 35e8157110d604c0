"""The embedded PostgreSQL 18 (with pgvector and all contrib modules) from a wheel: demo, twin, copies and tests.

A server lives in a directory of its own, listens on a Unix socket only, and ends with the process that started it,
even when that process is killed. Twins and copies hold what others wrote: their server's process is confined.
"""

from pgwright.embedded.home import temporary_home
from pgwright.embedded.programs import binaries, system_user
from pgwright.embedded.regular import open_regular
from pgwright.embedded.server import EmbeddedServer, run_server

__all__ = ["EmbeddedServer", "binaries", "open_regular", "run_server", "system_user", "temporary_home"]
