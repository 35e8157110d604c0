"""Stage 5, beside: a fix becomes a branch and the body of its pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import fill

from pgwright.code import require_unchanged
from pgwright.git import Repository, open_repository
from pgwright.migrations import AlembicDirectory, open_directory
from pgwright.model.finding import Diagnosis, Finding
from pgwright.model.fix import Fix
from pgwright.model.patch import FileEdit
from pgwright.model.pull_request import Commit, CommittedFile, PullRequest, PullRevision
from pgwright.model.remedy import Remedy
from pgwright.model.revision_text import RevisionFile
from pgwright.model.statement import Statement
from pgwright.pipeline.making import MadeFix
from pgwright.pipeline.revisions import revision_files
from pgwright.remedies import Part, message_for
from pgwright.visible import on_one_line, visible

_WIDTH = 72
_SLUG = 50
# What a forge takes for a mention of somebody, or for an issue that a merge closes.
_CALLS = str.maketrans({"@": r"\x40", "#": r"\x23"})


def pull_request(
    made: MadeFix,
    directory: str | Path | AlembicDirectory,
    repository: str | Path | Repository = ".",
    *,
    branch: str = "",
    message: str = "",
    has_runtime: bool = False,
    first_id: str | None = None,
) -> PullRequest:
    """Return a fix as a branch after HEAD: a commit for each revision, then one for the models. Writes nothing.

    The revisions come first, as they run first: code that declares or uses what they make comes after them.

    Args:
        made: the fix, by `make`; it has at least one part.
        directory: the app's Alembic directory, inside the repository; or `alembic.ini`, `pyproject.toml`, or the folder
            with one of them.
        repository: the user's; or a folder of it.
        branch: its name; "": `pgwright/` and what the fix does.
        message: as it was given to `make`.
        has_runtime, first_id: as for `revision_files`.
    Returns: The branch, commits and files, and what the body says.
    Raises: GitError: there is such a branch; what is to be edited or followed is not committed, or lies outside.
        MigrationError: such a revision exists. ConfigError: a model changed meanwhile.
    """
    directory, repository = _opened(directory), _repository(repository)
    patch = made.fix.models
    edits = patch.edits if patch is not None else ()
    tells_models = patch is None or bool(patch.by_hand)
    files = revision_files(
        made.parts, made.snapshot, directory, has_runtime=has_runtime, first_id=first_id, with_models=tells_models
    )
    title = _subject(message) if message else _harmless(message_for(made.fix.remedies))
    branch = branch or f"pgwright/{_slug(title)}"
    repository.require_free(branch)
    require_unchanged(edits)
    require_committed(made.fix, directory, repository)
    answered, left = _told(made.diagnosis, made.fix.remedies, made.fix.by_hand)
    return PullRequest(
        title=title,
        branch=branch,
        base=repository.head,
        base_branch=repository.branch,
        database=made.snapshot.server.database,
        server_version=made.diagnosis.server_version,
        taken_at=made.snapshot.taken_at,
        commits=(*_of_revisions(made.parts, files, message, repository), *_of_models(edits, repository)),
        revisions=tuple(
            PullRevision(file.id, file.follows, part.message, part.fix.remedies)
            for part, file in zip(made.parts, files, strict=True)
        ),
        fix=made.fix,
        answered=answered,
        statements=tuple(_concerned(made, answered)),
        left=left,
    )


def require_committed(fix: Fix, directory: AlembicDirectory, repository: Repository) -> None:
    """Raise GitError unless HEAD has the models that a fix edits, and the revision that it follows, as they are."""
    followed = [] if directory.head is None else [directory.path_of(directory.head)]
    edits = fix.models.edits if fix.models is not None else ()
    repository.require_committed([*followed, *(edit.path for edit in edits)])


def write_branch(request: PullRequest, repository: str | Path | Repository = ".") -> str:
    """Make the branch with its commits, beside the work tree, and return the id of its last commit.

    Raises: GitError: git refuses, or there is such a branch; then nothing is there that anybody would see.
    """
    repository = _repository(repository)
    commit = repository.commit(request.commits)
    repository.create(request.branch, commit)
    return commit


def _opened(given: str | Path | AlembicDirectory) -> AlembicDirectory:
    return given if isinstance(given, AlembicDirectory) else open_directory(Path(given))


def _repository(given: str | Path | Repository) -> Repository:
    return given if isinstance(given, Repository) else open_repository(Path(given))


def _told(
    diagnosis: Diagnosis, remedies: Iterable[Remedy], by_hand: Sequence[str]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return the findings that the remedies answer, and those that are left to a person."""
    known = {one.key: one for finding in diagnosis.findings for one in (finding, *finding.symptoms)}
    answered = dict.fromkeys(key for remedy in remedies for key in remedy.findings)
    return (
        tuple(known[key] for key in answered if key in known),
        tuple(known[key] for key in by_hand if key in known),
    )


