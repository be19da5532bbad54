"""What an experiment is expected to take, and the smallest difference that it can show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from regenesis.report.blocks import Block, Column, Note, Table, View
from regenesis.report.figures import counted, duration, rounded
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from regenesis.experiments.planning import ExperimentPlan

_PARTS = ("synthesis", "training", "evaluation")


def experiment_plan_view(found: ExperimentPlan) -> View:
    """The methods, then what all of it comes to, then what it can show."""
    warnings = dict.fromkeys(f"{one.label}: {text}" for one in found.methods for text in one.warnings)
    return [
        [Note(text, "warning") for text in warnings],
        [_methods(found), Note(_assumed(found), "quiet")],
        [_totals(found), *_notes(found)],
        _shown(found),
    ]


def _methods(found: ExperimentPlan) -> Table:
    columns = [
        Column("method", shortest=8),
        Column("trained on", shortest=8),
        Column("expected", "calls", right=True),
        Column("at most", "calls", right=True),
        Column("prompt", "tokens", right=True),
        Column("new", "tokens", right=True),
        Column("kept", "rows", right=True),
        Column("trained", "rows", right=True),
    ]
    rows = [
        [
            in_a_line(one.label, 30),
            in_a_line(one.train_on, 30),
            *(rounded(figure) for figure in (one.calls, one.most_calls, one.prompt_tokens, one.generated_tokens)),
            *(rounded(figure) for figure in (one.yielded, one.rows)),
        ]
        for one in found.methods
    ]
    return Table(columns, rows)


def _assumed(found: ExperimentPlan) -> str:
    seeds = "With one seed." if found.seeds == 1 else f"With each of {found.seeds} seeds."
    asking = [one for one in found.methods if one.calls]
    measured = ", ".join(
        f"{in_a_line(one.label, 30)} on {in_a_line(one.train_on, 30)} {one.measured_yield.share:.0%}"
        for one in asking
        if one.measured_yield is not None
    )
    parts = [f"at the yields of earlier runs ({measured}; --yield sets another)"] if measured else []
    if any(one.measured_yield is None for one in asking):
        others = " of the others" if measured else ""
        parts.append(f"if {found.chain_yield:.0%} of the chains{others} give a path worth keeping (--yield)")
    if not parts:
        return seeds
    return f"{seeds} Expected, {' and '.join(parts)}; lengths are those of a small model on grade-school math."


def _totals(found: ExperimentPlan) -> Table:
    tokens = {
        "synthesis": found.synthesis_tokens,
        "training": found.training_tokens,
        "evaluation": found.generated_tokens - found.synthesis_tokens,
    }
    calls = {"synthesis": rounded(found.synthesis_calls), "training": "", "evaluation": rounded(found.evaluation_calls)}
    seconds = found.seconds
    times = {part: "not measured" if time is None else duration(time) for part, time in seconds.items()}
    rows = [[part, calls[part], rounded(tokens[part]), times[part]] for part in _PARTS]
    known = [time for time in seconds.values() if time is not None]
    columns = [Column("in all"), Column("calls", right=True), Column("tokens", right=True), Column("time", right=True)]
    all_calls = rounded(found.synthesis_calls + found.evaluation_calls)
    all_tokens = rounded(found.generated_tokens + found.training_tokens)
    total = duration(sum(known)) if len(known) == len(_PARTS) else ""
    return Table(columns, rows, totals=["all", all_calls, all_tokens, total])


def _notes(found: ExperimentPlan) -> Iterator[Block]:
    if found.shared_calls:
        yield Note(
            f"{rounded(found.shared_calls)} plain samples a seed are drawn by several methods and paid for once.",
            "quiet",
        )
    if found.questions:
        tasks = ", ".join(f"{in_a_line(name, 40)} {count:,}" for name, count in found.questions.items())
        answers = f", {found.samples} answers per question" if found.samples > 1 else ""
        yield Note(
            f"Evaluation: {tasks}{answers}; the base model once, and {counted(found.models, 'trained model')}.", "quiet"
        )
    speeds = found.speeds
    told = [
        f"{rounded(speed)} {what} a second ({in_a_line(where or '', 60)})"
        for speed, what, where in (
            (speeds.generated, "new tokens", speeds.generated_in),
            (speeds.trained, "tokens trained on", speeds.trained_in),
        )
        if speed is not None
    ]
    if told:
        yield Note(f"Measured on this machine: {'; '.join(told)}.", "quiet")
    if len(told) < 2:
        missing = " and ".join(
            part for part, speed in (("asked", speeds.generated), ("trained", speeds.trained)) if speed is None
        )
        yield Note(
            f"No run under runs/ or experiments/ has {missing} this model yet, so that time is unknown. Start the "
            "experiment, or a small run, and plan again.",
            "quiet",
        )


def _shown(found: ExperimentPlan) -> list[Block]:
    if not found.detectable:
        return [Note("Nothing is evaluated: evaluation.tasks is empty.", "warning")]
    columns = [
        Column("smallest difference"),
        Column("tasks", right=True),
        Column("vs base", right=True),
        Column("vs another method", right=True),
    ]
    rows = [
        [domain, f"{len(one.tasks):,}", _points(one.versus_base), _points(one.versus_method)]
        for domain, one in found.detectable.items()
    ]
    seeds = (
        "With one seed it is that of two particular models, and says nothing of other seeds."
        if found.seeds == 1
        else "Over seeds, too."
    )
    spread = "" if found.seeds == 1 else ", and a standard deviation of 1 point over seeds"
    return [
        Table(columns, rows),
        Note(
            "In percentage points of mean accuracy: found in four experiments out of five, at a level of 5 %. Assumed: "
            f"an accuracy of about one half, questions that stay about as hard compared to each other{spread}. {seeds}",
            "quiet",
        ),
    ]


def _points(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f}"
