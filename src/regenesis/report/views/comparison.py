"""How methods compare: accuracies by task, and differences from the base model and from the best baseline.

What speaks against the figures comes first. Beside each average stands what the models were trained on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from operator import attrgetter
from statistics import fmean
from typing import TYPE_CHECKING, Any

from regenesis.report.blocks import Block, Cell, Column, Facts, Note, Table, Tone, View
from regenesis.report.figures import counted, rounded, value_text
from regenesis.report.rounding import p_text, percent, points, points_range
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from regenesis.experiments.comparing import Comparison, Difference, Figure, Group, MethodFigures
    from regenesis.experiments.results import FinishedRun

_METHOD = Column("method", shortest=12)
_TONES: dict[str, Tone] = {"better": "good", "worse": "bad"}
_AVERAGES = {"all": "mean", "in-domain": "in-domain", "out-of-domain": "OOD"}
_EQUAL = {
    "examples": "the same number of training rows for every method",
    "tokens": "the same number of generated tokens for every method",
    "yield": "each method on all that it kept",
    None: "nothing was made equal; see rows and tokens",
}
_BESIDE = ("rows", "steps", "training_tokens", "generated_tokens")
"""What stands beside a figure of what its models were trained on."""
_CONDITIONS = {
    "base model": {"base model": "", "evaluation, base: precision": "precision"},
    "training": {
        "training.tuning": "",
        "training.num_train_epochs": "epochs",
        "training.learning_rate": "learning rate",
        "precision of the training": "precision",
    },
    "evaluation": {
        "evaluation: prompts": "prompt",
        "evaluation: samples": "samples",
        "evaluation: temperature": "temperature",
        "evaluation: max_tokens": "max tokens",
        "evaluation: thinking": "thinking",
    },
}
"""Conditions of a run that are told, by fact, and how each is called there."""
_DIGITS = 10**9
"""Shares are means of fractions; this many digits undo what floating point adds to them."""


def comparison_view(comparison: Comparison) -> View:
    """The tables of a comparison, with what is needed to read them."""
    view: list[Sequence[Block]] = [[*_headline(comparison), *_caveats(comparison)], [conditions(comparison)]]
    for group in comparison.groups:
        view += [[Note(f"{_title(group)}: accuracy in %", "strong"), accuracy_table(group)]]
        view += [_averages(group, average) for average in group.averages]
        if any(figures.tasks for figures in group.methods.values()):
            view.append([Note(f"{_title(group)}: tasks, vs base", "strong"), tasks_table(comparison, group)])
        best = best_table(group)
        if best.rows:
            view.append([Note(f"{_title(group)}: vs the best baseline", "strong"), best])
        if comparison.coverage is not None:
            table = coverage_table(comparison, group)
            view.append([Note(f"{_title(group)}: any of {comparison.samples} answers, vs base", "strong"), table])
    return [*view, [Note(text, "quiet") for text in reading_notes(comparison)]]


def conditions(comparison: Comparison) -> Facts:
    """What was the same for all runs."""
    tasks = ", ".join(f"{in_a_line(task, 30)} {count:,}" for task, count in comparison.questions.items())
    told = {
        fact: ", ".join(f"{name} {value_text(value)}".strip() for name, value in _alike(comparison, names))
        for fact, names in _CONDITIONS.items()
    }
    return Facts([(fact, text) for fact, text in {**told, "questions": tasks}.items() if text])


def _alike(comparison: Comparison, names: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    first, *others = (run.conditions for run in comparison.runs)
    for name, shown in names.items():
        if name in first and all(other.get(name) == first[name] for other in others):
            yield shown, first[name]


def accuracy_table(group: Group) -> Table:
    """Methods × tasks with their averages, each the mean over seeds."""
    table: list[tuple[Column, float, list[Figure | None]]] = []
    for average, tasks in group.averages.items():
        domain = "" if average == "all" else _AVERAGES[average]
        shown = tasks if group.base_tasks else ()
        for task in shown:
            figures = [one.tasks.get(task) for one in group.methods.values()]
            table.append((Column(task, domain, right=True), group.base_tasks[task], figures))
        if len(shown) != 1:  # the mean of one task is the task
            figures = [one.averages.get(average) for one in group.methods.values()]
            table.append((Column("mean", domain, right=True), group.base_averages[average], figures))
    rows: list[list[str | Cell]] = [["base", "", *(_percent(base) for _, base, _ in table)]]
    for place, (label, one) in enumerate(group.methods.items()):
        rows.append([label, str(_seeds(one)), *(_share(figures[place]) for _, _, figures in table)])
    return Table([_METHOD, Column("seeds", right=True), *(column for column, _, _ in table)], rows)


def averages_table(group: Group, average: str) -> Table:
    """Methods on one average, vs the base, beside what each was trained on."""
    columns = [
        _METHOD,
        *(Column("rows", right=True), Column("steps", right=True)),
        *(Column("trained", "tokens", right=True), Column("new", "tokens", right=True)),
        Column("%", right=True),
        *(Column("diff.", right=True), Column("95 % CI"), Column("rel.", right=True), Column("p", right=True)),
    ]
    rows: list[list[str | Cell]] = [["base", "", "", "", "", _percent(group.base_averages[average])]]
    for label, figures in group.methods.items():
        if average in figures.averages:
            one = figures.averages[average]
            spent = [rounded(spent_on(figures, name)) for name in _BESIDE]
            rows.append([label, *spent, _percent(one.share), *_difference(one.versus_base)])
    return Table(columns, rows)


def tasks_table(comparison: Comparison, group: Group) -> Table:
    """Methods on each task, vs the base."""
    columns = [
        _METHOD,
        Column("task", shortest=12),
        Column("n", right=True),
        *(Column("%", right=True), Column("diff.", right=True), Column("95 % CI")),
        *(Column("rel.", right=True), Column("p", right=True)),
    ]
    rows: list[list[str | Cell]] = [
        [label, task, f"{comparison.questions[task]:,}", _percent(one.share), *_difference(one.versus_base)]
        for label, figures in group.methods.items()
        for task, one in figures.tasks.items()
    ]
    return Table(columns, rows)


def best_table(group: Group) -> Table:
    """Methods on each average, vs the baseline that does best there."""
    columns = [
        _METHOD,
        Column("mean of"),
        Column("%", right=True),
        Column("best baseline", shortest=12),
        *(Column("diff.", right=True), Column("95 % CI"), Column("rel.", right=True), Column("p", right=True)),
    ]
    rows: list[list[str | Cell]] = []
    for label, figures in group.methods.items():
        for average, one in figures.averages.items():
            best = one.versus_best
            if best is not None:
                name = _AVERAGES.get(average, average)
                rows.append([label, name, _percent(one.share), best.other, *_difference(best)])
    return Table(columns, rows)


def coverage_table(comparison: Comparison, group: Group) -> Table:
    """Methods on each average, vs the base: one answer, any of several, and the most frequent one."""
    every = f"pass@{comparison.samples}"
    columns = [
        *(_METHOD, Column("mean of")),
        *(Column("%", "pass@1", right=True), Column("diff.", "pass@1", right=True)),
        *(Column("%", every, right=True), Column("diff.", every, right=True), Column("95 % CI", every)),
        *(Column("p", every, right=True), Column("%", f"maj@{comparison.samples}", right=True)),
    ]
    covered = next(one for one in (comparison.coverage or comparison).groups if one.name == group.name)
    rows: list[list[str | Cell]] = []
    for average, tasks in group.averages.items():
        name = _AVERAGES.get(average, average)
        shares = (group.base_averages[average], covered.base_averages[average])
        runs = [run for figures in group.methods.values() for run in figures.runs]
        one, any_of = map(_percent, shares)
        rows.append(["base", name, one, "", any_of, "", "", "", _majority(runs, 0, tasks)])
        for label, figures in group.methods.items():
            figure, any_right = figures.averages.get(average), covered.methods[label].averages.get(average)
            if figure is not None and any_right is not None:
                difference, interval, _, p = _difference(any_right.versus_base)
                rows.append(
                    [
                        *(label, name, _percent(figure.share), _difference(figure.versus_base)[0]),
                        *(_percent(any_right.share), difference, interval, p, _majority(figures.runs, 1, tasks)),
                    ]
                )
    return Table(columns, rows)


def _majority(runs: Sequence[FinishedRun], model: int, tasks: Sequence[str]) -> str:
    """Mean share of questions whose most frequent answer is right, of the base (0) or the tuned model (1)."""
    shares = [run.majority.get(run.models[model], {}).get(task) for run in runs for task in dict.fromkeys(tasks)]
    known = [share for share in shares if share is not None]
    return _percent(fmean(known)) if known and len(known) == len(shares) else "–"


def reading_notes(comparison: Comparison) -> Iterator[str]:
    """How to read the tables."""
    yield (
        "%: correct answers, unparsed ones count as wrong. diff.: percentage points on the same questions. rel.: the "
        "difference as a part of the other model's accuracy. tokens: trained on, over all epochs, and generated by the "
        "synthesis; per model."
    )
    if comparison.coverage is not None:
        yield (
            f"Each question was asked {comparison.samples} times; % is the mean over answers. Where pass@1 rises and "
            f"pass@{comparison.samples} does not, training has sharpened what the model could already do; where both "
            "rise, it solves more questions. maj: the most frequent answer is right."
        )
    clustered = any(comparison.clusters[task] < count for task, count in comparison.questions.items())
    over = "questions" + (", clustered by premise, template or story" if clustered else "")
    if len(comparison.seeds) > 1:
        yield f"95 % CI: over {over}, and over seeds."
    else:
        yield f"95 % CI: over {over}. There is one seed, so they say nothing of models trained with another."
    yield (
        "p: adjusted by Holm's procedure over all averages, and over all tasks; from 0.05 on, a difference is "
        "inconclusive. The best baseline is chosen on the same answers, which favours the baseline."
    )


def spent_on(figures: MethodFigures, name: str) -> float:
    """Mean over a method's models of an attribute of `Training`."""
    return fmean(attrgetter(name)(run.training) for run in figures.runs)


