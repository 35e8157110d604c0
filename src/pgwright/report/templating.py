"""The Jinja environment that the HTML and the Markdown templates share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pgwright import __version__
from pgwright.model.advice import Advice, PlannedStatement
from pgwright.model.comparison import StatementComparison
from pgwright.model.finding import SEVERITIES, Diagnosis, Finding, Severity
from pgwright.model.fix import Fix
from pgwright.model.probe import Probe
from pgwright.model.proof import Proof
from pgwright.report import charts, figures, reasons
from pgwright.report.comparison import comparison, node_line, plan_text, values_note
from pgwright.report.quoting import code, code_block, code_cell, gist, one_line, visible
from pgwright.report.terminal.fix import expected, locks
from pgwright.report.verdicts import conclusion, in_words, is_proved


def environment(*, escapes_html: bool, finalize: Callable[[object], object] | None = None) -> Environment:
    """Return an environment in which every expression is escaped: as HTML, or by `finalize`."""
    made = Environment(
        loader=PackageLoader("pgwright.report"),
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
        "spread": figures.spread,
        "count": figures.count,
        "lost": figures.lost,
        "visible": visible,
        "one_line": one_line,
        "gist": gist,
        "code": code,
        "code_cell": code_cell,
        "code_block": code_block,
        "locks": locks,
        "expected": expected,
        "verdict": in_words,
        "gain": reasons.gain,
        "build": reasons.build,
        "write_price": reasons.write_price,
        "next_best": reasons.next_best,
        "costs": reasons.costs,
        "safety": reasons.safety,
        "diff": _diff,
    }
    made.globals |= {"version": __version__, "severities": SEVERITIES, "plan_changes": reasons.plan_changes}
    return made


@singledispatch
def context(result: object) -> dict[str, Any]:
    """Return what the template of this kind of result draws, beside the result itself."""
    raise TypeError(f"no template for {type(result).__name__}")


@context.register
def _(diagnosis: Diagnosis) -> dict[str, Any]:
    return {"by_severity": _by_severity(diagnosis.findings), "bars": charts.score_bars(diagnosis.scorecard)}


def _by_severity(findings: Sequence[Finding]) -> dict[Severity, list[Finding]]:
    return {severity: [one for one in findings if one.severity == severity] for severity in SEVERITIES}


@context.register
def _(advice: Advice) -> dict[str, Any]:
    return {
        "alarms": reasons.alarms(advice),
        "sentences": reasons.summary(advice),
        "limits": reasons.limits(advice),
        "effort": reasons.effort(advice),
        "curve": charts.cost_curve(advice),
        "risks": [risk for risk in advice.risks if not risk.is_left_out],
        "left_out": [risk for risk in advice.risks if risk.is_left_out],
    }


def _diff(one: PlannedStatement) -> str:
    return "\n".join(f"{line.mark} {line.text}" for line in reasons.plan_changes(one.plan_before, one.plan_after))


@context.register
def _(plan: Fix) -> dict[str, Any]:
    return {"unsafe": sum(not remedy.is_safe for remedy in plan.remedies)}


@context.register
def _(proof: Proof) -> dict[str, Any]:
    return {
        "chart": charts.pair_chart(proof.operations) if proof.operations else None,
        "sentences": conclusion(proof),
        "proved": is_proved(proof),
        "runs": _runs([*(one.before.runs for one in proof.operations), *(one.before.runs for one in proof.statements)]),
    }


@context.register
def _(result: StatementComparison) -> dict[str, Any]:
    return {"comparison": comparison(result), "values_note": values_note(result), "line": node_line, "text": plan_text}


@context.register
def _(result: Probe) -> dict[str, Any]:
    return {"by_severity": _by_severity(result.findings)}


def _runs(runs: Sequence[int]) -> str:
    ends = sorted({min(runs, default=0), max(runs, default=0)})
    return " – ".join(map(str, ends))
