"""What is mutated, and which tests may notice. The one place to edit when a folder moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_RUNTIME = "runtime/src/pgwright_runtime"
_TOKENS = tuple(
    f"runtime/tests/replicas/test_{name}.py" for name in ("async_replicas", "asgi", "callers", "replicas", "tokens")
)

# What users stake their data on (the proof, the fix, what is dropped, cursors, reads from replicas, tenants), each with
# folders or files of tests: its own, and those of what calls it. Which of them run a line is recorded.
TARGETS: Mapping[str, Sequence[str]] = {
    "src/pgwright/proof": ("tests/proof", "tests/cli/test_prove.py"),
    "src/pgwright/remedies": ("tests/remedies", "tests/cli/test_fix.py", "tests/checks/test_checks_on_a_server.py"),
    "src/pgwright/report/proof/words.py": ("tests/report",),
    "src/pgwright/indexes": ("tests/indexes", "tests/checks/indexes", "tests/remedies"),
    f"{_RUNTIME}/paging": ("runtime/tests/paging",),
    f"{_RUNTIME}/replicas/tokens.py": _TOKENS,
    f"{_RUNTIME}/replicas/callers.py": _TOKENS,
    f"{_RUNTIME}/replicas/asgi.py": _TOKENS,
    f"{_RUNTIME}/tenancy": ("runtime/tests/tenancy",),
}
COUNT = 250
SEED = 9
# Share of the sample that tests have to kill.
BAR = 0.9
