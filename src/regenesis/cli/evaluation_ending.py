"""How an evaluation ended, on the terminal.

print_evaluation(console, report, command)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.evaluation.record import EvaluationReport


def print_evaluation(console: Console, report: EvaluationReport, command: str) -> None:
    """Prints how an evaluation ended and what to do next; `command` resumes it."""
    from regenesis.report.terminal import print_view
    from regenesis.report.views.evaluation import evaluation_view

    print_view(console, evaluation_view(report, command))
