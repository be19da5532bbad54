"""`regenesis status`: show the state of a run, also while it is running.

regenesis status runs/x
"""

from __future__ import annotations

from regenesis.cli.options import AsJson, RunFolder


def status_command(run: RunFolder, as_json: AsJson = False) -> None:
    """Show the state of a run: questions, chains by verdict, kept paths, tuned model, evaluations, tokens, time."""
    from regenesis.cli.terminal import console, print_json
    from regenesis.report.terminal import print_view
    from regenesis.report.views.status import status_view
    from regenesis.runs import read_status

    found = read_status(run)
    if as_json:
        print_json(found.to_json())
    else:
        print_view(console(), status_view(found))
