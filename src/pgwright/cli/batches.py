"""What the commands that work in batches share: how long they go on, what they publish, and how they end."""

from __future__ import annotations

from pathlib import Path

import click

from pgwright.cli import options
from pgwright.cli.output import tell, write
from pgwright.config import parse_duration
from pgwright.errors import ConfigError
from pgwright.interrupts import INTERRUPTED
from pgwright_runtime.batches import BatchMetrics, StopFlag

LEFT = 1
_TERMINATED = 143  # 128 and the signal's number, as shells report it


def _limit(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    return None if text is None else parse_duration(text, "--for")


limit = click.option(
    "--for", "limit_s", callback=_limit, metavar="TIME",
    help="Begin no batch after this time: '30m'. Default: until nothing is left.",
)  # fmt: skip
metrics = options.output_file(
    "--metrics", "metrics_file", help="Write metrics to FILE, for node_exporter's textfile collector."
)


def publishing(path: Path | None) -> BatchMetrics | None:
    """Return what batches publish to, where a file is named. Raises: ConfigError: prometheus_client is missing."""
    if path is None:
        return None
    try:
        return BatchMetrics()
    except ImportError as error:
        raise ConfigError(f"--metrics: {error}.") from error


def end(metrics_file: Path | None, stop: StopFlag, *, is_done: bool) -> None:
    """Write the metrics, and exit with the code that says how it ended."""
    if metrics_file is not None:
        write(metrics_file, _published())
    if stop:
        tell(f"pgwright: {stop.reason}; the batch that ran is committed, and the next run goes on")
        click.get_current_context().exit(INTERRUPTED if stop.reason == "interrupted" else _TERMINATED)
    if not is_done:
        click.get_current_context().exit(LEFT)


def _published() -> str:
    from prometheus_client import generate_latest

    lines = generate_latest().decode().splitlines(keepends=True)
    return "".join(line for line in lines if "pgwright_" in line)
