"""Results as JSON, in a shape that stays: keys are added in later versions, never renamed or removed.

Every document has `kind` (`diagnosis`, `advice`, `fix`, `proof`, `plan` or `probe`), `format` (1) and
`pgwright_version`. Then:

- diagnosis: `database`, `server_version`, `taken_at`, `checks_run`, `summary` (findings a severity), `scorecard`,
  `findings`, `not_examined`, `known`, `allowed`.
- advice: `indexes` (with `sql`, `serves`, `size_bytes`, `build_seconds`, `lock`, `write_cost`, `runner_up`), `drops`,
  `risks`, `changed` (plans before and after), `curve`, `unplanned`, `limits`, and the totals.
- fix: `remedies` (with `upgrade` and `downgrade` steps), `by_hand`, `refused`.
- proof: `operations` and `statements` (`before_ms`, `after_ms`, `ratio`, `results_equal`, `verdict`; measured medians),
  `planned`, `writes`, `row_counts`, `is_proved`, and the versions.
- plan: `text`, `values`, `before` and `after` (`cost`, `indexes`, `nodes` with `conditions`), `ratio`, `added`,
  `removed`, `settings`, `limits`.
- probe: `endpoints` (with `name`, `varied`, `calls` of `size`, `queries`, `rows`, `rows_fetched`, `ms`; and `growth`),
  `findings`, `not_examined`, `known`, `allowed`.

`_ms` are milliseconds, `_bytes` bytes, `cost` planner costs. A ratio that is infinite is null.
"""

from __future__ import annotations

from collections import Counter
from functools import singledispatch
from typing import Any

import msgspec

from pgwright import __version__
from pgwright.model.advice import Advice, DroppedIndex, IndexAdvice, RunnerUp
from pgwright.model.comparison import StatementComparison, StatementPlan
from pgwright.model.finding import SEVERITIES, Diagnosis, Finding
from pgwright.model.fix import Fix
from pgwright.model.probe import Probe, ProbedEndpoint
from pgwright.model.proof import MeasuredOperation, MeasuredStatement, Proof, Timing, WritePrice
from pgwright.model.remedy import Remedy
from pgwright.model.result import Result
from pgwright.report.reasons import saved, total_bytes
from pgwright.report.verdicts import conclusion, is_proved

FORMAT = 1

Document = dict[str, Any]


def render_json(result: Result) -> str:
    """Return the document, indented, with a line break at the end."""
    document = {"kind": result.kind, "format": FORMAT, "pgwright_version": __version__}
    encoded = msgspec.json.encode(document | _document(result))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


@singledispatch
def _document(result: object) -> Document:
    raise TypeError(f"no JSON for {type(result).__name__}")


@_document.register
def _(diagnosis: Diagnosis) -> Document:
    counts = Counter(finding.severity for finding in diagnosis.findings)
    return _fields(diagnosis) | {
        "summary": {severity: counts[severity] for severity in SEVERITIES},
        "findings": [_finding(finding) for finding in diagnosis.findings],
    }


def _finding(finding: Finding) -> Document:
    document = _fields(finding)
    del document["changes"]
    return {"key": finding.key} | document | {"is_fixable": bool(finding.changes)}


@_document.register
def _(advice: Advice) -> Document:
    return _fields(advice) | {
        "indexes": [_index(index) for index in advice.indexes],
        "drops": [_drop(drop) for drop in advice.drops],
        "saved_share": saved(advice),
        "size_bytes": total_bytes(advice),
    }


def _drop(drop: DroppedIndex) -> Document:
    return _fields(drop) | {"name": str(drop.name), "table": str(drop.table)}


def _index(advice: IndexAdvice) -> Document:
    definition = advice.definition
    document = _fields(advice)
    del document["definition"], document["is_partitioned"]  # the SQL says it
    return {
        "name": definition.name,
        "table": str(definition.table),
        "sql": advice.sql,
        "lock": advice.lock,
        **document,
        "replaces": [str(name) for name in advice.replaces],
        "runner_up": None if advice.runner_up is None else _runner_up(advice.runner_up),
    }


def _runner_up(other: RunnerUp) -> Document:
    document = _fields(other)
    del document["definition"]
    return {"sql": other.definition.sql()} | document


@_document.register
def _(plan: Fix) -> Document:
    return _fields(plan) | {"remedies": [_remedy(remedy) for remedy in plan.remedies]}


def _remedy(remedy: Remedy) -> Document:
    document = _fields(remedy)
    del document["change"]
    return {"kind": type(remedy.change).__name__} | document


@_document.register
def _(proof: Proof) -> Document:
    return _fields(proof) | {
        "is_proved": is_proved(proof),
        "conclusion": conclusion(proof),
        "operations": [_measured(one) for one in proof.operations],
        "statements": [_measured(one) for one in proof.statements],
        "writes": [_write(one) for one in proof.writes],
    }


def _measured(one: MeasuredOperation | MeasuredStatement) -> Document:
    return _fields(one) | _times(one.before, one.after) | {"ratio": one.ratio}


def _write(one: WritePrice) -> Document:
    return _fields(one) | _times(one.before, one.after)


def _times(before: Timing, after: Timing) -> Document:
    return {"before_ms": before.median_ms, "after_ms": after.median_ms}


@_document.register
def _(result: StatementComparison) -> Document:
    after = None if result.after is None else _statement_plan(result.after)
    changes = {"before": _statement_plan(result.before), "after": after, "settings": dict(result.settings)}
    return _fields(result) | changes | {"ratio": result.ratio}


def _statement_plan(plan: StatementPlan) -> Document:
    nodes = [_fields(node) | {"conditions": dict(node.conditions)} for node in plan.nodes]
    return {"cost": plan.cost, "indexes": list(plan.indexes), "nodes": nodes}


@_document.register
def _(result: Probe) -> Document:
    return _fields(result) | {
        "endpoints": [_endpoint(one) for one in result.endpoints],
        "findings": [_finding(one) for one in result.findings],
    }


def _endpoint(one: ProbedEndpoint) -> Document:
    return _fields(one) | {"growth": one.growth}


def _fields(value: object) -> Document:
    built: Document = msgspec.to_builtins(value)
    return built
