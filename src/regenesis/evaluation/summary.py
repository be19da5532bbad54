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

from regenesis.evaluation.figures import LEVEL, Average, Comparison, Figure, Tally, compare
from regenesis.evaluation.scores import ACCURACY
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
        tasks: One comparison a task, of the accuracies.
        caveats: Why the two were not measured alike, if so; a sentence each.
        unlike: Whether one of the caveats is a condition that differs, and not only one that is not known.
        measures: The comparisons of pass@k and maj@k, by measure, where questions are answered several times.
    """

    first: str
    second: str
    tasks: list[Comparison]
    caveats: list[str]
    unlike: bool
    measures: Mapping[str, list[Comparison]] = field(default_factory=dict)

    @property
    def significant(self) -> list[str]:
        """Tasks with a difference by the exact test, with Holm's correction for the number of tasks."""
        return [one.task for one in self.tasks if one.p_adjusted < LEVEL]

    def average(self, tasks: Sequence[str], measure: str = ACCURACY) -> Average | None:
        """The mean difference over some of the tasks; `None` unless all of them have that measure."""
        compared = self.tasks if measure == ACCURACY else self.measures.get(measure, [])
        found = [one for one in compared if one.task in tasks]
        return Average.of_differences(found) if len(found) == len(tasks) else None


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
        samples: Answers per question.
    """

    conditions: dict[str, Any]
    tasks: Sequence[MeasuredTask]
    models: Sequence[MeasuredModel]
    results: Mapping[str, Mapping[str, list[Result]]]
    pairs: Sequence[tuple[str, str]]
    trained_on: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    samples: int = 1
    tallies: dict[str, dict[str, Tally]] = field(init=False)
    versus: list[Versus] = field(init=False)

    def __post_init__(self) -> None:
        self.tallies = {
            model.name: {
                task.name: Tally.of(task.questions, self.results[model.name].get(task.name, []), self.samples)
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

    @property
    def measures(self) -> list[str]:
        """pass@k and maj@k, where questions are answered several times and a task has them."""
        return list(dict.fromkeys(measure for _, _, tally in self._all() for measure in tally.measures))

    @property
    def widest_measures(self) -> list[str]:
        """Of `measures`, those over all answers to a question."""
        return [measure for measure in self.measures if measure.endswith(f"@{self.samples}")]

    def average(self, model: str, tasks: Sequence[str], measure: str = ACCURACY) -> Average | None:
        """A model's mean over some of the tasks; `None` unless all of them have that measure."""
        tallies = [self.tallies[model][task] for task in tasks]
        if measure != ACCURACY and not all(measure in tally.measures for tally in tallies):
            return None
        return Average.of_scores(tallies, measure)

    def _versus(self, first: str, second: str) -> Versus:
        models = {model.name: model for model in self.models}
        comparisons = self._compared(first, second, ACCURACY)
        measures = {measure: self._compared(first, second, measure) for measure in self.measures}
        unlike = _unlike(models[first], models[second])
        caveats = unlike + _unknown(models[first], models[second])
        return Versus(first, second, comparisons, caveats, bool(unlike), measures)

    def _compared(self, first: str, second: str, measure: str) -> list[Comparison]:
        """Two models on the tasks that have a measure."""
        before, after = (
            {
                task: tally.scores
                for task, tally in self.tallies[name].items()
                if measure == ACCURACY or measure in tally.measures
            }
            for name in (first, second)
        )
        return compare(before, after, measure)

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
                    "models": {model.name: self._average_json(model.name, members) for model in self.models},
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

    def _average_json(self, model: str, tasks: Sequence[str]) -> dict[str, Any] | None:
        average = self.average(model, tasks)
        if average is None:
            return None
        others = {measure: self.average(model, tasks, measure) for measure in self.measures}
        measures = {measure: _figure_json(other) for measure, other in others.items() if other is not None}
        return {"accuracy": float(average.value), **_shown(average), "measures": measures}

    def _versus_json(self, versus: Versus) -> dict[str, Any]:
        return {
            "first": versus.first,
            "second": versus.second,
            "alike": not versus.unlike,
            "caveats": versus.caveats,
            "significant": versus.significant,
            "tasks": {
                one.task: {**_comparison_json(one), "measures": _measures_json(versus, one.task)}
                for one in versus.tasks
            },
            "averages": {
                group: {**_mean_difference_json(average), "measures": self._mean_differences_json(versus, members)}
                for group, members in self.groups().items()
                if (average := versus.average(members)) is not None
            },
        }

    def _mean_differences_json(self, versus: Versus, tasks: Sequence[str]) -> dict[str, Any]:
        averages = {measure: versus.average(tasks, measure) for measure in versus.measures}
        return {measure: _mean_difference_json(one) for measure, one in averages.items() if one is not None}


def _measures_json(versus: Versus, task: str) -> dict[str, Any]:
    return {
        measure: _comparison_json(one)
        for measure, comparisons in versus.measures.items()
        for one in comparisons
        if one.task == task
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
    counts = {name: getattr(tally, name) for name in Tally.__slots__ if name != "scores"} | {"clusters": tally.clusters}
    if not tally.answered:
        return {**counts, "accuracy": None, "interval": None, "shown": "–", "measures": {}}
    return {
        **counts,
        "accuracy": float(tally.accuracy),
        **_shown(tally.figure()),
        "measures": {measure: _figure_json(tally.figure(measure)) for measure in tally.measures},
    }


def _figure_json(figure: Figure | Average) -> dict[str, Any]:
    return {"value": float(figure.value), **_shown(figure)}


def _shown(figure: Figure | Average) -> dict[str, Any]:
    return {
        "interval": _ends(figure.interval),
        "shown": f"{percent(figure.value)} ({share_range(figure.interval)})",
    }


def _comparison_json(one: Comparison) -> dict[str, Any]:
    counts = {}
    if one.paired is not None:
        counts = {
            "both_right": one.paired.both,
            "first_alone_right": one.paired.first,
            "second_alone_right": one.paired.second,
            "neither_right": one.paired.neither,
        }
    return {
        "questions": one.questions,
        **counts,
        **_difference_json(one.difference, one.interval),
        "p": float(one.p),
        "p_shown": p_text(one.p),
        "p_holm": float(one.p_adjusted),
        "p_holm_shown": p_text(one.p_adjusted),
        "finding": one.finding,
    }


def _mean_difference_json(average: Average) -> dict[str, Any]:
    return {**_difference_json(average.value, average.interval), "finding": average.finding}


def _difference_json(difference: Any, interval: Interval) -> dict[str, Any]:
    return {
        "difference": float(difference),
        "interval": _ends(interval),
        "shown": f"{points(difference)} ({points_range(interval)})",
    }


def _ends(interval: Interval) -> list[float]:
    return [interval.low, interval.high]
