"""What is said between us and the process of the revisions: one question, then answers, a line of JSON each."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pgwright.model.migration import ObservedRevision
from pgwright.model.not_examined import NotExamined


class ChildQuestion(msgspec.Struct, frozen=True):
    """What is to be run."""

    source: str
    """The file that describes the Alembic directory."""
    version_schema: str
    dsn: str = ""
    """Of the twin, as its owner."""
    folder: str = ""
    """The only one that may be written to."""
    replayed: tuple[str, ...] = ()
    """Revisions that are only run, to come to the schema that the next ones find."""
    noted: tuple[str, ...] = ()
    """Those among them that do not end: they count as done, and are not run."""
    observed: tuple[str, ...] = ()
    conventions: Mapping[str, str] = {}
    """How the app's MetaData names constraints."""
    imports: tuple[str, ...] = ()
    """The modules that env.py imports."""
    engine_name: str = ""
    """What functions for several databases are called with."""


class Confined(msgspec.Struct, frozen=True, tag=True):
    """The process is confined, or tells why it is not."""

    what: str


class Begun(msgspec.Struct, frozen=True, tag=True):
    """A function of a revision begins."""

    revision: str
    what: str
    """`upgrade`, `downgrade`, `upgrade again`, `replay`."""


class Seen(msgspec.Struct, frozen=True, tag=True):
    """A revision was observed."""

    revision: ObservedRevision
    not_examined: tuple[NotExamined, ...] = ()
    is_spoiled: bool = False
    """The schema is not what the next revision finds: the rest has to run on another database."""


class Replayed(msgspec.Struct, frozen=True, tag=True):
    """A revision was run."""

    revision: str
    error: str = ""
    """Why not to its end."""


class Broken(msgspec.Struct, frozen=True, tag=True):
    """Nothing could be run at all."""

    reason: str


Answer = Confined | Begun | Seen | Replayed | Broken
