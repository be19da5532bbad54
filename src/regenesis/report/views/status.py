"""The state of a run, also while it is running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenesis.report.blocks import Cell, Column, Facts, Note, Table, Tone, View
from regenesis.report.figures import counted, duration, share
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from regenesis.runs import Status

_TONES: dict[str, Tone] = {"better": "good", "worse": "bad"}
_RUNNING = {"train": "running: training", "evaluate": "running: evaluation"}


def status_view(found: Status) -> View:
    """Where a run stands, what it holds, and what its ledger holds of each stage."""
    title = Note(found.directory, "strong", aside=_state(found))
    results = [results_table(found)] if found.results else []
    return [[title], [_holdings(found)], results, [stages_table(found)] if found.stages else []]


def results_table(found: Status) -> Table:
    """Accuracies by task and model, and how the last model compares with the first."""
    models = list(found.measured.get("models", ()))
    compares = any(one.difference for one in found.results)
    columns = [Column("accuracy %", shortest=18), Column("n", right=True)]
    columns += [Column(in_a_line(model, 10), right=True) for model in models]
    columns += [Column("difference (95 % CI)"), Column("")] if compares else []
    rows: list[list[str | Cell]] = []
    for one in found.results:
        rows.append([one.task, f"{one.answered:,}", *(one.accuracies.get(model, "–") for model in models)])
        if compares:
            rows[-1] += [one.difference or "–", Cell(one.finding, _TONES.get(one.finding, "plain"))]
    return Table(columns, rows)


def stages_table(found: Status) -> Table:
    """Completions and tokens by stage, and in all."""
    columns = [Column(name, right=True) for name in ("completions", "refused", "prompt tokens", "new tokens")]
    figures = {
        name: (total.completions, total.refused, total.prompt_tokens, total.completion_tokens)
        for name, total in found.stages.items()
    }
    rows = [[name, *(f"{figure:,}" for figure in row)] for name, row in figures.items()]
    totals = [f"{sum(column):,}" for column in zip(*figures.values(), strict=True)]
    return Table([Column("stage"), *columns], rows, totals=["all", *totals])


def _state(found: Status) -> str:
    if found.running:
        return _RUNNING.get(found.stage or "", "running")
    if found.questions and found.outcomes.questions == found.questions:
        return "synthesis finished"
    stopped = (found.last_end or {}).get("stopped")
    return f"stopped: budget exhausted ({stopped})" if stopped else "stopped before the end"


def _holdings(found: Status) -> Facts:
    counts = found.outcomes
    done = f"{counts.questions:,} of {found.questions:,} finished ({share(counts.questions, found.questions)})"
    if found.left_out:
        done += f", {found.left_out:,} more dropped (overlap with the evaluation)"
    verdicts = f"{counts.correct:,} correct, {counts.incorrect:,} incorrect, {counts.unparsed:,} unparsed"
    rows = [
        ("tasks", ", ".join(dict.fromkeys(found.tasks))),
        ("model", found.model),
        ("questions", f"{done}, {counts.served:,} with a kept path"),
        ("chains", f"{counts.chains:,}: {verdicts}" if counts.chains else "0"),
        ("kept", counted(counts.kept, "path")),
        ("trained", _trained(found)),
        ("evaluated", _evaluated(found)),
        ("rounds", ", ".join(found.rounds)),
        ("prefix cache", _prefix_cache(found)),
        ("time", f"{duration(found.seconds)} over all sessions"),
    ]
    return Facts([(name, value) for name, value in rows if value])


def _prefix_cache(found: Status) -> str:
    if found.prefix is None:
        return ""
    return f"{share(found.prefix.found, found.prefix.asked)} of {found.prefix.asked:,} prompt tokens not computed again"


def _trained(found: Status) -> str:
    if found.training is not None and (found.trained is None or (found.running and found.stage == "train")):
        step, steps = found.training
        if found.running and found.stage == "train":
            return f"step {step:,} of {steps:,}"
        return f"incomplete: stopped after step {step:,} of {steps:,}"
    if found.trained is None:
        return "not yet"
    what = "an adapter" if found.trained.get("tuning") == "lora" else "all weights"
    trained = found.trained.get("steps")
    losses = [found.trained.get(name) for name in ("first_loss", "final_loss")]
    if not isinstance(trained, int) or not all(isinstance(loss, int | float) for loss in losses):
        return what
    length = counted(trained, "step")
    if found.trained.get("parameters") == 0:  # no weights, so no loss
        return f"{what}, {length}"
    return f"{what}, {length}, loss {losses[0]:.4f} at the first and {losses[1]:.4f} at the last"


def _evaluated(found: Status) -> str:
    if not found.measured:
        return "not yet"
    said = f"{', '.join(found.measured['models'])} on {', '.join(found.measured['tasks'])}"
    return said if found.evaluation_complete else f"{said}; incomplete"
