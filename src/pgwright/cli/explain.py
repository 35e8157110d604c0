"""`pgwright explain`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import click

from pgwright.checks import OWN, load_checks, origin_of, require_check, without_plugins
from pgwright.cli.output import has_color, paint, say
from pgwright.cli.streams import reports_only
from pgwright.config import read_config
from pgwright.model.finding import Check
from pgwright.report.as_json import indented
from pgwright.report.kind import KINDS, load_kind
from pgwright.report.schema import schema
from pgwright.visible import visible


@click.command(short_help="Print the manual of a check, or list all checks.")
@click.argument("name", required=False)
@click.option("--schema", "kind", type=click.Choice(KINDS), help="Print the JSON Schema of a result instead.")
def explain(name: str | None, kind: str | None) -> None:
    """Print the manual of a check, or list all checks if none is named.

    \b
    Examples:
      pgwright explain
      pgwright explain unindexed-foreign-key
      pgwright explain --schema proof > proof.schema.json
    """
    if kind is not None:
        say(indented(schema(load_kind(kind))))
        return
    if not read_config().plugins:
        click.get_current_context().with_resource(without_plugins())
    with reports_only():
        checks = load_checks() if name is None else [require_check(name)]
    paint(_list(checks) if name is None else _page(checks[0]))


def _list(checks: Sequence[Check[Any]]) -> str:
    width = max(len(one.name) for one in checks)
    lines = []
    for subject, group in groupby(checks, key=lambda one: one.subject):
        lines += ["", click.style(subject, bold=True) if has_color() else subject]
        lines += [f"  {one.name:<{width}}  {one.severity:<6}  {_first_line(one)}{_from(one)}" for one in group]
    return "\n".join(lines[1:]) + "\n"


def _page(check: Check[Any]) -> str:
    """Return the manual with its headings in bold on a terminal, and as Markdown elsewhere."""
    opening = f"{check.name}  ({check.subject}, {check.severity}, {check.confidence})"
    title = click.style(opening, bold=True) if has_color() else f"# {opening}"
    lines = [_line(visible(line)) for line in check.manual.splitlines()]
    origin = origin_of(check)
    foreign = [] if origin == OWN else [f"Installed by {origin}.", ""]
    return "\n".join([title, "", *foreign, *lines]) + "\n"


def _from(check: Check[Any]) -> str:
    origin = origin_of(check)
    return "" if origin == OWN else f" [{origin}]"


def _line(line: str) -> str:
    if not has_color():
        return line
    if line.startswith("## "):
        return click.style(line.removeprefix("## "), bold=True, fg="cyan")
    return click.style(line, dim=True) if line.startswith("    ") else line


def _first_line(check: Check[Any]) -> str:
    return visible((check.manual.splitlines() or [""])[0])
