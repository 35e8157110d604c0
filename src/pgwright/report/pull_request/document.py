"""How the JSON of a PullRequest differs from its dataclasses."""

from __future__ import annotations

from pgwright.model.pull_request import Commit, CommittedFile, PullRequest, PullRevision
from pgwright.report.diagnosis import document as diagnosis
from pgwright.report.fix import document as fix
from pgwright.report.markdown import render_markdown
from pgwright.report.shape import Shape, Shapes


def body(result: PullRequest) -> str:
    """The text of the pull request, in Markdown."""
    return render_markdown(result)


def text(file: CommittedFile) -> str:
    """The file as the commit leaves it."""
    return file.data.decode(errors="replace")


def answered(result: PullRequest) -> tuple[str, ...]:
    """Keys of the findings that it mends."""
    return tuple(one.key for one in result.answered)


def left(result: PullRequest) -> tuple[str, ...]:
    """Keys of the findings that only a person can mend."""
    return tuple(one.key for one in result.left)


SHAPES: Shapes = {
    **diagnosis.SHAPES,
    **fix.SHAPES,
    PullRequest: Shape(last=(answered, left, body)),
    PullRevision: Shape(without=frozenset({"remedies"})),
    Commit: Shape(first=("subject",)),
    CommittedFile: Shape(last=(text,), without=frozenset({"data"})),
}
