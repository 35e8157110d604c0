"""What a probe can find: one file a check, with its manual, as the checks of a snapshot have them."""

from pgwright.probe.queries.n_plus_one import CHECK as N_PLUS_ONE
from pgwright.probe.queries.repeated_statement import CHECK as REPEATED_STATEMENT
from pgwright.probe.queries.unused_eager_load import CHECK as UNUSED_EAGER_LOAD

CHECKS = (N_PLUS_ONE, REPEATED_STATEMENT, UNUSED_EAGER_LOAD)

__all__ = ["CHECKS", "N_PLUS_ONE", "REPEATED_STATEMENT", "UNUSED_EAGER_LOAD"]
