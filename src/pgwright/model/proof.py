"""What was proved: planned on the twin, measured on a copy, results compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pgwright.model.log import ServerLog
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn

Verdict = Literal["faster", "same", "slower", "unclear", "results differ"]
Action = Literal["INSERT", "UPDATE", "DELETE"]
# Whence the values are that a statement was measured with.
Origin = Literal["log", "statistics and rows"]

# A call whose rows and blocks are within this factor of the observed ones does the work that production does.
REPRESENTATIVE = 3.0
# Fewer rows or blocks than these are as good as none: a B-tree is three blocks high, and one more is no other work.
_FEWEST_ROWS, _FEWEST_BLOCKS = 1.0, 10.0
# On average: half of the calls find a row.
_SOME_ROWS = 0.5
# A write that gets slower by more is named in the verdict.
NOTED_WRITE = 1.5


@dataclass(frozen=True)
class Timing:
    """Repeated runs of one thing, warm."""

    runs: int
    median_ms: float
    low_ms: float
    """First quartile."""
    high_ms: float
    """Third quartile."""
    buffers: int | None
    """Shared blocks hit and read in one run; None where it was not counted."""


def times_faster(before: Timing, after: Timing) -> float:
    """Return how many times faster after: before ÷ after, by medians. The one direction of every ratio."""
    return before.median_ms / after.median_ms if after.median_ms else float("inf")


@dataclass(frozen=True)
class Effort:
    """What one call of a statement returns, or writes, and what it reads for that."""

    rows: float
    blocks: float
    """Shared blocks hit and read."""

    def factors(self, other: Effort) -> tuple[float, float]:
        """Return how many times more rows the one has than the other, and how many times more blocks; at least 1."""
        pairs = ((self.rows, other.rows, _FEWEST_ROWS), (self.blocks, other.blocks, _FEWEST_BLOCKS))
        rows, blocks = (max(one, two, least) / max(min(one, two), least) for one, two, least in pairs)
        return rows, blocks

    def lacks_rows_of(self, other: Effort) -> bool:
        """Tell whether it gives notably fewer rows than the other, or none where that gives some."""
        is_without = self.rows == 0 and other.rows >= _SOME_ROWS
        return is_without or (self.rows < other.rows and self.factors(other)[0] > REPRESENTATIVE)

    def is_like(self, other: Effort) -> bool:
        """Tell whether rows and blocks are both within the factor that is called representative."""
        is_found = not self.lacks_rows_of(other) and not other.lacks_rows_of(self)
        return is_found and max(self.factors(other)) <= REPRESENTATIVE


@dataclass(frozen=True)
class PlannedStatement:
    query_id: int
    text: str
    calls: int
    cost_before: float
    cost_after: float
    plan_before: str
    plan_after: str


@dataclass(frozen=True)
class MeasuredStatement:
    query_id: int
    text: str
    calls: int
    before: Timing
    after: Timing
    results_equal: bool
    """Of all that can be compared."""
    verdict: Verdict
    observed: Effort
    """Of a call in production, on average."""
    here: Effort
    """Of a call on the copy before, with the values chosen."""
    not_compared: tuple[str, ...] = ()
    """What of the results is not equal by nature, and why."""
    values: Origin = "statistics and rows"
    """ "log": the app itself called it with them, as the server's log tells."""
    planned_otherwise: tuple[str, ...] = ()
    """How the plans of the log read what the plan on the copy before reads otherwise."""

    @property
    def ratio(self) -> float:
        """How many times faster after: before ÷ after, by medians."""
        return times_faster(self.before, self.after)

    @property
    def is_average(self) -> bool:
        """Whether a call here does about the work of an average call in production."""
        return self.observed.is_like(self.here)

    @property
    def is_representative(self) -> bool:
        """Whether a call here does the work of a call in production; else it proves no gain.

        A call of the log is one, also where it is larger than the average; unless its rows are gone since.
        """
        return self.is_average or (self.values == "log" and not self.here.lacks_rows_of(self.observed))

    @property
    def saved_ms(self) -> float:
        """By all calls of the workload together; negative when it got slower."""
        return self.calls * (self.before.median_ms - self.after.median_ms)


