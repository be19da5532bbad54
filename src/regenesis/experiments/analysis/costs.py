"""What a method cost: tokens and time, for each row that it was trained on and for each point that it gained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

from regenesis.experiments.comparing import Comparison
from regenesis.experiments.results import FinishedRun


@dataclass(frozen=True, slots=True)
class Cost:
    """One method on one training set, and one average that it is to improve; means over seeds.

    A method pays for what it asks, also where another has asked the same and it was answered from there.

    Attributes:
        method: The method.
        train_on: The training set.
        average: The average.
        rows: Rows trained on.
        requests: Requests of the synthesis.
        generated_tokens: Tokens generated for it.
        prompt_tokens: Tokens of its prompts.
        training_tokens: Tokens trained on.
        synthesis_seconds: Time of the synthesis.
        training_seconds: Time of the training.
        tokens_per_row: Generated tokens for a row.
        seconds_per_row: Seconds of the synthesis for a row.
        points: Percentage points gained.
        tokens_per_point: Generated and training tokens for a point gained; `None` where none was.
        seconds_per_point: Seconds of both for a point gained; `None` where none was.
    """

    method: str
    train_on: str
    average: str
    rows: float
    requests: float
    generated_tokens: float
    prompt_tokens: float
    training_tokens: float
    synthesis_seconds: float
    training_seconds: float
    tokens_per_row: float | None
    seconds_per_row: float | None
    points: float
    tokens_per_point: float | None
    seconds_per_point: float | None


def costs(comparison: Comparison) -> Iterator[Cost]:
    """The costs of each method on each training set."""
    for group in comparison.groups:
        if not group.base_tasks:
            continue  # the averages over all training sets
        for label, figures in group.methods.items():
            for average, figure in figures.averages.items():
                yield _cost(label, group.name, average, figures.runs, 100 * figure.versus_base.estimate.value)


def _cost(label: str, train_on: str, average: str, runs: tuple[FinishedRun, ...], points: float) -> Cost:
    def mean(name: str) -> float:
        return fmean(getattr(run.training, name) for run in runs)

    rows, generated, trained = mean("rows"), mean("generated_tokens"), mean("training_tokens")
    asking, training = mean("synthesis_seconds"), mean("training_seconds")
    return Cost(
        method=label,
        train_on=train_on,
        average=average,
        rows=rows,
        requests=mean("requests"),
        generated_tokens=generated,
        prompt_tokens=mean("prompt_tokens"),
        training_tokens=trained,
        synthesis_seconds=asking,
        training_seconds=training,
        tokens_per_row=generated / rows if rows else None,
        seconds_per_row=asking / rows if rows else None,
        points=points,
        tokens_per_point=(generated + trained) / points if points > 0 else None,
        seconds_per_point=(asking + training) / points if points > 0 else None,
    )
