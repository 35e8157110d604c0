"""The user's git repository: read what is committed, and commit beside the work tree.

Commits are made from objects and an index of their own; one reference, set at the end, makes them a branch. The work
tree, the index and the current branch stay as they are, and nothing reaches a network.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shlex import quote

from pgwright.errors import GitError
from pgwright.model.pull_request import Commit
from pgwright.visible import on_one_line

# What a hook that starts us hands down, and would lead elsewhere than the working directory.
_INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
_OURS = {"GIT_LITERAL_PATHSPECS": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0",
         "LC_ALL": "C.UTF-8"}  # fmt: skip
# No program of the repository's settings runs for an index that nobody else sees; nobody's name is guessed.
_SETTINGS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "user.useConfigOnly=true", "i18n.commitEncoding=utf-8")
_NEW_FILE = "100644"
_FILES = ("100644", "100755")
_BODY = "PGWRIGHT_PR.md"


@dataclass(frozen=True)
class Repository:
    """A git repository with a work tree."""

    root: Path
    """Of the work tree, without symbolic links."""
    head: str
    """The commit that is checked out."""
    branch: str
    """The current branch; "" where HEAD is detached."""
    remote: str
    """Where branches are pushed to: `origin`, else the first that there is; "": none."""

    @property
    def body_file(self) -> Path:
        """Where the body of a pull request may lie without being part of the work tree."""
        return self.root / self._git("rev-parse", "--git-path", _BODY)

    def require_identity(self) -> None:
        """Raise GitError unless git knows who commits."""
        for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            try:
                self._git("var", who)
            except GitError as error:
                raise GitError(
                    "git does not know who commits. Say it: git config user.name NAME; git config user.email ADDRESS"
                ) from error

    def require_free(self, branch: str) -> None:
        """Raise GitError when a branch cannot be called so, or exists."""
        try:
            is_name = self._git("check-ref-format", "--branch", branch) == branch
        except GitError:
            is_name = False
        if not is_name or branch == "HEAD":
            raise GitError(f"{branch!r} is no name for a branch of git. Name another one: --branch NAME")
        known = self._git("for-each-ref", "--format=%(refname:strip=2)", "refs/heads/").splitlines()
        if branch in known:
            raise GitError(
                f"the branch {branch!r} exists. Name another one: --branch NAME; or delete it: git branch -D "
                f"{quote(branch)}"
            )
        # A reference is a file: none can lie below another one.
        for other in known:
            if branch.startswith(f"{other}/") or other.startswith(f"{branch}/"):
                raise GitError(f"beside the branch {other!r} there can be none {branch!r}. Name another one: --branch")

    def name_of(self, path: Path) -> str:
        """Return how git calls a file. Raises GitError: it lies outside the repository."""
        # Of a new file the folder may be a link; of one that is there, the file itself.
        whole = path.resolve() if path.exists() else path.parent.resolve() / path.name
        if not whole.is_relative_to(self.root) or ".git" in whole.relative_to(self.root).parts:
            raise GitError(f"{path} lies outside the git repository {self.root}. Run pgwright pr inside its repository")
        return whole.relative_to(self.root).as_posix()

    def require_committed(self, paths: Iterable[Path]) -> None:
        """Raise GitError, and name them, when files differ from what is checked out."""
        differing = [name for path in paths for name in [self.name_of(path)] if not self._is_committed(name)]
        if differing:
            named = ", ".join(differing)
            raise GitError(f"{named}: not committed, or changed since. The branch begins at HEAD, so commit it first")

    def commit(self, commits: Sequence[Commit]) -> str:
        """Make commits after HEAD that no branch has yet, and return the last one's id. Raises GitError."""
        last = self.head
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            self._git("read-tree", self.head, settings=index)
            for one in commits:
                self._git("update-index", "-z", "--index-info", given=self._entries(one), settings=index)
                tree = self._git("write-tree", settings=index)
                last = self._git("commit-tree", *self._signed, "-p", last, "-F", "-", tree, given=one.message.encode())
        return last

    def create(self, branch: str, commit: str) -> None:
        """Make a branch of a commit, whole or not at all. Raises GitError: it exists."""
        nothing = "0" * len(commit)
        self._git("update-ref", "-m", "pgwright pr", f"refs/heads/{branch}", commit, nothing, is_apart=True)

    def find_branch(self, name: str) -> str:
        """Return the commit of a branch, or of any name of a commit; where only the remote has it, of that one.

        Raises: GitError: there is none.
        """
        for one in (name, f"{self.remote}/{name}") if self.remote else (name,):
            with suppress(GitError):
                return self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{one}^{{commit}}")
        fetch = f"git fetch {quote(self.remote)} {quote(name)}" if self.remote else f"git fetch REMOTE {quote(name)}"
        raise GitError(
            f"there is no branch {name!r} in {self.root}. Fetch it: {fetch}; in GitHub Actions, actions/checkout "
            "brings it with fetch-depth: 0"
        )

    def files_at(self, commit: str, folder: Path) -> dict[str, bytes]:
        """Return the contents of all Python files below a folder in a commit, by their paths from the root."""
        inside = os.path.relpath(folder.resolve(), self.root)
        listed = self._git("ls-tree", "-r", "-z", "--full-tree", commit, "--", *([inside] if inside != "." else []))
        found: dict[str, str] = {}
        for line in listed.split("\0"):
            head, _, name = line.partition("\t")
            if name.endswith(".py") and head[:6] in _FILES:
                found[name] = head.rpartition(" ")[2]
        wanted = "".join(f"{blob}\n" for blob in found.values()).encode()
        contents = _output(self.root, ("cat-file", "--batch"), wanted) if found else b""
        texts: dict[str, bytes] = {}
        start = 0
        for name in found:
            # A line "<object> blob <size>", the content, and a line break.
            first = contents.index(b"\n", start) + 1
            end = first + int(contents[start:first].split()[-1])
            texts[name], start = contents[first:end], end + 1
        return texts

    def _entries(self, commit: Commit) -> bytes:
        """Write the files of a commit as objects; return the lines of the index that name them."""
        entries = []
        for file in commit.files:
            mode, _ = self._committed(file.path)
            blob = self._git("hash-object", "-w", "--stdin", "--path", file.path, given=file.data)
            entries.append(f"{mode or _NEW_FILE} {blob} 0\t{file.path}\0".encode())
        return b"".join(entries)

    def _is_committed(self, name: str) -> bool:
        mode, blob = self._committed(name)
        path = self.root / name
        return mode in _FILES and path.is_file() and self._git("hash-object", "--", name) == blob

    def _committed(self, name: str) -> tuple[str, str]:
        """Return mode and object of a file in HEAD; "" where it is not there."""
        line = self._git("ls-tree", "-z", "--full-tree", self.head, "--", name)
        mode, _, rest = line.partition("\t")[0].partition(" ")
        return mode, rest.rpartition(" ")[2]

    @cached_property
    def _signed(self) -> tuple[str, ...]:
        """What makes `commit-tree` sign as `commit` would."""
        with suppress(GitError):
            return ("-S",) if self._git("config", "--type=bool", "--get", "commit.gpgsign") == "true" else ()
        return ()

    def _git(
        self, *arguments: str, given: bytes = b"", settings: Mapping[str, str] | None = None, is_apart: bool = False
    ) -> str:
        return _run(self.root, arguments, given, settings or {}, is_apart=is_apart)


