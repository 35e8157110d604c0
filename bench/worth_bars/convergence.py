"""Does the advice come to an end, and to one that a senior would choose. The gain is measured, not planned."""

from __future__ import annotations

from collections.abc import Iterator

from query_bars.figures import Figure, at_least, at_most, shown

from worth_bars.courses import Course, courses

MOST_ROUNDS = 2
MOST_INDEXES, LEAST_GAIN = 1.3, 0.95


def measure() -> Iterator[Figure]:
    for course in courses():
        _tell(course)
    left = [course for course in courses() if course.last.left]
    advised = sum(len(one.created) for course in courses() for one in course.applied)
    chosen = sum(len(course.app.judged.index) for course in courses())
    gain = sum(course.was_ms - course.fixed_ms for course in courses())
    best = sum(course.was_ms - course.senior_ms for course in courses())
    yield at_most("rounds until nothing is left", max(len(course.applied) for course in courses()), "", MOST_ROUNDS)
    yield at_most("apps with something left", len(left), "", 0)
    yield shown("indexes that a senior made", chosen, "")
    yield at_most("indexes advised, to a senior's", advised / chosen, "", MOST_INDEXES)
    yield shown("time of the traffic as it was", sum(course.was_ms for course in courses()), "ms")
    yield at_least("gain in time, to a senior's", gain / best, "", LEAST_GAIN)


def _tell(course: Course) -> None:
    times = f"{course.was_ms:,.0f} ms → {course.fixed_ms:,.0f} ms, a senior's {course.senior_ms:,.0f} ms"
    print(f"    {course.app.name}: {len(course.applied)} rounds, {times}")
    for number, one in enumerate(course.applied, 1):
        for index in one.created:
            print(f"      round {number}: {index}")
    for key in course.last.left:
        print(f"      left: {key}")
    print("", end="", flush=True)
