"""Findings as SARIF 2.1.0, for code scanning (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).

A result is a finding, a rule its check. A finding about code has its line, one about the database the object only.
What was not examined, and which server planned, is a notification of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from pgwright.errors import ConfigError
from pgwright.model.finding import Diagnosis, Finding, Severity
from pgwright.model.lint import Lint
from pgwright.model.probe import Probe
from pgwright.report.as_json import indented
from pgwright.report.diagnosis.words import looked_at
from pgwright.report.findings import also_mends
from pgwright.report.planned_on import which_server
from pgwright.version import VERSION
from pgwright.visible import visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS: Mapping[Severity, str] = {"high": "error", "medium": "warning", "low": "note", "info": "note"}


def render_sarif(result: object) -> str:
    """Return the log, indented, with a line break at the end. Raises ConfigError: the result holds no findings."""
    if not isinstance(result, Diagnosis | Probe | Lint):
        kind = getattr(result, "kind", type(result).__name__)
        raise ConfigError(f"there is no SARIF of a {kind}: it holds no findings. Take another format: --format")
    names = list(dict.fromkeys(finding.check for finding in result.findings))
    driver = {
        "name": "pgwright",
        "version": VERSION,
        "rules": [_rule(name) for name in names],
    }
    notes = [{"level": "note", "message": {"text": visible(text)}} for text in _notes(result)]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": notes,
            }
        ],
        "results": [_result(finding, names) for finding in result.findings],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return indented(log)


def _notes(result: Diagnosis | Probe | Lint) -> Iterator[str]:
    """Yield on which server was planned, how much each score rests on where that is not all, and what was not seen."""
    if isinstance(result, Diagnosis):
        if result.planned_on is not None:
            yield which_server(result.planned_on)
        for one in result.scorecard:
            if seen := looked_at(one):
                yield f"score of {one.subject}: {one.score}, of {seen}"
    for missing in result.not_examined:
        yield f"not examined: {missing.what}: {missing.reason}"


def _rule(name: str) -> dict[str, Any]:
    return {"id": name, "shortDescription": {"text": name}, "help": {"text": f"pgwright explain {name}"}}


def _result(finding: Finding, names: list[str]) -> dict[str, Any]:
    evidence = "\n".join(f"{one.name}: {one.value} ({one.origin})" for one in finding.evidence)
    text = " ".join(filter(None, (f"{finding.object}: {finding.message}", finding.advice, also_mends(finding))))
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": visible(finding.object)}]}
    if (place := finding.place) is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(place.file)},
            "region": {"startLine": max(place.line, 1)},
        }
    return {
        "ruleId": finding.check,
        "ruleIndex": names.index(finding.check),
        "level": _LEVELS[finding.severity],
        "message": {"text": visible(f"{text}\n{evidence}" if evidence else text)},
        "locations": [location],
        # Lines move; the check and the object stay.
        "partialFingerprints": {"pgwright/v1": finding.key},
        "properties": {"severity": finding.severity, "confidence": finding.confidence},
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
