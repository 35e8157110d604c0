"""The Jinja environment that the HTML and the Markdown pages share."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import Environment, PackageLoader, StrictUndefined

from pgwright import figures
from pgwright.model.finding import SEVERITIES
from pgwright.model.result import Result
from pgwright.report.findings import also_mends, by_severity
from pgwright.report.kind import kind_of
from pgwright.report.planned_on import which_server
from pgwright.report.quoting import code, code_block, code_cell, gist, one_line, prose, prose_cell
from pgwright.version import VERSION


def environment(*, escapes_html: bool, finalize: Callable[[object], object] | None = None) -> Environment:
    """Return an environment in which every expression is escaped: as HTML, or by `finalize`."""
    made = Environment(
        loader=PackageLoader("pgwright.report", ""),
        autoescape=escapes_html,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "ms": figures.milliseconds,
        "duration": figures.duration,
        "size": figures.size,
        "ratio": figures.ratio,
        "cost": figures.cost,
        "share": figures.share,
        "count": figures.count,
        "one_line": one_line,
        "gist": gist,
        "code": code,
        "prose": prose,
        "prose_cell": prose_cell,
        "code_cell": code_cell,
        "code_block": code_block,
    }
    made.globals |= {
        "version": VERSION,
        "severities": SEVERITIES,
        "also_mends": also_mends,
        "by_severity": by_severity,
        "which_server": which_server,
    }
    return made


def rendered(made: Environment, page: str, result: Result) -> str:
    """Return one page of the result's kind; beside the result it sees the kind's own words."""
    kind = kind_of(result)
    return made.get_template(f"{kind.name}/{page}").render(result=result, words=kind.words)
