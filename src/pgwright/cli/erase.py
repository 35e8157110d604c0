"""`pgwright erase`."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click

from pgwright import pipeline
from pgwright.cli import options
from pgwright.cli.failures import COULD_NOT_RUN
from pgwright.cli.output import emit, say, show, tell, write
from pgwright.cli.progress import watched
from pgwright.config import Config
from pgwright.errors import ConfigError
from pgwright.model.erasure import ErasureMode
from pgwright.pipeline import ErasureOrder
from pgwright.report import Format
from pgwright_runtime.erasure import MOST_ROWS, InvalidReport, signed_report, verify_report

STOPPED = 1
SECRET = "PGWRIGHT_ERASURE_SECRET"
_NAME = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*\Z")


@click.command(short_help="Erase a person as the app declares it (GDPR, article 17).")
@click.argument("arguments", nargs=-1, metavar="[MODULE:ATTRIBUTE] [KEY]...")
@click.option("--dsn", metavar="DSN", help="The database. Default: DATABASE_URL, or libpq's own variables.")
@click.option("--app-dir", "folder", type=click.Path(path_type=Path, file_okay=False), default=".", metavar="DIRECTORY",
              help="Import the module from this directory. [.]")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Count what would go, in a transaction that can write nothing.")
@click.option("--examine", is_flag=True, help="Say what would stop the erasure of anybody; needs no key.")
@click.option("--replay", is_flag=True, help="After a restore: erase again whoever is on the list.")
@click.option("--verify", type=click.Path(path_type=Path), metavar="FILE", help="Check a signed report, and stop.")
@click.option("--yes", is_flag=True, help="Do not ask before erasing.")
@options.output_file("--report", help="Write the signed report of the erasure to FILE.")
@click.option("--list", "erased_list", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Append the hash of the person's key to FILE; --replay reads it.")  # fmt: skip
@click.option("--secret-file", type=click.Path(path_type=Path), metavar="FILE",
              help=f"Read from FILE the secret that hashes keys and signs reports. Default: {SECRET}.")  # fmt: skip
@click.option("--allow-scan", is_flag=True, help="Read tables whole where no index leads to the person's rows.")
@click.option("--most-rows", type=click.IntRange(min=1), default=MOST_ROWS, metavar="N",
              help=f"Erase nothing if the person has more rows. [{MOST_ROWS}]")  # fmt: skip
@options.form
@options.output
@options.everything
@options.config
def erase(
    arguments: tuple[str, ...],
    dsn: str | None,
    folder: Path,
    dry_run: bool,
    examine: bool,
    replay: bool,
    verify: Path | None,
    yes: bool,
    report: Path | None,
    erased_list: Path | None,
    secret_file: Path | None,
    allow_scan: bool,
    most_rows: int,
    form: Format | None,
    output: Path | None,
    shows_all: bool,
    config: Config,
) -> None:
    """Erase a person: delete, anonymise and keep rows as the app declares it, in one transaction.

    KEY is the primary key of the person's row. The declaration is a pgwright_runtime.erasure.Erasure; without
    MODULE:ATTRIBUTE it is the one that `erasure` in [tool.pgwright] names. A column of personal data that no rule
    covers stops it, and so do a legal hold, a missing index and row-level security. Counts are shown first, then it
    asks; Ctrl-C rolls all of it back.

    The exit code is 1 if something stands in the way or there is no such person, and 2 if it could not run.

    \b
    Examples:
      pgwright erase app.erasure:ERASURE --examine
      pgwright erase app.erasure:ERASURE 4711 --dry-run
      pgwright erase app.erasure:ERASURE 4711 --list erased.jsonl --report 4711.json
      pgwright erase --verify 4711.json
      pgwright erase app.erasure:ERASURE --replay --list erased.jsonl --dsn postgresql://db/restored
    """
    mode = _mode(dry_run=dry_run, examine=examine, replay=replay, verify=verify)
    if verify is not None:
        _verify(verify, _secret(secret_file, needed=True))
        return
    declaration, key = _named(arguments, config)
    if bool(key) == (mode in ("examine", "replay")):
        raise ConfigError("give the key of the person." if not key else f"--{mode} takes no key.")
    secret = _secret(secret_file, needed=mode in ("erase", "replay"))
    order = ErasureOrder(declaration, folder, dsn, key, secret, erased_list, allow_scan, most_rows)
    if mode in ("erase", "replay") and not yes:
        _ask(order, mode)
    with watched() as progress:
        result, outcome = pipeline.erase(order, mode, progress=progress)
    emit(result, form, output, shows_all=shows_all)
    if report is not None and outcome is not None and secret is not None:
        write(report, signed_report(outcome, secret), is_private=True)
    if result.status in ("stopped", "not found"):
        click.get_current_context().exit(STOPPED)


def _mode(*, dry_run: bool, examine: bool, replay: bool, verify: Path | None) -> ErasureMode:
    if dry_run + examine + replay + (verify is not None) > 1:
        raise ConfigError("--dry-run, --examine, --replay and --verify exclude one another.")
    return "dry run" if dry_run else "examine" if examine else "replay" if replay else "erase"


def _named(arguments: tuple[str, ...], config: Config) -> tuple[str, tuple[str, ...]]:
    """Return the declaration and the key; a key that looks like a declaration needs one before it."""
    if arguments and _NAME.match(arguments[0]):
        return arguments[0], arguments[1:]
    if config.erasure is None:
        raise ConfigError(
            "no declaration was named. Give MODULE:ATTRIBUTE, as in app.erasure:ERASURE, or state it in "
            '[tool.pgwright]: erasure = "app.erasure:ERASURE".'
        )
    return config.erasure, arguments


def _secret(path: Path | None, *, needed: bool) -> str | None:
    if path is not None:
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the secret of {str(path)!r}: {type(error).__name__}.") from None
    found = os.environ.get(SECRET)
    if needed and not found:
        raise ConfigError(
            f"no secret to hash keys and sign reports. Set {SECRET} or give --secret-file; make one with: "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return found or None


def _ask(order: ErasureOrder, mode: ErasureMode) -> None:
    """Show what would go, and ask."""
    if not sys.stdin.isatty():
        raise ConfigError("nobody is there to ask: give --yes to erase, or --dry-run to count.")
    if mode == "erase":
        with watched() as progress:
            counted, _ = pipeline.erase(order, "dry run", progress=progress)
        show(counted, "terminal", shows_all=True)
        if counted.status in ("stopped", "not found"):
            click.get_current_context().exit(STOPPED)
    what = "Erase this person for good?" if mode == "erase" else "Erase all persons of the list that are here?"
    if not click.confirm(what, err=True):
        tell("pgwright: nothing was erased.")
        click.get_current_context().exit(COULD_NOT_RUN)


def _verify(path: Path, secret: str | None) -> None:
    try:
        told = verify_report(path.read_text(encoding="utf-8"), secret or "")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {str(path)!r}: {type(error).__name__}.") from None
    except InvalidReport as error:
        tell(f"pgwright: {path}: {error}")
        click.get_current_context().exit(STOPPED)
    except ValueError as error:
        raise ConfigError(f"{error}.") from None
    say(f"The report holds: {told['status']}, {told['rows']:,} rows, {told['at']}.\n")
