"""What a deployment has to remember until it is confirmed: a file for its owner alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from pgwright.deployment.indexes import IndexChange
from pgwright.errors import ConfigError
from pgwright.files import write_bytes
from pgwright.model.deployment import BackupCheck, CountedStatement

FORMAT = 1


@dataclass(frozen=True)
class DeploymentState:
    """The revisions of indexes that ran, and the workload before and at their end."""

    format: int
    database: str
    started_at: str
    deployed_at: str
    """When the last of them ended: from here on the window after it counts."""
    revisions: tuple[str, ...]
    backup: BackupCheck
    changes: tuple[IndexChange, ...]
    before: tuple[CountedStatement, ...]
    """Of the window before."""
    since: tuple[CountedStatement, ...]
    """Counters at `deployed_at`."""
    build_seconds: float
    before_seconds: float | None


def write_state(path: Path, state: DeploymentState) -> None:
    """Write the file, whole or not at all. Raises OSError."""
    write_bytes(path, msgspec.json.format(msgspec.json.encode(state)) + b"\n", is_private=True)


def read_state(path: Path) -> DeploymentState:
    """Read the file of a deployment. Raises ConfigError: there is none, or it is none."""
    try:
        state = msgspec.json.decode(path.read_bytes(), type=DeploymentState)
    except OSError as error:
        raise ConfigError(f"cannot read the deployment {str(path)!r}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{str(path)!r} is no file that pgwright deploy wrote: {error}") from error
    if state.format != FORMAT:
        raise ConfigError(f"{str(path)!r} has the format {state.format}, and this pgwright reads {FORMAT}")
    return state
