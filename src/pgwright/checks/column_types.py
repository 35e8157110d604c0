"""The types of new columns: which one of them a table's designer may regret, at most one word per table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pgwright.checks.lint_tables import LintStep, parts
from pgwright.figures import listing
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Column

_NUMBERED = re.compile(r"\b(small|big)?serial\d?\b", re.IGNORECASE)
_SMALL_KEYS = ("smallint", "int2", "integer", "int", "int4", "smallserial", "serial2", "serial", "serial4")


@dataclass(frozen=True)
class NewColumns:
    """The new columns of a table that one rule is about."""

    step: LintStep
    table: QualifiedName
    columns: tuple[Action, ...]
    also: tuple[str, ...]
    """What other rules would say of the table."""

    @property
    def names(self) -> str:
        return listing([one.name for one in self.columns])

    @property
    def about(self) -> str:
        return f"{self.table.short} ({self.names})"


def new_columns(pending: PendingMigrations, rule: str) -> Iterator[NewColumns]:
    """Yield the tables whose worst new column is one of this rule, of those that the team does not allow."""
    quiet = {one for one in _CUSTOMS if _is_custom(pending.snapshot, one)} | set(pending.policy.allow)
    for (table, _), found in _by_table(pending).items():
        rules = [one for one in _RULES if one in found and one not in quiet]
        if rules and rules[0] == rule:
            step, columns = found[rule]
            yield NewColumns(step, table, tuple(columns), tuple(rules[1:]))


def _is_custom(snapshot: Snapshot | None, rule: str) -> bool:
    """Tell whether most columns of the database are so, and a new one follows its tables."""
    columns = [column for table in (snapshot.tables if snapshot is not None else ()) for column in table.columns]
    is_so, is_better = _CUSTOMS[rule]
    so = sum(map(is_so, columns))
    return so >= _FEWEST and so > sum(map(is_better, columns))


def _by_table(pending: PendingMigrations) -> dict[tuple[QualifiedName, str], dict[str, tuple[LintStep, list[Action]]]]:
    keys = {(step.table(one.table), name) for step, one in parts(pending, "add primary key") for name in one.columns}
    numbered = {(step.table(one.table), one.name) for step, one in parts(pending, "add identity")}
    gone = {step.table(one.table) for step, one in parts(pending, "drop table")}
    found: dict[tuple[QualifiedName, str], dict[str, tuple[LintStep, list[Action]]]] = {}
    for step, action in parts(pending, "add column"):
        table = step.table(action.table)
        if table is None or table in gone or table.name == "alembic_version":
            continue
        rule = _rule(action, is_key=(table, action.name) in keys, is_numbered=(table, action.name) in numbered)
        if rule:
            of_table = found.setdefault((table, step.revision.revision), {})
            of_table.setdefault(rule, (step, []))[1].append(action)
    return found


def _rule(column: Action, *, is_key: bool, is_numbered: bool) -> str:
    """Return the name of the rule that a column's type breaks."""
    written = column.type.lower().removeprefix("pg_catalog.").strip()
    bare = written.partition("(")[0].strip()
    is_serial = _NUMBERED.search(written) is not None
    if bare in _SMALL_KEYS and is_key and (is_serial or is_numbered):
        return "int-primary-key"
    if is_serial:
        return "serial-instead-of-identity"
    if bare == "json":
        return "json-column"
    if bare == "money":
        return "money-column"
    if bare in ("char", "character", "bpchar") and written != "char" and "varying" not in written:
        return "char-n-column"
    if bare == "timestamp" and "with time zone" not in written:
        return "timestamp-without-time-zone"
    if bare in ("varchar", "character varying") and "(" in written:
        return "varchar-limit"
    return ""


# How a column of the database is so, and how it would be better. Of keys that run full, custom is no excuse.
_CUSTOMS: Mapping[str, tuple[Callable[[Column], bool], Callable[[Column], bool]]] = {
    "timestamp-without-time-zone": (
        lambda one: one.base_type == "timestamp",
        lambda one: one.base_type == "timestamptz",
    ),
    "varchar-limit": (
        lambda one: one.base_type == "varchar" and "(" in one.type,
        lambda one: one.base_type == "text" or one.type == "character varying",
    ),
    "serial-instead-of-identity": (
        lambda one: (one.default or "").startswith("nextval("),
        lambda one: one.is_identity or one.base_type == "uuid",
    ),
    "json-column": (lambda one: one.base_type == "json", lambda one: one.base_type == "jsonb"),
}
# Fewer are no custom.
_FEWEST = 3
# Worst first: of a table only the first is said, the others in its evidence.
_RULES = (
    "int-primary-key", "json-column", "money-column", "char-n-column", "timestamp-without-time-zone",
    "serial-instead-of-identity", "varchar-limit",
)  # fmt: skip
