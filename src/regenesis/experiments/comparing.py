"""Methods compared, on the questions that every run of the comparison has answered.

    comparison = compare_runs([read_run("runs/a"), read_run("runs/b")], baselines=["a"])
    comparison.groups[0].methods["b"].averages["out-of-domain"].versus_base.estimate

A method's figures are means over its seeds. It is compared with the base model and, of the baselines, with the one that
does best at the figure in question; differences are taken question by question, and seed by seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from regenesis.evaluation.differences import Estimate, holm_adjusted
from regenesis.evaluation.model_variants import BASE
from regenesis.experiments.config import Equal
from regenesis.experiments.results import FinishedRun
from regenesis.experiments.scores import Part, Scores

Finding = Literal["better", "worse", "inconclusive"]
LEVEL = 0.05
"""Of significance."""
OVERALL = "all training sets"
_Kind = Literal["task", "average"]
_Rival = Literal["base", "best"]
_DOMAINS = ("in-domain", "out-of-domain")


@dataclass(frozen=True, slots=True)
class Difference:
    """A method less another model, on one task or average.

    Attributes:
        other: The model compared with: `base`, or a method.
        estimate: The difference of the two shares of right answers.
        p_adjusted: Its p by Holm's procedure over the family that it belongs to.
        relative: The difference as a part of the other's share, `None` where that is 0.
    """

    other: str
    estimate: Estimate
    p_adjusted: float
    relative: float | None

    @property
    def finding(self) -> Finding:
        """What holds allowing for the number of comparisons."""
        if self.p_adjusted >= LEVEL:
            return "inconclusive"
        return "better" if self.estimate.value > 0 else "worse"


@dataclass(frozen=True, slots=True)
class Figure:
    """What one method came to on a task or an average.

    Attributes:
        share: Right answers, 0 to 1; the mean over seeds.
        versus_base: Compared with the model before training.
        versus_best: Compared with the best baseline, `None` where there is no other method to compare with.
    """

    share: float
    versus_base: Difference
    versus_best: Difference | None


@dataclass(frozen=True, slots=True)
class MethodFigures:
    """What one method came to.

    Attributes:
        runs: What the figures are of: one run a seed and training set.
        tasks: By task.
        averages: By domain, or `all` where there are no domains.
    """

    runs: tuple[FinishedRun, ...]
    tasks: Mapping[str, Figure]
    averages: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Group:
    """All methods trained on one set; or the averages over all sets.

    Attributes:
        name: What the comparison calls the training set.
        averages: The tasks of each average, in order.
        base_tasks: The base model's share of right answers by task.
        base_averages: The same by average.
        methods: By label, in order.
    """

    name: str
    averages: Mapping[str, Sequence[str]]
    base_tasks: Mapping[str, float]
    base_averages: Mapping[str, float]
    methods: Mapping[str, MethodFigures]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Methods on training sets.

    Attributes:
        groups: One a training set; where there are several, what they average to comes last.
        questions: How many of each task.
        clusters: Clusters of them.
        runs: All that is compared.
        equal: What is equal for all methods, `None` where nothing was arranged.
        baselines: The methods that the others are compared with.
        caveats: Why a difference may not be the method's, a sentence each.
        missing: What is not there yet, a name each.
        coverage: The same comparison of questions with at least one right answer (pass@k for all k samples), `None`
            where each question was asked once, or not as often in every run.
    """

    groups: Sequence[Group]
    questions: Mapping[str, int]
    clusters: Mapping[str, int]
    runs: Sequence[FinishedRun]
    equal: Equal | None
    baselines: Sequence[str]
    caveats: Sequence[str] = ()
    missing: Sequence[str] = ()
    coverage: Comparison | None = None

    @property
    def samples(self) -> int:
        """Answers to each question; the fewest, where runs differ."""
        return min(run.samples for run in self.runs)

    @property
    def seeds(self) -> list[int]:
        """All seeds, in order."""
        return sorted({run.seed for run in self.runs})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a figure stands, and the parts that it is the mean of."""

    group: str
    kind: _Kind
    name: str
    parts: tuple[Part, ...]


_Found = tuple[str, Estimate, float | None]
"""The model compared with, the difference, and the same as a part of that model's share."""
_Key = tuple[_Place, str, _Rival]


