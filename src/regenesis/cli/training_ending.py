"""How a training ended, in words: what was left out or cut first, then what was trained, on how much, and where it is.

print_training(console, report, run)
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.report.figures import counted, duration, rounded, share
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.training import TrainingReport

_WHAT = {"lora": "adapter", "full": "checkpoint"}


def print_training(console: Console, report: TrainingReport, run: Path) -> None:
    """Prints how a training ended and what to do next."""
    from rich.text import Text

    for note in [*(f"Trained anew: {change}" for change in report.changes), *report.notes]:
        console.print(Text(in_a_line(note, 400), "bold yellow"))
    what = _WHAT.get(report.method, "model")
    if report.already_done:
        console.print(Text("Nothing to do: the model is already trained, with these settings on this data.", "bold"))
    else:
        verb = f"Trained, from step {report.resumed_at:,} on" if report.resumed_at else "Trained"
        console.print(
            Text(
                f"{verb}: an {what} of {report.base}."
                if what == "adapter"
                else f"{verb}: all weights of {report.base}.",
                "bold green",
            )
        )
    console.print()
    for name, text in _figures(report):
        console.print(f"{name:<14}{text}", soft_wrap=True)
    console.print()
    folder = shlex.quote(str(run))
    console.print(
        f"{what.capitalize():<14}{report.folder}   ({rounded(report.trainable)} of "
        f"{rounded(report.parameters)} parameters trained)",
        soft_wrap=True,
    )
    console.print(f"History       {run / 'training' / 'history.csv'}", soft_wrap=True)
    console.print(f"Measure it    regenesis evaluate {folder}", soft_wrap=True)
    console.print(f"Take it along regenesis export {folder} --to merged", soft_wrap=True)


def _figures(report: TrainingReport) -> Iterable[tuple[str, str]]:
    packed = "" if report.sequences == report.rows else f", packed into {counted(report.sequences, 'sequence')}"
    yield "rows", f"{report.rows:,}{packed}, at most {report.max_length:,} tokens each"
    part = share(report.supervised_tokens, report.row_tokens)
    yield "tokens", f"{report.row_tokens:,}, of which the loss counts {report.supervised_tokens:,} ({part})"
    yield "steps", f"{report.steps:,} of {counted(report.batch_size, 'row')}, {report.epochs:g} epochs"
    yield "loss", f"{report.first_loss:.4f} at the first step, {report.final_loss:.4f} at the last"
    speed = report.tokens / report.seconds if report.seconds else 0.0
    where = f"{report.device}, {report.dtype}"
    together = f", {report.processes} processes" if report.processes > 1 else ""
    yield "time", f"{duration(report.seconds)} on {where}{together}, {speed:,.0f} tokens a second"
