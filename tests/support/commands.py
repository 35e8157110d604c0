"""The command line in a process of its own."""

from __future__ import annotations

import sys

# A process that was started with SIGINT ignored, as by nohup, hands that down, and Python then leaves it so. With this
# one, Ctrl-C means what it means at a terminal.
_PROGRAM = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("pgwright", run_name="__main__", alter_sys=True)
"""
INTERRUPTIBLE = (sys.executable, "-c", _PROGRAM)