def _headline(comparison: Comparison) -> Iterator[Note]:
    methods = list(dict.fromkeys(run.label for run in comparison.runs))
    sets = list(dict.fromkeys(run.train_on for run in comparison.runs))
    counts = [(len(methods), "method"), (len(sets), "training set"), (len(comparison.seeds), "seed")]
    of = ", ".join(counted(number, noun) for number, noun in counts)
    yield Note(f"{of}: {_EQUAL[comparison.equal]}.", "strong")
    if comparison.missing:
        named = ", ".join(in_a_line(name, 60) for name in comparison.missing[:5])
        more = len(comparison.missing) - 5
        yield Note(f"Not finished yet: {named}{f' and {more} more' if more > 0 else ''}.", "warning")


def _caveats(comparison: Comparison) -> Iterator[Note]:
    for sentence in comparison.caveats:
        yield Note(sentence, "bad")


def _averages(group: Group, average: str) -> list[Block]:
    tasks = group.averages[average]
    if not group.base_tasks:
        of = "mean over training sets and tasks"
    else:
        of = in_a_line(tasks[0], 40) if len(tasks) == 1 else f"mean of {len(tasks)} tasks"
    title = f"{_title(group)}: {'' if average == 'all' else f'{average}, '}{of}, vs base"
    return [Note(title, "strong"), averages_table(group, average)]


def _title(group: Group) -> str:
    return f"Trained on {in_a_line(group.name, 40)}" if group.base_tasks else "All training sets"


def _difference(difference: Difference) -> list[str | Cell]:
    tone = _TONES.get(difference.finding, "plain")
    return [
        Cell(points(_exact(difference.estimate.value)), tone),
        points_range(difference.estimate.interval),
        relative_text(difference.relative),
        Cell(p_text(Fraction(difference.p_adjusted)), tone),
    ]


def relative_text(relative: float | None) -> str:
    """A relative change in percent, signed."""
    if relative is None:
        return "–"
    size = round(abs(relative) * 100)
    return f"{'+' if relative > 0 else '−'}{size} %" if size else "0 %"


def _share(figure: Figure | None) -> Cell:
    return Cell("–" if figure is None else _percent(figure.share))


def _percent(share: float) -> str:
    return percent(_exact(share))


def _exact(value: float) -> Fraction:
    return Fraction(value).limit_denominator(_DIGITS)


def _seeds(figures: MethodFigures) -> int:
    return len({run.seed for run in figures.runs})
