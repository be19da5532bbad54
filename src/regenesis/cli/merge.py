"""`regenesis merge`: one run of the shards that several machines have worked on.

regenesis synthesize config.yaml --run-dir runs/x --shard 1/4        # and 2/4, 3/4, 4/4
regenesis merge runs/x
"""

from __future__ import annotations

import shlex

import typer

from regenesis.cli.options import AsJson, RunFolder, Segments


def merge_command(run: RunFolder, segments: Segments = None, as_json: AsJson = False) -> None:
    """Make one run of its shards, from what they have recorded; asks nothing.

    The run can then be trained on, evaluated and read like any other.

    \b
    Exit codes:
      0    done
      1    an error: a shard is missing, or is one of another run
      2    the command line cannot be read
      3    some questions are not finished; rerun their shards
      4    done, but no paths were kept
    """  # noqa: D301 - the command line knows a paragraph to leave alone by that character
    from regenesis.cli.synthesize import finish
    from regenesis.runs.merging import merge

    command = ["regenesis", "merge", str(run), *(["--segments", segments] if segments else [])]
    raise typer.Exit(finish(merge(run, segments=segments), shlex.join(command), as_json))