def open_repository(folder: Path) -> Repository:
    """Return the repository that a folder lies in.

    Raises: GitError: there is no git, no repository with a work tree, or no commit yet.
    """
    try:
        root = Path(_run(folder, ("rev-parse", "--show-toplevel"))).resolve()
    except GitError as error:
        raise GitError(f"{folder.absolute()} is in no git repository: {error}. Run it in one, or: git init") from error
    try:
        head = _run(root, ("rev-parse", "--verify", "HEAD^{commit}"))
    except GitError as error:
        raise GitError(f"the git repository {root} has no commit yet, to begin a branch at") from error
    remotes = _run(root, ("remote",)).split()
    remote = "origin" if "origin" in remotes else next(iter(remotes), "")
    return Repository(root, head, _run(root, ("branch", "--show-current")), remote)


def _run(
    folder: Path,
    arguments: Sequence[str],
    given: bytes = b"",
    settings: Mapping[str, str] | None = None,
    *,
    is_apart: bool = False,
) -> str:
    """Run git, without a shell, and return what it prints.

    Args:
        given: its standard input.
        is_apart: in a group of its own, which Ctrl-C does not reach.
    Raises: GitError: with what git said.
    """
    return (
        _output(folder, arguments, given, settings, is_apart=is_apart).decode(errors="surrogateescape").rstrip("\n\0")
    )


def _output(
    folder: Path,
    arguments: Sequence[str],
    given: bytes = b"",
    settings: Mapping[str, str] | None = None,
    *,
    is_apart: bool = False,
) -> bytes:
    """Return what git prints, as it is; arguments as of `_run`. Raises GitError."""
    environment = {name: value for name, value in os.environ.items() if name not in _INHERITED}
    command = ["git", *(part for one in _SETTINGS for part in ("-c", one)), *arguments]
    try:
        ran = subprocess.run(
            command,
            cwd=folder,
            input=given,
            env={**environment, **_OURS, **(settings or {})},
            capture_output=True,
            check=False,
            process_group=0 if is_apart else None,
        )
    except FileNotFoundError as error:
        raise GitError("there is no program 'git' on the PATH. Install git") from error
    if ran.returncode:
        said = on_one_line(ran.stderr.decode(errors="replace")).removeprefix("fatal: ")
        raise GitError(said or f"git {arguments[0]} ended with {ran.returncode}")
    return ran.stdout
