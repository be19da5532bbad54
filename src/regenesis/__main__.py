"""`python -m regenesis`: the command line, by the interpreter that it is to run in."""

from __future__ import annotations

from regenesis.cli import main

if __name__ == "__main__":
    main()
