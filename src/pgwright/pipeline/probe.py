"""Stage 1, a running app: its endpoints are called, and judged by their checks."""

from __future__ import annotations

from pgwright.checks import require_checks, run_checks, set_apart
from pgwright.model.endpoints import ProbedApp
from pgwright.model.not_examined import NotExamined
from pgwright.model.probe import Probe
from pgwright.model.progress import Progress, silent
from pgwright.pipeline.question import Question
from pgwright.probe import ProbeRequest, call_endpoints


def probe_app(request: ProbeRequest, *, progress: Progress = silent) -> Probe:
    """Call the app's GET endpoints at two sizes, and tell whose queries grow; all is rolled back.

    Args:
        request: the app and how to call it.
        progress: told of each endpoint before it is called.
    Returns: The calls of each endpoint with the findings, worst first.
    Raises: ProbeError: the app cannot be probed, or an event loop runs in this thread. ConfigError, DatabaseError.
    """
    require_checks(request.policy.allow)
    app = call_endpoints(request, progress)
    run = run_checks(app)
    findings, allowed = set_apart(run.findings, request.policy)
    return Probe(
        app=app.app,
        database=app.database,
        server_version=app.server_version,
        probed_at=app.probed_at,
        endpoints=tuple(seen.endpoint for seen in app.endpoints),
        findings=findings,
        not_examined=run.not_examined,
        allowed=tuple(sorted({one.key for one in allowed})),
        kept=app.kept,
    )


def read_app(question: Question) -> ProbedApp | NotExamined:
    """Return what the endpoints showed of the app that a diagnosis asks for."""
    if question.app is None:
        return NotExamined("endpoints", "the app's endpoints were not called", "pgwright probe MODULE:APP")
    return call_endpoints(question.app, question.progress)
