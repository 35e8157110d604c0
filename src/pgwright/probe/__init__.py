"""Stage 1, a running app: its GET endpoints, called in this process at two sizes, all rolled back."""

from pgwright.probe.request import ProbeRequest
from pgwright.probe.run import call_endpoints

__all__ = ["ProbeRequest", "call_endpoints"]
