"""CPU time of `import pgwright_runtime` beyond that of SQLAlchemy, which every app imports anyway."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

RUNS = 10
MOST_MS = 60.0
OUTPUT = Path("build/bench/import.json")
_PROGRAM = "import time; start = time.process_time(); import {module}; print(time.process_time() - start)"


def import_ms(module: str) -> float:
    """Return the CPU time of one import in a new process, its Python already started."""
    command = [sys.executable, "-c", _PROGRAM.format(module=module)]
    return 1e3 * float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> int:
    modules = ("sqlalchemy", "pgwright_runtime")
    # In turn, so that a busy machine disturbs both alike; the least is what the machine can do.
    runs = [[import_ms(module) for module in modules] for _ in range(RUNS)]
    alone, with_runtime = (min(times) for times in zip(*runs, strict=True))
    beyond = with_runtime - alone
    print(f"import sqlalchemy        {alone:6.1f} ms\nimport pgwright_runtime  {with_runtime:6.1f} ms, least of {RUNS}")
    print(f"beyond SQLAlchemy        {beyond:6.1f} ms, the bar is {MOST_MS:g} ms")
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    figures = {"sqlalchemy_ms": alone, "runtime_ms": with_runtime, "beyond_ms": beyond, "most_ms": MOST_MS}
    OUTPUT.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if beyond < MOST_MS else 1


if __name__ == "__main__":
    sys.exit(main())
