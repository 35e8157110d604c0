"""`python -m pgwright`."""

from pgwright.cli import main

if __name__ == "__main__":
    main(prog_name="pgwright")
