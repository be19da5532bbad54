"""How a synthesis ended, for the terminal and as JSON.

print_ending(console, report, command)
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.runs import SynthesisReport


def report_json(report: SynthesisReport) -> dict[str, Any]:
    """A report as plain JSON types."""
    return {
        "directory": str(report.directory),
        "model": report.model,
        "questions": report.questions,
        "finished": report.finished,
        "kept": report.kept,
        "stopped": report.stopped,
        "owed": report.owed,
        "refusals": {stage: {"count": one.count, "words": one.words} for stage, one in report.refusals.items()},
        "stalled": report.stalled,
        "bad_rows": [asdict(row) for row in report.bad_rows],
        "decontamination": report.decontamination.counts(),
        "requests_sent": report.requests_sent,
        "requests_recalled": report.requests_recalled,
        "damaged": report.damaged,
        "prompt_tokens": report.prompt_tokens,
        "completion_tokens": report.completion_tokens,
        "seconds": round(report.seconds, 1),
        "funnel": report.funnel.to_json(),
    }


def print_ending(console: Console, report: SynthesisReport, command: str) -> None:
    """Prints how a session of a run ended and what to do next; `command` resumes it."""
    from regenesis.report.terminal import print_view
    from regenesis.report.views.synthesis import synthesis_view

    print_view(console, synthesis_view(report, command))
