"""One mutant, tried: the tests that run its lines, until one fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scripts.mutants.recorded import Recorded
from scripts.mutants.sample import Mutant
from scripts.mutants.workshop import Workshop

# A mutant that loops is killed after so many times the usual, which a busy machine does not reach.
_PATIENCE = 5.0
START_SECONDS = 30.0

Fate = Literal["killed", "timeout", "survived"]


@dataclass(frozen=True)
class Outcome:
    mutant: Mutant
    fate: Fate
    tests_run: int
    """Those chosen; 0: no test runs the line."""
    tests_covering: int


def attempt(
    root: Path, workshop: Workshop, mutant: Mutant, recorded: Recorded, start_seconds: float = START_SECONDS
) -> Outcome:
    """Change the copy, run the tests, change it back. `start_seconds` is what pytest and the servers may take."""
    chosen, covering = recorded.chosen(mutant), len(recorded.covering(mutant))
    if not chosen:
        return Outcome(mutant, "survived", 0, 0)
    seconds = start_seconds + _PATIENCE * sum(recorded.seconds[test] for test in chosen)
    with workshop.changed(mutant.path, mutant.spoil(root)):
        run = workshop.pytest(["-x", *chosen], seconds)
    fate: Fate = "timeout" if run.code is None else "killed" if run.code else "survived"
    return Outcome(mutant, fate, len(chosen), covering)
