"""A baseline: the findings that a team knows of, so that CI fails on new ones only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pgwright.cli.output import write
from pgwright.errors import ConfigError
from pgwright.model.finding import Diagnosis, Finding
from pgwright.model.lint import Lint
from pgwright.model.probe import Probe
from pgwright.report.as_json import indented

Found = TypeVar("Found", Diagnosis, Probe, Lint)

_KIND, _FORMAT = "baseline", 1


def set_aside(result: Found, baseline: frozenset[str]) -> Found:
    """Return a result without the findings that a baseline lists; their keys stand in `known`.

    What stands under a known finding and is new is a finding of its own.
    """
    left: list[Finding] = []
    for finding in result.findings:
        new = tuple(one for one in finding.symptoms if one.key not in baseline)
        left += new if finding.key in baseline else [replace(finding, symptoms=new)]
    return replace(
        result,
        findings=tuple(sorted(left, key=lambda one: one.badness)),
        known=tuple(key for key in _keys(result.findings) if key in baseline),
    )


def _keys(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the keys of findings, and of those that stand under them."""
    for finding in findings:
        yield finding.key
        yield from (one.key for one in finding.symptoms)


def read_baseline(path: Path | None) -> frozenset[str]:
    """Return the keys of known findings; none without a file. Raises ConfigError."""
    if path is None:
        return frozenset()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"cannot read the baseline {str(path)!r}: {reason}. Write one: --write-baseline") from error
    is_ours = isinstance(document, dict) and document.get("kind") == _KIND and document.get("format") == _FORMAT
    keys = document.get("findings") if is_ours else None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ConfigError(f"{str(path)!r} is no baseline of format {_FORMAT}. Write one: --write-baseline")
    return frozenset(keys)


def save_baseline(path: Path, result: Diagnosis | Probe | Lint) -> None:
    """Write the keys of all findings of a run, those known already among them. Raises ConfigError."""
    keys = sorted({*result.known, *_keys(result.findings)})
    write(path, indented({"kind": _KIND, "format": _FORMAT, "findings": keys}))
