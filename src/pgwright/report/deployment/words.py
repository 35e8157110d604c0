"""What a Deployment comes to, in words."""

from __future__ import annotations

from pgwright.figures import count, duration, milliseconds, size
from pgwright.model.deployment import ComparedStatement, DeployedIndex, Deployment

INDEX_COLUMNS = ("index", "table", "size", "scans", "is")
STATEMENT_COLUMNS = ("statement", "calls", "mean before", "mean after", "blocks a call", "is")


def where(result: Deployment) -> str:
    """Return which server it was, and when."""
    return f"{result.database}, PostgreSQL {result.server_version}, {result.started_at}"


def verdict(result: Deployment) -> str:
    """Return what came of it, in a sentence."""
    slower = [one for one in result.statements if one.verdict == "slower"]
    waiting = [one for one in result.indexes if one.verdict not in ("used", "dropped")]
    if result.status == "nothing to do":
        return "Nothing was deployed: no revision is pending."
    if result.status == "rolled back":
        return "Rolled back: the indexes that nobody used are dropped."
    if result.status == "slower":
        return f"{count(len(slower), 'statement')} became slower after the deployment."
    if result.status == "confirmed":
        faster = sum(one.verdict == "faster" for one in result.statements)
        return f"Confirmed: every index is used or gone, and {count(faster, 'statement')} became faster."
    return f"Not confirmed: {', '.join(f'{one.name.short} is {one.verdict}' for one in waiting)}."


def windows(result: Deployment) -> str:
    """Return how long was looked."""
    before = "all that was counted" if result.before_seconds is None else duration(result.before_seconds)
    return (
        f"Counted: {before} before, {duration(result.after_seconds)} after; "
        f"the revisions took {duration(result.build_seconds)}."
    )


def backup(result: Deployment) -> tuple[str, ...]:
    """Return what is known of the backup."""
    seen = result.backup
    if not seen.path:
        return (f"No backup was looked at. One is made by: {seen.command}",)
    if seen.problems:
        return tuple(f"The backup {seen.path}: {problem}" for problem in seen.problems)
    made = f", made {seen.made_at}" if seen.made_at else ""
    listed = f"The backup {seen.path} lists the data of {count(seen.tables, 'table')}{made}"
    return (f"{listed}; whether it can be restored, only a restore tells.",)


def index_row(one: DeployedIndex) -> tuple[str, ...]:
    return one.name.short, one.table.short, size(one.size_bytes), f"{one.scans:,}", one.verdict


def statement_row(one: ComparedStatement) -> tuple[str, ...]:
    blocks = f"{one.before.blocks_per_call:,.0f} → {one.after.blocks_per_call:,.0f}"
    means = milliseconds(one.before.mean_ms), milliseconds(one.after.mean_ms)
    return one.before.text, f"{one.after.calls:,}", *means, blocks, one.verdict


def next_steps(result: Deployment) -> tuple[str, ...]:
    """Return the commands that follow."""
    if not result.state or result.status in ("nothing to do", "rolled back"):
        return ()
    steps = []
    if result.status == "not confirmed":
        steps.append(f"When the app has been at work for a while: pgwright deploy --confirm {result.state}")
    if result.status != "confirmed":
        steps.append(f"To drop what nobody uses: pgwright deploy --rollback {result.state}")
    return tuple(steps)