def _concerned(made: MadeFix, answered: Iterable[Finding]) -> Iterator[Statement]:
    """Yield the statements of the workload that the findings are about, or that measurably gained."""
    wanted = {query for finding in answered for query in finding.queries}
    wanted |= {gain.query_id for remedy in made.fix.remedies for gain in remedy.measured}
    seen: set[int] = set()
    for one in made.snapshot.statements:  # one of several roles stands for all
        if one.query_id in wanted and one.query_id not in seen:
            seen.add(one.query_id)
            yield one


def _of_revisions(
    parts: Sequence[Part], files: Sequence[RevisionFile], message: str, repository: Repository
) -> Iterator[Commit]:
    for part, file in zip(parts, files, strict=True):
        follows = f"after {file.follows}" if file.follows is not None else "the first one"
        paragraphs = [
            _subject(message, part.message),
            "\n".join(_item(remedy) for remedy in part.fix.remedies),
            _filled(f"Alembic revision {file.id}, {follows}. Its docstring tells locks and durations."),
        ]
        data = visible(file.text).encode()
        new = CommittedFile(repository.name_of(file.path), data, True, len(file.text.splitlines()), 0)
        yield Commit("\n\n".join(paragraphs) + "\n", (new,))


def _item(remedy: Remedy) -> str:
    measured = remedy.measured[0].words + ", measured" if remedy.measured else ""
    said = ": ".join(filter(None, (remedy.title, measured or remedy.gain.words)))
    return _filled(_harmless(said), "- ")


def _of_models(edits: Sequence[FileEdit], repository: Repository) -> Iterator[Commit]:
    if edits:
        files = tuple(
            CommittedFile(repository.name_of(edit.path), _encoded(edit), False, edit.added, edit.removed)
            for edit in edits
        )
        why = "So that alembic check finds nothing to do, and the next autogenerated revision does not undo it."
        yield Commit(f"Declare in the models what the revision does\n\n{_filled(why)}\n", files)


def _encoded(edit: FileEdit) -> bytes:
    """Return the file as it will be, with the mark of the byte order that it has."""
    now = edit.path.read_bytes()
    return now[: len(now) - len(edit.before.encode())] + edit.after.encode()


def _subject(message: str, does: str = "") -> str:
    """Return the first line of a commit: the user's words as they are, ours without what a forge would act on."""
    own = does.removeprefix(message) if message else does
    whole = on_one_line(message) + _harmless(own) if message else _harmless(own)
    return whole if len(whole) <= _WIDTH else whole[: _WIDTH - 1].rstrip() + "…"


def _harmless(text: str) -> str:
    r"""Return text of the database on one line, in which a forge finds neither people nor issues.

    >>> print(_harmless("Index fixes #12 of @team"))
    Index fixes \x2312 of \x40team
    """
    return on_one_line(text).translate(_CALLS)


def _filled(text: str, mark: str = "") -> str:
    return fill(
        text, _WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _slug(title: str) -> str:
    """Return a title as a part of a branch's name.

    >>> _slug("Index messages, notes; drop ix_old"), _slug("…")
    ('index-messages-notes-drop-ix-old', 'fix')
    """
    slug = "-".join(re.findall(r"[a-z0-9]+", title.lower()))
    return (slug if len(slug) <= _SLUG else slug[:_SLUG].rpartition("-")[0]) or "fix"
