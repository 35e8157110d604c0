"""What was measured, for those who decide: the statements and writes that tell most, and where they ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pgwright.figures import count, milliseconds
from pgwright.model.proof import MeasuredStatement, MeasuredWrite, Proof
from pgwright.model.pull_request import PullRequest
from pgwright.model.remedy import Remedy
from pgwright.report.proof.words import notes

_MOST_STATEMENTS, _MOST_WRITES = 8, 5


def measured(proof: Proof, remedies: Iterable[Remedy]) -> list[tuple[MeasuredStatement, str]]:
    """Return the statements that tell most, each with what limits it: what got worse, then what gains most."""
    used = {gain.query_id for remedy in remedies for gain in remedy.measured}
    worse = [one for one in proof.statements if one.verdict in ("slower", "results differ")]
    better = [one for one in proof.statements if one.verdict == "faster" and one.query_id in used]
    shown = [*worse, *sorted(better, key=lambda one: -one.saved_ms)][:_MOST_STATEMENTS]
    return [(one, _limit(one)) for one in shown]


def _limit(one: MeasuredStatement) -> str:
    if one.verdict in ("slower", "results differ"):
        return one.verdict
    return "" if not notes(one) else "in part" if one.not_compared else "see proof"


def others(proof: Proof, shown: Sequence[tuple[MeasuredStatement, str]]) -> str:
    """Return what became of the statements that are not listed, in a sentence; "" where all are."""
    rest = Counter(one.verdict for one in proof.statements if one not in [each for each, _ in shown])
    said = [f"{number:,} {verdict}" for verdict, number in rest.most_common()]
    return f"Of the {count(sum(rest.values()), 'other statement')} measured: {', '.join(said)}." if said else ""


def writes(proof: Proof) -> tuple[list[tuple[MeasuredWrite, str, str]], str]:
    """Return the writes that changed most, with a row's time before and after; and what became of the others."""
    changed = sorted((one for one in proof.writes if one.verdict in ("slower", "faster")), key=lambda one: one.ratio)
    shown = changed[:_MOST_WRITES]
    told = [
        (one, milliseconds(one.before.median_ms / one.rows), milliseconds(one.after.median_ms / one.rows))
        for one in shown
    ]
    rest = len(proof.writes) - len(shown)
    became = "changed less" if len(changed) > len(shown) else "did not change"
    return told, f"Of the other writes measured, {rest:,} {became}." if rest and shown else ""


def measured_on(result: PullRequest) -> str:
    """Return where the times are from, without who connects where: others may read this."""
    proof = result.fix.proof
    if proof is None or proof.measured_on is None:
        return ""
    place = proof.measured_on
    where = "on a server of pgwright's own" if place.copies == "embedded" else "on a staging server"
    runs = max((one.before.runs for one in proof.statements), default=0)
    most = f"medians of up to {runs} runs" if runs else "medians"
    is_same = place.version == place.source_version
    other = ", as the database itself" if is_same else f"; the database itself runs {place.source_version}"
    return (
        f"Measured on two copies of the database {result.database}, {where} (PostgreSQL {place.version}{other}), on "
        f"{place.at[:10]}: {most} each, warm, results compared."
    )
