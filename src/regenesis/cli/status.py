"""`regenesis status`: what a run holds, also while it is being worked on.

regenesis status runs/x
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenesis.cli.options import AsJson, RunFolder

if TYPE_CHECKING:
    from rich.table import Table

    from regenesis.runs import Status


def status_command(run: RunFolder, as_json: AsJson = False) -> None:
    """What a run holds: questions, chains by verdict, kept paths, the tuned model, what was measured, tokens, time."""
    from regenesis.cli.terminal import print_json
    from regenesis.runs import read_status

    found = read_status(run)
    if as_json:
        print_json(found.to_json())
    else:
        _print_status(found)


def _print_status(found: Status) -> None:
    from rich.text import Text

    from regenesis.cli.terminal import console
    from regenesis.report.text import neutralise

    out = console()
    out.print(Text.assemble((neutralise(found.directory), "bold"), "  ", _state(found)))
    out.print()
    out.print(_counts(found))
    if found.stages:
        out.print()
        out.print(_stages(found))


def _state(found: Status) -> str:
    if found.running:
        return "running" + {"train": ": training", "evaluate": ": evaluation"}.get(found.stage or "", "")
    if found.questions and found.outcomes.questions == found.questions:
        return "synthesis finished"
    stopped = (found.last_end or {}).get("stopped")
    return f"stopped: the budget was spent ({stopped})" if stopped else "stopped before its end"


def _counts(found: Status) -> Table:
    from rich.table import Table
    from rich.text import Text

    from regenesis.report.figures import counted, duration, share
    from regenesis.report.text import neutralise

    counts, table = found.outcomes, Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    done = f"{counts.questions:,} of {found.questions:,} finished ({share(counts.questions, found.questions)})"
    if found.left_out:
        done += f", {found.left_out:,} more left out (they overlap the evaluation)"
    verdicts = f"{counts.correct:,} correct, {counts.incorrect:,} incorrect, {counts.unparsed:,} unparsed"
    rows = {
        "tasks": ", ".join(dict.fromkeys(found.tasks)),
        "model": found.model,
        "questions": f"{done}, {counts.served:,} with a kept path",
        "chains": f"{counts.chains:,}: {verdicts}" if counts.chains else "0",
        "kept": counted(counts.kept, "path"),
        "trained": _trained(found),
        "measured": _measured(found),
        "rounds": ", ".join(found.rounds),
        "time": f"{duration(found.seconds)} over all starts",
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, Text(neutralise(value)))
    return table


def _trained(found: Status) -> str:
    from regenesis.report.figures import counted

    if found.training is not None and (found.trained is None or (found.running and found.stage == "train")):
        step, steps = found.training
        if found.running and found.stage == "train":
            return f"step {step:,} of {steps:,}"
        return f"not to its end: stopped after step {step:,} of {steps:,}"
    if found.trained is None:
        return "not yet"
    what = "an adapter" if found.trained.get("method") == "lora" else "all weights"
    trained = found.trained.get("steps")
    losses = [found.trained.get(name) for name in ("first_loss", "final_loss")]
    if not isinstance(trained, int) or not all(isinstance(loss, int | float) for loss in losses):
        return what
    length = counted(trained, "step")
    return f"{what}, {length}, loss {losses[0]:.4f} at the first and {losses[1]:.4f} at the last"


def _measured(found: Status) -> str:
    if not found.measured:
        return "not yet"
    said = f"{', '.join(found.measured['models'])} on {', '.join(found.measured['tasks'])}"
    return said if found.evaluation_complete else f"{said}; not to its end"


def _stages(found: Status) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", footer_style="bold", show_footer=True)
    totals = found.stages.values()
    columns = {
        "completions": [total.completions for total in totals],
        "refused": [total.refused for total in totals],
        "prompt tokens": [total.prompt_tokens for total in totals],
        "new tokens": [total.completion_tokens for total in totals],
    }
    table.add_column("stage", footer="all", no_wrap=True)
    for heading, figures in columns.items():
        table.add_column(heading, footer=f"{sum(figures):,}", justify="right", no_wrap=True)
    for row, name in enumerate(found.stages):
        table.add_row(name, *(f"{figures[row]:,}" for figures in columns.values()))
    return table
