"""Stage 4: a remedy becomes a Proof. Planned on the twin, measured on copies, results compared.

An app's operations are given as `pgwright.proof.Operation`: the public face of this stage.
"""

from pgwright.proof.operations import Operation

__all__ = ["Operation"]
