"""What `deploy` gives: what was built, whether it is used, and what became faster or slower."""

from __future__ import annotations

from pgwright.model.deployment import Deployment
from pgwright.report.deployment import words
from pgwright.report.deployment.document import SHAPES
from pgwright.report.deployment.terminal import show
from pgwright.report.kind import Kind

KIND = Kind(Deployment, version=1, show=show, words=words, shapes=SHAPES)
