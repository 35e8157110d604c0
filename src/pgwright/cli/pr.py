"""`pgwright pr`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from shlex import join

import click

from pgwright import pipeline
from pgwright.cli import making, options
from pgwright.cli.fix import say_why_nothing
from pgwright.cli.making import Asked
from pgwright.cli.output import save, show, tell
from pgwright.cli.progress import watched
from pgwright.errors import ConfigError
from pgwright.files import from_here
from pgwright.git import Repository, open_repository
from pgwright.interrupts import held
from pgwright.migrations import AlembicDirectory
from pgwright.model.pull_request import PullRequest
from pgwright.report import FORMATS, Format


@click.command(short_help="Make a branch of the fix, and the body of its pull request.")
@click.option("--write", "writes", is_flag=True, help="Make the branch and its commits. Else they are shown.")
@click.option("--branch", default="", metavar="NAME", help="The branch. Default: pgwright/ and what the fix does.")
@click.option("--no-prove", "unproved", is_flag=True,
              help="Measure nothing; the body says that its figures are estimated.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(FORMATS),
              help="Format of what is printed: markdown is the body. [terminal; of FILE: by its suffix, or markdown]",
              )  # fmt: skip
@options.output_file("-o", "--output", help="Write the body to FILE (atomically).")
@options.everything
@making.shared
def pr(
    asked: Asked,
    writes: bool,
    branch: str,
    unproved: bool,
    form: Format | None,
    output: Path | None,
    shows_all: bool,
) -> None:
    """Make a branch of the fix for the worst findings, with the body of its pull request.

    It finds, chooses and measures as pgwright fix --prove does, and leaves out what does not help. What stays becomes
    a commit for each Alembic revision, and one for the models. The body says what changes and why, what was measured,
    which locks are taken, how to deploy it, to take it back, and what to watch.

    Nothing is written until you say --write. Then the commits are made beside your work tree: files, index and the
    current branch stay as they are, and there is one new branch, which begins at HEAD. What it edits has to be
    committed. Nothing is pushed, and nothing is sent anywhere.

    A snapshot file holds no rows to measure on: with one, give --no-prove.

    The exit code is 1 if nothing is proved; then nothing is written.

    \b
    Examples:
      pgwright pr postgresql://app@db.example/shop
      pgwright pr --write
      pgwright pr --write --branch faster-orders -m "Index what the app asks for"
      pgwright pr --format markdown
      pgwright pr shop.json.gz --no-prove -o body.md
    """
    if asked.online:
        raise ConfigError("a pull request is merged at once, and the revisions of a series wait for one another: write "
                          "them with pgwright fix --online.")  # fmt: skip
    if unproved and asked.says_how_to_measure:
        raise ConfigError("--staging and --rounds say how to measure: leave out --no-prove.")
    if not unproved and pipeline.is_file(asked.source):
        raise ConfigError(f"{asked.source!r} is a snapshot: it holds no rows to measure on. Name the database itself; "
                          "or give --no-prove, and the body says that its figures are estimated.")  # fmt: skip
    # Found first, so that what is wrong here costs no reading of the database.
    repository, directory = _opened(asked, branch, writes=writes)
    models = asked.entry(directory)
    with watched() as progress:
        accepts = partial(pipeline.require_committed, directory=directory, repository=repository)
        order = asked.order(directory, models, measures=not unproved, imports=writes, accepts=accepts)
        made = pipeline.make(asked.source, order, progress=progress)
    if not made.parts:
        show(made.fix, "terminal" if form is None else form, shows_all=shows_all)
        say_why_nothing(made.fix)
        return
    result = pipeline.pull_request(
        made,
        directory,
        repository,
        branch=branch,
        message=asked.message,
        has_runtime=asked.imports_runtime(directory),
        first_id=asked.rev_id,
    )
    if not writes:
        _report(result, form, output, shows_all)
        again = "the same command with --write makes the branch; with --format markdown it prints the body"
        tell(f"Nothing was written to git: {again}.")
        return
    commit = repository.commit(result.commits)
    with held():
        repository.create(result.branch, commit)
        _report(result, form, output, shows_all)
        is_body = output is not None and (form or _of_suffix(output)) == "markdown"
        _say_what_next(result, repository, output if is_body else None)


def _opened(asked: Asked, branch: str, *, writes: bool) -> tuple[Repository, AlembicDirectory]:
    """Return where the branch and its revisions go. Raises GitError, MigrationError: they cannot go there."""
    repository = open_repository(Path())
    directory = asked.opened()
    repository.name_of(directory.new_folder)
    if branch:
        repository.require_free(branch)
    if writes:
        repository.require_identity()
    return repository, directory


def _report(result: PullRequest, form: Format | None, output: Path | None, shows_all: bool) -> None:
    if output is None:
        show(result, form or "terminal", shows_all=shows_all)
        return
    save(result, form or _of_suffix(output), output, shows_all=shows_all)
    show(result, "terminal", shows_all=shows_all)


def _of_suffix(path: Path) -> Format:
    return {".html": "html", ".json": "json"}.get(path.suffix.lower(), "markdown")  # type: ignore[return-value]


def _say_what_next(result: PullRequest, repository: Repository, body: Path | None) -> None:
    """Name the commands that publish the branch; the body lies where no commit takes it along, if nowhere else."""
    if body is None:
        body = repository.body_file
        save(result, "markdown", body)
    base = ["--base", result.base_branch] if result.base_branch else []
    create = ["--head", result.branch, *base, "--title", result.title, "--body-file", str(from_here(body))]
    tell(f"made the branch {result.branch}: look at it with git log -p HEAD..{result.branch}. Then:")
    tell(f"git push -u {repository.remote or 'REMOTE'} {join([result.branch])}")
    tell(f"gh pr create {join(create)}")
