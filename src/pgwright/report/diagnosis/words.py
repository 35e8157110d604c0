"""What a Diagnosis comes to, in words and bars."""

from __future__ import annotations

from shlex import quote

from pgwright.figures import count, duration, milliseconds, share
from pgwright.model.finding import SEVERITIES, Diagnosis, Finding, LostPoint, SubjectScore
from pgwright.model.statement import SlowStatement
from pgwright.model.worth import FEWEST_SECONDS
from pgwright.report.diagnosis.chart import ScoreBar, score_bars

# Less than this is missing: it would be printed as 100 %.
_ALL_BUT = 0.0005
_THINGS = 3
_DAY_SECONDS = 86_400.0
_HEADINGS = ("", "Do this", "Do these two things", "Do these three things")


def bars(diagnosis: Diagnosis) -> tuple[ScoreBar, ...]:
    """Return the scorecard as bars."""
    return score_bars(diagnosis.scorecard)


def lost(point: LostPoint) -> str:
    """Return why points were lost, and how many; a reason that costs none stands alone."""
    return f"−{point.points:g} {point.reason}" if point.points else point.reason


def looked_at(score: SubjectScore) -> str:
    """Return how much the score rests on where that is not all; else ""

    >>> from pgwright.model.finding import LookedAt
    >>> seen = (LookedAt(0.39, "the statements' time"), LookedAt(1.0, "the tables"))
    >>> looked_at(SubjectScore("queries", 10.0, (), seen))
    "39.0 % of the statements' time"
    """
    parts = [f"{share(one.share)} of {one.of}" for one in score.looked_at if one.share < 1 - _ALL_BUT]
    return " and ".join(parts)


def first_things(diagnosis: Diagnosis) -> tuple[Finding, ...]:
    """Return the three findings to begin with, fewer where fewer are worth it, none where nothing is left to do.

    The worst come first, then those that save most time, then those whose change `fix` writes. Nothing is left where no
    finding is high, and none that is medium saves time or has a change; where nobody looked for indexes, no time is
    known.
    """
    worth_doing = [one for one in diagnosis.findings if one.severity in ("high", "medium")]
    is_left = any(one.severity == "high" or one.worth is not None or one.changes for one in worth_doing)
    if not is_left and _looked_for_indexes(diagnosis):
        return ()
    return tuple(sorted(worth_doing, key=_urgency)[:_THINGS])


def _looked_for_indexes(diagnosis: Diagnosis) -> bool:
    return "missing-index" in diagnosis.checks_run


def _urgency(finding: Finding) -> tuple[int, float, bool]:
    saved = finding.worth.saved_ms if finding.worth is not None else 0.0
    return SEVERITIES.index(finding.severity), -saved, not finding.changes


def heading_of_things(diagnosis: Diagnosis) -> str:
    """Return what stands above the first things."""
    return _HEADINGS[len(first_things(diagnosis))]


def ending(diagnosis: Diagnosis) -> str:
    """Return what is said where there is nothing to begin with: that it is done only where indexes were looked for.

    What is medium, saves no time and is for a person to decide is no reason to begin, and yet something left.
    """
    if not _looked_for_indexes(diagnosis):
        return "Nothing worth doing was found, but no index was looked for."
    if left := sum(finding.severity == "medium" for finding in diagnosis.findings):
        decide = f"a person has to decide {count(left, 'medium finding')} below"
        return f"Nothing left that is known to save time; {decide}."
    return "Nothing left worth doing."


def seen(diagnosis: Diagnosis) -> str:
    """Return how much of the database a diagnosis rests on, in one sentence."""
    unseen = {name for one in diagnosis.not_examined for name in one.checks} - set(diagnosis.checks_run)
    shares: dict[str, float] = {}
    for one in (one for score in diagnosis.scorecard for one in score.looked_at):
        shares[one.of] = min(one.share, shares.get(one.of, 1.0))
    parts = [f"{len(diagnosis.checks_run)} of {count(len(diagnosis.checks_run) + len(unseen), 'check')}"]
    parts += [f"{share(part)} of {of}" for of, part in shares.items()]
    if diagnosis.observed_seconds:
        parts.append(f"{duration(diagnosis.observed_seconds)} of statements")
    return f"Looked at: {', '.join(parts)}."


def command(finding: Finding) -> str:
    """Return what writes the change of a finding, for a shell; "" where a person has to decide."""
    return f"pgwright fix --only {quote(finding.key)}" if finding.changes else ""


def observed(diagnosis: Diagnosis) -> str:
    """Return what the times of statements are: those of a day, where they were counted for long enough to tell.

    >>> from pgwright.model.finding import Diagnosis
    >>> observed(Diagnosis("shop", "18", "", (), (), (), (), observed_seconds=7200.0))
    'time a day, counted for 2.0 h'
    """
    seconds = diagnosis.observed_seconds
    counted = f", counted for {duration(seconds)}" if seconds else ""
    return f"{'time a day' if _tells_of_a_day(diagnosis) else 'time in all'}{counted}"


def time_of(statement: SlowStatement, diagnosis: Diagnosis) -> str:
    """Return how much time a statement takes, as `observed` says."""
    if not _tells_of_a_day(diagnosis):
        return milliseconds(statement.total_ms)
    return duration(statement.total_ms / 1000 * _DAY_SECONDS / (diagnosis.observed_seconds or _DAY_SECONDS))


def _tells_of_a_day(diagnosis: Diagnosis) -> bool:
    return (diagnosis.observed_seconds or 0.0) >= FEWEST_SECONDS
