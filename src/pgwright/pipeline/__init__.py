"""READ FIRST: the path of data, one file a verb.

    source ──▶ value ──▶ findings ──▶ remedies ──▶ proof ──▶ report
      take_snapshot     check          fix         prove
      advise probe_app

`lint` runs the app's pending revisions on a twin, where `lint_order` says which; their checks judge what they did.

A source (`sources.py`) is read into a value: a database into a Snapshot, a workload into an Advice, a running app into
a ProbedApp. A check says which of these it reads, and stands on one shelf, `checks/<subject>/`. `check` asks every
source; score, allow, baseline and reports treat the findings of all alike. `plan` stands beside the path.

`make` goes the whole path up to the parts of a fix; `pull_request` makes a branch of them, which `write_branch` writes.

Every verb takes a DSN, the path of a snapshot file, or a Snapshot. None writes to the database that the user names but
`migrate` and `deploy_indexes`, which run the app's revisions, `backfill`, which runs what revisions declare, `retain`,
which runs the policies that the team states, and `erase`, which erases a person.
"""

from pgwright.pipeline.advise import advise
from pgwright.pipeline.changes import Revisions, Script, Settings, Unwritten
from pgwright.pipeline.check import check
from pgwright.pipeline.erase import ErasureOrder, erase
from pgwright.pipeline.fix import fix
from pgwright.pipeline.lint import lint
from pgwright.pipeline.making import FixOrder, MadeFix, Measuring, make
from pgwright.pipeline.models import as_named, find_models, with_models
from pgwright.pipeline.pending import PendingRequest, lint_order
from pgwright.pipeline.plan import plan
from pgwright.pipeline.probe import probe_app
from pgwright.pipeline.prove import prove, try_settings
from pgwright.pipeline.proved_fix import fix_proved
from pgwright.pipeline.pull_request import pull_request, require_committed, write_branch
from pgwright.pipeline.revisions import revision_files
from pgwright.pipeline.rewriting import rewrite
from pgwright.pipeline.snapshot import SourceLike, is_file, take_snapshot

__all__ = [
    "ErasureOrder",
    "FixOrder",
    "MadeFix",
    "Measuring",
    "PendingRequest",
    "Revisions",
    "Script",
    "Settings",
    "SourceLike",
    "Unwritten",
    "advise",
    "as_named",
    "check",
    "erase",
    "find_models",
    "fix",
    "fix_proved",
    "is_file",
    "lint",
    "lint_order",
    "make",
    "plan",
    "probe_app",
    "prove",
    "pull_request",
    "require_committed",
    "revision_files",
    "rewrite",
    "take_snapshot",
    "try_settings",
    "with_models",
    "write_branch",
]
