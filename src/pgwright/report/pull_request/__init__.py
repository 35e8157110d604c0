"""What `pr` gives: a branch, its commits, and the body that a team reads before it merges."""

from __future__ import annotations

from pgwright.model.pull_request import PullRequest
from pgwright.report.kind import Kind
from pgwright.report.pull_request import words
from pgwright.report.pull_request.document import SHAPES
from pgwright.report.pull_request.terminal import show

KIND = Kind(PullRequest, version=1, show=show, words=words, shapes=SHAPES)