@dataclass(frozen=True)
class MeasuredOperation:
    """One of the app's own operations, before on the copy as it was, after on the copy with the fix."""

    name: str
    before: Timing
    after: Timing
    queries_before: int
    queries_after: int
    results_equal: bool
    verdict: Verdict

    @property
    def ratio(self) -> float:
        """How many times faster after: before ÷ after, by medians."""
        return times_faster(self.before, self.after)


@dataclass(frozen=True)
class FailedOperation:
    """One that could not be measured: it raised an error."""

    name: str
    side: Literal["before", "after"]
    """The copy on which it failed."""
    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class MeasuredWrite:
    """What the fix costs, or saves, on writes to one table."""

    table: str
    action: Action
    rows: int
    before: Timing
    after: Timing
    """For all the rows together."""
    verdict: Verdict
    workload_rows: int
    """Rows that the workload wrote so, as far as the statements themselves were not measured."""

    @property
    def ratio(self) -> float:
        """How many times faster after: before ÷ after, by medians."""
        return times_faster(self.before, self.after)

    @property
    def is_notably_slower(self) -> bool:
        return self.verdict == "slower" and self.ratio * NOTED_WRITE < 1

    @property
    def saved_ms(self) -> float:
        """By all rows of the workload together; negative when it got slower."""
        return self.workload_rows * (self.before.median_ms - self.after.median_ms) / self.rows


@dataclass(frozen=True)
class LostRows:
    """A table that the copies do not hold as the source did."""

    table: QualifiedName
    rows: int
    rows_here: int
    reason: str


@dataclass(frozen=True)
class MeasuredOn:
    """Where the times are from."""

    copies: Literal["embedded", "staging"]
    server: str
    """Who connects where: `me@staging.example:5432/postgres`; "" for an embedded one."""
    version: str
    """As in 15.18."""
    source: str
    """Who connects where."""
    source_version: str
    at: str
    """When it began, ISO 8601."""


@dataclass(frozen=True)
class Balance:
    """What the fix saves and costs by the workload's calls, at the times measured here; in milliseconds."""

    gained_ms: float
    lost_ms: float
    lost_on_writes_ms: float
    """Part of `lost_ms`: by the rows of INSERT, UPDATE and DELETE."""
    observed_seconds: float | None
    """Over which the calls were counted; None: nobody knows."""

    @property
    def is_loss(self) -> bool:
        return self.lost_ms > self.gained_ms


@dataclass(frozen=True)
class Proof:
    """What `prove` gives back."""

    kind: ClassVar[str] = "proof"

    server_version: str
    """Of the server that the copies were measured on."""
    planned_on: PlannedOn
    pgwright_version: str
    revision: str
    """What was applied to the copy: Alembic revisions, or the name of an SQL file."""
    apply_seconds: float
    row_counts: dict[str, int]
    planned: tuple[PlannedStatement, ...]
    statements: tuple[MeasuredStatement, ...]
    operations: tuple[MeasuredOperation, ...]
    writes: tuple[MeasuredWrite, ...]
    bytes_before: int
    bytes_after: int
    not_examined: tuple[NotExamined, ...]
    measured_on: MeasuredOn | None = None
    """None: nothing was measured."""
    lost_rows: tuple[LostRows, ...] = ()
    failed_operations: tuple[FailedOperation, ...] = ()
    observed_seconds: float | None = None
    """Over which the calls of the statements were counted; None: nobody knows."""
    log: ServerLog | None = None
    """None: none was given."""

    @property
    def balance(self) -> Balance | None:
        """Gains and losses that are clear, by calls; None where no statement of the workload tells."""
        return balance_of(self.statements, self.writes, self.observed_seconds)


def balance_of(
    statements: Sequence[MeasuredStatement], writes: Sequence[MeasuredWrite], observed_seconds: float | None
) -> Balance | None:
    """Return gains and losses that are clear, by calls; None where no statement of the workload tells."""
    known = [one for one in statements if one.is_average]
    if not known:
        return None
    reads = [one.saved_ms for one in known if one.verdict in ("faster", "slower")]
    written = [one.saved_ms for one in writes if one.verdict in ("faster", "slower")]
    on_writes = -sum(saved for saved in written if saved < 0)
    return Balance(
        gained_ms=sum(saved for saved in (*reads, *written) if saved > 0),
        lost_ms=-sum(saved for saved in reads if saved < 0) + on_writes,
        lost_on_writes_ms=on_writes,
        observed_seconds=observed_seconds,
    )
