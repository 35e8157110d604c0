"""Change the code a little, many times, and see whether a test notices.

A seeded sample of mutants of what users stake their data on (scripts/mutants/targets.py). Of each, the tests that run
the changed lines are run in a copy of the project until one fails. Survivors that no test can kill are explained in
scripts/mutants/explained.toml. Writes build/bench/mutants.json. The exit code is 1 when fewer than 90 % are killed, or
a survivor is not explained.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from scripts.mutants import recorded, targets
from scripts.mutants.report import Report, gone, read_explained, survivors_in_words, write
from scripts.mutants.sample import Mutant, draw, mutants_of, sources
from scripts.mutants.trial import START_SECONDS, Outcome, attempt
from scripts.mutants.workshop import Workshop, workshops

ROOT = Path(__file__).resolve().parents[2]
EXPLAINED = Path(__file__).with_name("explained.toml")
OUTPUT = Path("build/bench/mutants.json")
CACHE = Path("build/mutants")

T = TypeVar("T")
R = TypeVar("R")


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up then, too
    output = ROOT / OUTPUT
    if arguments.list_survivors:
        print(*survivors_in_words(json.loads(output.read_text())), sep="\n")
        return 0
    explained = read_explained(EXPLAINED)
    mutants = [mutant for path in sources(ROOT, targets.TARGETS) for mutant in mutants_of(ROOT, path)]
    for file, function, was, _ in gone(explained, mutants):
        print(f"explained, but gone: {file} {function}: {was}")
    wanted = [mutant for mutant in mutants if _is_below(mutant.path, arguments.only)]
    sample = draw(ROOT, wanted, arguments.count, arguments.seed)
    if arguments.again:
        sample = _survivors(sample, output)
    started = time.monotonic()
    outcomes = run(ROOT, targets.TARGETS, sample, arguments.jobs)
    seconds = time.monotonic() - started
    if arguments.again:  # a part of the sample has no share of its own
        report = Report(outcomes, explained, arguments.seed, len(wanted), seconds, bar=0.0)
    else:
        report = Report(outcomes, explained, arguments.seed, len(wanted), seconds, targets.BAR)
        write(report, output)
    print(*survivors_in_words(report.as_json()), report.summary(), sep="\n")
    return 0 if report.is_good else 1


def run(
    root: Path,
    goals: Mapping[str, Sequence[str]],
    sample: Sequence[Mutant],
    jobs: int,
    start_seconds: float = START_SECONDS,
) -> list[Outcome]:
    """Try each mutant; first record, where that is out of date, which test runs which lines.

    `goals` are the files or folders that are mutated, with those of their tests.
    """
    cache = root / CACHE
    with workshops(root, jobs) as made:
        files = recorded.test_files(root, _needed(goals, sample))
        keys = recorded.keys(root, goals, files)
        stale = recorded.stale(cache, keys)
        _each("record", made, stale, lambda shop, file: recorded.record(shop, cache, list(goals), file, keys[file]))
        known = recorded.read(root, cache, goals, files)
        if known.failed:
            print("fail or are skipped without a mutant, so they are not used:", *known.failed, sep="\n  ")

        def trial(workshop: Workshop, mutant: Mutant) -> Outcome:
            return attempt(root, workshop, mutant, known, start_seconds)

        return _each("mutants", made, sample, trial, _survivor)


def _survivor(outcome: Outcome) -> str:
    mutant = outcome.mutant
    return f"survived: {mutant.path}:{mutant.line} {mutant.now}" if outcome.fate == "survived" else ""


def _each(
    title: str,
    made: Sequence[Workshop],
    work: Sequence[T],
    do: Callable[[Workshop, T], R],
    tell: Callable[[R], str] = lambda done: "",
) -> list[R]:
    """Do all work, one piece at a time in each workshop. An error, or Ctrl-C, ends what runs."""
    free: SimpleQueue[Workshop] = SimpleQueue()
    for workshop in made:
        free.put(workshop)

    def one(piece: T) -> R:
        workshop = free.get()
        try:
            return do(workshop, piece)
        finally:
            free.put(workshop)

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns) as progress, ThreadPoolExecutor(len(made)) as pool:
        task = progress.add_task(title, total=len(work))
        futures = [pool.submit(one, piece) for piece in work]
        try:
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    if said := tell(future.result()):
                        progress.console.print(said, markup=False, highlight=False, soft_wrap=True)
                progress.advance(task, len(done))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for workshop in made:
                workshop.stop()
            raise
    return [future.result() for future in futures]


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return not folders or any(Path(path).is_relative_to(folder) for folder in folders)


def _needed(goals: Mapping[str, Sequence[str]], sample: Iterable[Mutant]) -> dict[str, Sequence[str]]:
    paths = {mutant.path for mutant in sample}
    return {goal: tests for goal, tests in goals.items() if any(_is_below(path, [goal]) for path in paths)}


def _survivors(sample: Sequence[Mutant], output: Path) -> list[Mutant]:
    kept = ("file", "function", "was", "now")
    survived = {tuple(one[name] for name in kept) for one in json.loads(output.read_text())["survivors"]}
    return [mutant for mutant in sample if mutant.key in survived]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=targets.COUNT, help="size of the sample (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=targets.SEED, help="of the sample (default: %(default)s)")
    parser.add_argument("--only", action="append", default=[], metavar="PATH", help="of the targets; may be repeated")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (default: %(default)s)")
    parser.add_argument("--again", action="store_true", help="only what survived the last run; writes no result")
    parser.add_argument("--list-survivors", action="store_true", help="those of the last run; runs nothing")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing was written but the records of whole test files")
    raise SystemExit(code)
