"""What a reviewer reads first: what a revision does, why, with which locks, for how long, and what is unsafe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import fill

from pgwright.model.change import ConvertColumns, CreateIndex, UniqueAmongLiving
from pgwright.model.fix import Fix
from pgwright.model.remedy import LockMode, Remedy
from pgwright.remedies.estimate import ASSUMPTION, in_words
from pgwright.visible import as_line, on_one_line, visible

_WIDTH = 88
_MOST_NOT_EXAMINED = 10

_BLOCKS: dict[LockMode, str] = {
    "none": "blocks nothing",
    "ACCESS SHARE": "blocks no reads and no writes",
    "SHARE UPDATE EXCLUSIVE": "blocks no reads and no writes, only other changes of the table and VACUUM",
    "SHARE": "blocks writes, here for a moment",
    "SHARE ROW EXCLUSIVE": "blocks writes",
    "ACCESS EXCLUSIVE": "blocks reads and writes; for a moment where the step is not named as unsafe below",
}


def preface(fix: Fix, *, message: str, database: str, taken_at: str) -> str:
    """Return the docstring of a revision, without its quotes."""
    keys = dict.fromkeys(key for remedy in fix.remedies for key in remedy.findings)
    sections = [
        on_one_line(message) or "Answer the findings of pgwright.",
        fill(f"Written by pgwright for the database {database!r} as it was on {taken_at}.", _WIDTH),
        _section("Answers these findings:", (_item("-", key) for key in keys)),
        _section(
            f"Steps ({ASSUMPTION}):",
            (_step(number, remedy) for number, remedy in enumerate(fix.remedies, start=1)),
        ),
        _section("What these locks do:", _meanings(fix)),
        _section("UNSAFE ON A BUSY TABLE:", _warnings(fix, is_safe=False)),
        _section("Mind:", _warnings(fix, is_safe=True)),
        _section("Change the models too, so that `alembic check` stays clean:", _hints(fix)),
        _section("Not written:", (_item("-", f"{refused.what}: {refused.reason}") for refused in fix.refused)),
        _section("Not examined, so without findings (how to, by pgwright check):", _not_examined(fix)),
        _section("Left to you:", (_item("-", key) for key in fix.by_hand)),
    ]
    return "\n\n".join(section for section in sections if section)


def _not_examined(fix: Fix) -> Iterator[str]:
    missing = fix.not_examined
    for one in missing[:_MOST_NOT_EXAMINED]:
        yield _item("-", f"{one.what}: {one.reason}")
    if len(missing) > _MOST_NOT_EXAMINED:
        yield _item("-", f"and {len(missing) - _MOST_NOT_EXAMINED} more")


def _section(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"{fill(title, _WIDTH)}\n\n{body}" if body else ""


def _step(number: int, remedy: Remedy) -> str:
    mark = f"{number}."
    title = _item(mark, f"{remedy.title}: {in_words(remedy.seconds_estimate)}.")
    return f"{title}\n{_item(' ' * len(mark), _locks(remedy))}"


def _locks(remedy: Remedy) -> str:
    """Return each lock with its tables, in the order in which they are taken."""
    tables: dict[LockMode, tuple[str, ...]] = {}
    for step in remedy.upgrade:
        tables[step.lock] = tuple(dict.fromkeys((*tables.get(step.lock, ()), *step.tables)))
    taken = [(lock, names) for lock, names in tables.items() if names]
    groups = groupby(taken, key=lambda each: sorted(each[1]))
    return "; ".join(
        f"{', then '.join(lock for lock, _ in group)} on {', '.join(name.removeprefix('public.') for name in names)}"
        for names, group in groups
    )


def _meanings(fix: Fix) -> Iterator[str]:
    taken = {step.lock for remedy in fix.remedies for step in remedy.upgrade if step.tables}
    for lock, meaning in _BLOCKS.items():
        if lock in taken:
            yield _item("-", f"{lock}: {meaning}")


def _warnings(fix: Fix, *, is_safe: bool) -> Iterator[str]:
    for number, remedy in enumerate(fix.remedies, start=1):
        if remedy.warning and remedy.is_safe is is_safe:
            yield _item("-", f"Step {number}: {remedy.warning}")


def _hints(fix: Fix) -> Iterator[str]:
    """Yield the lines for the models; an index's line is led by its table."""
    for remedy in fix.remedies:
        table = ""
        if isinstance(remedy.change, CreateIndex | UniqueAmongLiving):
            table = f"{as_line(remedy.change.definition.table.short)}: "
        for line in visible(remedy.model_hint).splitlines():
            yield from broken(f"    {table}{line}")
        if isinstance(remedy.change, ConvertColumns) and "Uuid" in remedy.model_hint:
            yield "    (Uuid columns take uuid.UUID values: default=uuid4, not a function that gives a str)"


def _item(mark: str, text: str) -> str:
    head = f"  {mark} "
    return fill(
        on_one_line(text),
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def broken(line: str) -> list[str]:
    """Break a call that is too long as a formatter would: one argument a line.

    >>> broken('    note: Index("ix_note_owner_id_created_at", "owner_id", text("coalesce(a, b) DESC"))')
    ['    note: Index("ix_note_owner_id_created_at", "owner_id", text("coalesce(a, b) DESC"))']
    """
    if len(line) <= _WIDTH or not line.endswith(")"):
        return [line]
    margin = line[: len(line) - len(line.lstrip())]
    start = line.index("(") + 1
    arguments, depth, is_quoted = [""], 0, False
    for before, character in zip(line[start - 1 : -2], line[start:-1], strict=True):
        is_quoted ^= character == '"' and before != "\\"
        depth += 0 if is_quoted else (character in "([{") - (character in ")]}")
        if character == "," and depth == 0 and not is_quoted:
            arguments.append("")
        else:
            arguments[-1] += character
    return [line[:start], *(f"{margin}    {argument.strip()}," for argument in arguments), f"{margin})"]
