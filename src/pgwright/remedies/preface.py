"""What a reviewer reads first: what a revision does, why, with which locks, for how long, and what is unsafe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import fill

from pgwright.figures import count, listing
from pgwright.model.change import ConvertColumns, CreateIndex, UniqueAmongLiving
from pgwright.model.fix import Fix
from pgwright.model.remedy import GENTLE, LockMode, Remedy
from pgwright.remedies.estimate import ASSUMPTION, in_words
from pgwright.visible import as_line, on_one_line, visible

_WIDTH = 88
_MOST_NAMED, _MOST_MEASURED, _MOST_REFUSED = 3, 2, 5

_BLOCKS: dict[LockMode, str] = {
    "SHARE": "blocks writes, here for a moment",
    "SHARE ROW EXCLUSIVE": "blocks writes",
    "ACCESS EXCLUSIVE": "blocks reads and writes; for a moment where the step is not named as unsafe below",
}
_UNBROKEN = "\N{NO-BREAK SPACE}"
_GO_ON = "Reads and writes go on meanwhile."
_ESTIMATED = "Times are estimated from table sizes, on an idle server; waiting for locks comes on top."


def preface(fix: Fix, *, message: str, database: str, taken_at: str, with_models: bool = True) -> str:
    """Return the docstring of a revision, without its quotes."""
    sections = [
        on_one_line(message) or "Answer the findings of pgwright.",
        fill(f"Written by pgwright for the database {database!r} as it was on {taken_at}.", _WIDTH),
        "\n".join(_step(number, remedy) for number, remedy in enumerate(fix.remedies, start=1)),
        _section("", _locks_and_times(fix)),
        _section("UNSAFE ON A BUSY TABLE:", _warnings(fix, is_safe=False)),
        _section("Deploy:", _told(fix, [remedy.deploy for remedy in fix.remedies])),
        _section("Mind:", _warnings(fix, is_safe=True)),
        _section("Change the models too, so that `alembic check` stays clean:", _hints(fix) if with_models else ()),
        _section("Not written:", _refused(fix)),
        _section("", _open(fix)),
    ]
    return "\n\n".join(section for section in sections if section)


def _refused(fix: Fix) -> Iterator[str]:
    for one in fix.refused[:_MOST_REFUSED]:
        yield _item("-", f"{one.what}: {one.reason}")
    if len(fix.refused) > _MOST_REFUSED:
        yield _item("-", f"and {len(fix.refused) - _MOST_REFUSED} more")


def _open(fix: Fix) -> Iterator[str]:
    """Yield what the fix leaves open, in a line each."""
    if fix.later:
        yield _line(f"Left for later, as pgwright fix tells: {count(len(fix.later), 'finding')}.")
    if fix.not_examined:
        missing = listing([one.what for one in fix.not_examined], _MOST_NAMED)
        yield _line(f"Not examined, so without findings (how to, by pgwright check): {missing}.")
    if fix.by_hand:
        yield _line(f"Left to you: {listing(fix.by_hand, _MOST_NAMED)}.")


def _section(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"{fill(title, _WIDTH)}\n\n{body}" if title and body else body


def _step(number: int, remedy: Remedy) -> str:
    """Return what it does, why, what that brings, and what it takes, in a line each."""
    mark = f"{number}."
    inner = " " * len(mark)
    measured = "; ".join(one.words for one in remedy.measured[:_MOST_MEASURED])
    brings = [remedy.gain.words, f"measured: {measured}" if measured else ""]
    locked = _locks(remedy)
    lines = [
        _item(mark, remedy.title),
        _answers(inner, remedy) if remedy.findings else "",
        _item(inner, "; ".join(filter(None, brings))) if any(brings) else "",
        _item(inner, f"{locked}; {in_words(remedy.seconds_estimate)}" if locked else in_words(remedy.seconds_estimate)),
    ]
    return "\n".join(filter(None, lines))


def _answers(mark: str, remedy: Remedy) -> str:
    """Name the findings, each key in one piece, so that it is found."""
    keys = [on_one_line(key).replace(" ", _UNBROKEN) for key in remedy.findings]
    return _filled(mark, f"answers {listing(keys, _MOST_NAMED)}").replace(_UNBROKEN, " ")


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


def _locks_and_times(fix: Fix) -> Iterator[str]:
    """Yield what the locks block, in one line where they block nobody, and what the times mean."""
    if not fix.remedies:
        return
    taken = {step.lock for remedy in fix.remedies for step in remedy.upgrade if step.tables}
    if taken <= set(GENTLE):
        yield _GO_ON
    for lock, meaning in _BLOCKS.items():
        if lock in taken:
            yield _line(f"{lock}: {meaning}.")
    converts = any(isinstance(remedy.change, ConvertColumns) for remedy in fix.remedies)
    yield _line(f"Times are {ASSUMPTION}.") if converts else _ESTIMATED


def _warnings(fix: Fix, *, is_safe: bool) -> Iterator[str]:
    return _told(fix, [remedy.warning if remedy.is_safe is is_safe else "" for remedy in fix.remedies])


def _told(fix: Fix, texts: Iterable[str]) -> Iterator[str]:
    """Yield what is said of some steps; of the only one without its number."""
    for number, text in enumerate(texts, start=1):
        if text:
            yield _item("-", text if len(fix.remedies) == 1 else f"Step {number}: {text}")


def _line(text: str) -> str:
    return fill(on_one_line(text), _WIDTH, break_long_words=False, break_on_hyphens=False)


def _hints(fix: Fix) -> Iterator[str]:
    """Yield the lines for the models; an index's line is led by its table."""
    for remedy in fix.remedies:
        table = ""
        if isinstance(remedy.change, CreateIndex | UniqueAmongLiving):
            table = f"{as_line(remedy.change.definition.table.short)}: "
        for line in visible(remedy.model_hint).splitlines():
            yield from broken(f"    {table}{line}")


def _item(mark: str, text: str) -> str:
    return _filled(mark, on_one_line(text))


def _filled(mark: str, text: str) -> str:
    head = f"  {mark} "
    return fill(
        text,
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
