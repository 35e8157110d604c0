"""What to do about values of columns that a snapshot lacks: by why they are hidden, where they are."""

from __future__ import annotations

from collections.abc import Iterable

from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot


def remedy(snapshot: Snapshot, part: str, relations: Iterable[QualifiedName], otherwise: str) -> str:
    """Return what would show a part of the snapshot for these relations; `otherwise` where nothing hides it."""
    names = [each for name in relations for each in (name, *snapshot.heirs(name))]
    causes = [cause for name in names if (cause := snapshot.unread(part, name)) is not None]
    return "; ".join(dict.fromkeys(cause.remedy for cause in causes)) or otherwise
