"""What is mutated, and which tests may notice. The one place to edit when a folder moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_RUNTIME = "runtime/src/pgwright_runtime"
_READS = ("runtime/tests/replicas/test_replicas.py", "runtime/tests/replicas/test_replicas_asgi.py")
_TOKENS = (*_READS, "runtime/tests/replicas/test_replicas_sync.py", "runtime/tests/replicas/test_replicas_tokens.py")

# What users stake their data on (the proof, the fix, what is dropped, cursors, reads from replicas, tenants), each with
# folders or files of tests: its own, and those of what calls it. Which of them run a line is recorded.
TARGETS: Mapping[str, Sequence[str]] = {
    "src/pgwright/proof": ("tests/proof", "tests/cli/test_prove.py"),
    "src/pgwright/remedies": ("tests/remedies", "tests/cli/test_fix.py", "tests/checks/test_checks_on_a_server.py"),
    "src/pgwright/report/verdicts.py": ("tests/report",),
    "src/pgwright/checks/coverage.py": ("tests/checks/indexes",),
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
