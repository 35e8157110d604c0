"""Find Alembic directories with several heads.

## What it does

Reports heads that no revision merges, where they are not branches with labels of their own.

## Why it matters

`alembic upgrade head` fails: `Multiple head revisions are present`. It happens when two pull requests each add a
revision after the same one, both pass, and both are merged.

## Example

    down_revision = "4f2a1c"   # and another revision says the same

Use instead:

    $ alembic merge heads -m "merge"   # or let the second follow the first

## When it is wrong

The deploy runs `alembic upgrade heads`, and means it.

## Source

Alembic, Working with Branches.
Also known as: Atlas "non-linear history"; pytest-alembic "single head".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.figures import listing
from pgwright.model.finding import Check, CodeLine, Evidence, Finding
from pgwright.model.migration import PendingMigrations

_LABELS = re.compile(r"^branch_labels\s*(?::[^=]+)?=\s*(?!None\b)\S", re.MULTILINE)


def find(pending: PendingMigrations) -> Iterator[Finding]:
    heads = sorted(pending.heads)
    if len(heads) < 2 or any(_LABELS.search(one.source) for one in pending.revisions):
        return
    ours = [one for one in pending.revisions if one.revision in heads]
    yield CHECK.found(
        f"heads {listing(heads)}",
        f"There are {len(heads)} heads, {listing(heads)}: `alembic upgrade head` fails.",
        evidence=[Evidence("heads", listing(heads))],
        advice="Run: alembic merge heads. Where the second was not run anywhere yet, let it follow the first "
        "(down_revision) instead, which keeps the history in one line.",
        place=CodeLine(ours[-1].path, 1, "the module") if ours else None,
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
