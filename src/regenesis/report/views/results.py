"""The results of a model as an evaluation recorded them: what its card shows.

results_view(read_json(run / "evaluation" / "summary.json"), "tuned")

A summary is a file that anybody may have written: what is not in its form is left out. Its figures are shown as they
are, since it has rounded them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from regenesis.report.blocks import Block, Cell, Column, Facts, Note, Table, Tone, View
from regenesis.report.figures import value_text
from regenesis.tasks import catalogue

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

_TONES: dict[str, Tone] = {"worse": "bad"}


def results_view(summary: Mapping[str, Any], model: str) -> View:
    """The table of results with all that is needed to read it; nothing if this model was not measured."""
    tasks = {name: task for name, task in _mapping(summary.get("tasks")).items() if _measured(task, model)}
    if not tasks:
        return []
    versus = _comparison(summary, model)
    first = versus.get("first")
    said = ["Accuracy in percent with its 95 % CI in brackets; unparsed answers count as wrong."]
    said += _said_of_clusters(summary, tasks, model)
    if first:
        said.append(
            f"The difference is {model} minus {first} on the same questions, in percentage points, with its 95 % CI; "
            "it is inconclusive if the interval contains 0."
        )
    notes = [Note(" ".join(said))]
    if not summary.get("complete", True):
        notes.append(Note("Not all questions have been answered yet.", "warning"))
    return [
        notes,
        [_table(summary, tasks, versus, model)],
        _measures(summary, tasks, versus, model),
        [Note(str(caveat), "caution") for caveat in versus.get("caveats") or ()],
        [Facts([(name, value_text(value)) for name, value in _mapping(summary.get("conditions")).items()])],
    ]


def eval_results(summary: Mapping[str, Any], model: str) -> list[EvalResult]:
    """One accuracy a task, in percent, as the table shows it, for the `model-index` of a card."""
    from huggingface_hub import EvalResult

    results = []
    for name, task in _mapping(summary.get("tasks")).items():
        if not _measured(task, model):
            continue
        hub, config = _hub_dataset(str(_mapping(task.get("origin")).get("name") or name))
        results.append(
            EvalResult(
                task_type="text-generation",
                task_name="zero-shot",
                dataset_type=hub,
                dataset_name=name,
                # the hub takes results on one dataset, configuration and split for metrics of one result
                dataset_config=config,
                dataset_split=task.get("split") or None,
                metric_type="accuracy",
                metric_name="accuracy (%)",
                metric_value=_leading(task["models"][model]),
            )
        )
    return results


def _table(
    summary: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]], versus: Mapping[str, Any], model: str
) -> Table:
    first = versus.get("first")
    columns = [
        Column("task", shortest=18),
        Column("domain"),
        Column("split"),
        Column("questions", right=True),
        *_compared(first, model),
    ]
    rows = [
        [
            name,
            *(str(task.get(field) or "–") for field in ("domain", "split")),
            value_text(_tally(task, model).get("answered")),
            *_figures(task, _mapping(versus.get("tasks")).get(name), first, model),
        ]
        for name, task in tasks.items()
    ]
    for group, average in _mapping(summary.get("averages")).items():
        heading = "average" if group == "all" else f"average, {group}"
        figures = _figures(_mapping(average), _mapping(versus.get("averages")).get(group), first, model)
        rows.append([heading, "", "", "", *figures])
    return Table(columns, rows)


def _compared(first: Any, model: str) -> list[Column]:
    names = [str(first), model, "difference", "finding"] if first else [model]
    return [Column(name) for name in names]


def _said_of_clusters(summary: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]], model: str) -> Iterator[str]:
    samples = _mapping(summary.get("conditions")).get("samples")
    if isinstance(samples, int) and samples > 1:
        yield (
            f"Each question is answered {samples} times: the accuracy is the mean over them, pass@{samples} the chance "
            f"that one of {samples} answers is right, maj@{samples} that the most frequent one is."
        )
    tallies = [_tally(task, model) for task in tasks.values()]
    if any(tally.get("clusters", tally.get("answered")) != tally.get("answered") for tally in tallies):
        yield "Intervals are clustered by what questions share, such as a passage or a template."


def _measures(
    summary: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]], versus: Mapping[str, Any], model: str
) -> list[Block]:
    """What several answers per question come to beside their mean: pass@k and maj@k over all of them."""
    samples, first = _mapping(summary.get("conditions")).get("samples"), versus.get("first")
    rows = [
        [name, measure, *_figures(_of_measure(task, measure), difference, first, model)]
        for name, task in tasks.items()
        for measure in (f"pass@{samples}", f"maj@{samples}")
        if measure in _mapping(_tally(task, model).get("measures"))
        for difference in [_mapping(_mapping(_mapping(versus.get("tasks")).get(name)).get("measures")).get(measure)]
    ]
    return [Table([Column("task", shortest=18), Column("measure"), *_compared(first, model)], rows)] if rows else []


def _of_measure(task: Mapping[str, Any], measure: str) -> dict[str, Any]:
    """A task as `_figures` reads it, with another measure in the place of the accuracy."""
    models = _mapping(task.get("models"))
    return {"models": {name: _mapping(_mapping(tally).get("measures")).get(measure) for name, tally in models.items()}}


def _figures(task: Mapping[str, Any], versus: Any, first: Any, model: str) -> list[str | Cell]:
    own = str(_tally(task, model).get("shown", "–"))
    if not first:
        return [own]
    difference, finding = _mapping(versus).get("shown", "–"), str(_mapping(versus).get("finding", "–"))
    base = str(_tally(task, str(first)).get("shown", "–"))
    return [base, own, str(difference), Cell(finding, _TONES.get(finding, "plain"))]


def _comparison(summary: Mapping[str, Any], model: str) -> Mapping[str, Any]:
    """How the model compares with the one it came from: the first comparison that speaks of it."""
    comparisons = map(_mapping, summary.get("comparisons") or ())
    return next((one for one in comparisons if one.get("second") == model), {})


def _tally(task: Mapping[str, Any], model: str) -> Mapping[str, Any]:
    return _mapping(_mapping(task.get("models")).get(model))


def _measured(task: Any, model: str) -> bool:
    tally = _tally(_mapping(task), model)
    return tally.get("accuracy") is not None and re.match(r"<?\d", str(tally.get("shown"))) is not None


def _hub_dataset(task: str) -> tuple[str, str | None]:
    """The hub's dataset behind a catalogued task, and its configuration; any other task's own name."""
    name, _, part = task.partition("/")
    hub = next((entry.hub for entry in catalogue() if name == entry.name), None)
    return (hub, part or None) if hub else (task, None)


def _leading(tally: Mapping[str, Any]) -> float:
    """The figure that is shown, as a number; `<0.1` is 0."""
    shown = str(tally.get("shown", "")).partition(" ")[0]
    return 0.0 if shown.startswith("<") else float(shown)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
