"""How long it takes to find the models among 200,000 lines of Python, and to write five indexes into them."""

from __future__ import annotations

import shutil
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, cycle
from pathlib import Path

from query_bars.figures import Figure, at_least, at_most, shown

from pgwright.code import App, patch_models
from pgwright.model.change import CreateIndex
from pgwright.sqltext.indexes import read_index
from pgwright.sqltext.schema import Schema
from tests.support.model_files import CORPUS

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook" / "notebook"
LINES, MOST_SECONDS = 200_000, 10
_ENTRIES = ("notebook.before.models",)
_INDEXES = (
    "CREATE INDEX ix_chunks_source_id_position ON public.chunks (source_id, position)",
    "CREATE INDEX ix_messages_conversation_id_created_at ON public.messages (conversation_id, created_at)",
    "CREATE INDEX ix_sources_notebook_id ON public.sources (notebook_id)",
    "CREATE INDEX ix_jobs_created_at_pending ON public.jobs (created_at) WHERE status = 'pending'",
    "CREATE INDEX ix_jobs_document_id ON public.jobs (document_id)",
)


def measure() -> Iterator[Figure]:
    changes = [CreateIndex(read_index(sql, Schema({}))) for sql in _INDEXES]
    with tempfile.TemporaryDirectory(prefix="pgwright-search-") as folder:
        root = Path(folder)
        lines = _write_tree(root)
        started = time.perf_counter()
        app = App(root, _ENTRIES)  # as fix asks it for the naming conventions
        searched = time.perf_counter() - started
        patch = patch_models(root, changes, entries=_ENTRIES)
        seconds = time.perf_counter() - started
    yield at_least("lines of Python", lines, "", LINES)
    yield shown("tables found in them", len(app.tables), "")
    yield shown("searched once", searched, "s")
    yield at_least("indexes written into the models", _added(patch.edits[0].after), "", len(changes))
    yield at_most("left to a person", len(patch.by_hand), "", 0)
    yield at_most("searched for the conventions, then for the tables, and edited", seconds, "s", MOST_SECONDS)


def _added(text: str) -> int:
    return sum(sql.split()[2] in text for sql in _INDEXES)


def _write_tree(root: Path) -> int:
    """Write an app: its own package, models of every form, and the standard library's files; return its lines."""
    shutil.copytree(NOTEBOOK, root / "notebook", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(CORPUS, root / "corpus", ignore=shutil.ignore_patterns("__pycache__"))
    lines = sum(len(path.read_bytes().splitlines()) for path in root.rglob("*.py"))
    library = Path(sysconfig.get_path("stdlib"))
    files = sorted(chain(library.glob("*.py"), library.glob("*/*.py")))
    for number, path in enumerate(cycle(files)):
        if lines >= LINES:
            return lines
        content = path.read_bytes()
        copy = root / "library" / f"part_{number // 100}" / f"{path.stem}_{number}.py"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
        lines += len(content.splitlines())
    raise FileNotFoundError(f"no Python files in {library}")
