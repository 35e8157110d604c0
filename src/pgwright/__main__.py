"""`python -m pgwright`, and the command `pgwright`."""

from pgwright.interrupts import ending_at_once


def run() -> None:
    """Run the command line; Ctrl-C while its modules are imported ends it without a word of Python's."""
    with ending_at_once():
        from pgwright.cli import main
    main(prog_name="pgwright")


if __name__ == "__main__":
    run()
