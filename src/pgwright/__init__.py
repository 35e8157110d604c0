"""pgwright: finds what makes an app's PostgreSQL slow or unsafe, writes the fix, proves the gain.

    import pgwright

    diagnosis = pgwright.check("postgresql://app@db.example/shop")

The verbs of the command line as functions, with the values that they take and give. Each is imported when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgwright.advisor.goal import Goal
    from pgwright.errors import PgwrightError
    from pgwright.model.advice import Advice
    from pgwright.model.comparison import StatementComparison
    from pgwright.model.endpoints import ProbedApp
    from pgwright.model.finding import Check, CodeLine, Diagnosis, Evidence, Finding
    from pgwright.model.fix import Fix
    from pgwright.model.not_examined import NotExamined
    from pgwright.model.policy import ClientPool, Policy, Retention
    from pgwright.model.probe import Probe
    from pgwright.model.proof import Proof
    from pgwright.model.pull_request import PullRequest
    from pgwright.model.snapshot import Snapshot
    from pgwright.model.trial import Trial
    from pgwright.pipeline.advise import advise
    from pgwright.pipeline.changes import Revisions, Script, Settings, Unwritten
    from pgwright.pipeline.check import check
    from pgwright.pipeline.fix import fix
    from pgwright.pipeline.making import FixOrder, MadeFix, Measuring, make
    from pgwright.pipeline.plan import plan
    from pgwright.pipeline.probe import probe_app
    from pgwright.pipeline.prove import prove, try_settings
    from pgwright.pipeline.proved_fix import fix_proved
    from pgwright.pipeline.pull_request import pull_request, write_branch
    from pgwright.pipeline.snapshot import SourceLike, take_snapshot
    from pgwright.probe import ProbeRequest
    from pgwright.proof import Operation
    from pgwright.remedies.selection import FixChoice
    from pgwright.report import render
    from pgwright.snapshot import load_snapshot, save_snapshot

    __version__: str

__all__ = [
    "Advice",
    "Check",
    "ClientPool",
    "CodeLine",
    "Diagnosis",
    "Evidence",
    "Finding",
    "Fix",
    "FixChoice",
    "FixOrder",
    "Goal",
    "MadeFix",
    "Measuring",
    "NotExamined",
    "Operation",
    "PgwrightError",
    "Policy",
    "Probe",
    "ProbeRequest",
    "ProbedApp",
    "Proof",
    "PullRequest",
    "Retention",
    "Revisions",
    "Script",
    "Settings",
    "Snapshot",
    "SourceLike",
    "StatementComparison",
    "Trial",
    "Unwritten",
    "__version__",
    "advise",
    "check",
    "fix",
    "fix_proved",
    "load_snapshot",
    "make",
    "plan",
    "probe_app",
    "prove",
    "pull_request",
    "render",
    "save_snapshot",
    "take_snapshot",
    "try_settings",
    "write_branch",
]
_MODULES = {
    "advisor.goal": ("Goal",),
    "errors": ("PgwrightError",),
    "model.advice": ("Advice",),
    "model.comparison": ("StatementComparison",),
    "model.endpoints": ("ProbedApp",),
    "model.finding": ("Check", "CodeLine", "Diagnosis", "Evidence", "Finding"),
    "model.fix": ("Fix",),
    "model.not_examined": ("NotExamined",),
    "model.policy": ("ClientPool", "Policy", "Retention"),
    "model.probe": ("Probe",),
    "model.proof": ("Proof",),
    "model.pull_request": ("PullRequest",),
    "model.snapshot": ("Snapshot",),
    "model.trial": ("Trial",),
    "pipeline.advise": ("advise",),
    "pipeline.changes": ("Revisions", "Script", "Settings", "Unwritten"),
    "pipeline.check": ("check",),
    "pipeline.fix": ("fix",),
    "pipeline.making": ("FixOrder", "MadeFix", "Measuring", "make"),
    "pipeline.plan": ("plan",),
    "pipeline.probe": ("probe_app",),
    "pipeline.prove": ("prove", "try_settings"),
    "pipeline.proved_fix": ("fix_proved",),
    "pipeline.pull_request": ("pull_request", "write_branch"),
    "pipeline.snapshot": ("SourceLike", "take_snapshot"),
    "probe": ("ProbeRequest",),
    "proof": ("Operation",),
    "remedies.selection": ("FixChoice",),
    "report": ("render",),
    "snapshot": ("load_snapshot", "save_snapshot"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


if not TYPE_CHECKING:  # else every name would be there for a type checker

    def __getattr__(name: str) -> object:
        if name == "__version__":
            found: object = import_module("pgwright.version").VERSION
        elif name in _MODULE_OF:
            found = getattr(import_module(f"pgwright.{_MODULE_OF[name]}"), name)
        else:
            raise AttributeError(f"module 'pgwright' has no attribute {name!r}")
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
