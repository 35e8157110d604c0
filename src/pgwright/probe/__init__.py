"""A proof of N+1 without reading code: the app's GET endpoints, called in this process at two sizes, rolled back."""

from pgwright.probe.queries import CHECKS
from pgwright.probe.request import ProbeRequest
from pgwright.probe.run import probe

__all__ = ["CHECKS", "ProbeRequest", "probe"]
