"""Are the findings right, by the files of the corpus; and do the safe remedies break or slow down anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from query_bars.figures import Figure, at_least, at_most, shown

from tests.support.judging import judge, missed
from worth_bars.courses import Course, courses

LEAST_RIGHT = 95.0


def measure() -> Iterator[Figure]:
    found: Counter[tuple[str, str]] = Counter()
    lost = 0
    for course in courses():
        judgments = judge(course.findings, course.app.judged)
        found.update((one.severity, one.verdict) for one in judgments)
        faults = list(missed(course.findings, course.app.judged))
        lost += len(faults)
        for one in judgments:
            if one.verdict != "right":
                _tell(course, f"{one.severity} {one.verdict}: {one.key} ({one.reason})")
        for fault in faults:
            _tell(course, f"missed: {fault.what}; expected {' or '.join(fault.keys)}")
        for text in course.failing:
            _tell(course, f"fails after the fix: {text}")
        for text in course.slower:
            _tell(course, f"slower after the fix, and not named: {text}")
    medium = sum(count for (severity, _), count in found.items() if severity == "medium")
    yield shown("apps", len(courses()), "")
    yield shown("findings of severity high", sum(n for (severity, _), n in found.items() if severity == "high"), "")
    yield at_most("findings of severity high that are wrong", found["high", "wrong"] + found["high", "unjudged"], "", 0)
    yield at_most("planted faults missed", lost, "", 0)
    yield shown("findings of severity medium", medium, "")
    yield at_least("of these right", 100 * found["medium", "right"] / max(medium, 1), "%", LEAST_RIGHT)
    yield at_most("statements that fail after the safe remedies", sum(len(one.failing) for one in courses()), "", 0)
    yield at_most("statements slower by 10 %, not named", sum(len(one.slower) for one in courses()), "", 0)


def _tell(course: Course, what: str) -> None:
    print(f"    {course.app.name}: {what}", flush=True)
