"""What a Trial comes to, in words: what to set, what it saves, and what it slows."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.figures import count, listing, milliseconds, ratio, share
from pgwright.model.trial import Trial, TriedSetting
from pgwright.model.worth import FEWEST_SECONDS
from pgwright.report.proof.chart import css_class
from pgwright.report.proof.words import by_calls, equality, in_words, notes, runs, spread, where_measured
from pgwright.report.quoting import gist

__all__ = [
    "after", "before", "conclusion", "css_class", "equality", "every", "in_words", "is_proved", "measured", "named",
    "notes", "numbers", "runs", "saved", "spread", "where_measured",
]  # fmt: skip
_MOST_NAMED = 4
_STATEMENT = 60
WARM = "The copy is warm and in memory: no read from a disk is in these times, and no other session."


def every(trial: Trial) -> tuple[TriedSetting, ...]:
    """Return what was measured, the settings together last."""
    return trial.tried if trial.together is None else (*trial.tried, trial.together)


def named(one: TriedSetting) -> str:
    """Return the settings with their values: `random_page_cost = 1.1`."""
    return ", ".join(f"{name} = {value}" for name, value in one.settings.items())


def before(one: TriedSetting) -> str:
    """Return the time of the workload's calls with production's settings."""
    return by_calls(one.before_ms, _seconds(one))


def after(one: TriedSetting) -> str:
    """Return the time of the workload's calls with the settings that were tried."""
    return by_calls(one.after_ms, _seconds(one))


def _seconds(one: TriedSetting) -> float | None:
    """Return how long the calls were counted; None where that tells no rate: then all the calls are meant."""
    return one.observed_seconds if one.observed_seconds and one.observed_seconds >= FEWEST_SECONDS else None


def saved(one: TriedSetting) -> str:
    """Return the part of the workload's time that is saved; a minus where it is lost."""
    return share(one.saved_share) if one.saved_share >= 0 else f"−{share(-one.saved_share)}"


def numbers(one: TriedSetting) -> tuple[int, int, int]:
    """Return how many statements got faster, slower, and neither for sure; what fails is slower."""
    verdicts = [statement.verdict for statement in one.statements]
    return verdicts.count("faster"), verdicts.count("slower") + len(one.failed), verdicts.count("unclear")


def measured(one: TriedSetting) -> str:
    """Return what the settings do, as a sentence without its end: `work_mem = 8MB: 9.1 s → 3.0 s a day`."""
    rate = "a day" if _seconds(one) else "over the time observed"
    return f"{named(one)}: {before(one)} → {after(one)} {rate}, by the workload's calls"


def is_proved(trial: Trial) -> bool:
    """True when a setting helps, and the copy holds every row."""
    return trial.best is not None and not trial.lost_rows


def conclusion(trial: Trial) -> tuple[str, ...]:
    """Return what the trial comes to, in sentences, the most important first."""
    return (*_doubts(trial), *_judgement(trial))


def _doubts(trial: Trial) -> Iterator[str]:
    if trial.lost_rows:
        lost = [f"{one.table.short} ({one.rows_here:,} of {one.rows:,}: {one.reason})" for one in trial.lost_rows]
        yield f"Not proved: the copy lacks rows of {listing(lost, _MOST_NAMED)}."


def _judgement(trial: Trial) -> Iterator[str]:
    if not trial.tried:
        yield "No setting was worth trying." if trial.measured_on is None else "No setting could be tried."
        return
    best = trial.best
    if best is None:
        tried = listing([named(one) for one in trial.tried], _MOST_NAMED)
        yield f"No setting helps: {count(trial.statements, 'statement')} measured with {tried}."
        if differing := [named(one) for one in trial.tried if one.verdict == "results differ"]:
            yield f"Results differ with {listing(differing, _MOST_NAMED)}."
    else:
        yield f"{measured(best)}, {saved(best)} less (measured, on a copy, warm)."
        yield from _slowed(best)
    yield WARM


def _slowed(one: TriedSetting) -> Iterator[str]:
    if one.slower:
        worst = one.slower[0]
        times = f"{milliseconds(worst.before.median_ms)} → {milliseconds(worst.after.median_ms)}"
        yield (
            f"It makes {count(len(one.slower), 'statement')} slower, worst {ratio(worst.ratio)} ({times}): "
            f"{gist(worst.text, _STATEMENT)}"
        )
    for failed in one.failed:
        yield f"It keeps a statement from its end: {failed.what}: {failed.reason}."
