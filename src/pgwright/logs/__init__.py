"""A server's log, read for the calls of a workload: their values, their plans, and what went wrong in them."""

from pgwright.logs.plans import Ways, ways_of
from pgwright.logs.read import NOTHING, Log, Logged, read_log
from pgwright.logs.values import Values

__all__ = ["NOTHING", "Log", "Logged", "Values", "Ways", "read_log", "ways_of"]
