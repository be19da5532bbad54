"""How a training ended: dropped and truncated rows first, then what was trained, on how much, and where it is."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.report.blocks import Facts, Note, View
from regenesis.report.figures import counted, duration, rounded, share
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from regenesis.training import TrainingReport

_WHAT = {"lora": "adapter", "full": "checkpoint"}


def training_view(report: TrainingReport, run: Path) -> View:
    """How a training ended and what to do next."""
    what = _WHAT.get(report.tuning, "model")
    notes = [*(f"Retrained: {change}" for change in report.changes), *report.notes]
    folder = shlex.quote(str(run))
    trained = f"({rounded(report.trainable)} of {rounded(report.parameters)} parameters trained)"
    steps = [(what.capitalize(), f"{report.folder}   {trained if report.parameters else ''}".rstrip())]
    if report.parameters:
        steps += [("History", str(run / "training" / "history.csv"))]
    steps += [("Evaluate", f"regenesis evaluate {folder}")]
    if report.parameters:
        steps += [("Export", f"regenesis export {folder} --to merged")]
    return [
        [*(Note(in_a_line(note, 400), "warning") for note in notes), _headline(report, what)],
        [Facts(_figures(report), copied=True)],
        [Facts(steps, copied=True)],
    ]


def _headline(report: TrainingReport, what: str) -> Note:
    if report.already_done:
        return Note("Nothing to do: the model is already trained with these settings on this data.", "strong")
    verb = f"Trained (resumed at step {report.resumed_at:,})" if report.resumed_at else "Trained"
    trained = f"an {what} for {report.base}" if what == "adapter" else f"all weights of {report.base}"
    return Note(f"{verb}: {trained}.", "good")


def _figures(report: TrainingReport) -> list[tuple[str, str]]:
    packed = "" if report.sequences == report.rows else f", packed into {counted(report.sequences, 'sequence')}"
    part = share(report.supervised_tokens, report.row_tokens)
    speed = report.tokens / report.seconds if report.seconds else 0.0
    together = f", {report.processes} processes" if report.processes > 1 else ""
    where = f"{report.device}, {report.dtype}{together}"
    epochs = "1 epoch" if report.epochs == 1 else f"{report.epochs:g} epochs"
    # an engine that trains by itself has neither weights nor a loss
    loss = [("loss", f"{report.first_loss:.4f} at the first step, {report.final_loss:.4f} at the last")]
    return [
        ("rows", f"{report.rows:,}{packed}, at most {report.max_length:,} tokens each"),
        ("tokens", f"{report.row_tokens:,}, {report.supervised_tokens:,} of them in the loss ({part})"),
        ("steps", f"{report.steps:,} of {counted(report.batch_size, 'row')}, {epochs}"),
        *(loss if report.parameters else []),
        ("time", f"{duration(report.seconds)} on {where}, {speed:,.0f} tokens/s"),
    ]
