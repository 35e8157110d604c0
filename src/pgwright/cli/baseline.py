"""A baseline: the findings that a team knows of, so that CI fails on new ones only."""

from __future__ import annotations

import json
from pathlib import Path

from pgwright.cli.output import write
from pgwright.errors import ConfigError
from pgwright.model.finding import Diagnosis
from pgwright.model.probe import Probe

_KIND, _FORMAT = "baseline", 1


def read_baseline(path: Path) -> frozenset[str]:
    """Return the keys of known findings. Raises ConfigError."""
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


def save_baseline(path: Path, result: Diagnosis | Probe) -> None:
    """Write the keys of all findings of a run, those known already among them. Raises ConfigError."""
    known = result.known if isinstance(result, Probe) else ()
    keys = sorted({*known, *(finding.key for finding in result.findings)})
    write(path, json.dumps({"kind": _KIND, "format": _FORMAT, "findings": keys}, indent=2, ensure_ascii=False) + "\n")
