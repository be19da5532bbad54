"""An evaluation as a whole: models × tasks, comparisons, averages; what `summary.json` holds and the table shows.

    evaluation = Evaluation(exam_conditions, tasks, models, results, pairs=[("base", "tuned")])
    evaluation.to_json()

Figures come with the text in which they are to be shown (`shown`), rounded as `regenesis.report.rounding` says,
so that no reader of the file rounds them otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regenesis.evaluation.figures import LEVEL, Average, Comparison, Tally, compare
from regenesis.evaluation.statistics import Interval
from regenesis.evaluation.tasks import Domain, MeasuredTask
from regenesis.report.rounding import p_text, percent, points, points_range, share_range
from regenesis.types import Result

FORMAT = 1


@dataclass(frozen=True, slots=True)
class MeasuredModel:
    """One model of an evaluation.

    Attributes:
        name: As the evaluation calls it: `base`, `tuned`, `round-2`, …
        identity: As the engine gives it; part of every key in the ledger.
        spec: How the config names it, its adapter included.
        conditions: What must be the same for two models to be compared alike: engine, precision, context.
    """

    name: str
    identity: str
    spec: dict[str, Any]
    conditions: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Versus:
    """Two models compared on all tasks.

    Attributes:
        first: Name of the model compared with.
        second: Name of the model that the differences speak of.
        tasks: One comparison a task.
        caveats: Why the two were not measured alike, if so; a sentence each.
        unlike: Whether one of the caveats is a condition that differs, and not only one that is not known.
    """

    first: str
    second: str
    tasks: list[Comparison]
    caveats: list[str]
    unlike: bool

    @property
    def significant(self) -> list[str]:
        """Tasks with a difference by the exact test, with Holm's correction for the number of tasks."""
        return [one.task for one in self.tasks if one.p_adjusted < LEVEL]

    def average(self, tasks: Sequence[str]) -> Average | None:
        """The mean difference over some of the tasks."""
        return Average.of_differences([one for one in self.tasks if one.task in tasks])


@dataclass(slots=True)
class Evaluation:
    """Results of models on tasks, with all that follows from them.

    Attributes:
        conditions: What was the same for all: prompts, sampling, seed.
        tasks: The tasks in order.
        models: The models in order.
        results: By model and task, in question order; empty lists where nothing was answered yet.
        pairs: Names of the models to compare, each second with its first; two without a common question are not.
        trained_on: Questions of a task that are among those trained on, by task.
        notes: What else speaks against the figures, a sentence each.
    """

    conditions: dict[str, Any]
    tasks: Sequence[MeasuredTask]
    models: Sequence[MeasuredModel]
    results: Mapping[str, Mapping[str, list[Result]]]
    pairs: Sequence[tuple[str, str]]
    trained_on: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    tallies: dict[str, dict[str, Tally]] = field(init=False)
    versus: list[Versus] = field(init=False)

    def __post_init__(self) -> None:
        self.tallies = {
            model.name: {
                task.name: Tally.of(self.results[model.name].get(task.name, []), len(task.questions))
                for task in self.tasks
            }
            for model in self.models
        }
        compared = [self._versus(first, second) for first, second in self.pairs]
        # a model that was not begun is not known by its conditions either, so nothing is said of it
        self.versus = [versus for versus in compared if versus.tasks]

    @property
    def complete(self) -> bool:
        """Whether every model has answered every question."""
        return all(tally.answered == tally.questions for _, _, tally in self._all())

    @property
    def unread(self) -> list[tuple[str, str]]:
        """Models and tasks where no answer at all could be read: the figures there say nothing of the model."""
        return [(model, task) for model, task, tally in self._all() if tally.unread]

    def _all(self) -> list[tuple[str, str, Tally]]:
        return [(model, task, tally) for model, tasks in self.tallies.items() for task, tally in tasks.items()]

    def groups(self) -> dict[str, list[str]]:
        """Names of the tasks of each average, by domain where there is one; only those that every model has begun."""
        begun = [
            task for task in self.tasks if all(self.tallies[model.name][task.name].answered for model in self.models)
        ]
        domains: tuple[Domain, ...] = ("in-domain", "out-of-domain")
        if any(task.domain is not None for task in self.tasks):
            grouped = {str(domain): [task.name for task in begun if task.domain == domain] for domain in domains}
        else:
            grouped = {"all": [task.name for task in begun]}
        return {name: members for name, members in grouped.items() if members}

    def average(self, model: str, tasks: Sequence[str]) -> Average | None:
        """A model's mean accuracy over some of the tasks."""
        return Average.of_accuracies([self.tallies[model][task] for task in tasks])

    def _versus(self, first: str, second: str) -> Versus:
        models = {model.name: model for model in self.models}
        comparisons = compare(dict(self.results[first]), dict(self.results[second]))
        unlike = _unlike(models[first], models[second])
        caveats = unlike + _unknown(models[first], models[second])
        return Versus(first, second, comparisons, caveats, bool(unlike))

    def to_json(self) -> dict[str, Any]:
        """All figures as plain JSON types."""
        return {
            "format": FORMAT,
            "complete": self.complete,
            "conditions": self.conditions,
            "models": {model.name: self._model_json(model) for model in self.models},
            "tasks": {task.name: self._task_json(task) for task in self.tasks},
            "averages": {
                group: {
                    "tasks": members,
                    "models": {model.name: _average_json(self.average(model.name, members)) for model in self.models},
                }
                for group, members in self.groups().items()
            },
            "comparisons": [self._versus_json(versus) for versus in self.versus],
            "notes": list(self.notes),
            "unread": [{"model": model, "task": task} for model, task in self.unread],
        }

    def _model_json(self, model: MeasuredModel) -> dict[str, Any]:
        tallies = self.tallies[model.name].values()
        return {
            "identity": model.identity,
            **model.spec,
            "conditions": model.conditions,
            "questions": sum(tally.questions for tally in tallies),
            "answered": sum(tally.answered for tally in tallies),
            "unparsed": sum(tally.unparsed for tally in tallies),
            "truncated": sum(tally.truncated for tally in tallies),
            "refused": sum(tally.refused for tally in tallies),
            "prompt_tokens": sum(tally.prompt_tokens for tally in tallies),
            "completion_tokens": sum(tally.completion_tokens for tally in tallies),
        }

    def _task_json(self, task: MeasuredTask) -> dict[str, Any]:
        return {
            "file": f"{task.file}.parquet",
            "domain": task.domain,
            "origin": task.origin,
            "split": task.split,
            "questions": len(task.questions),
            "questions_digest": task.digest,
            "bad_rows": task.bad_rows,
            "without_answer": task.unknown,
            "trained_on": self.trained_on.get(task.name, 0),
            "notes": list(task.notes),
            "models": {model.name: _tally_json(self.tallies[model.name][task.name]) for model in self.models},
        }

    def _versus_json(self, versus: Versus) -> dict[str, Any]:
        averages = {group: versus.average(members) for group, members in self.groups().items()}
        return {
            "first": versus.first,
            "second": versus.second,
            "alike": not versus.unlike,
            "caveats": versus.caveats,
            "significant": versus.significant,
            "tasks": {one.task: _comparison_json(one) for one in versus.tasks},
            "averages": {
                group: {**_difference_json(average.value, average.interval), "finding": average.finding}
                for group, average in averages.items()
                if average is not None
            },
        }


