"""Settings tried on a copy: what each does to the time of the whole workload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.proof import Balance, LostRows, MeasuredOn, MeasuredStatement, balance_of

TrialVerdict = Literal["helps", "helps, and slows some", "does not help", "costs more than it gains", "results differ"]
# Of the workload's time: for less nobody changes a setting of production.
LEAST_SHARE = 0.01


@dataclass(frozen=True)
class TriedSetting:
    """One setting, or several together, as sessions would have them; measured on a copy, warm."""

    settings: dict[str, str]
    reason: str
    """Why it was tried, in a sentence."""
    statements: tuple[MeasuredStatement, ...]
    """Those that work otherwise under it, dearest first."""
    failed: tuple[NotExamined, ...]
    """Statements that could not be measured under it, as where they reach the limit of time: they count as slowed."""
    unchanged: int
    """Statements that do the same work under it: they have the same plan, so they were not timed again."""
    before_ms: float
    """Of all calls of the workload with production's settings, at the times measured here."""
    apply_sql: str
    undo_sql: str
    observed_seconds: float | None
    """Over which the calls were counted; None: nobody knows."""

    @property
    def balance(self) -> Balance:
        """What it saves and costs by the workload's calls, as far as that is clear."""
        known = balance_of(self.statements, (), self.observed_seconds)
        return known or Balance(0.0, 0.0, 0.0, self.observed_seconds)

    @property
    def saved_ms(self) -> float:
        """By all calls of the workload together; negative when it costs more than it gains."""
        return self.balance.gained_ms - self.balance.lost_ms

    @property
    def after_ms(self) -> float:
        """Of all calls of the workload with it: differences that are not clear are left out."""
        return self.before_ms - self.saved_ms

    @property
    def saved_share(self) -> float:
        """Of the workload's time; negative when it costs more than it gains."""
        return self.saved_ms / self.before_ms if self.before_ms else 0.0

    @property
    def slower(self) -> tuple[MeasuredStatement, ...]:
        """Statements that it makes slower, the worst first."""
        return tuple(sorted((one for one in self.statements if one.verdict == "slower"), key=lambda one: one.ratio))

    @property
    def helps(self) -> bool:
        """Whether it saves a notable part of the workload's time, on balance."""
        return self.verdict in ("helps", "helps, and slows some")

    @property
    def verdict(self) -> TrialVerdict:
        """What it comes to by the workload's calls."""
        if any(not one.results_equal for one in self.statements):
            return "results differ"
        if self.saved_share >= LEAST_SHARE:
            return "helps, and slows some" if self.slower or self.failed else "helps"
        return "costs more than it gains" if self.balance.is_loss else "does not help"


@dataclass(frozen=True)
class Trial:
    """What `prove --settings` gives back."""

    kind: ClassVar[str] = "trial"

    database: str
    planned_on: PlannedOn
    pgwright_version: str
    statements: int
    """How many were measured."""
    tried: tuple[TriedSetting, ...]
    together: TriedSetting | None
    """All that help, measured once more at the same time; None where fewer than two do."""
    untried: dict[str, str]
    """Settings that are not worth trying here, and why."""
    not_examined: tuple[NotExamined, ...]
    measured_on: MeasuredOn | None = None
    """None: nothing was worth trying, so no copy was made."""
    lost_rows: tuple[LostRows, ...] = ()

    @property
    def best(self) -> TriedSetting | None:
        """What saves the largest share of what helps; None where nothing does."""
        every = (*self.tried, self.together) if self.together is not None else self.tried
        return max((one for one in every if one.helps), key=lambda one: one.saved_share, default=None)
