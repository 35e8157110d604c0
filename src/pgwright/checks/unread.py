"""What a snapshot lacks, and what to do about it: by why it is hidden, where it is."""

from __future__ import annotations

from collections.abc import Iterable

from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import lacking
from pgwright.model.snapshot import Snapshot


def hides_statements(snapshot: Snapshot) -> bool:
    """Tell whether some of the workload was not read: then nobody knows what it relies on."""
    return snapshot.unread_statements.count > 0 or lacking(snapshot.not_examined, ("statements",)) is not None


def remedy(snapshot: Snapshot, part: str, relations: Iterable[QualifiedName], otherwise: str) -> str:
    """Return what would show a part of the snapshot for these relations; `otherwise` where nothing hides it."""
    names = [each for name in relations for each in (name, *snapshot.heirs(name))]
    causes = [cause for name in names if (cause := snapshot.unread(part, name)) is not None]
    return "; ".join(dict.fromkeys(cause.remedy for cause in causes)) or otherwise
