"""Unified diffs that stay small in long files, as `git diff` makes them.

`difflib.unified_diff` takes lines that come often in a file of 200 lines or more for noise, and cannot be told not to:
then a few removed lines look like a file that was written anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher


def unified(before: Sequence[str], after: Sequence[str], old: str, new: str, context: int = 3) -> Iterator[str]:
    r"""Yield the lines of a diff; nothing where there is no difference.

    Args:
        before: lines with their ends, as `splitlines(keepends=True)` gives them; so with `after`.
        old: the name of the file before.
        new: the name of the file after.
        context: equal lines around a change.

    >>> print("".join(unified(["a\n", "b\n"], ["a\n"], "x", "x")), end="")
    --- x
    +++ x
    @@ -1,2 +1 @@
     a
    -b
    """
    groups = SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(context)
    for number, group in enumerate(groups):
        if number == 0:
            yield f"--- {old}\n"
            yield f"+++ {new}\n"
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n"
        for kind, start, end, new_start, new_end in group:
            if kind == "equal":
                yield from (_marked(" ", line) for line in before[start:end])
                continue
            yield from (_marked("-", line) for line in before[start:end])
            yield from (_marked("+", line) for line in after[new_start:new_end])


def _marked(mark: str, line: str) -> str:
    return f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


def _range(start: int, end: int) -> str:
    """Return lines as a diff counts them: from 1; of none, from the line before."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + bool(length)},{length}"