def compare_runs(
    runs: Sequence[FinishedRun],
    *,
    baselines: Sequence[str] | None = None,
    equal: Equal | None = None,
    caveats: Sequence[str] = (),
    missing: Sequence[str] = (),
) -> Comparison:
    """Compares finished runs.

    Args:
        runs: At most one for each method, training set and seed; methods appear in this order.
        baselines: The methods that each method is compared with; all others if left out.
        equal: What was made equal for all methods.
        caveats: What speaks against the figures.
        missing: What is not there yet.

    Raises:
        RunError: The runs have no answered question in common.
    """
    scores = Scores(runs)
    chosen = [label for label in scores.labels if baselines is None or label in baselines]
    places = list(_places(scores))
    found = {
        (place, label, rival): difference
        for place in places
        for label in scores.methods(place.parts)
        for rival, difference in _differences(scores, place, label, chosen)
    }
    differences = _adjusted(found)
    figures = {
        (place, label): Figure(
            share=scores.share(label, place.parts),
            versus_base=differences[place, label, "base"],
            versus_best=differences.get((place, label, "best")),
        )
        for place in places
        for label in scores.methods(place.parts)
    }
    return Comparison(
        groups=[_group(name, places, scores, figures) for name in dict.fromkeys(place.group for place in places)],
        questions={task: len(ids) for task, ids in scores.questions.items()},
        clusters={task: len(set(groups)) for task, groups in scores.clusters.items()},
        runs=runs,
        equal=equal,
        baselines=chosen,
        caveats=caveats,
        missing=missing,
        coverage=compare_runs([_covering(run) for run in runs], baselines=baselines) if _sampled(runs) else None,
    )


def _sampled(runs: Sequence[FinishedRun]) -> bool:
    # the chance that any answer is right depends on how many there are
    return len({run.samples for run in runs}) == 1 and runs[0].samples > 1


def _covering(run: FinishedRun) -> FinishedRun:
    """The run with each question scored by whether any of its answers is right, as if that were one answer."""
    scores = {
        model: {
            task: {one: replace(score, value=float(score.value > 0)) for one, score in known.items()}
            for task, known in tasks.items()
        }
        for model, tasks in run.scores.items()
    }
    return replace(run, scores=scores, samples=1)


def _places(scores: Scores) -> Iterator[_Place]:
    """Every task and average of each training set, then the averages over all sets."""
    overall: dict[str, list[Part]] = {}
    for train_on in scores.training_sets:
        for task in scores.questions:
            yield _Place(train_on, "task", task, ((train_on, task),))
        for domain, tasks in _domains(scores, train_on).items():
            parts = [(train_on, task) for task in tasks]
            overall.setdefault(domain, []).extend(parts)
            yield _Place(train_on, "average", domain, tuple(parts))
    if len(scores.training_sets) > 1:
        for domain, parts in overall.items():
            yield _Place(OVERALL, "average", domain, tuple(parts))


def _domains(scores: Scores, train_on: str) -> dict[str, list[str]]:
    known = {task: scores.domain(train_on, task) for task in scores.questions}
    if any(domain not in _DOMAINS for domain in known.values()):
        return {"all": list(known)}
    grouped = {domain: [task for task in known if known[task] == domain] for domain in _DOMAINS}
    return {domain: tasks for domain, tasks in grouped.items() if tasks}


def _differences(
    scores: Scores, place: _Place, label: str, baselines: Sequence[str]
) -> Iterator[tuple[_Rival, _Found]]:
    yield "base", _difference(scores, place, label, None)
    others = [one for one in baselines if one != label and scores.seeds(place.parts, label, one)]
    if others:
        # the first of several that are equally good, so that the same runs give the same table
        yield "best", _difference(scores, place, label, max(others, key=lambda one: scores.share(one, place.parts)))


def _difference(scores: Scores, place: _Place, label: str, other: str | None) -> _Found:
    found = scores.estimate(place.parts, label, other)
    if other is None:
        whole = scores.base_share(place.parts, label)
    else:
        whole = scores.share(other, place.parts, scores.seeds(place.parts, label, other))
    return other or BASE, found, found.value / whole if whole else None


def _adjusted(found: Mapping[_Key, _Found]) -> dict[_Key, Difference]:
    """With Holm's procedure: averages and tasks are families of their own, and so are the two rivals."""
    differences: dict[_Key, Difference] = {}
    for family in {(place.kind, rival) for place, _, rival in found}:
        members = [key for key in found if (key[0].kind, key[2]) == family]
        adjusted = holm_adjusted([found[key][1] for key in members])
        for key, p in zip(members, adjusted, strict=True):
            other, estimate, relative = found[key]
            differences[key] = Difference(other, estimate, p, relative)
    return differences


def _group(name: str, places: Sequence[_Place], scores: Scores, figures: Mapping[tuple[_Place, str], Figure]) -> Group:
    tasks, averages = ([one for one in places if (one.group, one.kind) == (name, kind)] for kind in ("task", "average"))
    labels = [label for label in scores.labels if any((place, label) in figures for place in averages)]

    def known(label: str, some: Sequence[_Place]) -> dict[str, Figure]:
        return {place.name: figures[place, label] for place in some if (place, label) in figures}

    return Group(
        name=name,
        averages={place.name: [task for _, task in place.parts] for place in averages},
        base_tasks={place.name: scores.base_share(place.parts) for place in tasks},
        base_averages={place.name: scores.base_share(place.parts) for place in averages},
        methods={
            label: MethodFigures(
                runs=tuple(scores.runs_of(averages[0].parts, label)),
                tasks=known(label, tasks),
                averages=known(label, averages),
            )
            for label in labels
        },
    )
