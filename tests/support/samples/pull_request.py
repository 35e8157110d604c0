"""A PullRequest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pgwright.model.patch import FileEdit, HandEdit, ModelPatch, Verified
from pgwright.model.pull_request import Commit, CommittedFile, PullRequest, PullRevision
from tests.support.builders import make_statement
from tests.support.samples.diagnosis import DIAGNOSIS
from tests.support.samples.fix import FIX
from tests.support.samples.names import HOSTILE, QUERY

_MODELS = ModelPatch(
    edits=(FileEdit(Path("shop/models.py"), "a = 1\n", "a = 1\nb = 2\n"),),
    by_hand=(
        HandEdit(f"index ix of {HOSTILE}", "several classes declare it", ('Index("ix", "a")', 'Index("ix2", "b")')),
    ),
    verified=Verified(is_imported=True, is_compared=True),
)
PULL_REQUEST = PullRequest(
    title=f"Index messages; analyze {HOSTILE}",
    branch="pgwright/index-messages",
    base="c4a56e6febaa00000000000000000000000000ff",
    base_branch="main",
    database="shop",
    server_version="16.4",
    taken_at="2026-08-01T10:00:00+00:00",
    commits=(
        Commit(
            f"Index messages\n\n- Create index ix on messages\n- Analyze {HOSTILE}\n",
            (CommittedFile("migrations/versions/4f1c_index_messages.py", b'revision = "4f1c"\n', True, 1, 0),),
        ),
        Commit(
            "Declare in the models what the revision does\n",
            (CommittedFile("shop/models.py", b"a = 1\nb = 2\n", False, 1, 0),),
        ),
    ),
    revisions=(
        PullRevision("4f1c", "0001", "Index messages", FIX.remedies[:1]),
        PullRevision("4f1c_2", "4f1c", f"Analyze {HOSTILE}", FIX.remedies[1:]),
    ),
    fix=replace(FIX, models=_MODELS),
    answered=DIAGNOSIS.findings[:1],
    statements=(make_statement(QUERY, query_id=42, calls=1200, total_ms=126_000.0, mean_ms=105.0),),
    left=DIAGNOSIS.findings[1:3],
)
UNMEASURED = replace(
    PULL_REQUEST,
    base_branch="",
    revisions=PULL_REQUEST.revisions[:1],
    commits=PULL_REQUEST.commits[:1],
    fix=replace(
        FIX, models=None, proof=None, remedies=(replace(FIX.remedies[0], measured=()),), later=(), refused=(),
        not_examined=(), by_hand=(),
    ),
    left=(),
)  # fmt: skip
UNMEASURED = replace(UNMEASURED, revisions=(replace(UNMEASURED.revisions[0], remedies=UNMEASURED.fix.remedies),))
