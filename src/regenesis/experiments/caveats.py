"""Why a difference between runs may not be their methods': what was not alike.

caveats([read_run("runs/a"), read_run("runs/b")])
# ["Not alike: max_tokens of the evaluation (512 for a; 1,024 for b)."]
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence, Set
from typing import Any

from regenesis.experiments.results import FinishedRun
from regenesis.report.figures import counted, value_text
from regenesis.report.text import in_a_line

_NAMED = 3
"""Runs that are named for each value."""


def caveats(runs: Sequence[FinishedRun], but: Set[str] = frozenset()) -> list[str]:
    """A sentence for each thing in which runs differ that should be alike.

    Args:
        runs: The runs.
        but: Conditions that differ on purpose.
    """
    return [*_of_each(runs), *_unlike(runs, but), *_left_out(runs)]


def _of_each(runs: Sequence[FinishedRun]) -> Iterator[str]:
    for run in runs:
        if not run.complete:
            yield f"{run.directory}: not all questions are answered yet; figures cover those that all runs answered."
        if not run.up_to_date:
            yield (
                f"{run.directory}: its model was trained on another dataset than it holds now, so its numbers of rows "
                f"may be wrong. Bring it up to date with: regenesis train {run.directory}"
            )
        yield from (f"{run.directory}: {in_a_line(note, 300)}" for note in run.notes)


def _unlike(runs: Sequence[FinishedRun], but: Set[str]) -> Iterator[str]:
    # a condition that one run lacks is about a task that it was not evaluated on
    names = [name for name in runs[0].conditions if name not in but and all(name in run.conditions for run in runs)]
    for name in names:
        values: dict[str, list[FinishedRun]] = {}
        for run in runs:
            values.setdefault(json.dumps(run.conditions[name], sort_keys=True, default=str), []).append(run)
        if len(values) > 1:
            listed = "; ".join(f"{_shown(json.loads(value))} for {_named(some)}" for value, some in values.items())
            yield f"Not alike: {name} ({listed}). The difference may be due to that."


def _left_out(runs: Sequence[FinishedRun]) -> Iterator[str]:
    tasks = list(dict.fromkeys(task for run in runs for task in run.base))
    for task in tasks:
        lacking = [run for run in runs if task not in run.base or task not in run.tuned]
        if lacking:
            yield f"{in_a_line(task, 40)}: left out, since {_named(lacking)} was not evaluated on it."
            continue
        answered = [set(scores[task]) for run in runs for scores in (run.base, run.tuned)]
        extra = len(set.union(*answered)) - len(set.intersection(*answered))
        if extra:
            yield f"{in_a_line(task, 40)}: {counted(extra, 'question')} left out that not every run answered."


def _named(runs: Sequence[FinishedRun]) -> str:
    names = list(dict.fromkeys(run.label for run in runs))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(in_a_line(name, 40) for name in names[:_NAMED]) + more


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return in_a_line(
            ", ".join(str(item.get("name")) if isinstance(item, dict) else str(item) for item in value), 80
        )
    return in_a_line(value_text(value), 80)
