"""Every figure of a comparison, and every question that it rests on, in a row of its own, for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from regenesis.report.blocks import Column, Table
from regenesis.report.views.comparison import spent_on

if TYPE_CHECKING:
    from regenesis.experiments.comparing import Comparison, Difference, Group, MethodFigures

_SPENT = (
    *("rows", "questions", "hinted", "requests", "prompt_tokens", "generated_tokens"),
    *("training_tokens", "steps"),
)
_OF_A_DIFFERENCE = ("model", "difference", "low", "high", "relative", "p", "p_holm", "finding")


def comparison_rows(comparison: Comparison) -> Table:
    """One row per method and task or average; the base model's own rows first."""
    names = ["measure", "train_on", "method", "kind", "name", "seeds", "share"]
    names += [f"{rival}_{name}" for rival in ("base", "best") for name in _OF_A_DIFFERENCE]
    rows: list[list[str]] = []
    for measure, measured in (("pass@1", comparison), (f"pass@{comparison.samples}", comparison.coverage)):
        for group in measured.groups if measured is not None else ():
            rows += [[measure, group.name, *row] for row in _group_rows(group)]
    return Table([Column(name) for name in [*names, *(f"trained_{name}" for name in _SPENT)]], rows)


def question_rows(comparison: Comparison) -> Table:
    """One row per run and question, with the scores of the base and the tuned model, to be paired anew."""
    names = ["train_on", "method", "seed", "task", "question", "cluster", "base", "tuned"]
    rows: list[list[str]] = []
    for run in comparison.runs:
        for task, scores in run.tuned.items():
            base = run.base.get(task, {})
            for question, tuned in scores.items():
                before = base[question].value if question in base else None
                where = (run.train_on, run.label, str(run.seed), task, question, tuned.group)
                rows.append([*where, _plain(before), _plain(tuned.value)])
    return Table([Column(name) for name in names], rows)


def _group_rows(group: Group) -> Iterator[list[str]]:
    for kind, shares in (("task", group.base_tasks), ("average", group.base_averages)):
        yield from (["base", kind, name, "", _plain(share)] for name, share in shares.items())
    for label, figures in group.methods.items():
        yield from ([label, *row] for row in _method_rows(figures))


def _method_rows(figures: MethodFigures) -> list[list[str]]:
    seeds = str(len({run.seed for run in figures.runs}))
    spent = [_plain(spent_on(figures, name)) for name in _SPENT]
    return [
        [
            *(kind, name, seeds, _plain(one.share)),
            *_difference(one.versus_base),
            *_difference(one.versus_best),
            *spent,
        ]
        for kind, known in (("task", figures.tasks), ("average", figures.averages))
        for name, one in known.items()
    ]


def _difference(one: Difference | None) -> list[str]:
    if one is None:
        return [""] * len(_OF_A_DIFFERENCE)
    found = one.estimate
    values = [found.value, found.interval.low, found.interval.high, one.relative, found.p, one.p_adjusted]
    return [one.other, *map(_plain, values), one.finding]


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
