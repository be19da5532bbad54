"""`regenesis status`: what a run holds, also while it is being worked on.

regenesis status runs/x
"""

from __future__ import annotations

from regenesis.cli.options import AsJson, RunFolder


def status_command(run: RunFolder, as_json: AsJson = False) -> None:
    """What a run holds: questions, chains by verdict, kept paths, the tuned model, what was measured, tokens, time."""
    from regenesis.cli.terminal import console, print_json
    from regenesis.report.terminal import print_view
    from regenesis.report.views.status import status_view
    from regenesis.runs import read_status

    found = read_status(run)
    if as_json:
        print_json(found.to_json())
    else:
        print_view(console(), status_view(found))