def _unlike(first: MeasuredModel, second: MeasuredModel) -> list[str]:
    names = [name for name in first.conditions if first.conditions[name] != second.conditions.get(name)]
    return [
        f"{first.name} and {second.name} were evaluated under different conditions: {name} {first.conditions[name]} vs "
        f"{second.conditions.get(name)}. The difference may be due to that."
        for name in names
    ]


def _unknown(first: MeasuredModel, second: MeasuredModel) -> list[str]:
    if "unknown" in (first.conditions["precision"], second.conditions["precision"]):
        return [
            f"The precision of {first.name} and {second.name} is up to the server and unknown; make sure both are "
            "served with the same precision."
        ]
    return []


def _tally_json(tally: Tally) -> dict[str, Any]:
    counts = {name: getattr(tally, name) for name in Tally.__slots__}
    if not tally.answered:
        return {**counts, "accuracy": None, "interval": None, "shown": "–"}
    return {
        **counts,
        "accuracy": float(tally.accuracy),
        "interval": _ends(tally.interval),
        "shown": f"{percent(tally.accuracy)} ({share_range(tally.interval)})",
    }


def _average_json(average: Average | None) -> dict[str, Any] | None:
    if average is None:
        return None
    return {
        "accuracy": float(average.value),
        "interval": _ends(average.interval),
        "shown": f"{percent(average.value)} ({share_range(average.interval)})",
    }


def _comparison_json(one: Comparison) -> dict[str, Any]:
    return {
        "questions": one.paired.questions,
        "both_right": one.paired.both,
        "first_alone_right": one.paired.first,
        "second_alone_right": one.paired.second,
        "neither_right": one.paired.neither,
        **_difference_json(one.difference, one.interval),
        "p": float(one.p),
        "p_shown": p_text(one.p),
        "p_holm": float(one.p_adjusted),
        "p_holm_shown": p_text(one.p_adjusted),
        "finding": one.finding,
    }


def _difference_json(difference: Any, interval: Interval) -> dict[str, Any]:
    return {
        "difference": float(difference),
        "interval": _ends(interval),
        "shown": f"{points(difference)} ({points_range(interval)})",
    }


def _ends(interval: Interval) -> list[float]:
    return [interval.low, interval.high]
